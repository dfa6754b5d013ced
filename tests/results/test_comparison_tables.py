"""Comparisons as cells, Markdown and values, all of it planted."""

import pytest

from cefrbench.results.compare import Comparison, Comparisons
from cefrbench.results.comparison_tables import (
    caption,
    pair_cells,
    score_cells,
    to_json,
    to_markdown,
)
from cefrbench.results.verdicts import verdict
from cefrbench.statistics.intervals import Interval
from cefrbench.statistics.pairs import PairedTest

LOW = PairedTest(0.1, 0.3, 0.0004, 0.0008, 0.05, 0.35)
HIGH = PairedTest(-0.2, 0.4, 0.3, 0.6, -0.3, 0.5)
WHOLE = Interval(0.75, 0.625, 0.8125, 0.05, 900, 2000)
WORDS = {"iid": "in distribution", "gap": "between in and out of distribution"}
PAIRS = (
    Comparison("A", "b_x", "iid", "qwk", 0.2, LOW, HIGH, 2, 900),
    Comparison("A", "b_x", "gap", "qwk", -0.1, HIGH, None, 2, 900),
)
REPORT = Comparisons(
    labels=("A", "b_x"),
    suite="cefr-v1",
    probe="ridge",
    score="qwk",
    protocols=WORDS,
    corpora=("alpha", "beta"),
    intervals={
        ("A", "iid"): WHOLE,
        ("A", "gap"): Interval(0.25, None, None, None, 900, 2000, 1500),
        ("b_x", "iid"): Interval(0.5, 0.25, 0.75, 0.1, 900, 2000, refits=20),
        ("b_x", "gap"): Interval(None, None, None, None, 900, 2000),
    },
    pairs=PAIRS,
    replicates=2000,
    seed=7,
    own={"b_x": "ordinal"},
)
CAPTION = (
    "Suite cefr-v1, probe ridge (b_x: ordinal), 2 corpora (alpha, beta). 95 % intervals cover "
    "other texts scored, other texts trained on (20 refits); not other corpora, nor another "
    "choice of layer and penalty, or other texts scored, with the fits held fixed; not other texts "
    "trained on, other corpora, nor another choice of layer and penalty; 2,000 resamples of texts, "
    "paired by text. Of each difference: interval and p by themselves, and both after Holm's "
    "correction over 2 tests; an interval leaves out 0 where its p is below 0.05. Beyond: as if "
    "these were a sample of corpora."
)


def test_scores_are_a_row_a_result_with_an_interval_where_there_is_one():
    assert score_cells(REPORT) == (
        ["result", "iid", "gap"],
        [
            ["A", "0.750 [0.625, 0.812]", "0.250 (no interval)"],
            ["b_x", "0.500 [0.250, 0.750]", "undefined"],
        ],
    )


def test_pairs_are_two_rows_by_scope_with_p_by_itself_and_corrected():
    high = ["[-0.200, +0.400]", "0.300", "[-0.300, +0.500]", "0.600"]
    low = ["[+0.100, +0.300]", "< 0.001", "[+0.050, +0.350]", "< 0.001 *"]
    assert pair_cells(REPORT) == (
        [
            "pair",
            "protocol",
            "corpora",
            "difference in QWK",
            "95 % interval",
            "p",
            "interval (Holm)",
            "p (Holm)",
        ],
        [
            ["A − b_x", "iid", "these", "+0.200", *low],
            ["A − b_x", "iid", "beyond", "+0.200", *high],
            ["A − b_x", "gap", "these", "-0.100", *high],
            ["A − b_x", "gap", "beyond", "-0.100", "–", "–", "–", "–"],
        ],
    )


@pytest.mark.parametrize(("p", "cell"), [(0.00099, "< 0.001"), (0.001, "0.001"), (0.05, "0.0500")])
def test_a_p_below_a_thousandth_is_said_so(p, cell):
    test = PairedTest(0.1, 0.3, p, 0.5, 0.05, 0.35)
    pair = Comparison("A", "b_x", "iid", "qwk", None, test, None, 2, 900)
    report = Comparisons(("A",), "s", "p", "qwk", WORDS, (), {}, (pair,), 10, 0)
    _, (row, _) = pair_cells(report)
    assert (row[3], row[5], row[7]) == ("undefined", cell, "0.500")


def test_a_caption_says_what_was_compared_and_how():
    assert caption(REPORT) == CAPTION
    one = Comparisons(
        ("A",), "s", "p", "qwk", WORDS, ("x",), {("A", "iid"): WHOLE}, PAIRS[:1], 10, 0
    )
    text = caption(one)
    assert text.startswith("Suite s, probe p, 1 corpora (x). 95 % intervals cover other texts ")
    assert "; 10 resamples of texts" in text
    assert "Holm's correction over one test; " in text


def test_markdown_is_a_caption_two_tables_and_a_verdict_a_pair():
    head, scores, pairs, verdicts, end = (*to_markdown(REPORT).split("\n\n"), "")
    assert end == ""
    assert head == CAPTION.replace("_", r"\_")
    assert scores.splitlines() == [
        "| result | iid | gap |",
        "| --- | --- | --- |",
        r"| A | 0.750 \[0.625, 0.812\] | 0.250 (no interval) |",
        r"| b\_x | 0.500 \[0.250, 0.750\] | undefined |",
    ]
    first, line, row, *rest = pairs.splitlines()
    assert first.startswith("| pair | protocol | corpora | difference in QWK | 95 % interval | p |")
    assert line == "| " + " | ".join(["---"] * 8) + " |"
    assert row == (
        r"| A − b\_x | iid | these | +0.200 | \[+0.100, +0.300\] | &lt; 0.001 "
        r"| \[+0.050, +0.350\] | &lt; 0.001 \* |"
    )
    assert len(rest) == 3
    own = [verdict(pair, REPORT) for pair in PAIRS]
    escaped = [one.replace("b_x", r"b\_x").replace("[", r"\[").replace("]", r"\]") for one in own]
    escaped = [one.replace("<", "&lt;") for one in escaped]
    assert verdicts == "".join(f"- {one}\n" for one in escaped)


def test_json_holds_everything_as_plain_values():
    data = to_json(REPORT)
    results, comparisons = data.pop("results"), data.pop("comparisons")
    assert data == {
        "suite": "cefr-v1",
        "probe": "ridge",
        "score": "qwk",
        "corpora": ["alpha", "beta"],
        "replicates": 2000,
        "seed": 7,
    }
    assert [(one["label"], one["probe"]) for one in results] == [("A", "ridge"), ("b_x", "ordinal")]
    assert list(results[0]["scores"]) == ["iid", "gap"]
    assert results[0]["scores"]["iid"] == {
        "estimate": 0.75,
        "low": 0.625,
        "high": 0.8125,
        "error": 0.05,
        "texts": 900,
        "replicates": 2000,
        "undefined": 0,
        "refits": 0,
    }
    assert results[1]["scores"]["iid"]["refits"] == 20
    assert [one["verdict"] for one in comparisons] == [verdict(pair, REPORT) for pair in PAIRS]
    assert comparisons[0]["these"]["p_holm"] == 0.0008
    assert (comparisons[1]["difference"], comparisons[1]["beyond"]) == (-0.1, None)
