"""Curves over steps: one panel beside the other, one line a series, with a band or whiskers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cefrbench_leaderboard.charts.chart import Row, in_order
from cefrbench_leaderboard.charts.palette import QUIET, Series
from cefrbench_leaderboard.charts.svg import Spec, literal, nominal, panels, quantity

#: Distance of the series' points at one step, in steps.
_APART = 0.08


@dataclass(frozen=True, slots=True)
class Axes:
    """Steps from left to right, and what is drawn over them.

    Attributes
    ----------
    steps : tuple of str
        Names of the steps.
    x, y : str
        Titles, with units.
    band : bool
        Whether intervals are a band; whiskers, if not.
    size : tuple of int
        Width and height of a panel, in pixels.
    apart : bool
        Whether the first step stands apart, on no line.
    """

    steps: tuple[str, ...]
    x: str
    y: str
    band: bool = False
    size: tuple[int, int] = (280, 200)
    apart: bool = False


def curves_spec(rows: Sequence[Row], looks: Mapping[str, Series], axes: Axes) -> Spec:
    """Specify curves.

    Parameters
    ----------
    rows : sequence of Row
        ``panel``, ``series``, ``step``, ``value``, ``tip``, the ends of its interval, ``low`` and
        ``high``, and ``chance``; None where there is none.
    looks : mapping of str to Series
        How series look, in the legend's order.
    axes : Axes
    """
    data = _placed(rows, list(looks), axes)
    names = list(looks)
    x, y = _across(axes), _up(data, axes)

    def by_series(values: list[object]) -> Spec:
        return nominal("series", scale={"domain": names, "range": values})

    ink = by_series([looks[name].ink.value for name in names])
    dash = by_series([list(looks[name].dash) for name in names])
    shape = by_series([looks[name].shape for name in names])
    ends = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": ink}
    known = "datum.low != null"
    joined = "!datum.apart"
    whisker = {"type": "rule", "strokeWidth": 1.5}
    band = {"transform": [{"filter": f"{known} && {joined}"}], "encoding": ends,
            "mark": {"type": "area", "opacity": 0.14}}  # fmt: skip
    bars = {"transform": [{"filter": known}], "mark": whisker, "encoding": ends}
    point = {"type": "point", "filled": True, "size": 46, "opacity": 1, "aria": True}
    flat = {"type": "rule", "color": QUIET.value, "strokeDash": [2, 3]}
    marks = [
        {"transform": [{"filter": "datum.first_chance"}], "mark": flat,
         "encoding": {"y": {**y, "field": "chance"}}},
        band if axes.band else bars,
        {"transform": [{"filter": joined}], "mark": {"type": "line", "strokeWidth": 2},
         "encoding": {"x": x, "y": y, "color": ink, "strokeDash": dash}},
        {"mark": point, "encoding": {"x": x, "y": y, "color": ink, "shape": shape,
                                     "description": nominal("tip")}},
    ]  # fmt: skip
    return panels(data, "panel", axes.size, {"layer": marks}, sort=in_order(data, "panel"))


def _placed(rows: Sequence[Row], names: list[str], axes: Axes) -> list[Spec]:
    seen: set[object] = set()
    placed = []
    for row in rows:
        beside = 0.0 if axes.band else _APART * (names.index(row["series"]) - (len(names) - 1) / 2)
        level = row["panel"], row["chance"]
        placed.append({
            **row,
            "at": round(axes.steps.index(row["step"]) + beside, 3),
            "apart": axes.apart and row["step"] == axes.steps[0],
            "first_chance": row["chance"] is not None and level not in seen,
        })  # fmt: skip
        seen.add(level)
    return placed


def _across(axes: Axes) -> Spec:
    last = len(axes.steps) - 1
    every = max(1, -(-last // 6))
    names = {str(i): name for i, name in enumerate(axes.steps)}
    axis = {
        "grid": False,
        "values": [i for i in range(last + 1) if i % every == 0 or i == last],
        "labelExpr": f"({literal(names)})[datum.value]",
        "labelLimit": 120,
        "labelOverlap": False,
    }
    scale = {"domain": [-0.35, last + 0.35], "nice": False, "zero": False}
    return quantity("at", title=axes.x, scale=scale, axis=axis)


def _up(data: Sequence[Row], axes: Axes) -> Spec:
    """One scale for all panels, of a width that shows what differs; it need not begin at 0."""
    values = [value for row in data for name in ("value", "low", "high", "chance")
              if (value := row[name]) is not None]  # fmt: skip
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.1
    scale = {"domain": [round(low - room, 3), round(high + room, 3)], "nice": True, "zero": False}
    axis = {"tickCount": 6, "format": ".2~f", "domain": False, "ticks": False}
    return quantity("value", title=axes.y, scale=scale, axis=axis)
