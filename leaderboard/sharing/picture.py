"""The picture of a page's preview: its headline, and encoders unseen and seen, as a PNG.

It is drawn as SVG by an XML library, so names are text, and made a PNG by the library that draws
the charts (resvg, in ``vl-convert-python``): no browser, no network, the same bytes each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from cefrbench.atomic import atomic_path
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, QUIET, RULE, TEXT
from cefrbench_leaderboard.page import Page, Shown
from cefrbench_leaderboard.render import number
from cefrbench_leaderboard.sharing.stamp import PICTURE
from cefrbench_leaderboard.sharing.text import fit, plain, wrap

_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_EDGE = 64
_HEADLINE = 50
_BODY = 30
#: Where the scores from 0 to 1 lie, and how many lines there is room for.
_LEFT, _RIGHT = 450, 1000
_MOST = 5
#: Characters of a text that are looked at; more than there is room for.
_LONGEST = 600


def picture_svg(page: Page) -> str:
    """Draw the picture of a page as SVG."""
    wide, high = PICTURE
    root = ET.Element("svg", _strings(xmlns="http://www.w3.org/2000/svg", width=wide, height=high))
    root.set("viewBox", f"0 0 {wide} {high}")
    root.set("font-family", _FONT)
    _add(root, "rect", width=wide, height=high, fill="#ffffff")
    _brand(root)
    room = wide - 2 * _EDGE
    lines = wrap(_one_line(page.headline or page.title), room, _HEADLINE, 3, bold=True)
    for index, line in enumerate(lines):
        _text(root, line, _EDGE, 170 + 60 * index, _HEADLINE, bold=True)
    below = 170 + 60 * len(lines)
    if page.shown:
        _scores(root, page.shown[:_MOST], below)
    else:
        for index, line in enumerate(wrap(_one_line(page.description), room, _BODY, 7)):
            _text(root, line, _EDGE, below + 14 + 44 * index, _BODY, fill=QUIET.value)
    return ET.tostring(root, encoding="unicode")


def _one_line(text: str) -> str:
    return plain(text[:_LONGEST])


def _brand(root: ET.Element) -> None:
    """The mark of the site: seen above, unseen below."""
    _add(root, "path", d="M64 62H120", stroke=INSIDE.value, stroke_width=4)
    _add(root, "circle", cx=88, cy=62, r=9, fill=INSIDE.value)
    _add(root, "path", d="M88 88H144", stroke=OUTSIDE.value, stroke_width=4)
    _add(root, "path", d=_diamond(120, 88, 11), fill=OUTSIDE.value)
    _text(root, "cefrbench", 162, 87, 34, bold=True)


def _scores(root: ET.Element, shown: Sequence[Shown], top: int) -> None:
    """Lines of names with a diamond (unseen) and a circle (seen), over an axis from 0 to 1."""
    step = min(60, (530 - top) // len(shown))
    end = top + step * len(shown)
    for tick in range(6):
        x = _at(tick / 5)
        _add(root, "path", d=f"M{x} {top - 16}V{end - 16}", stroke=RULE.value, stroke_width=2)
        # Letters are what a picture costs: some 0.1 ms each.
        if tick in (0, 5):
            _text(root, str(tick // 5), x, end + 14, 22, fill=QUIET.value, anchor="middle")
    for index, one in enumerate(shown):
        y = top + step * index + step // 2 - 16
        name = fit(_one_line(one.name), _LEFT - _EDGE - 30, _BODY)
        _text(root, name, _EDGE, y + 10, _BODY)
        _dumbbell(root, one, y)
    _legend(root, 582)


def _legend(root: ET.Element, y: int) -> None:
    _text(root, "QWK on corpora", _EDGE, y + 8, 24, fill=QUIET.value)
    _add(root, "path", d=_diamond(282, y, 11), fill=OUTSIDE.value)
    _text(root, "unseen (95 % interval)", 302, y + 8, 24, fill=QUIET.value)
    _add(root, "circle", cx=576, cy=y, r=9, fill=INSIDE.value)
    _text(root, "seen", 594, y + 8, 24, fill=QUIET.value)


def _dumbbell(root: ET.Element, one: Shown, y: int) -> None:
    if one.unseen is not None and one.seen is not None:
        line = f"M{_at(one.unseen)} {y}H{_at(one.seen)}"
        _add(root, "path", d=line, stroke=QUIET.value, stroke_width=3)
    if one.low is not None and one.high is not None:
        whisker = f"M{_at(one.low)} {y}H{_at(one.high)}"
        _add(root, "path", d=whisker, stroke=OUTSIDE.value, stroke_width=5)
    if one.seen is not None:
        _add(root, "circle", cx=_at(one.seen), cy=y, r=11, fill=INSIDE.value)
    if one.unseen is not None:
        _add(root, "path", d=_diamond(_at(one.unseen), y, 14), fill=OUTSIDE.value)
    values = [value for value in (one.unseen, one.seen) if value is not None]
    said = " / ".join(number(value, 2) for value in values)
    _text(root, said, _RIGHT + 20, y + 8, 24, fill=TEXT.value)


def _at(score: float) -> int:
    return _LEFT + round((_RIGHT - _LEFT) * min(1.0, max(0.0, score)))


def _diamond(x: int, y: int, half: int) -> str:
    return f"M{x - half} {y}l{half}-{half} {half} {half}-{half} {half}z"


def _text(
    root: ET.Element,
    text: str,
    x: int,
    y: int,
    size: int,
    *,
    bold: bool = False,
    fill: str = TEXT.value,
    anchor: str = "start",
) -> None:
    look = {"fill": fill, "text_anchor": anchor, "font_weight": "700" if bold else "400"}
    _add(root, "text", x=x, y=y, font_size=size, **look).text = text


def _add(root: ET.Element, tag: str, **attributes: str | int) -> ET.Element:
    return ET.SubElement(root, tag, _strings(**attributes))


def _strings(**attributes: str | int) -> dict[str, str]:
    return {name.replace("_", "-"): str(value) for name, value in attributes.items()}


def draw_png(svg: str) -> bytes:
    """Turn SVG into PNG, a pixel a pixel."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=1, ppi=72))


class Pictures:
    """Pictures kept by what they show, so that only a changed one is drawn.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._used: set[str] = set()

    def png(self, page: Page) -> bytes:
        """Draw the picture of a page, or take it from the folder."""
        svg = picture_svg(page)
        name = f"{hashlib.sha256(svg.encode()).hexdigest()[:32]}.png"
        self._used.add(name)
        path = self.folder / name
        if not path.is_file():
            with atomic_path(path) as part:
                part.write_bytes(draw_png(svg))
        return path.read_bytes()

    def finish(self) -> None:
        """Forget what this build did not use."""
        for path in self.folder.iterdir():
            if path.name not in self._used:
                path.unlink()
