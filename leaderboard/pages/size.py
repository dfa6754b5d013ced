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
from cefrbench_leaderboard.render import magnitude, number, render, short
from cefrbench_leaderboard.standing import Made

#: Height of the picture, in pixels.
HEIGHT = 340
#: Letters of a name beside its point, and the share of a tablet's width that one takes.
_LETTERS, _LETTER = 24, 0.0105
#: Share of the height that a name takes.
_LINE = 0.06


@dataclass(frozen=True, slots=True)
class PointName:
    """Where a name stands: its place in per cent, and how far from it in pixels.

    ``first`` are the names of the smallest, the largest and the best, which a phone has room for.
    """

    text: str
    x: str
    y: str
    dx: int
    dy: int
    anchor: str
    first: bool


@dataclass(frozen=True, slots=True)
class SizePoint:
    """One model: its place, in per cent of both sides, and what stands beside it."""

    entry: Entry
    qwk: Estimate
    x: str
    y: str
    low: str
    high: str
    name: PointName | None


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
    """Place points, the best first."""
    places = [(math.log10(entry.parameters or 1) - low) / (high - low) for entry, _ in models]
    ups = [_share(scale, qwk.value) for _, qwk in models]
    best = max(range(len(models)), key=lambda i: ups[i], default=0)
    firsts = {0: 17, len(models) - 1: 17} | {best: -7}
    taken = list(zip(places, ups, strict=True))
    points = []
    for i in sorted(range(len(models)), key=lambda i: -ups[i]):
        (entry, qwk), x = models[i], places[i]
        ends = (qwk.low, qwk.high) if qwk.low is not None and qwk.high is not None else None
        bottom, top = (_flip(scale.at(end)) for end in ends) if ends else ("", "")
        at = _flip(scale.at(qwk.value or 0.0))
        text = short(entry.encoder, _LETTERS)
        if i in firsts:
            anchor = "start" if x < 0.3 else "end" if x > 0.7 else "middle"
            place = (top if firsts[i] < 0 else bottom) or at
            name: PointName | None = PointName(
                text, f"{100 * x:.1f}%", place, 0, firsts[i], anchor, first=True
            )
        else:
            name = _beside(text, x, at, taken)
        points.append(SizePoint(entry, qwk, f"{100 * x:.1f}%", at, bottom, top, name))
    return points


def _beside(text: str, x: float, at: str, taken: list[tuple[float, float]]) -> PointName | None:
    """Put a name right or left of its point where it has room; None where it has none.

    ``taken`` are the places of points, and grows by what the name covers.
    """
    up, width = 1 - float(at[:-1]) / 100, _LETTER * (len(text) + 2)
    for anchor, sign in (("start", 1), ("end", -1)):
        end = x + sign * width
        free = all(not 0 < sign * (a - x) < width or abs(b - up) > _LINE for a, b in taken)
        if 0 <= end <= 1 and free:
            taken += [(x + sign * share * width, up) for share in (0.3, 0.6, 1.0)]
            return PointName(text, f"{100 * x:.1f}%", at, 9 * sign, 4, anchor, first=False)
    return None


def _share(scale: PlotScale, value: float | None) -> float:
    return float(scale.at(value or 0.0)[:-1]) / 100


def _flip(share: str) -> str:
    """From per cent above the bottom to per cent below the top."""
    return f"{100 - float(share[:-1]):.1f}%"
