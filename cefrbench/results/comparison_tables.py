"""Comparisons as tables: cells of text for a terminal and for Markdown, values for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cefrbench.results.compare import Comparisons
from cefrbench.results.markup import escape_markdown
from cefrbench.results.verdicts import SCORE_WORDS, p_digits, verdict
from cefrbench.statistics.intervals import Interval
from cefrbench.statistics.pairs import PairedTest

#: A header and rows, all of the same length.
Cells = tuple[list[str], list[list[str]]]


def score_cells(report: Comparisons) -> Cells:
    """Each result's own score under each protocol, with its interval."""
    header = ["result", *report.protocols]
    rows = [
        [label, *(_estimate(report.intervals[label, name]) for name in report.protocols)]
        for label in report.labels
    ]
    return header, rows


def pair_cells(report: Comparisons) -> Cells:
    """Two rows a pair and protocol, one a scope: interval and p by themselves, and corrected."""
    header = [
        "pair",
        "protocol",
        "corpora",
        f"difference in {SCORE_WORDS[report.score]}",
        "95 % interval",
        "p",
        "interval (Holm)",
        "p (Holm)",
    ]
    rows = []
    for pair in report.pairs:
        difference = "undefined" if pair.difference is None else f"{pair.difference:+.3f}"
        names = [f"{pair.first} − {pair.second}", pair.protocol]
        rows += [
            [*names, "these", difference, *_test(pair.these)],
            [*names, "beyond", difference, *_test(pair.beyond)],
        ]
    return header, rows


def caption(report: Comparisons) -> str:
    """What was compared, and how."""
    covers = ", or ".join(sorted({interval.covers for interval in report.intervals.values()}))
    tests = "one test" if len(report.pairs) == 1 else f"{len(report.pairs)} tests"
    own = "".join(f" ({label}: {probe})" for label, probe in report.own.items())
    return (
        f"Suite {report.suite}, probe {report.probe}{own}, {len(report.corpora)} corpora "
        f"({', '.join(report.corpora)}). 95 % intervals cover {covers}; "
        f"{report.replicates:,} resamples of texts, paired by text. Of each difference: interval "
        f"and p by themselves, and both after Holm's correction over {tests}; an interval leaves "
        "out 0 where its p is below 0.05. Beyond: as if these were a sample of corpora."
    )


def to_markdown(report: Comparisons) -> str:
    """Both tables and the verdicts as Markdown."""
    blocks = [escape_markdown(caption(report))]
    for header, rows in (score_cells(report), pair_cells(report)):
        lines = [header, ["---"] * len(header), *rows]
        blocks.append(
            "\n".join(
                "| " + " | ".join(c if c == "---" else escape_markdown(c) for c in line) + " |"
                for line in lines
            )
        )
    verdicts = (f"- {escape_markdown(verdict(pair, report))}" for pair in report.pairs)
    return "\n\n".join([*blocks, "\n".join(verdicts)]) + "\n"


def to_json(report: Comparisons) -> dict[str, Any]:
    """Everything as plain values, verdicts included."""
    return {
        "suite": report.suite,
        "probe": report.probe,
        "score": report.score,
        "corpora": list(report.corpora),
        "replicates": report.replicates,
        "seed": report.seed,
        "results": [
            {
                "label": label,
                "probe": report.own.get(label, report.probe),
                "scores": {
                    name: asdict(report.intervals[label, name]) for name in report.protocols
                },
            }
            for label in report.labels
        ],
        "comparisons": [
            {**asdict(pair), "verdict": verdict(pair, report)} for pair in report.pairs
        ],
    }


def _test(test: PairedTest | None) -> list[str]:
    if test is None:
        return ["–"] * 4
    alone = [_interval(test.low, test.high), _p(test.p)]
    star = " *" if test.significant else ""
    return [*alone, _interval(test.low_holm, test.high_holm), _p(test.p_holm) + star]


def _interval(low: float, high: float) -> str:
    return f"[{low:+.3f}, {high:+.3f}]"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else p_digits(value)


def _estimate(interval: Interval) -> str:
    if interval.estimate is None:
        return "undefined"
    if interval.low is None:
        return f"{interval.estimate:.3f} (no interval)"
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
