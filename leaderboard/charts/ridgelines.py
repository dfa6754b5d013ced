"""Residuals as ridgelines: how far predictions lie from the truth, by true level and layer."""

from __future__ import annotations

from collections.abc import Sequence

from cefrbench_leaderboard.charts.chart import Chart, Row, make_chart, with_first
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, QUIET
from cefrbench_leaderboard.charts.svg import Spec, nominal, panels, quantity

#: Layers that are drawn; all are in the table.
_MOST_LAYERS = 10
#: Distance of two ridges, and height of a ridge that holds all texts, in the same unit.
_HEIGHT = 2.4


def ridgelines_chart(shares: Sequence[Row], probe: str, scale: tuple[str, ...]) -> Chart:
    """Draw one panel a true level, one ridge a layer; in and out of distribution overlaid.

    Parameters
    ----------
    shares : sequence of Row
        ``panel`` and ``protocol``, whether it is ``inside`` the distribution, ``probe``, ``layer``,
        ``true_level``, ``residual`` (predicted minus true) and its ``share`` of the texts there.
    probe : str
    scale : tuple of str
    """
    layers = _thin(sorted({row["layer"] for row in shares}))
    # One protocol a side, the first: two would have one colour. All are in the table.
    sides = {row["inside"]: row["panel"] for row in reversed(shares)}
    inside = {sides[own]: own for own in (True, False) if own in sides}
    drawn = [row for row in shares if row["panel"] in inside and row["layer"] in layers]
    data = with_first([_point(row, layers) for row in drawn], "level")
    caption = (
        f"Predicted minus true level with {probe}, one panel a true level, one ridge a layer "
        "(the last on top; layer 0 is one that no choice may take). A ridge on 0 is right; out of "
        "distribution low levels are "
        "overestimated and high ones underestimated where the probe falls back to the middle."
    )
    title = "Residuals by true level and layer"
    columns = "protocol probe layer true_level residual share"
    spec = _spec(data, layers, inside, scale)
    return make_chart("residuals", title, caption, spec, columns, shares, "Residuals")


def _point(row: Row, layers: list[int]) -> Spec:
    base = layers.index(row["layer"])
    return {
        "side": row["panel"],
        "level": f"True level {row['true_level']}",
        "ridge": f"{row['panel']} {row['layer']}",
        "residual": row["residual"],
        "base": base,
        "top": round(base + _HEIGHT * row["share"], 4),
    }


def _spec(
    data: list[Spec], layers: list[int], inside: dict[str, bool], scale: tuple[str, ...]
) -> Spec:
    reach = len(scale) - 1
    # In halves of a layer, so that most results share their axes.
    top = -(-2 * max(row["top"] for row in data) // 1) / 2
    names = ", ".join(f"{i}: '{layer}'" for i, layer in enumerate(layers))
    inks = [(INSIDE if own else OUTSIDE).value for own in inside.values()]
    signs = {
        "grid": False,
        "values": [-reach, -2, 0, 2, reach],
        "labelExpr": "datum.value === 0 ? '0' : format(datum.value, '+d')",
    }
    ridges = {
        "grid": False,
        "domain": False,
        "ticks": False,
        "values": list(range(len(layers))),
        "labelExpr": f"({{{names}}})[datum.value]",
    }
    across, up = ({"domain": ends, "nice": False} for ends in ([-reach, reach], [0, top + 0.1]))
    encoding = {
        "x": quantity("residual", title="Predicted − true", scale=across, axis=signs),
        "y": quantity("top", title="Layer", scale=up, axis=ridges),
        "y2": {"field": "base"},
        "color": nominal(
            "side",
            scale={"domain": list(inside), "range": inks},
            legend={"symbolType": "square"},
        ),
        "detail": [nominal("ridge")],
    }
    zero = {"type": "rule", "color": QUIET.value, "strokeDash": [2, 3]}
    area = {"type": "area", "interpolate": "monotone", "fillOpacity": 0.2}
    area["line"] = {"strokeWidth": 1.6}
    marks = [
        {"transform": [{"filter": "datum.first"}], "mark": zero, "encoding": {"x": {"datum": 0}}},
        {"mark": area, "encoding": encoding},
    ]
    size = (180, round(30 * top) + 10)
    order = [f"True level {level}" for level in scale]
    return panels(data, "level", size, {"layer": marks}, columns=5, sort=order)


def _thin(layers: list[int]) -> list[int]:
    """Spread at most ten layers over all, the first and the last among them."""
    if len(layers) <= _MOST_LAYERS:
        return layers
    step = (len(layers) - 1) / (_MOST_LAYERS - 1)
    return [layers[round(i * step)] for i in range(_MOST_LAYERS)]
