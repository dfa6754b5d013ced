"""What rows of charts have in common: a figure with its ends, and the same in words."""

from __future__ import annotations

from typing import Any

from cefrbench.results.explanation import Explanation, Figure
from cefrbench.results.selection import Side
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, Series
from cefrbench_leaderboard.render import between, number, side_title

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


def side_names(explanation: Explanation) -> dict[str, str]:
    """What charts call the protocols that a gap is between, as all pages do."""
    pair: dict[Side, str | None] = {"in": explanation.inside, "out": explanation.outside}
    return {protocol: side_title(side, protocol) for side, protocol in pair.items() if protocol}


def side_looks(explanation: Explanation) -> dict[str, Series]:
    """How the two look, by those names."""
    looks = (Series(INSIDE, (1, 0), "circle"), Series(OUTSIDE, (6, 2), "square"))
    pair = zip((explanation.inside, explanation.outside), looks, strict=True)
    names = side_names(explanation)
    return {names[protocol]: look for protocol, look in pair if protocol is not None}
