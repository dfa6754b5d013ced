"""Panels and legend of a drawing, apart: the page lays them out, so letters keep their size.

A drawing as a file is one picture. On a page each panel stands by itself at its own size, as many
beside each other as a screen has room for, and the legend is text of the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

#: Room right of a plot and above one without a title: half a label of an axis.
_RIGHT, _TOP = 14, 10
#: Room left of the widest label, where a reader's font is wider than the one it was measured in.
_ROOM = 6
#: Where an element is put.
PLACE = re.compile(r"translate\((-?[\d.]+),(-?[\d.]+)\)")
_SIZE = re.compile(r"M0,0h([\d.]+)v([\d.]+)h")


@dataclass(frozen=True, slots=True)
class DrawnPart:
    """One panel, or the sign of a legend: elements, the box they fill, and their name.

    Attributes
    ----------
    element : ElementTree.Element
        As the library drew it.
    box : tuple of int
        Left and top end, width and height, in pixels.
    name : str
        Title of the panel, label of the sign; may be empty.
    """

    element: ET.Element
    box: tuple[int, int, int, int]
    name: str


def panels_of(root: ET.Element, padding: int) -> list[DrawnPart]:
    """Find the panels of a drawing; all have a box of one size."""
    frame = root.find("{*}g")
    cells = root.find(".//{*}g[@class='mark-group role-scope cell']")
    if frame is None or cells is None:
        return []
    x, y = _place(frame)
    height = float(root.get("height", "0"))
    places = [(cell, _place(cell), _size(cell)) for cell in cells]
    bottom = max(at[1] + size[1] for _, at, size in places)
    below = height - padding - y - bottom
    heads = [_head(cell) for cell in cells]
    top = max([_TOP, *(round(4 - up) for up, name in heads if name)])
    left = round(x - padding) + _ROOM
    return [
        DrawnPart(
            cell,
            (-left, -top, round(left + width + _RIGHT), round(top + high + below)),
            name,
        )
        for (cell, _, (width, high)), (_, name) in zip(places, heads, strict=True)
    ]


def legend_of(root: ET.Element) -> list[DrawnPart]:
    """Find the signs of a drawing's legend with their labels."""
    entries = root.findall(".//{*}g[@class='mark-group role-legend-entry']//{*}g[@transform]")
    found = []
    for entry in entries:
        sign = entry.find("{*}g/{*}g[@class='mark-symbol role-legend-symbol']")
        label = entry.find("{*}g/{*}g[@class='mark-text role-legend-label']")
        if sign is not None and label is not None:
            found.append(DrawnPart(sign, (-4, -1, 22, 16), "".join(label.itertext())))
    return found


def _place(element: ET.Element) -> tuple[float, float]:
    match = PLACE.search(element.get("transform", ""))
    return (float(match[1]), float(match[2])) if match else (0.0, 0.0)


def _size(cell: ET.Element) -> tuple[float, float]:
    """Of a plot without its axes: the library draws its ground first."""
    ground = cell.find("{*}path")
    match = _SIZE.match("" if ground is None else ground.get("d", ""))
    assert match is not None, "each panel has a ground"
    return float(match[1]), float(match[2])


def _head(cell: ET.Element) -> tuple[float, str]:
    """Height of a panel's title above it (negative), and the title."""
    title = cell.find("{*}g/{*}g[@class='mark-group role-title']")
    if title is None:
        return 0.0, ""
    group = title.find("{*}g")
    return (0.0 if group is None else _place(group)[1]), "".join(title.itertext())
