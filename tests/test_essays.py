"""Pooling essays into a table: units, gold, weights and labels, computed by hand."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
from essay_factory import essays
from hypothesis import given
from hypothesis import strategies as st

from cefrbench.essays import EssayTable, normalise, pool, text_key
from cefrbench.levels import FIVE, SIX
from cefrbench.weighting import balanced

ONE = essays("one", [("x", "A1"), ("y", "B1"), ("X ", "A2"), ("x", "C2")])
OTHER = essays("other", [("y", "C1"), ("z", "B2")], language="cs")


def test_texts_are_the_same_whatever_their_case_width_and_spaces() -> None:
    assert normalise("  Ｅinen\tStraße \n") == normalise("einen STRASSE")
    assert text_key("a  b") == text_key("A B")
    assert text_key("a b") != text_key("ab")


@given(st.text())
def test_normalising_white_space_and_case_again_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(normalise(normalise(text)))
    assert text_key(f" {text}\n") == text_key(text)


def test_a_key_is_the_hash_of_the_normalised_text() -> None:
    assert text_key("Ahoj  Evo") == hashlib.sha256(b"ahoj evo").hexdigest()[:32]


def test_a_fingerprint_hashes_texts_levels_and_languages_in_order() -> None:
    lines = "".join(json.dumps(row) + "\n" for row in [["y", "C1", "cs"], ["z", "B2", "cs"]])
    assert OTHER.fingerprint == hashlib.sha256(lines.encode()).hexdigest()


def test_rows_stand_in_the_order_of_the_corpora() -> None:
    table = pool([ONE, OTHER], FIVE, "corrected")
    assert table.names == ("one", "other")
    assert table.corpus.tolist() == [0, 0, 0, 0, 1, 1]
    assert table.language == ("en",) * 4 + ("cs",) * 2
    assert table.key[0] == table.key[2] == table.key[3]
    assert table.rows_of(1).tolist() == [4, 5]
    assert table.rows_of(0, 1).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_study_gives_a_text_the_level_of_its_first_row_everywhere() -> None:
    table = pool([ONE, OTHER], FIVE, "study")
    # "x" is A1 at first; "X " is another string; "y" is B1 in the first corpus, so in the second.
    assert table.label.tolist() == [0, 2, 1, 0, 2, 3]
    assert table.low.tolist() == table.high.tolist() == table.label.tolist()
    assert table.unit.tolist() == [0, 1, 2, 3, 4, 5]


def test_the_study_gives_a_text_the_corpus_of_its_first_row_everywhere() -> None:
    table = pool([ONE, OTHER], FIVE, "study")
    assert table.corpus.tolist() == [0, 0, 0, 0, 0, 1], '"y" stands in the first corpus already'
    assert table.rows_of(1).tolist() == [5]


def test_the_surface_baseline_of_the_study_uses_each_rows_own_level_and_corpus() -> None:
    table = pool([ONE, OTHER], FIVE, "study", baseline=True)
    assert table.label.tolist() == [0, 2, 1, 4, 4, 3]
    assert table.corpus.tolist() == [0, 0, 0, 0, 1, 1]


def test_the_corrected_form_takes_rows_with_one_text_for_one_unit() -> None:
    table = pool([ONE, OTHER], FIVE, "corrected")
    assert table.unit.tolist() == [0, 1, 0, 0, 1, 5]
    assert table.label.tolist() == [0, 2, 1, 4, 4, 3], "each row trains with its own level"


def test_two_levels_of_a_text_in_one_corpus_make_an_interval_of_gold() -> None:
    table = pool([ONE, OTHER], SIX, "corrected")
    assert table.low.tolist() == [0, 2, 0, 0, 4, 3]
    assert table.high.tolist() == [5, 2, 5, 5, 4, 3], "what another corpus says is not its gold"


def test_each_row_trains_with_its_share_of_the_weight_of_its_text() -> None:
    table = pool([ONE, OTHER], FIVE, "corrected")
    count = balanced(table, np.arange(len(table))).count
    np.testing.assert_allclose(count, [1 / 3, 1, 1 / 3, 1 / 3, 1, 1])


def test_a_text_is_scored_once_in_each_corpus() -> None:
    corrected = pool([ONE, OTHER], FIVE, "corrected")
    everything = np.arange(6)
    assert corrected.once(everything).tolist() == [0, 1, 4, 5]
    assert corrected.once(np.array([3, 2, 5])).tolist() == [3, 5]
    study = pool([ONE, OTHER], FIVE, "study")
    assert study.once(everything).tolist() == everything.tolist()


def test_rows_whose_text_stands_elsewhere_are_left_out() -> None:
    table = pool([ONE, OTHER], FIVE, "corrected")
    assert table.without_units_of(np.arange(4), np.array([4, 5])).tolist() == [0, 2, 3]


def test_groups_are_corpora_that_belong_together_where_two_are_here() -> None:
    parts = [essays(n, [(n, "A1")], group=g) for n, g in [("a", "g"), ("b", "h"), ("c", "g")]]
    assert pool(parts, FIVE, "study").groups == {"g": (0, 2)}


CONTENTS = st.lists(
    st.lists(
        st.tuples(st.sampled_from("pqrs"), st.sampled_from(["A1", "A2", "B1", "B2", "C1"])),
        min_size=1,
        max_size=8,
    ),
    min_size=1,
    max_size=3,
)


@given(CONTENTS)
def test_the_study_looks_levels_and_corpora_up_by_text(
    contents: list[list[tuple[str, str]]],
) -> None:
    table = pool([essays(f"c{n}", content) for n, content in enumerate(contents)], FIVE, "study")
    rows = [(text, n, level) for n, content in enumerate(contents) for text, level in content]
    for text, corpus, label in zip(
        [row[0] for row in rows], table.corpus.tolist(), table.label.tolist(), strict=True
    ):
        _, wanted, level = next(row for row in rows if row[0] == text)
        assert (corpus, label) == (wanted, ["A1", "A2", "B1", "B2", "C1"].index(level))


@given(CONTENTS)
def test_weights_of_a_text_sum_to_one_and_its_gold_spans_its_levels(
    contents: list[list[tuple[str, str]]],
) -> None:
    corpora = [essays(f"c{n}", content) for n, content in enumerate(contents)]
    table = pool(corpora, FIVE, "corrected")
    count = balanced(table, np.arange(len(table))).count
    for index in range(len(corpora)):
        rows = table.rows_of(index)
        for unit in np.unique(table.unit[rows]):
            same = rows[table.unit[rows] == unit]
            assert np.isclose(count[same].sum(), 1)
            assert set(table.low[same]) == {table.label[same].min()}
            assert set(table.high[same]) == {table.label[same].max()}


def test_authors_and_tasks_are_numbered_by_first_appearance_and_no_corpus_shares_them() -> None:
    one = replace(ONE, authors=("ada", None, "bob", "ada"), tasks=("t", "t", None, "u"))
    other = replace(OTHER, authors=("ada", "ada"))
    table = pool([one, other], FIVE, "corrected")
    assert table.author.tolist() == [0, -1, 1, 0, 2, 2]
    assert table.task.tolist() == [0, 0, -1, 1, -1, -1]
    assert one.fingerprint == ONE.fingerprint


def test_a_family_is_a_group_or_a_corpus_of_its_own() -> None:
    corpora = [
        essays("a", [("1", "A1")], group="sisters"),
        essays("b", [("2", "A1")]),
        essays("c", [("3", "A1")], group="sisters"),
        essays("d", [("4", "A1")], group="alone"),
    ]
    table = pool(corpora, FIVE, "corrected")
    assert table.families == {"sisters": (0, 2), "b": (1,), "alone": (3,)}
    assert table.groups == {"sisters": (0, 2)}


# -- all columns by hand --------------------------------------------------------------------------

#: Two corpora, the second of which repeats a text of the first and has one without characters.
FIRST = replace(
    essays("first", [("x", "A2"), ("yy", "B1"), ("X", "C1")], group="g"),
    languages=("en", "cs", "it"),
    authors=("ada", None, "bob"),
    tasks=(None, "t", "u"),
)
SECOND = replace(
    essays("second", [("yy", "C2"), ("", "A1"), ("yy", "B2")], language="de"),
    authors=("bob", "eve", None),
)


def columns(table: EssayTable) -> dict[str, object]:
    names = ("corpus", "unit", "label", "low", "high", "author", "task", "language")
    return {name: np.asarray(getattr(table, name)).tolist() for name in names}


def test_every_column_of_the_corrected_form() -> None:
    table = pool([FIRST, SECOND], FIVE, "corrected")
    assert columns(table) == {
        "corpus": [0, 0, 0, 1, 1, 1],
        "unit": [0, 1, 0, 1, 4, 1],
        "label": [1, 2, 4, 4, 0, 3],
        "low": [1, 2, 1, 3, 0, 3],
        "high": [4, 2, 4, 4, 0, 4],
        "author": [0, -1, 1, 2, 3, -1],
        "task": [-1, 0, 1, -1, -1, -1],
        "language": ["en", "cs", "it", "de", "de", "de"],
    }
    assert table.length.tolist() == [0, np.log(2), 0, np.log(2), 0, np.log(2)]
    assert table.key == tuple(map(text_key, ("x", "yy", "X", "yy", "", "yy")))
    assert (table.form, table.scale, table.baseline) == ("corrected", FIVE, False)
    assert not pool([FIRST], FIVE, "corrected", baseline=True).baseline
    assert len(table) == 6


def test_every_column_of_the_studys_form() -> None:
    table = pool([FIRST, SECOND], FIVE, "study")
    own = {
        "corpus": [0, 0, 0, 1, 1, 1],
        "unit": [0, 1, 2, 3, 4, 5],
        "label": [1, 2, 4, 4, 0, 3],
        "low": [1, 2, 4, 4, 0, 3],
        "high": [1, 2, 4, 4, 0, 3],
        "author": [0, -1, 1, 2, 3, -1],
        "task": [-1, 0, 1, -1, -1, -1],
        "language": ["en", "cs", "it", "de", "de", "de"],
    }
    # All of a row comes from the first with its text: rows 3 and 5 from row 1.
    assert columns(table) == own | {
        "corpus": [0, 0, 0, 0, 1, 0],
        "label": [1, 2, 4, 2, 0, 2],
        "low": [1, 2, 4, 2, 0, 2],
        "high": [1, 2, 4, 2, 0, 2],
        "author": [0, -1, 1, -1, 3, -1],
        "task": [-1, 0, 1, 0, -1, 0],
        "language": ["en", "cs", "it", "cs", "de", "cs"],
    }
    assert not table.baseline
    baseline = pool([FIRST, SECOND], FIVE, "study", baseline=True)
    assert columns(baseline) == own
    assert baseline.baseline


def test_nothing_is_cut_that_one_author_wrote_or_one_text_joins() -> None:
    """Text s has two authors; q and r have one; p and t stand alone."""
    rows = [("p", None), ("q", "y"), ("s", "v"), ("r", "y"), ("s", "w"), ("t", None), ("u", "w")]
    corpus = essays("c", [(text, "A1") for text, _ in rows])
    table = pool([replace(corpus, authors=tuple(author for _, author in rows))], FIVE, "corrected")
    assert table.group.tolist() == [0, 1, 2, 1, 2, 3, 2]
    alone = pool([corpus], FIVE, "corrected")
    assert alone.group.tolist() == [0, 1, 2, 3, 2, 4, 5]
    first = pool([replace(corpus, authors=("z", *["z"] * 6))], FIVE, "corrected")
    assert first.group.tolist() == [0] * 7


def test_a_corpus_has_the_name_of_its_card_and_says_what_was_read() -> None:
    assert (FIRST.name, len(FIRST), FIRST.source, FIRST.revision) == ("first", 3, "file", None)
    assert (SECOND.tasks, SECOND.titles) == ((), ())
    assert (FIRST.report.dropped, FIRST.report.examples) == ({}, {})


def test_what_is_scored_once_stands_in_the_order_of_the_rows() -> None:
    table = pool([FIRST, SECOND], FIVE, "corrected")
    assert table.once(np.array([5, 4, 3, 1, 2, 0])).tolist() == [5, 4, 1, 2]
    assert table.rows_of().tolist() == []
    assert table.without_units_of(np.array([5, 0, 4, 2]), np.array([1, 2])).tolist() == [4]
