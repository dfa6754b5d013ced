"""Residuals as ridgelines: how far predictions lie from the truth, by true level and layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cefrbench_leaderboard.charts.chart import Chart, Table
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, QUIET
from cefrbench_leaderboard.charts.svg import Spec, draw

#: Layers that are drawn; all are in the table.
_MOST_LAYERS = 10
#: Distance of two ridges, and height of a ridge that holds all texts, in the same unit.
_HEIGHT = 2.4


@dataclass(frozen=True, slots=True)
class Ridge:
    """Share of the texts of one true level by residual (predicted minus true), at one layer."""

    protocol: str
    inside: bool
    layer: int
    level: str
    shares: dict[int, float]


def ridgelines_chart(ridges: Sequence[Ridge], probe: str, scale: tuple[str, ...]) -> Chart:
    """Draw one panel a true level, one ridge a layer; in and out of distribution overlaid."""
    layers = _thin(sorted({ridge.layer for ridge in ridges}))
    data = [row for ridge in ridges if ridge.layer in layers for row in _points(ridge, layers)]
    protocols = list(dict.fromkeys(ridge.protocol for ridge in ridges))
    inside = {ridge.protocol for ridge in ridges if ridge.inside}
    caption = (
        f"Predicted minus true level with {probe}, one panel a true level, one ridge a layer "
        "(the last on top). A ridge on 0 is right; out of distribution low levels are "
        "overestimated and high ones underestimated where the probe falls back to the middle."
    )
    return Chart(
        key="residuals",
        title="Residuals by true level and layer",
        caption=caption,
        drawing=draw(_spec(data, layers, protocols, inside, scale), "Residuals", caption),
        table=Table(
            ("protocol", "probe", "layer", "true_level", "residual", "share"),
            tuple(
                (ridge.protocol, probe, ridge.layer, ridge.level, residual, share)
                for ridge in ridges
                for residual, share in ridge.shares.items()
            ),
        ),
    )


def _points(ridge: Ridge, layers: list[int]) -> list[Spec]:
    base = layers.index(ridge.layer)
    ridge_name = f"{ridge.protocol} {ridge.layer}"
    return [
        {
            "protocol": ridge.protocol,
            "level": ridge.level,
            "ridge": ridge_name,
            "residual": residual,
            "base": base,
            "top": round(base + _HEIGHT * share, 4),
        }
        for residual, share in ridge.shares.items()
    ]


def _spec(
    data: list[Spec],
    layers: list[int],
    protocols: list[str],
    inside: set[str],
    scale: tuple[str, ...],
) -> Spec:
    inks = [(INSIDE if name in inside else OUTSIDE).value for name in protocols]
    colour = {
        "field": "protocol",
        "type": "nominal",
        "scale": {"domain": protocols, "range": inks},
        "legend": {"symbolType": "square"},
    }
    reach = len(scale) - 1
    top = max(row["top"] for row in data)
    names = ", ".join(f"{i}: '{layer}'" for i, layer in enumerate(layers))
    x = {
        "field": "residual",
        "type": "quantitative",
        "title": "Predicted − true",
        "scale": {"domain": [-reach, reach], "nice": False},
        "axis": {
            "grid": False,
            "values": [-reach, -2, 0, 2, reach],
            "labelExpr": "datum.value === 0 ? '0' : format(datum.value, '+d')",
        },
    }
    y = {
        "field": "top",
        "type": "quantitative",
        "title": "Layer",
        "scale": {"domain": [0, top + 0.1], "nice": False},
        "axis": {
            "grid": False,
            "domain": False,
            "ticks": False,
            "values": list(range(len(layers))),
            "labelExpr": f"({{{names}}})[datum.value]",
        },
    }
    return {
        "data": {"values": data},
        "facet": {
            "column": {
                "field": "level",
                "type": "nominal",
                "title": "True level",
                "sort": list(scale),
            }
        },
        "spec": {
            "width": 186,
            "height": round(30 * top) + 10,
            "layer": [
                {
                    "mark": {"type": "rule", "color": QUIET.value, "strokeDash": [2, 3]},
                    "encoding": {"x": {"datum": 0}},
                },
                {
                    "mark": {
                        "type": "area",
                        "interpolate": "monotone",
                        "fillOpacity": 0.2,
                        "line": {"strokeWidth": 1.6},
                    },
                    "encoding": {
                        "x": x,
                        "y": y,
                        "y2": {"field": "base"},
                        "color": colour,
                        "detail": [{"field": "ridge", "type": "nominal"}],
                    },
                },
            ],
        },
    }


def _thin(layers: list[int]) -> list[int]:
    """Spread at most ten layers over all, the first and the last among them."""
    if len(layers) <= _MOST_LAYERS:
        return layers
    step = (len(layers) - 1) / (_MOST_LAYERS - 1)
    return [layers[round(i * step)] for i in range(_MOST_LAYERS)]
