"""Text that is drawn without being measured: half a millisecond a piece, most of a drawing's time.

The library measures a text to find the room that it takes. Where that is known to change nothing
(a number in the middle of its cell, a label far below the limit at which it is cut), it is spared
the work, and the drawing is the same, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from cefrbench_leaderboard.charts.split import PLACE
from cefrbench_leaderboard.sharing.text import width

#: Name of a layer of a specification: text in the middle of its place, with room around it.
UNMEASURED = "unmeasured"
_MARKS = f"{UNMEASURED}_marks"
#: Vega cuts labels of axes that are wider, in pixels; and how much of that is surely not reached.
_CUT, _SURELY = 180, 0.9


def needs_limit(rows: Iterable[Mapping[str, Any]], size: int) -> bool:
    """Whether any name in some rows might be wide enough to be cut as a label.

    Tooltips are no labels, and numbers are short when they are.
    """
    texts = {
        value
        for row in rows
        for name, value in row.items()
        if name != "tip" and isinstance(value, str)
    }
    return any(width(text, size) > _SURELY * _CUT or not text.isascii() for text in texts)


def as_points(vega: Mapping[str, Any]) -> None:
    """Make the texts of unmeasured layers points that say their text, in a Vega specification."""
    for mark in _marks(vega):
        if mark.get("name") == _MARKS and mark["type"] == "text":
            given = mark["encode"]["update"]
            kept = {name: given[name] for name in ("x", "y", "fill")}
            said = {"description": given["text"], "aria": {"value": True}, "size": {"value": 1}}
            mark |= {"type": "symbol", "style": [], "encode": {"update": kept | said}}


def _marks(group: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for mark in group.get("marks", ()):
        yield mark
        yield from _marks(mark)


def as_texts(root: ET.Element, size: int) -> None:
    """Make those points the texts that the library would have drawn, on lines of some size."""
    # Its offset of a text whose middle is at a place.
    below = round(0.3 * size)
    for group in root.iterfind(".//{*}g[@class]"):
        if not {_MARKS, "mark-symbol"} <= set(group.get("class", "").split()):
            continue
        for point in group:
            match = PLACE.search(point.get("transform", ""))
            assert match is not None, "each point has a place"
            x, y = match[1], float(match[2]) + below
            text = point.get("aria-label", "")
            look = {"font-size": f"{size}px", "fill": point.get("fill", "")}
            point.tag = point.tag.replace("path", "text")
            point.attrib = {"text-anchor": "middle", "transform": f"translate({x},{y:g})", **look}
            point.text = text
