"""Texts of a corpus by level."""

from __future__ import annotations

from collections.abc import Mapping

from cefrbench_leaderboard.charts.chart import Chart, Table
from cefrbench_leaderboard.charts.palette import INSIDE, TEXT
from cefrbench_leaderboard.charts.svg import Spec, draw


def levels_chart(corpus: str, levels: Mapping[str, Mapping[str, int]]) -> Chart:
    """Draw one panel for each place that rows came from.

    Parameters
    ----------
    corpus : str
    levels : mapping
        Rows by level, by source (``hub``, ``file``, ``sample``).
    """
    data: list[Spec] = [
        {"source": source, "level": level, "texts": count}
        for source, counts in levels.items()
        for level, count in counts.items()
    ]
    scale = list(dict.fromkeys(row["level"] for row in data))
    caption = f"Rows of {corpus} by level, after cleaning, by where the rows came from."
    return Chart(
        key="levels",
        title="Levels",
        caption=caption,
        drawing=draw(_spec(data, scale), "Levels", caption),
        table=Table(
            ("source", "level", "rows"),
            tuple((row["source"], row["level"], row["texts"]) for row in data),
        ),
    )


def _spec(data: list[Spec], scale: list[str]) -> Spec:
    x = {
        "field": "level",
        "type": "nominal",
        "sort": scale,
        "title": None,
        "axis": {"labelAngle": 0, "domain": False, "ticks": False},
    }
    y = {
        "field": "texts",
        "type": "quantitative",
        "title": "Rows",
        "axis": {"tickCount": 4, "domain": False, "ticks": False, "format": "d"},
    }
    return {
        "data": {"values": data},
        "facet": {"field": "source", "type": "nominal", "title": None},
        "columns": 2,
        "resolve": {"scale": {"y": "independent"}},
        "spec": {
            "width": 320,
            "height": 170,
            "encoding": {"x": x, "y": y},
            "layer": [
                {"mark": {"type": "bar", "color": INSIDE.value, "width": {"band": 0.62}}},
                {
                    "mark": {"type": "text", "dy": -8, "fontSize": 11, "color": TEXT.value},
                    "encoding": {"text": {"field": "texts", "type": "quantitative"}},
                },
            ],
        },
    }
