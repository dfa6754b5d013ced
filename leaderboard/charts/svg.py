"""From a Vega-Lite specification to SVG that may stand in a page with a strict content policy.

The library's SVG is parsed and written anew: colours become CSS variables (with the plain colour
for a file looked at alone), roles and event attributes go, descriptions of marks become tooltips,
numbers are rounded. What comes out has no script, no style attribute, no link and no id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree as ET

from cefrbench_leaderboard.charts.guides import ROWS, draw_root
from cefrbench_leaderboard.charts.palette import INKS, QUIET, RULE, TEXT
from cefrbench_leaderboard.charts.split import DrawnPart, legend_of, panels_of
from cefrbench_leaderboard.charts.unmeasured import as_points, as_texts, needs_limit
from cefrbench_leaderboard.sharing.text import plain

Spec = dict[str, Any]

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_SVG = "http://www.w3.org/2000/svg"
_VARIABLES = {ink.value: f"var({ink.variable},{ink.value})" for ink in INKS}
#: Attributes that are kept; anything else the library writes is of no use in a page.
_KEPT = frozenset(
    [
        *("d", "transform", "x", "y", "dy", "x1", "x2", "y1", "y2", "width", "height", "viewBox"),
        *("fill", "fill-opacity", "stroke", "stroke-opacity", "opacity"),
        *("stroke-width", "stroke-dasharray", "stroke-linecap"),
        *("text-anchor", "font-size", "font-weight"),
    ]
)
_NUMBER = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
#: Entries of a dictionary of a PDF, each a name and an object.
_NAMES = re.compile(rb"(?:^ +/[A-Za-z]+\d+ \d+ 0 R\n)+", re.MULTILINE)
_DEFAULTS = {"opacity": "1", "stroke-width": "1", "fill-opacity": "1", "stroke-dasharray": "1,0"}

#: Size of all letters, in pixels: drawings are shown at their own size, on every screen.
SIZE = 14
_TITLE = {"titleColor": QUIET.value, "titleFontSize": SIZE, "titleFontWeight": "normal"}
#: Between panels and around all of them, in pixels; room for a font wider than the measured one.
SPACING, PADDING = 24, 8

CONFIG: Spec = {
    "aria": False,
    "background": None,
    "font": "Liberation Sans",
    "view": {"stroke": None},
    "axis": {
        **_TITLE,
        "labelColor": QUIET.value,
        "labelFontSize": SIZE,
        "domainColor": RULE.value,
        "tickColor": RULE.value,
        "gridColor": RULE.value,
        "tickSize": 4,
        "labelPadding": 4,
    },
    "header": {
        "labelColor": TEXT.value,
        "labelFontSize": SIZE,
        "labelFontWeight": "bold",
        "labelPadding": 8,
        **_TITLE,
    },
    "legend": {
        "orient": "top",
        "direction": "horizontal",
        "labelColor": TEXT.value,
        "labelFontSize": SIZE,
        "symbolSize": 60,
        "symbolStrokeWidth": 2,
        "symbolOpacity": 1,
        "title": None,
        "columnPadding": 18,
        "offset": 12,
        "labelLimit": 200,
    },
    "text": {"fontSize": SIZE, "color": TEXT.value},
    "facet": {"spacing": SPACING},
    "padding": PADDING,
}


def nominal(field: str, **more: Any) -> Spec:
    """Encode a field by name."""
    return {"field": field, "type": "nominal", **more}


def quantity(field: str, **more: Any) -> Spec:
    """Encode a field by size."""
    return {"field": field, "type": "quantitative", **more}


def panels(
    data: Sequence[Spec],
    field: str,
    size: tuple[int, int],
    spec: Spec,
    columns: int = 2,
    **more: Any,
) -> Spec:
    """Draw a specification once for each value of a field, each panel with axes of its own.

    ``columns`` panels stand beside each other in a file. On a page there are as many as there is
    room for: a panel of 280 pixels has room on any phone, with its labels.
    """
    return {
        "data": {"values": data},
        "facet": nominal(field, title=None, **more),
        "columns": columns,
        "spec": {"width": size[0], "height": size[1], **spec},
        "resolve": {"axis": {"x": "independent", "y": "independent"}},
    }


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG element, and the same in parts that a page lays out.

    Attributes
    ----------
    svg : str
    panels : tuple of str
        Each an SVG element of its own size.
    legend : tuple of (str, str)
        Signs, as SVG elements, with what they stand for.
    """

    svg: str
    panels: tuple[str, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()

    def alone(self) -> str:
        """As a file of its own: plain colours, which any program reads, a size and a font."""
        size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', self.svg)
        given = f' width="{size[1]}" height="{size[2]}"' if size else ""
        fonts = "Liberation Sans, Arial, Helvetica, sans-serif"
        opening = f'<svg{given} font-family="{fonts}"'
        plain = re.sub(r"var\(--[\w-]+,(#[0-9a-f]{6})\)", r"\1", self.svg)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + plain.replace("<svg", opening, 1) + "\n"


def draw(spec: Mapping[str, Any], title: str, description: str) -> Drawing:
    """Draw a Vega-Lite specification.

    Parameters
    ----------
    spec : mapping
        Without ``$schema`` and ``config``; with all its rows in ``data``.
    title : str
        Short name of the chart, for readers who don't see it.
    description : str
        What the chart shows, in a sentence.
    """
    spec, title, description = map(_printable, (spec, title, description))
    config = CONFIG
    if not needs_limit(spec["data"]["values"], SIZE):
        config = {**CONFIG, "axis": {**CONFIG["axis"], "labelLimit": 0}}
        config["legend"] = {**CONFIG["legend"], "labelLimit": 0}
    vega = _vega(spec, config)
    as_points(vega)
    return clean(draw_root(vega), title, description)


def draw_pdf(spec: Mapping[str, Any]) -> bytes:
    """Draw the same specification as a page of PDF as large as the chart.

    The library writes two weights of a font, and the names of what it draws, in an order that
    changes from file to file: there is one weight, and names are sorted, which moves no object.
    """
    import vl_convert

    header = {**CONFIG["header"], "labelFontWeight": "normal"}
    pdf = bytes(vl_convert.vega_to_pdf(_vega(_printable(spec), {**CONFIG, "header": header})))
    return _NAMES.sub(lambda found: b"".join(sorted(found[0].splitlines(True))), pdf)


def _printable(value: Any) -> Any:
    """The same without signs that SVG can't hold: where it measures one, the library aborts."""
    if isinstance(value, str):
        return value if value.isprintable() else plain(value)
    if isinstance(value, Mapping):
        return {name: _printable(one) for name, one in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list | tuple) else value


def literal(value: str | Mapping[str, str]) -> str:
    """Names as a literal of the library's expressions, as they stand in what is drawn."""
    return json.dumps(_printable(value))


def _vega(spec: Mapping[str, Any], config: Spec) -> Spec:
    shape = {**spec, "data": {"name": ROWS}, "config": config, "$schema": _SCHEMA}
    vega: Spec = json.loads(_compiled(json.dumps(shape)))
    (rows,) = (source for source in vega["data"] if source["name"] == ROWS)
    rows["values"] = spec["data"]["values"]
    return vega


@lru_cache(maxsize=64)
def _compiled(shape: str) -> str:
    """Vega of a Vega-Lite specification without its rows: most results share it."""
    import vl_convert

    return json.dumps(vl_convert.vegalite_to_vega(json.loads(shape)))


def clean(root: ET.Element, title: str, description: str) -> Drawing:
    """Rewrite the library's SVG; see the module's docstring."""
    as_texts(root, SIZE)
    parts, signs = panels_of(root, PADDING), legend_of(root)
    _clean(root)
    panels = []
    insides = {}
    for place, one in enumerate(parts):
        panels.append(_part(one, f"{title}: {one.name}" if one.name else title))
        # Each panel is written once, and its place in the whole is kept.
        insides[f"<!--{place}-->"] = _inside(panels[-1])
        one.element[:] = [ET.Comment(str(place))]
    legend = [(_part(one), one.name) for one in signs]
    kept = root.attrib.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update({"viewBox": kept, "role": "img", "aria-label": f"{title}: {description}"})
    whole = re.sub("<!--[0-9]+-->", lambda found: insides[found[0]], _text(root))
    return Drawing(whole, tuple(panels), tuple(legend))


def _part(part: DrawnPart, label: str = "") -> str:
    """A part as an element of its own, which a reader who doesn't see it is told of or spared."""
    element = ET.Element(f"{{{_SVG}}}svg")
    element.extend(part.element)
    width, height = map(str, part.box[2:])
    # As in the frame that it was in, what isn't painted is nothing.
    element.attrib = {"viewBox": " ".join(map(str, part.box)), "fill": "none", "width": width,
                      "height": height, **_told(label)}  # fmt: skip
    # In a page of HTML an SVG element needs no name of its space.
    return _text(element).replace(f' xmlns="{_SVG}"', "", 1)


def _inside(svg: str) -> str:
    """What stands between the tags of an element."""
    return svg[svg.index(">") + 1 :].removesuffix("</svg>")


def _told(label: str) -> dict[str, str]:
    return {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}


def _text(root: ET.Element) -> str:
    text = ET.tostring(root, encoding="unicode")
    return text.replace("<ns0:", "<").replace("</ns0:", "</").replace("xmlns:ns0", "xmlns")


def _clean(element: ET.Element) -> None:
    for child in list(element):
        if _is_empty(child):
            element.remove(child)
            continue
        _clean(child)
        if _is_group(child) and not len(child):
            element.remove(child)
    _lift_plain_groups(element)
    label = element.get("aria-label")
    element.attrib = {
        name: _value(name, value)
        for name, value in element.attrib.items()
        if name in _KEPT and _DEFAULTS.get(name) != value
    }
    if label and not _is_group(element):
        tip = ET.Element(f"{{{_SVG}}}title")
        tip.text = label
        element.insert(0, tip)


def _lift_plain_groups(element: ET.Element) -> None:
    """Put the children of groups that change nothing in the groups' place."""
    lifted: list[ET.Element] = []
    for child in element:
        lifted += list(child) if _is_group(child) and not child.attrib else [child]
    if len(lifted) != len(element):
        element[:] = lifted


def _is_group(element: ET.Element) -> bool:
    return element.tag == f"{{{_SVG}}}g"


def _is_empty(element: ET.Element) -> bool:
    """Backgrounds and frames that the library draws without paint."""
    return (
        element.get("display") == "none"
        or element.get("class") in ("background", "foreground")
        or (element.tag == f"{{{_SVG}}}path" and not element.get("d"))
    )


def _value(name: str, value: str) -> str:
    if name in ("fill", "stroke"):
        return _VARIABLES.get(value, value)
    if name == "font-size":
        return value.removesuffix("px")
    return _NUMBER.sub(_round, value)


def _round(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
