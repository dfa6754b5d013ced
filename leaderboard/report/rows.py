"""What rows of charts have in common: a figure with its ends, and the same in words."""

from __future__ import annotations

from typing import Any

from cefrbench.results.explanation import Figure
from cefrbench_leaderboard.render import between, number

#: What an interval of an explanation covers; one sentence for all captions.
COVERS = (
    "Bars are 95\N{NO-BREAK SPACE}% intervals over scored texts and, where the result has refits, "
    "over training texts too; they hold the corpora fixed."
)
#: What a band of draws covers.
DRAWN = "Bands are the tenth to the ninetieth percentile of draws, no error of the mean."


def figure_row(figure: Figure, what: str, **more: Any) -> dict[str, Any]:
    """One row of a chart: value, ends, and the tip that says them."""
    return {
        **more,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "tip": f"{what}: {in_words(figure.value, figure.low, figure.high)}",
    }


def in_words(value: float | None, low: float | None, high: float | None) -> str:
    """A figure with its ends: ``0.165 (0.09 to 0.24)``."""
    ends = between(low, high)
    return f"{number(value)} ({ends})" if ends else number(value)
