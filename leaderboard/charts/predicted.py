"""Predicted levels: against the true ones, the training prior and uniform; and their drift."""

from __future__ import annotations

from collections.abc import Sequence

from cefrbench_leaderboard.charts.chart import Chart, Row, in_order, make_chart, with_first
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, QUIET, RULE, TEXT
from cefrbench_leaderboard.charts.svg import Spec, nominal, panels, quantity

_SIZE = (270, 180)


def predicted_chart(shares: Sequence[Row], probe: str, scale: tuple[str, ...]) -> Chart:
    """Draw predicted levels as bars, with marks for truth and prior and a line for uniform.

    Parameters
    ----------
    shares : sequence of Row
        ``panel``, ``protocol``, whether it is ``inside`` the distribution, ``probe``, ``level``,
        and shares of that level: ``predicted``, ``true``, ``training_prior`` (None where unknown),
        ``uniform``.
    probe : str
    scale : tuple of str
    """
    data = [
        {
            "panel": row["panel"],
            "level": row["level"],
            "side": "in" if row["inside"] else "out",
            "of": name.replace("_", " "),
            "share": row[name],
        }
        for row in shares
        for name in ("predicted", "true", "training_prior")
        if row[name] is not None
    ]
    caption = (
        f"Levels that {probe} predicts (bars), the true ones and those of the training texts "
        "(marks); the dashed line is a uniform distribution."
    )
    columns = "protocol probe level predicted true training_prior uniform"
    title, spec = "Predicted levels", _bars(with_first(data, "panel"), scale)
    return make_chart("predicted", title, caption, spec, columns, shares)


def drift_chart(drifts: Sequence[Row], probe: str) -> Chart:
    """Draw by layer how far the predicted levels are from uniform, truth and prior.

    Parameters
    ----------
    drifts : sequence of Row
        ``panel``, ``protocol``, ``probe``, ``layer``, ``entropy_bits`` of the predicted levels,
        and their distances (total variation) ``to_uniform``, ``to_truth`` and ``to_prior`` (may be
        None).
    probe : str
    """
    names = {
        "to_truth": "the true levels",
        "to_prior": "the training prior",
        "to_uniform": "uniform",
    }
    data = [
        {"panel": row["panel"], "layer": row["layer"], "to": label, "distance": row[name]}
        for row in drifts
        for name, label in names.items()
        if row[name] is not None
    ]
    caption = (
        f"Total-variation distance of the levels that {probe} predicts to three others, by layer: "
        "0 is the same distribution. Close to uniform and far from the truth is what the study "
        "saw out of distribution. Layer 0, which no choice may take, is no part of the lines."
    )
    columns = "protocol probe layer entropy_bits to_uniform to_truth to_prior"
    title = "Drift of the predicted levels"
    spec = _lines(data, list(names.values()))
    return make_chart("drift", title, caption, spec, columns, drifts, "Drift")


def _bars(data: list[Spec], scale: tuple[str, ...]) -> Spec:
    plain = {"domain": False, "ticks": False}
    top = -(-10 * max(row["share"] for row in data) // 1) / 10
    y = quantity(
        "share",
        title="Share of texts",
        scale={"domain": [0, top], "nice": False},
        axis={"tickCount": 4, "format": ".0%", **plain},
    )
    x = nominal("level", scale={"domain": list(scale)}, title=None, axis={"labelAngle": 0, **plain})
    inks = {"domain": ["in", "out"], "range": [INSIDE.value, OUTSIDE.value]}
    shapes = {"domain": ["true", "training prior"], "range": ["diamond", "cross"]}
    layers = [
        {
            "transform": [{"filter": "datum.of == 'predicted'"}],
            "mark": {"type": "bar", "opacity": 0.75, "width": {"band": 0.62}},
            "encoding": {"color": nominal("side", scale=inks, legend=None)},
        },
        {
            "transform": [{"filter": "datum.first"}],
            "mark": {"type": "rule", "color": QUIET.value, "strokeDash": [5, 4]},
            "encoding": {"x": None, "y": {"datum": 1 / len(scale)}},
        },
        {
            "transform": [{"filter": "datum.of != 'predicted'"}],
            "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
            "encoding": {"shape": nominal("of", scale=shapes), "color": {"value": TEXT.value}},
        },
    ]
    spec = {"encoding": {"x": x, "y": y}, "layer": layers}
    return panels(data, "panel", _SIZE, spec, sort=in_order(data, "panel"))


def _lines(data: list[Spec], names: list[str]) -> Spec:
    layers = sorted({row["layer"] for row in data})
    lines = {"domain": False, "ticks": False, "gridColor": RULE.value}
    top = -(-10 * max(row["distance"] for row in data) // 1) / 10

    def series(looks: list[object], **more: object) -> Spec:
        return nominal("to", scale={"domain": names, "range": looks}, **more)

    encoding = {
        "x": quantity(
            "layer",
            title="Layer",
            scale={"domain": [layers[0] - 0.2, layers[-1] + 0.2], "nice": False, "zero": False},
            axis={"grid": False, "tickMinStep": 1, "format": "d"},
        ),
        "y": quantity(
            "distance",
            title="Distance",
            scale={"domain": [0, top], "nice": False},
            axis={"tickCount": 4, "format": ".1f", **lines},
        ),
        "color": series(
            ["#009e73", "#cc79a7", TEXT.value],
            legend={"symbolType": "stroke", "symbolSize": 300},
        ),
        "strokeDash": series([[1, 0], [6, 2], [2, 2]]),
    }
    marks = [
        {
            "transform": [{"filter": "datum.layer > 0"}],
            "mark": {"type": "line", "strokeWidth": 2},
        },
        {"mark": {"type": "point", "filled": True, "size": 34, "opacity": 1}},
    ]
    spec = {"encoding": encoding, "layer": marks}
    return panels(data, "panel", _SIZE, spec, sort=in_order(data, "panel"))
