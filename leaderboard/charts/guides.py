"""Axes, titles and legend of a chart, drawn once a process: most results share them.

Most of the time that a drawing takes goes into the room for axes, where the library measures every
label. Where a specification says what its scales go over, that room follows from it and from the
names of the panels, so it is drawn without marks and kept, and the marks, drawn without it, are put
in. Marks have no say in the room: what hangs over a panel's edge, as half a stroke, adds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET

#: Name of the data set that holds all rows.
ROWS = "rows"
_CELLS = ".//{*}g[@class='mark-group role-scope cell']"


def draw_root(vega: Mapping[str, Any]) -> ET.Element:
    """Draw a Vega specification of panels; the element of its SVG."""
    if not _is_settled(vega):
        return ET.fromstring(_svg(vega))
    (cell,) = vega["marks"]
    root = deepcopy(_guides(json.dumps(_without_marks(vega, cell))))
    bare = {key: value for key, value in vega.items() if key not in ("legends", "layout")}
    inside = {key: value for key, value in cell.items() if key not in ("axes", "title")}
    drawn = ET.fromstring(_svg({**bare, "marks": [inside]}))
    # Axes below the marks come first.
    place = sum(not axis.get("zindex") for axis in cell["axes"])
    for own, others in zip(_insides(root), _insides(drawn), strict=True):
        own[place:place] = list(others)
    return root


def _is_settled(vega: Mapping[str, Any]) -> bool:
    """Whether all scales are shared by panels, and none is of what the rows hold."""
    (cell,) = vega["marks"]
    return "scales" not in cell and all(isinstance(s["domain"], list) for s in vega["scales"])


def _without_marks(vega: Mapping[str, Any], cell: Mapping[str, Any]) -> dict[str, Any]:
    """The same with a row a panel, and nothing in the panels."""
    (field,) = cell["from"]["facet"]["groupby"]
    (rows,) = (one["values"] for one in vega["data"] if one["name"] == ROWS)
    few = [{field: name} for name in dict.fromkeys(row[field] for row in rows)]
    data = [{**one, "values": few} if one["name"] == ROWS else one for one in vega["data"]]
    return {**vega, "data": data, "marks": [{**cell, "marks": []}]}


@lru_cache(maxsize=64)
def _guides(vega: str) -> ET.Element:
    return ET.fromstring(_svg(json.loads(vega)))


def _svg(vega: Mapping[str, Any]) -> str:
    import vl_convert

    return str(vl_convert.vega_to_svg(dict(vega)))


def _insides(root: ET.Element) -> list[ET.Element]:
    """What each panel holds, its ground apart."""
    return root.findall(f"{_CELLS}/{{*}}g/{{*}}g")
