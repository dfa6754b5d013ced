"""A picture that a page lays out, as files of its own: SVG at one size, and the numbers as CSV."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from cefrbench_leaderboard.charts.chart import Table
from cefrbench_leaderboard.charts.dumbbells import Kind, Mark, Plot
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, QUIET, RULE, TEXT

#: Where names end, where the scale lies and how wide all is, in pixels.
_NAMES, _LEFT, _RIGHT, _WIDE = 330, 350, 850, 1000
#: Height of a line, of the title, and of the key below it.
_LINE, _TITLE, _KEY = 28, 34, 26
#: Letters of a name that have room.
_LETTERS = 44
_INKS: dict[Kind, str] = {"in": INSIDE.value, "out": OUTSIDE.value, "one": QUIET.value}


def plot_svg(plot: Plot, title: str) -> str:
    """Draw a picture at 1,000 pixels, its title above it."""
    top = _TITLE + _KEY + plot.top + 8
    bottom = top + _LINE * len(plot.rows)
    high = bottom + 30
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "width": str(_WIDE)})
    root.attrib |= {"height": str(high), "viewBox": f"0 0 {_WIDE} {high}", "font-size": "14"}
    root.set("font-family", "Liberation Sans, Arial, Helvetica, sans-serif")
    _add(root, "rect", width=_WIDE, height=high, fill="#ffffff")
    _text(root, title, 8, 24, font_size=17, font_weight="bold")
    key: tuple[tuple[int, Kind, str], ...] = ((16, "out", "unseen"), (96, "in", "seen"))
    for x, kind, word in key:
        _mark(root, kind, x, _TITLE + 12)
        _text(root, word, x + 12, _TITLE + 17)
    for at, label in plot.scale.ticks:
        _line(root, _x(at), _x(at), top, bottom, RULE.value)
        _text(root, label, _x(at), bottom + 18, fill=QUIET.value, text_anchor="middle")
    _text(root, "QWK", _RIGHT + 20, bottom + 18, fill=QUIET.value)
    for ref in plot.references:
        y = top - ref.y
        line = _line(root, _x(ref.at), _x(ref.at), y + 4, bottom, QUIET.value)
        line.set("stroke-dasharray", "4 3")
    halo = {"stroke": "#ffffff", "stroke_width": 4, "paint_order": "stroke"}
    for ref in plot.references:
        _text(root, ref.label, _x(ref.at), top - ref.y, text_anchor=ref.anchor, **halo)
    for index, (row, marks) in enumerate(plot.rows):
        y = top + _LINE * index + _LINE // 2
        name = f"{row.label} ({row.note})" if row.note else row.label
        cut = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
        _text(root, cut, _NAMES, y + 5, text_anchor="end")
        _row(root, marks, y)
        for kind, one in row.estimates:
            if kind != "one" and one.value is not None:
                value, x = (
                    f"{one.value:.2f}".replace("-", "−"),
                    _RIGHT + (20 if kind == "out" else 80),
                )
                _text(root, value, x, y + 5, fill=_INKS[kind], font_weight="bold")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def plot_csv(plot: Plot) -> str:
    """Write its numbers, a line a mark; rows that the picture leaves out are not among them."""
    sides: dict[Kind, str] = {"in": "seen", "out": "unseen", "one": "each"}
    rows = [
        {"name": row.label, "note": row.note, "side": sides[kind], "qwk": one.value,
         "low": one.low, "high": one.high}
        for row, _ in plot.rows for kind, one in row.estimates
    ]  # fmt: skip
    return Table.of(("name", "note", "side", "qwk", "low", "high"), rows).csv()


def _row(root: ET.Element, marks: tuple[Mark, ...], y: int) -> None:
    if len(marks) == 2 and marks[0].kind != "one":
        first, second = (_x(mark.at) for mark in marks)
        _line(root, first, second, y, y, RULE.value).set("stroke-width", "5")
    for mark in marks:
        if mark.low:
            _line(root, _x(mark.low), _x(mark.high), y, y, _INKS[mark.kind]).set(
                "stroke-width", "2"
            )
    for mark in marks:
        _mark(root, mark.kind, _x(mark.at), y)


def _mark(root: ET.Element, kind: Kind, x: float, y: float) -> None:
    ink = _INKS[kind]
    if kind == "out":
        _add(root, "path", d=f"M{x:g} {y - 7:g}l7 7-7 7-7-7z", fill=ink)
    elif kind == "in":
        _add(root, "circle", cx=x, cy=y, r=6, fill=ink)
    else:
        _add(root, "circle", cx=x, cy=y, r=3, fill="none", stroke=ink)


def _x(at: str) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * float(at[:-1]) / 100, 1)


def _line(root: ET.Element, x1: float, x2: float, y1: float, y2: float, stroke: str) -> ET.Element:
    return _add(root, "line", x1=x1, x2=x2, y1=y1, y2=y2, stroke=stroke)


def _text(root: ET.Element, text: str, x: float, y: float, **more: object) -> None:
    # What XML can't hold is no part of a name that anybody reads.
    readable = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
    _add(root, "text", **({"x": x, "y": y, "fill": TEXT.value} | more)).text = readable


def _add(root: ET.Element, tag: str, **attributes: object) -> ET.Element:
    named = {name.replace("_", "-"): f"{value}" for name, value in attributes.items()}
    return ET.SubElement(root, tag, named)
