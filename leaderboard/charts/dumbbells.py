"""Pictures laid out by the page, not drawn to a size: text stays as large as it is on any screen.

Places along the scale are per cent of whatever width there is, so a phone gets the same picture
with letters of the same size. Names are the page's own text: links, escaped as all others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from cefrbench_leaderboard.entry import Estimate

#: A circle in distribution, a diamond out of it, a small ring for one of many.
Kind = Literal["in", "out", "one"]
#: Share of a phone's width that one letter of a reference's name takes.
_LETTER = 0.0205
#: Height of a line of references' names, in pixels.
_LINE = 17

#: Rings in a row, each a model, that are drawn where they are; of more, those a per cent apart.
_MOST_RINGS = 100


@dataclass(frozen=True, slots=True)
class Mark:
    """One point with its whisker, in per cent of the width."""

    kind: Kind
    at: str
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True)
class DumbbellRow:
    """One line of a picture.

    Attributes
    ----------
    label, href : str
        Its name, and the page that it leads to below the root; empty for none.
    estimates : tuple of (Kind, Estimate)
        What is drawn.
    note : str
        Small, behind the name.
    """

    label: str
    href: str
    estimates: tuple[tuple[Kind, Estimate], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """A line through all rows, with its name above on a line of its own where it needs one."""

    label: str
    value: float
    at: str = ""
    y: int = 0
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class PlotScale:
    """What the width stands for."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Iterable[float]) -> PlotScale:
        """From the tenth below the least to the tenth above the most."""
        found = list(values) or [0.0, 1.0]
        low, high = (math.floor(min(found) * 10) / 10, math.ceil(max(found) * 10) / 10)
        return cls(low, high if high > low else low + 0.1)

    def at(self, value: float) -> str:
        """Place of a value; values beyond the ends stand at them."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return f"{100 * share:.1f}%"

    def nearly(self, value: float | None) -> str:
        """Place of a value to the nearest per cent: rings closer than that are one to the eye."""
        return f"{round(float(self.at(value or 0.0)[:-1]))}%"

    @property
    def ticks(self) -> list[tuple[str, str]]:
        """Places to name, with their names; at most seven, so that a phone has room."""
        tenths = range(round(self.low * 10), round(self.high * 10) + 1)
        every = next(step for step in (1, 2, 5, 10) if len(tenths) / step <= 7)
        return [(self.at(t / 10), f"{t / 10:.1f}".replace("-", "−")) for t in tenths
                if t % every == 0]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture, ready to be laid out.

    Attributes
    ----------
    scale : PlotScale
    rows : tuple of (DumbbellRow, tuple of Mark)
    references : tuple of ReferenceLine
    top : int
        Height that the references' names take, in pixels.
    left : int
        Rows that are not drawn.
    """

    scale: PlotScale
    rows: tuple[tuple[DumbbellRow, tuple[Mark, ...]], ...]
    references: tuple[ReferenceLine, ...]
    top: int
    left: int = 0


def plot(
    rows: Sequence[DumbbellRow], references: Sequence[ReferenceLine] = (), most: int = 40
) -> Plot:
    """Lay out a picture of the first ``most`` rows."""
    drawn = rows[:most]
    values = [v for row in drawn for _, e in row.estimates for v in (e.value, e.low, e.high)]
    scale = PlotScale.over([v for v in values if v is not None] + [r.value for r in references])
    placed = _named(references, scale)
    return Plot(
        scale=scale,
        rows=tuple((row, tuple(_marks(row, scale))) for row in drawn),
        references=placed,
        top=max((one.y for one in placed), default=0),
        left=len(rows) - len(drawn),
    )


def _marks(row: DumbbellRow, scale: PlotScale) -> Iterable[Mark]:
    rings = {scale.nearly(one.value) for kind, one in row.estimates if kind == "one"}
    if sum(kind == "one" for kind, _ in row.estimates) > _MOST_RINGS:
        yield from (Mark("one", at, "", "") for at in sorted(rings, key=lambda at: float(at[:-1])))
    else:
        rings = set()
    for kind, one in row.estimates:
        if one.value is None or (rings and kind == "one"):
            continue
        ends = one.low is not None and one.high is not None
        low, high = (scale.at(one.low or 0), scale.at(one.high or 0)) if ends else ("", "")
        yield Mark(kind, scale.at(one.value), low, high)


def _named(references: Sequence[ReferenceLine], scale: PlotScale) -> tuple[ReferenceLine, ...]:
    """Put names that would touch on a phone on lines of their own."""
    lines: list[float] = []
    placed = []
    for one in sorted(references, key=lambda r: r.value):
        share = float(scale.at(one.value)[:-1]) / 100
        width = _LETTER * (len(one.label) + 1)
        anchor = "start" if share < width / 2 else "end" if share > 1 - width / 2 else "middle"
        left = share - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        line = next((i for i, end in enumerate(lines) if end <= left), len(lines))
        lines[line : line + 1] = [left + width]
        placed.append(ReferenceLine(one.label, one.value, scale.at(one.value), line, anchor))
    return tuple(
        ReferenceLine(r.label, r.value, r.at, _LINE * (len(lines) - r.y), r.anchor) for r in placed
    )
