"""Predicted levels: against the true ones, the training prior and uniform; and their drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cefrbench_leaderboard.charts.chart import Chart, Table
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, QUIET, RULE, TEXT
from cefrbench_leaderboard.charts.svg import Spec, draw


@dataclass(frozen=True, slots=True)
class LevelShare:
    """Share of one level under one protocol: predicted, true, and in the training texts."""

    protocol: str
    inside: bool
    level: str
    predicted: float
    true: float
    prior: float | None


@dataclass(frozen=True, slots=True)
class Drift:
    """Distances of the predicted levels at one layer (total variation), and their entropy."""

    protocol: str
    layer: int
    entropy: float
    to_uniform: float
    to_truth: float
    to_prior: float | None


def predicted_chart(shares: Sequence[LevelShare], probe: str, scale: tuple[str, ...]) -> Chart:
    """Draw predicted levels as bars, with marks for truth and prior and a line for uniform."""
    data = [
        {
            "protocol": share.protocol,
            "level": share.level,
            "side": "in" if share.inside else "out",
            "of": name,
            "share": value,
        }
        for share in shares
        for name, value in (
            ("predicted", share.predicted),
            ("true", share.true),
            ("training prior", share.prior),
        )
        if value is not None
    ]
    protocols = list(dict.fromkeys(share.protocol for share in shares))
    caption = (
        f"Levels that {probe} predicts (bars), the true ones and those of the training texts "
        "(marks); the dashed line is a uniform distribution."
    )
    return Chart(
        key="predicted",
        title="Predicted levels",
        caption=caption,
        drawing=draw(_bars(data, protocols, scale), "Predicted levels", caption),
        table=Table(
            ("protocol", "probe", "level", "predicted", "true", "training_prior", "uniform"),
            tuple(
                (s.protocol, probe, s.level, s.predicted, s.true, s.prior, 1 / len(scale))
                for s in shares
            ),
        ),
    )


def drift_chart(drifts: Sequence[Drift], probe: str) -> Chart:
    """Draw by layer how far the predicted levels are from uniform, truth and prior."""
    names = {
        "to_truth": "the true levels",
        "to_prior": "the training prior",
        "to_uniform": "uniform",
    }
    data = [
        {"protocol": drift.protocol, "layer": drift.layer, "to": label, "distance": value}
        for drift in drifts
        for name, label in names.items()
        if (value := getattr(drift, name)) is not None
    ]
    protocols = list(dict.fromkeys(drift.protocol for drift in drifts))
    caption = (
        f"Total-variation distance of the levels that {probe} predicts to three others, by layer: "
        "0 is the same distribution. Close to uniform and far from the truth is what the study "
        "saw out of distribution."
    )
    return Chart(
        key="drift",
        title="Drift of the predicted levels",
        caption=caption,
        drawing=draw(_lines(data, protocols, list(names.values())), "Drift", caption),
        table=Table(
            ("protocol", "probe", "layer", "entropy_bits", "to_uniform", "to_truth", "to_prior"),
            tuple(
                (d.protocol, probe, d.layer, d.entropy, d.to_uniform, d.to_truth, d.to_prior)
                for d in drifts
            ),
        ),
    )


def _facet(protocols: list[str]) -> Spec:
    return {"field": "protocol", "type": "nominal", "title": None, "sort": protocols}


def _bars(data: list[Spec], protocols: list[str], scale: tuple[str, ...]) -> Spec:
    axis = {"tickCount": 4, "format": ".0%", "domain": False, "ticks": False}
    top = -(-10 * max(row["share"] for row in data) // 1) / 10
    y = {
        "field": "share",
        "type": "quantitative",
        "title": "Share of texts",
        "scale": {"domain": [0, top], "nice": False},
        "axis": axis,
    }
    x = {
        "field": "level",
        "type": "nominal",
        "sort": list(scale),
        "title": None,
        "axis": {"labelAngle": 0, "domain": False, "ticks": False},
    }
    marks = ["true", "training prior"]
    return {
        "data": {"values": data},
        "facet": _facet(protocols),
        "columns": 2,
        "spec": {
            "width": 500,
            "height": 200,
            "encoding": {"x": x, "y": y},
            "layer": [
                {
                    "transform": [{"filter": "datum.of == 'predicted'"}],
                    "mark": {"type": "bar", "opacity": 0.75, "width": {"band": 0.62}},
                    "encoding": {
                        "color": {
                            "field": "side",
                            "type": "nominal",
                            "scale": {
                                "domain": ["in", "out"],
                                "range": [INSIDE.value, OUTSIDE.value],
                            },
                            "legend": None,
                        }
                    },
                },
                {
                    "mark": {"type": "rule", "color": QUIET.value, "strokeDash": [5, 4]},
                    "encoding": {"x": None, "y": {"datum": 1 / len(scale)}},
                },
                {
                    "transform": [{"filter": "datum.of != 'predicted'"}],
                    "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                    "encoding": {
                        "shape": {
                            "field": "of",
                            "type": "nominal",
                            "scale": {"domain": marks, "range": ["diamond", "cross"]},
                        },
                        "color": {"value": TEXT.value},
                    },
                },
            ],
        },
    }


def _lines(data: list[Spec], protocols: list[str], names: list[str]) -> Spec:
    layers = sorted({row["layer"] for row in data})
    scale = {"domain": names}
    series = {"field": "to", "type": "nominal"}
    inks = ["#009e73", "#cc79a7", TEXT.value]
    return {
        "data": {"values": data},
        "facet": _facet(protocols),
        "columns": 2,
        "spec": {
            "width": 500,
            "height": 200,
            "encoding": {
                "x": {
                    "field": "layer",
                    "type": "quantitative",
                    "title": "Layer",
                    "scale": {"domain": [layers[0], layers[-1]], "nice": False, "zero": False},
                    "axis": {"grid": False, "tickMinStep": 1, "format": "d"},
                },
                "y": {
                    "field": "distance",
                    "type": "quantitative",
                    "title": "Distance",
                    "scale": {"zero": True},
                    "axis": {
                        "tickCount": 4,
                        "format": ".1f",
                        "domain": False,
                        "ticks": False,
                        "gridColor": RULE.value,
                    },
                },
                "color": {
                    **series,
                    "scale": {**scale, "range": inks},
                    "legend": {"symbolType": "stroke", "symbolSize": 300},
                },
                "strokeDash": {**series, "scale": {**scale, "range": [[1, 0], [6, 2], [2, 2]]}},
            },
            "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 34}},
        },
    }
