"""Score against size: does a larger model read unseen corpora better?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.charts.dumbbells import PlotScale
from cefrbench_leaderboard.entry import Entry, Estimate
from cefrbench_leaderboard.finding import LinkedFigure, Sentence, counted, plain
from cefrbench_leaderboard.links import way_links
from cefrbench_leaderboard.page import Page, Rendered
from cefrbench_leaderboard.render import magnitude, number, render
from cefrbench_leaderboard.standing import Made

#: Height of the picture, in pixels.
HEIGHT = 340
#: Points that carry their names: those that nothing of the same height and size hides.
_APART = 0.09


@dataclass(frozen=True, slots=True)
class SizePoint:
    """One model: its place, in per cent of both sides, and what stands beside it."""

    entry: Entry
    qwk: Estimate
    x: str
    y: str
    low: str
    high: str
    named: bool
    anchor: str


def sized(suite: SuiteResults, cohort: Sequence[Made]) -> list[tuple[Entry, Estimate]]:
    """Candidates of known size with a score, smallest first."""
    found = []
    for one in cohort:
        entry = one.entry
        cell = entry.cell(suite.main, entry.favoured)
        if entry.reference is None and entry.parameters and cell and cell.qwk.value is not None:
            found.append((entry, cell.qwk))
    return sorted(found, key=lambda pair: (pair[0].parameters or 0, pair[0].slug))


def size_title(models: Sequence[tuple[Entry, Estimate]]) -> Sentence:
    """Say how the smallest, the largest and the best stand; nothing is claimed of a trend."""
    if not models:
        return ("No model of known size has a score here yet",)

    def said(pair: tuple[Entry, Estimate]) -> Sentence:
        entry, qwk = pair
        name = LinkedFigure(entry.encoder, entry.page)
        return (name, f" ({magnitude(entry.parameters)}) reads unseen corpora at "
                      f"{number(qwk.value, 2)}")  # fmt: skip

    if len(models) == 1:
        return said(models[0])
    first, last = models[0], models[-1]
    best = max(models, key=lambda pair: pair[1].value or 0.0)
    ends = ("The smallest, ", *said(first), "; the largest, ", *said(last))
    return ends if best in (first, last) else (*ends, "; the best, ", *said(best))


def size_page(suite: SuiteResults, cohort: Sequence[Made]) -> Rendered:
    """Render the picture and its table."""
    models = sized(suite, cohort)
    title = size_title(models)
    page = Page(
        f"ways/{suite.slug}/size.html", "Score against size", "index.html", f"{plain(title)}."
    )
    values = [v for _, q in models for v in (q.value, q.low, q.high) if v is not None]
    scale = PlotScale.over(values)
    low, high = _decades([entry.parameters or 1 for entry, _ in models])
    return render(
        "size.html",
        page,
        suite=suite,
        title=title,
        points=_points(models, scale, low, high),
        ticks=[(_flip(at), label) for at, label in scale.ticks],
        decades=[
            (
                f"{100 * (d - low) / (high - low):.1f}%",
                magnitude(10**d).replace(".00", "").replace(".0", ""),
            )
            for d in range(low, high + 1)
        ],
        caption=(
            f"QWK under {suite.main}, {counted(len(models), 'model')} of known size, each with "
            "its favoured probe, against the number of weights (each step is ten times as many). "
            "Whiskers: 95 % intervals, which hold the corpora fixed."
        ),
        height=HEIGHT,
        links=way_links(suite),
    )


def _decades(sizes: Sequence[int]) -> tuple[int, int]:
    """Powers of ten around all sizes."""
    if not sizes:
        return 6, 10
    low, high = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)))
    return low, max(high, low + 1)


def _points(
    models: Sequence[tuple[Entry, Estimate]], scale: PlotScale, low: int, high: int
) -> list[SizePoint]:
    placed: list[tuple[float, float]] = []
    points = []
    for entry, qwk in sorted(models, key=lambda pair: -(pair[1].value or 0.0)):
        x = (math.log10(entry.parameters or 1) - low) / (high - low)
        y = float(scale.at(qwk.value or 0.0)[:-1]) / 100
        near = any(abs(x - a) < 4 * _APART and abs(y - b) < _APART for a, b in placed)
        if not near:
            placed.append((x, y))
        ends = (qwk.low, qwk.high) if qwk.low is not None and qwk.high is not None else None
        points.append(
            SizePoint(
                entry=entry,
                qwk=qwk,
                x=f"{100 * x:.1f}%",
                y=_flip(scale.at(qwk.value or 0.0)),
                low=_flip(scale.at(ends[0])) if ends else "",
                high=_flip(scale.at(ends[1])) if ends else "",
                named=not near,
                anchor="start" if x < 0.6 else "end",
            )
        )
    return points


def _flip(share: str) -> str:
    """From per cent above the bottom to per cent below the top."""
    return f"{100 - float(share[:-1]):.1f}%"
