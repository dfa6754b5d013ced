"""Ranks: one procedure with their confidence sets, from the tests of all pairs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cefrbench.statistics.differences import Movements, difference_errors
from cefrbench.statistics.errors import Errors
from cefrbench.statistics.pairs import PairedTests, pair_tests
from cefrbench.statistics.ranks import Rank, ranks


def told_apart(n: int, *pairs: tuple[int, int]) -> PairedTests:
    """Tests that show a difference in some pairs only."""
    p = np.ones((n, n))
    for i, j in pairs:
        p[i, j] = p[j, i] = 0.01
    return PairedTests(p, p, p, p, p, p)


@st.composite
def boards(draw):
    """Scores and the errors of their differences, some of them unknown."""
    n = draw(st.integers(1, 9))
    scores = draw(arrays(np.float64, n, elements=st.floats(-1, 1)))
    values = draw(arrays(np.float64, (n, 12), elements=st.floats(-0.1, 0.1)))
    errors = difference_errors(Movements(values, np.zeros((n, 1))))
    unknown = draw(arrays(np.bool_, (n, n)))
    errors.error[unknown | unknown.T] = np.nan
    return scores, errors


@settings(deadline=None)
@given(boards())
def test_a_rank_lies_in_its_own_set_and_the_sets_follow_from_the_tests(board) -> None:
    scores, errors = board
    tests = pair_tests(scores, errors)
    n = len(scores)
    for i, one in enumerate(ranks(scores, tests)):
        better = [j for j in range(n) if tests.p_holm[i, j] < 0.05 and scores[j] > scores[i]]
        worse = [j for j in range(n) if tests.p_holm[i, j] < 0.05 and scores[j] < scores[i]]
        assert (one.low, one.high) == (1 + len(better), n - len(worse))
        assert 1 <= one.low <= one.rank <= one.high <= n
        assert (one.worse_than, one.better_than) == (len(better), len(worse))


@settings(deadline=None)
@given(boards(), st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(board, random) -> None:
    scores, errors = board
    order = list(range(len(scores)))
    random.shuffle(order)
    straight = ranks(scores, pair_tests(scores, errors))
    at = np.ix_(order, order)
    turned = ranks(scores[order], pair_tests(scores[order], Errors(*(each[at] for each in errors))))
    assert turned == [straight[i] for i in order]


@settings(deadline=None)
@given(boards())
def test_less_is_better_is_the_same_with_the_signs_turned(board) -> None:
    scores, errors = board
    assert ranks(scores, pair_tests(scores, errors)) == ranks(
        -scores, pair_tests(-scores, errors), more_is_better=False
    )


def test_in_a_chain_only_what_is_shown_counts() -> None:
    """A ≈ B and B ≈ C, but A > C: C is not tied with A, whatever its neighbour is."""
    found = ranks([0.6, 0.55, 0.5], told_apart(3, (0, 2)))
    assert [(one.rank, one.low, one.high) for one in found] == [(1, 1, 2), (1, 1, 3), (2, 2, 3)]
    assert [one.tied for one in found] == [2, 2, 1]


def test_where_nothing_is_shown_all_are_first_and_where_all_is_the_order_is_sure() -> None:
    assert {(r.rank, r.high) for r in ranks([0.1, 0.2, 0.3], told_apart(3))} == {(1, 3)}
    sure = ranks([0.1, 0.2, 0.3], told_apart(3, (0, 1), (0, 2), (1, 2)))
    assert [(one.rank, one.high) for one in sure] == [(3, 3), (2, 2), (1, 1)]


def test_nothing_has_no_ranks() -> None:
    assert ranks([], told_apart(0)) == []


def test_all_sets_hold_the_true_ranks_in_at_least_95_of_100_worlds() -> None:
    """Twelve encoders, three true scores; a true rank counts those that are truly better."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0.62, 0.60, 0.50], 4)
    first = np.array([1 + (truth > t).sum() for t in truth])
    last = np.array([(truth >= t).sum() for t in truth])
    worlds, missed = 400, 0
    for _ in range(worlds):
        # Half of what the texts do to one they do to all: differences vary by their own half.
        scores = truth + rng.normal(0, 0.02) + rng.normal(0, 0.01, 12)
        errors = Errors(np.full((12, 12), 0.01 * np.sqrt(2)), np.full((12, 12), np.inf))
        found = ranks(scores, pair_tests(scores, errors))
        missed += any(
            one.low > f or one.high < final
            for one, f, final in zip(found, first, last, strict=True)
        )
    assert missed / worlds <= 0.05


def test_a_rank_says_from_how_many_it_is_told_apart_on_either_side() -> None:
    scores = [0.5, 0.9, 0.1, 0.7]
    tests = told_apart(4, (0, 1), (1, 2), (2, 3))
    expected = [
        Rank(rank=2, low=2, high=4, tied=1, better_than=0, worse_than=1),
        Rank(rank=1, low=1, high=2, tied=2, better_than=2, worse_than=0),
        Rank(rank=3, low=3, high=4, tied=1, better_than=0, worse_than=2),
        Rank(rank=1, low=1, high=3, tied=2, better_than=1, worse_than=0),
    ]
    assert ranks(scores, tests) == expected
    assert ranks([-score for score in scores], tests, more_is_better=False) == expected


@pytest.mark.parametrize(
    ("p", "scores", "found"),
    [
        (0.05, [0.2, 0.9], [1, 1]),
        (0.0499, [0.2, 0.9], [2, 1]),
        (0.0499, [0.9, 0.9], [1, 1]),
    ],
)
def test_neither_a_p_value_of_5_per_cent_nor_an_equal_score_is_ahead(p, scores, found) -> None:
    """Of the two p-values the corrected one counts."""
    tests = replace(told_apart(2, (0, 1)), p_holm=np.full((2, 2), p))
    assert [one.rank for one in ranks(scores, tests)] == found
    assert [one.high for one in ranks(scores, tests)] == [2, 1 if found[0] == 2 else 2]
