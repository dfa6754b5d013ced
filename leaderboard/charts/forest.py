"""Forests: points with their intervals beside a line at nothing, one panel beside the other."""

from __future__ import annotations

from collections.abc import Sequence

from cefrbench_leaderboard.charts.chart import Row, in_order, with_first
from cefrbench_leaderboard.charts.palette import PAPER, QUIET, TEXT, Series
from cefrbench_leaderboard.charts.svg import Spec, nominal, panels, quantity

#: Height of a line, in pixels.
_LINE = 26


def forest_spec(
    rows: Sequence[Row], looks: dict[str, Series], title: str, width: int = 200
) -> Spec:
    """Specify a forest.

    Parameters
    ----------
    rows : sequence of Row
        ``panel``, ``label`` (its line), ``look``, ``value``, and the ends of its interval, ``low``
        and ``high``, None without one; ``tip`` says it in words.
    looks : dict of str to Series
        How points look, by ``look``; the legend names them.
    title : str
        Of the axis, with its unit.
    width : int
        Of a panel, in pixels.
    """
    data = with_first(rows, "panel")
    labels, names = in_order(data, "label"), list(looks)
    y = nominal("label", sort=labels, title=None, axis={"domain": False, "ticks": False,
                "labelLimit": 130, "labelColor": TEXT.value})  # fmt: skip
    x = quantity("value", title=title, axis={"tickCount": 5, "format": ".2~f", "domain": False,
                 "ticks": False, "zindex": 0})  # fmt: skip
    ink = nominal("look", scale=_scale(names, [looks[name].ink.value for name in names]))
    shape = nominal("look", scale=_scale(names, [looks[name].shape for name in names]))
    zero = {"type": "rule", "color": QUIET.value, "strokeDash": [2, 3]}
    interval = {"type": "rule", "strokeWidth": 2, "aria": False}
    point = {"type": "point", "filled": True, "size": 70, "opacity": 1, "aria": True}
    point |= {"stroke": PAPER.value, "strokeWidth": 1}
    layers = [
        # One line a panel: each row that is left would draw one.
        {"transform": [{"filter": "datum.first"}], "mark": zero,
         "encoding": {"x": {"datum": 0}}},
        {"transform": [{"filter": "datum.low != null"}], "mark": interval,
         "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": ink}},
        {"mark": point, "encoding": {"y": y, "x": x, "color": ink, "shape": shape,
                                     "description": nominal("tip")}},
    ]  # fmt: skip
    size = (width, _LINE * len(labels) + 8)
    order = in_order(data, "panel")
    return panels(data, "panel", size, {"layer": layers}, columns=3, sort=order)


def _scale(domain: list[str], looks: list[str]) -> Spec:
    return {"domain": domain, "range": looks}
