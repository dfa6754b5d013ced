"""What a comparison says, whole sentences from planted tests."""

import pytest

from cefrbench.results.compare import Comparison, Comparisons, better
from cefrbench.results.verdicts import SCORE_WORDS, p_digits, verdict
from cefrbench.statistics.pairs import PairedTest

WORDS = {
    "by-task": "under by-task",
    "lofo": "out of distribution",
    "gap": "between in and out of distribution",
}


def holm(low, high, p, alone=None):
    """A test by its corrected interval and p; by itself it is ``alone``, or as clear."""
    own_low, own_high, own_p = alone or (low, high, p)
    return PairedTest(own_low, own_high, own_p, p, low, high)


SURE = holm(0.012, 0.05, 0.002)
#: Clear on these corpora, but negative.
WORSE = holm(-0.05, -0.012, 0.002)
UNSURE = holm(-0.008, 0.07, 0.22)


def said(these, beyond, *, score="qwk", protocol="lofo", difference=0.031, corpora=9):
    pair = Comparison("A", "B", protocol, score, difference, these, beyond, corpora, 900)
    report = Comparisons(("A", "B"), "cefr-v1", "ridge", score, WORDS, (), {}, (pair,), 2000, 0)
    return verdict(pair, report)


FEW = " Fewer than 3 corpora say nothing about others."


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"these": SURE, "corpora": 1},
            "A is better than B out of distribution on this corpus: +0.031 QWK [+0.012, +0.050], "
            "p = 0.002, both after Holm." + FEW,
        ),
        (
            {"these": WORSE, "difference": -0.031, "corpora": 2},
            "B is better than A out of distribution on these 2 corpora: +0.031 QWK [+0.012, "
            "+0.050], p = 0.002, both after Holm." + FEW,
        ),
        (
            {"these": SURE, "score": "mae"},
            "B is better than A out of distribution on these 9 corpora: -0.031 MAE [-0.050, "
            "-0.012], p = 0.002, both after Holm." + FEW,
        ),
        (
            {"these": WORSE, "score": "mae", "difference": -0.031},
            "A is better than B out of distribution on these 9 corpora: -0.031 MAE [-0.050, "
            "-0.012], p = 0.002, both after Holm." + FEW,
        ),
        (
            {"these": WORSE, "difference": -0.031, "protocol": "gap"},
            "A has a smaller QWK gap than B between in and out of distribution on these 9 "
            "corpora: -0.031 QWK [-0.050, -0.012], p = 0.002, both after Holm." + FEW,
        ),
        (
            {"these": WORSE, "difference": -0.031, "beyond": holm(-0.06, -0.002, 0.0004)},
            "B is better than A out of distribution on these 9 corpora and beyond them: +0.031 "
            "QWK [+0.012, +0.050], p = 0.002, both after Holm; over corpora [+0.002, +0.060], "
            "p < 0.001, both after Holm.",
        ),
        (
            {"these": WORSE, "difference": -0.031, "beyond": holm(-0.07, 0.008, 0.22)},
            "B is better than A out of distribution on these 9 corpora: +0.031 QWK [+0.012, "
            "+0.050], p = 0.002, both after Holm. On other corpora it is not shown: over corpora "
            "the interval is [-0.008, +0.070], p = 0.220, both after Holm.",
        ),
        (
            {"these": holm(0.0, 0.0, 1.0), "difference": 0.0},
            "No difference shown in QWK out of distribution between A and B on these 9 corpora: "
            "+0.000 [+0.000, +0.000], p = 1.000, both after Holm; their predictions score the "
            "same in every resample.",
        ),
        (
            {"these": holm(0.0, 0.07, 0.22, (0.0, 0.06, 0.11))},
            "No difference shown in QWK out of distribution between A and B on these 9 corpora: "
            "+0.031 [+0.000, +0.070], p = 0.220, both after Holm; the interval allows a lead of "
            "up to 0.070 for A and -0.000 for B.",
        ),
        (
            {"these": holm(0.03, 0.03, 0.22, (0.03, 0.03, 0.11))},
            "No difference shown in QWK out of distribution between A and B on these 9 corpora: "
            "+0.031 [+0.030, +0.030], p = 0.220, both after Holm; the interval allows a lead of "
            "up to 0.030 for A and -0.030 for B.",
        ),
        (
            {"these": holm(-0.03, -0.03, 0.22), "difference": -0.03, "protocol": "by-task"},
            "No difference shown in QWK under by-task between A and B on these 9 corpora: -0.030 "
            "[-0.030, -0.030], p = 0.220, both after Holm; the interval allows a lead of up to "
            "-0.030 for A and 0.030 for B.",
        ),
        (
            {"these": holm(-0.06, 0.0, 0.22), "difference": -0.03},
            "No difference shown in QWK out of distribution between A and B on these 9 corpora: "
            "-0.030 [-0.060, +0.000], p = 0.220, both after Holm; the interval allows a lead of up "
            "to 0.000 for A and 0.060 for B.",
        ),
        (
            {"these": SURE, "protocol": "by-task"},
            "A is better than B under by-task on these 9 corpora: +0.031 QWK [+0.012, +0.050], "
            "p = 0.002, both after Holm." + FEW,
        ),
        (
            {"these": UNSURE, "score": "mae"},
            "No difference shown in MAE out of distribution between A and B on these 9 corpora: "
            "+0.031 [-0.008, +0.070], p = 0.220, both after Holm; the interval allows a lead of "
            "up to 0.008 for A and 0.070 for B.",
        ),
        (
            {"these": holm(-0.008, 0.07, 0.05, (-0.008, 0.06, 0.05)), "corpora": 1},
            "No difference shown in QWK out of distribution between A and B on this corpus: "
            "+0.031 [-0.008, +0.070], p = 0.0500, both after Holm; the interval allows a lead of "
            "up to 0.070 for A and 0.008 for B.",
        ),
        (
            {"these": holm(-0.008, 0.07, 0.12, (0.001, 0.06, 0.0499))},
            "No difference shown in QWK out of distribution between A and B on these 9 corpora: "
            "+0.031 [-0.008, +0.070], p = 0.120, both after Holm; by itself it would be one, but "
            "not among all the comparisons made here.",
        ),
    ],
)
def test_a_verdict_is_a_whole_sentence(options, text):
    assert said(**{"beyond": None} | options) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0009, "p < 0.001, both"), (0.001, "p = 0.001, both"), (0.0, "p < 0.001, both")],
)
def test_a_small_p_is_below_a_thousandth(p, text):
    assert text in said(holm(0.012, 0.05, p), None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0494, "0.049"),
        (0.0496, "0.0496"),
        (0.05, "0.0500"),
        (0.0504, "0.0504"),
        (0.0506, "0.051"),
        (1.0, "1.000"),
    ],
)
def test_a_p_that_rounds_to_the_line_has_a_digit_more(value, text):
    assert p_digits(value) == text


@pytest.mark.parametrize(
    ("score", "protocol", "for_more"),
    [
        ("qwk", "iid", True),
        ("qwk", "by-task", True),
        ("qwk", "gap", False),
        ("mae", "iid", False),
        ("mae", "gap", True),
    ],
)
def test_more_is_better_but_of_an_error_or_a_gap_and_not_of_a_gap_in_an_error(
    score, protocol, for_more
):
    assert better(score, protocol, 0.1) is for_more
    assert better(score, protocol, -0.1) is not for_more
    assert better(score, protocol, 0.0) is not for_more


def test_every_score_has_words():
    assert list(SCORE_WORDS) == [
        "qwk", "macro_f1", "mae", "r2", "accuracy", "adjacent", "spearman", "recut"
    ]  # fmt: skip
