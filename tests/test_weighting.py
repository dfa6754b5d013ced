"""How much training texts weigh, against the rule written again row by row with fractions."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from essay_factory import essays
from hypothesis import given, settings
from hypothesis import strategies as st

from cefrbench.contracts.probe import FoldRows
from cefrbench.essays import EssayTable, Ints, pool
from cefrbench.levels import FIVE
from cefrbench.refits import draw_texts, resampled
from cefrbench.statistics.resampling import TextWeights, text_codes
from cefrbench.weighting import balanced

LEVELS = ["A1", "A2", "B1", "B2", "C1", "C2"]
ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 7), st.sampled_from(LEVELS)),
    min_size=1,
    max_size=40,
)


def table_of(rows: list[tuple[str, int, str]]) -> EssayTable:
    """Rows of three corpora; number 0 to 2 are the same texts in all of them."""
    return pool(
        [
            essays(
                name,
                [(f"text {n}" if n < 3 else f"{name} {n}", lv) for c, n, lv in rows if c == name],
            )
            for name in "abc"
        ],
        FIVE,
        "corrected",
    )


def by_hand(table: EssayTable, train: Ints, drawn: list[int]) -> tuple[list[float], list[float]]:
    """Weights and counts: a text's rows in a corpus share it, a level counts texts as drawn."""
    rows = [(int(table.corpus[n]), table.key[n], int(table.label[n])) for n in train]
    of_text = defaultdict(int)
    for corpus, text, _ in rows:
        of_text[corpus, text] += 1
    count = [
        Fraction(times, of_text[corpus, text])
        for (corpus, text, _), times in zip(rows, drawn, strict=True)
    ]
    cell: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for (corpus, _, level), own in zip(rows, count, strict=True):
        cell[corpus, level] += own
    weight = [own / (cell[c, lv] + 10) for (c, _, lv), own in zip(rows, count, strict=True)]
    total: dict[int, Fraction] = defaultdict(Fraction)
    for (corpus, _, _), own in zip(rows, weight, strict=True):
        total[corpus] += own
    drawn_from = sum(value > 0 for value in total.values())
    # Every corpus sums to the same, and all of them to the number of texts.
    share = sum(count) / drawn_from
    weight = [
        own / total[c] * share if own else own for (c, _, _), own in zip(rows, weight, strict=True)
    ]
    return [float(own) for own in weight], [float(own) for own in count]


@settings(max_examples=60, deadline=None)
@given(ROWS, st.data())
def test_weights_are_those_of_the_rule_in_any_training_set(
    rows: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    table = table_of(rows)
    kept = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    train = np.flatnonzero(kept)[:: data.draw(st.sampled_from([1, -1]))]
    times = data.draw(st.dictionaries(st.sampled_from(table.key), st.integers(0, 4)))
    drawn = [times.get(table.key[row], 1) for row in train]
    if not sum(drawn):
        with pytest.raises(ValueError, match="No training text was drawn"):
            balanced(table, train, np.array(drawn, dtype=float))
        return
    weight, count = by_hand(table, train, drawn)
    found = balanced(table, train, np.array(drawn, dtype=float))
    np.testing.assert_allclose(found.weight, weight, rtol=1e-12)
    np.testing.assert_allclose(found.count, count, rtol=1e-12)
    once = balanced(table, train)
    weight, count = by_hand(table, train, [1] * len(train))
    np.testing.assert_allclose(once.weight, weight, rtol=1e-12)
    np.testing.assert_allclose(once.count, count, rtol=1e-12)


def test_corpora_weigh_the_same_and_a_rare_level_more_but_not_all() -> None:
    """Ten texts of one level and one of another: 1/20 against 1/11, not 1/10 against 1."""
    rows = [("a", n, "A1") for n in range(10, 20)] + [("a", 20, "C1")]
    rows += [("b", n, "B1") for n in range(10, 15)]
    table = table_of(rows)
    found = balanced(table, np.arange(16))
    assert found.weight[:11].sum() == pytest.approx(8)
    assert found.weight[11:].sum() == pytest.approx(8)
    assert found.weight[10] / found.weight[0] == pytest.approx(20 / 11)
    assert found.weight[11:].tolist() == pytest.approx([8 / 5] * 5)


def test_a_resample_weighs_texts_by_their_own_keyed_draws() -> None:
    """The rows of a text are drawn together, and as in any other training set."""
    rows = [(c, n, LEVELS[n % 5]) for c in "ab" for n in range(30)] + [("a", 5, "B2")]
    table = table_of(rows)
    drawn = TextWeights(4).of(text_codes(np.array(table.key)))
    train = np.arange(len(table))
    found = resampled(table, FoldRows(train, train[:3]), draw_texts(table, 4))
    assert drawn.max() > 1
    assert len(found) == 4
    for replicate, one in enumerate(found):
        assert one.weight is not None
        assert one.count is not None
        weight, count = by_hand(table, train, drawn[:, replicate].tolist())
        np.testing.assert_allclose(one.weight, weight, rtol=1e-12)
        np.testing.assert_allclose(one.count, count, rtol=1e-12)
    fewer = train[::2]
    again = resampled(table, FoldRows(fewer, train[:3]), draw_texts(table, 4))
    # What one row of a text counts depends on its other rows; how often it was drawn doesn't.
    plain = [place for place, row in enumerate(fewer) if table.key[row] != table.key[5]]
    for one, other in zip(found, again, strict=True):
        assert one.count is not None
        assert other.count is not None
        assert other.count[plain].tolist() == one.count[fewer[plain]].tolist()
