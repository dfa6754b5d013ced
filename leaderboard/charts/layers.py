"""QWK by layer: one panel a protocol, one line a probe, with its 95 % band; layer 0 apart."""

from __future__ import annotations

from collections.abc import Sequence

from cefrbench_leaderboard.charts.chart import Chart, Row, in_order, make_chart
from cefrbench_leaderboard.charts.palette import QUIET, series_of
from cefrbench_leaderboard.charts.svg import Spec, nominal, panels, quantity

#: Distance of the probes' points at layer 0, and of that from the curves, in layers.
_APART = 0.16


def layers_chart(points: Sequence[Row], probes: tuple[str, ...]) -> Chart:
    """Draw the layer curves of all probes under all protocols.

    Parameters
    ----------
    points : sequence of Row
        ``panel``, ``protocol``, ``probe``, ``layer``, and the mean ``qwk`` over corpora and seeds
        there with its 95 % interval, ``low`` and ``high``.
    probes : tuple of str
    """
    caption = (
        "Mean over the scored corpora and seeds, at every layer with the penalty that is favoured "
        "inside the training part; the band is the 95 % interval over texts, which holds the "
        "fitted probes fixed. Layer 0, the embedding output, stands apart left of the rule: no "
        "choice may take it. Probes that were fitted at chosen layers alone have no curve."
    )
    spec = _spec([_placed(point, probes) for point in points], probes)
    columns = "protocol probe layer qwk low high"
    return make_chart("layers", "QWK by layer", caption, spec, columns, points)


def _placed(point: Row, probes: tuple[str, ...]) -> Spec:
    """Point with its tip and its place: at layer 0 the probes stand beside each other."""
    beside = _APART * (probes.index(point["probe"]) - (len(probes) - 1) / 2)
    return {
        **point,
        "tip": _tip(point),
        "at": point["layer"] + (0 if point["layer"] else round(beside, 3)),
        "apart": point["layer"] == 0,
    }


def _tip(point: Row) -> str:
    place = "{probe}, {protocol}, layer {layer}".format_map(point)
    return f"{place}: {point['qwk']:.3f} ({point['low']:.2f} to {point['high']:.2f})"


def _spec(data: list[Spec], probes: tuple[str, ...]) -> Spec:
    looks = [series_of(probes)[probe] for probe in probes]
    low = min([0.0, *(row["low"] for row in data)])
    domain = [max(-1.0, int(low * 5 - 0.999) / 5), 1.0]
    layers = sorted({row["layer"] for row in data})
    first = min(layers[0], *(row["at"] for row in data)) - 0.3
    x = quantity(
        "at",
        title="Layer",
        scale={"domain": [first, layers[-1] + 0.3], "nice": False, "zero": False},
        axis={"grid": False, "values": _ticks(layers), "format": "d"},
    )
    scale = {"domain": domain, "nice": False}
    axis = {"tickCount": 6, "format": ".1f", "domain": False, "ticks": False}

    def by_probe(looks: list[object]) -> Spec:
        return nominal("probe", scale={"domain": list(probes), "range": looks})

    both = {"x": x, "y": quantity("qwk", scale=scale)}
    both["color"] = by_probe([look.ink.value for look in looks])
    band = {"y": quantity("low", scale=scale, title="QWK", axis=axis), "y2": {"field": "high"}}
    dash = {"strokeDash": by_probe([list(look.dash) for look in looks])}
    shape = {"shape": by_probe([look.shape for look in looks]), "description": nominal("tip")}
    point = {"type": "point", "filled": True, "size": 42, "opacity": 1, "aria": True}
    curve: Spec = {"transform": [{"filter": "!datum.apart"}]}
    whisker = {"mark": {"type": "rule", "strokeWidth": 1.5}, "encoding": both | band}
    marks = [
        {**curve, "mark": {"type": "area", "opacity": 0.12}, "encoding": both | band},
        {**curve, "mark": {"type": "line", "strokeWidth": 2}, "encoding": both | dash},
        {"mark": point, "encoding": both | shape},
    ]
    if layers[0] == 0:
        between = {"type": "rule", "color": QUIET.value, "strokeDash": [2, 3]}
        # One rule a panel: each row that is left would draw one.
        first_alone = [{"filter": f"datum.apart && datum.probe == {probes[0]!r}"}]
        middle = {"x": {"datum": (layers[0] + layers[1]) / 2}}
        marks += [
            {"transform": [{"filter": "datum.apart"}], **whisker},
            {"transform": first_alone, "mark": between, "encoding": middle},
        ]
    sides = in_order(data, "panel")
    return panels(data, "panel", (280, 220), {"layer": marks}, sort=sides)


def _ticks(layers: list[int]) -> list[int]:
    """At most seven layers to name, the first and the last among them."""
    step = max(1, -(-len(layers) // 6))
    ticks = layers[:-1:step]
    if len(ticks) > 1 and len(layers) - 1 - layers.index(ticks[-1]) < step / 2:
        ticks = ticks[:-1]
    return [*ticks, layers[-1]]
