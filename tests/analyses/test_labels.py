"""Draws of labelled texts: who is on which side, and what they depend on."""

import numpy as np
import pytest
from essay_factory import essays
from planted_study import Planted, essays_of
from scipy.stats import chisquare

from cefrbench.analyses.few_shot import Shot, with_labels
from cefrbench.analyses.labels import REST, SIZES, draw_labels
from cefrbench.essays import pool
from cefrbench.levels import FIVE


def table_of(*corpora):
    return pool([essays_of(one, np.random.default_rng(1)) for one in corpora], FIVE, "corrected")


def keys(table, rows):
    return [table.key[row] for row in rows]


def test_no_text_and_no_author_is_on_both_sides():
    table = table_of(Planted("left", 40), Planted("right", 400, authors=150))
    drawn = draw_labels(table, table.rows_of(1))
    assert drawn.sizes == SIZES
    for draw in drawn.draws:
        assert len(draw.labelled) == 128
        assert len(draw.rest) >= REST
        assert not set(table.author[draw.labelled]) & set(table.author[draw.rest])
        assert not set(table.unit[draw.labelled]) & set(table.unit[draw.rest])
        assert set(table.corpus[draw.rest]) == {1}
        # Whoever is not labelled is scored.
        others = set(table.author[table.rows_of(1)]) - set(table.author[draw.labelled])
        assert set(table.author[draw.rest]) == others
        assert keys(table, draw.rest) == sorted(keys(table, draw.rest))


def test_draws_are_the_same_whatever_stands_beside_and_in_whichever_order():
    alone, beside = table_of(Planted("right", 200)), table_of(Planted("x"), Planted("right", 200))
    rows = beside.rows_of(1)
    one = draw_labels(alone, alone.rows_of(0)).draws
    other = draw_labels(beside, rows[::-1]).draws
    for a, b in zip(one, other, strict=True):
        assert keys(alone, a.labelled) == keys(beside, b.labelled)
        assert keys(alone, a.rest) == keys(beside, b.rest)
    assert keys(alone, one[0].labelled) != keys(alone, one[1].labelled)
    moved = draw_labels(alone, alone.rows_of(0), seed=1).draws
    assert keys(alone, one[0].labelled) != keys(alone, moved[0].labelled)


def test_every_text_is_as_likely_as_any_other():
    table = table_of(Planted("only", 60))
    drawn = draw_labels(table, table.rows_of(0), sizes=(8,), draws=3000)
    counts = np.bincount(np.concatenate([draw.labelled for draw in drawn.draws]), minlength=60)
    assert counts.sum() == 8 * 3000
    assert chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize(
    ("texts", "authors", "sizes", "says"),
    [
        (178, 0, (8, 32, 128), ""),
        (177, 0, (8, 32), "label 128 of them"),
        (57, 0, (), "label 8, 32, 128 of them"),
        (300, 20, (8,), "label 32, 128 of them"),
    ],
)
def test_a_corpus_that_is_too_small_says_what_cannot_be_drawn(texts, authors, sizes, says):
    table = table_of(Planted("small", texts, authors=authors))
    drawn = draw_labels(table, table.rows_of(0))
    assert drawn.sizes == sizes
    assert bool(drawn.draws) == bool(sizes)
    assert says in drawn.missing
    assert bool(drawn.missing) == bool(says)


def test_a_text_with_two_levels_is_one_label_and_all_its_rows_are_trained_on():
    texts = [(f"text {n}", "A2") for n in range(70)] + [("text 3", "B1"), ("text 4", "C1")]
    table = pool([essays("twins", texts), essays("other", [("text 3", "A1")])], FIVE, "corrected")
    scored = table.once(table.rows_of(0))
    for draw in draw_labels(table, scored, sizes=(8,)).draws:
        assert len(draw.labelled) == len(set(table.unit[draw.labelled])) == 8
        train = with_labels(table, np.array([72]), Shot(None, "twins", draw, 8))
        added = [texts[row] for row in train[1:]]
        drawn = {texts[row][0] for row in draw.labelled}
        # Its row in another corpus says nothing of this one.
        assert train[0] == 72
        assert sorted(added) == sorted(one for one in texts if one[0] in drawn)
