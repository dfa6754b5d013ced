"""QWK by layer: one panel a protocol, one line a probe, with its 95 % band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cefrbench_leaderboard.charts.chart import Chart, Table
from cefrbench_leaderboard.charts.palette import Series, series_of
from cefrbench_leaderboard.charts.svg import Spec, draw

_COLUMNS = ("protocol", "probe", "layer", "qwk", "low", "high")
#: Panels in a row; a page is two wide.
_ACROSS = 2


@dataclass(frozen=True, slots=True)
class LayerPoint:
    """Mean QWK over corpora and seeds at one layer, with its 95 % interval."""

    protocol: str
    probe: str
    layer: int
    qwk: float
    low: float
    high: float


def layers_chart(points: Sequence[LayerPoint], probes: tuple[str, ...]) -> Chart:
    """Draw the layer curves of all probes under all protocols."""
    protocols = list(dict.fromkeys(point.protocol for point in points))
    data = [{name: getattr(point, name) for name in _COLUMNS} for point in points]
    tips = [{"tip": _tip(point)} for point in points]
    caption = (
        "Mean over the scored corpora and seeds; the band is the 95 % interval over texts. "
        "Layer 0, the embedding output, is never shown."
    )
    return Chart(
        key="layers",
        title="QWK by layer",
        caption=caption,
        drawing=draw(
            _spec([row | tip for row, tip in zip(data, tips, strict=True)], protocols, probes),
            "QWK by layer",
            caption,
        ),
        table=Table(_COLUMNS, tuple(tuple(row[name] for name in _COLUMNS) for row in data)),
    )


def _tip(point: LayerPoint) -> str:
    interval = f"{point.low:.2f} to {point.high:.2f}"
    return f"{point.probe}, {point.protocol}, layer {point.layer}: {point.qwk:.3f} ({interval})"


def _spec(data: list[Spec], protocols: list[str], probes: tuple[str, ...]) -> Spec:
    looks = series_of(probes)
    low = min([0.0, *(row["low"] for row in data)])
    domain = [max(-1.0, int(low * 5 - 0.999) / 5), 1.0]
    layers = sorted({row["layer"] for row in data})
    x = {
        "field": "layer",
        "type": "quantitative",
        "title": "Layer",
        "scale": {"domain": [layers[0] - 0.3, layers[-1] + 0.3], "nice": False, "zero": False},
        "axis": {"grid": False, "values": _ticks(layers), "format": "d"},
    }
    y = {"type": "quantitative", "scale": {"domain": domain, "nice": False}}
    axis = {"tickCount": 6, "format": ".1f", "domain": False, "ticks": False}
    detail = {"field": "probe", "type": "nominal"}
    scale = {"domain": list(probes)}
    return {
        "data": {"values": data},
        "facet": {"field": "protocol", "type": "nominal", "title": None, "sort": protocols},
        "columns": _ACROSS,
        "spec": {
            "width": 500,
            "height": 280,
            "layer": [
                {
                    "mark": {"type": "area", "opacity": 0.12},
                    "encoding": {
                        "x": x,
                        "y": {**y, "field": "low", "title": "QWK", "axis": axis},
                        "y2": {"field": "high"},
                        "color": _colour(looks, probes),
                    },
                },
                {
                    "mark": {"type": "line", "strokeWidth": 2},
                    "encoding": {
                        "x": x,
                        "y": {**y, "field": "qwk"},
                        "color": _colour(looks, probes),
                        "strokeDash": {
                            **detail,
                            "scale": {**scale, "range": [list(looks[p].dash) for p in probes]},
                        },
                    },
                },
                {
                    "mark": {
                        "type": "point",
                        "filled": True,
                        "size": 42,
                        "opacity": 1,
                        "aria": True,
                    },
                    "encoding": {
                        "description": {"field": "tip", "type": "nominal"},
                        "x": x,
                        "y": {**y, "field": "qwk"},
                        "color": _colour(looks, probes),
                        "shape": {
                            **detail,
                            "scale": {**scale, "range": [looks[p].shape for p in probes]},
                        },
                    },
                },
            ],
        },
    }


def _colour(looks: dict[str, Series], probes: tuple[str, ...]) -> Spec:
    inks = [looks[probe].ink.value for probe in probes]
    return {
        "field": "probe",
        "type": "nominal",
        "scale": {"domain": list(probes), "range": inks},
    }


def _ticks(layers: list[int]) -> list[int]:
    """At most nine layers to name, the first and the last among them."""
    step = max(1, -(-len(layers) // 8))
    ticks = layers[:-1:step]
    if len(ticks) > 1 and len(layers) - 1 - layers.index(ticks[-1]) < step / 2:
        ticks = ticks[:-1]
    return [*ticks, layers[-1]]
