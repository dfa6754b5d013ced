"""Bars of parts that sum: what is below nothing goes to the left, the sum is marked below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cefrbench_leaderboard.charts.chart import Row, in_order
from cefrbench_leaderboard.charts.palette import PAPER, QUIET, TEXT, Ink
from cefrbench_leaderboard.charts.svg import Spec, literal, nominal, panels, quantity

#: Height of a bar with the sum below it, in pixels.
_LINE = 46
#: How far below the middle of a line the sum stands.
_BELOW = 14
#: Share of the whole width from which a part carries its name.
_NAMED = 0.32


def stack_spec(
    rows: Sequence[Row], sums: Sequence[Row], inks: Mapping[str, Ink], title: str
) -> Spec:
    """Specify bars.

    Parameters
    ----------
    rows : sequence of Row
        ``label`` (its line), ``part``, ``value``, ``tip``.
    sums : sequence of Row
        A line's ``label``, ``value``, its interval's ends ``low`` and ``high`` (or None), ``tip``.
    inks : mapping of str to Ink
        Colours of the parts, in the order in which they are stacked. Parts carry their name too
        where it has room.
    title : str
        Of the axis, with its unit.
    """
    data = _data(rows, sums, list(inks))
    y = nominal("label", sort=in_order(rows, "label"), title=None,
                axis={"domain": False, "ticks": False, "labelLimit": 130,
                      "labelColor": TEXT.value})  # fmt: skip
    axis = {"tickCount": 4, "format": ".2~f", "domain": False, "ticks": False}
    ink = nominal("part", scale={"domain": list(inks), "range": [i.value for i in inks.values()]},
                  legend={"symbolType": "square"})  # fmt: skip
    part, whole = ({"transform": [{"filter": f"datum.of === '{of}'"}]} for of in ("part", "sum"))
    bar = {"type": "bar", "height": 20, "stroke": PAPER.value, "strokeWidth": 1.5, "aria": True}
    point = {"type": "point", "shape": "diamond", "filled": True, "size": 60, "opacity": 1,
             "color": TEXT.value, "yOffset": _BELOW, "aria": True}  # fmt: skip
    rule = {"type": "rule", "strokeWidth": 1.5, "color": TEXT.value, "yOffset": _BELOW}
    tip = {"description": nominal("tip")}
    first = literal(sums[0]["label"])
    layers: list[Spec] = [
        {**part, "mark": bar, "encoding": {"y": y, "color": ink, **tip,
         "x": quantity("from", title=title, axis=axis), "x2": {"field": "to"}}},
        {"transform": [{"filter": "datum.of === 'part' && datum.text !== ''"}],
         "mark": {"type": "text", "color": PAPER.value},
         "encoding": {"y": y, "x": quantity("middle"), "text": nominal("text")}},
        {"transform": [{"filter": "datum.of === 'sum' && datum.low != null"}], "mark": rule,
         "encoding": {"y": y, "x": quantity("low"), "x2": {"field": "high"}}},
        {**whole, "mark": point, "encoding": {"y": y, "x": quantity("value"), **tip}},
        {"mark": {"type": "rule", "color": QUIET.value}, "encoding": {"x": {"datum": 0}},
         "transform": [{"filter": f"datum.of === 'sum' && datum.label === {first}"}]},
    ]  # fmt: skip
    return panels(data, "panel", (240, _LINE * len(y["sort"])), {"layer": layers})


def _data(rows: Sequence[Row], sums: Sequence[Row], order: list[str]) -> list[Spec]:
    """Bars with their ends and names, and the sums."""
    bars = [bar for label in in_order(rows, "label") for bar in _bars(rows, label, order)]
    ends = [value for row in [*bars, *sums] for name in ("low", "high", "from", "to")
            if (value := row.get(name)) is not None]  # fmt: skip
    width = max(ends) - min(ends)
    named = [{"of": "part", **bar, "text": _named(bar, width)} for bar in bars]
    both = named + [{"of": "sum", "part": "", **row} for row in sums]
    return [{"panel": "", **row} for row in both]


def _bars(rows: Sequence[Row], label: str, order: list[str]) -> Iterator[Spec]:
    """One line's parts, each from where the last of its sign ended."""
    ends = {True: 0.0, False: 0.0}
    own = sorted((r for r in rows if r["label"] == label), key=lambda r: order.index(r["part"]))
    for row in own:
        begin = ends[row["value"] >= 0]
        end = ends[row["value"] >= 0] = begin + row["value"]
        yield {**row, "from": begin, "to": end, "middle": (begin + end) / 2}


def _named(bar: Row, width: float) -> str:
    return bar["part"] if abs(bar["value"]) >= _NAMED * width else ""
