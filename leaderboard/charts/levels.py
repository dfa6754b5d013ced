"""Texts of a corpus by level."""

from __future__ import annotations

from collections.abc import Mapping

from cefrbench_leaderboard.charts.chart import Chart, in_order, make_chart
from cefrbench_leaderboard.charts.palette import INSIDE, TEXT
from cefrbench_leaderboard.charts.svg import nominal, panels, quantity


def levels_chart(corpus: str, levels: Mapping[str, Mapping[str, int]]) -> Chart:
    """Draw one panel for each place that rows came from.

    Parameters
    ----------
    corpus : str
    levels : mapping
        Rows by level, by source (``hub``, ``file``, ``sample``).
    """
    data = [
        {"source": source, "level": level, "rows": count}
        for source, counts in levels.items()
        for level, count in counts.items()
    ]
    plain = {"domain": False, "ticks": False}
    x = nominal("level", sort=in_order(data, "level"), title=None, axis={"labelAngle": 0, **plain})
    y = quantity("rows", title="Rows", axis={"tickCount": 4, "format": "d", **plain})
    bar = {"type": "bar", "color": INSIDE.value, "width": {"band": 0.62}}
    text = {"type": "text", "dy": -9, "color": TEXT.value}
    layers = [{"mark": bar}, {"mark": text, "encoding": {"text": quantity("rows")}}]
    spec = panels(data, "source", (270, 170), {"encoding": {"x": x, "y": y}, "layer": layers})
    spec["resolve"]["scale"] = {"y": "independent"}
    caption = f"Rows of {corpus} by level, after cleaning, by where the rows came from."
    return make_chart("levels", "Levels", caption, spec, "source level rows", data)
