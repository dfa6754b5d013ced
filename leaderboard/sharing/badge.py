"""A badge of an encoder's result, as others show it in a README: an SVG with two scores."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from cefrbench_leaderboard.charts.palette import TEXT
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.sharing.text import fit, plain, width
from cefrbench_leaderboard.sharing.words import entry_shown, scores

_HEIGHT, _SIZE, _PAD = 20, 11, 7
_MOST = 220
#: Background of the scores: the site's colour for unseen corpora, dark enough for white text.
_GROUND = "#a84800"


def badge(entry: Entry) -> str:
    """Draw a badge: suite and corpora on the left, QWK unseen and seen on the right.

    A partial result says how many corpora it covers, so that it passes for no full one.
    """
    scope = entry.suite if entry.complete else f"{entry.suite}, {len(entry.covered)} corpora only"
    left = fit(plain(f"cefrbench {scope}"[:200]), _MOST, _SIZE)
    right = scores(entry_shown(entry, entry.favoured))
    first, second = (round(width(text, _SIZE)) + 2 * _PAD for text in (left, right))
    whole = {"width": str(first + second), "height": str(_HEIGHT)}
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **whole, "role": "img"})
    root.set("aria-label", f"{left}: {right}")
    ET.SubElement(root, "title").text = f"{left}: {right}"
    for x, wide, fill in ((0, first, TEXT.value), (first, second, _GROUND)):
        box = {"x": str(x), "width": str(wide), "height": str(_HEIGHT), "fill": fill}
        ET.SubElement(root, "rect", box)
    look = {"fill": "#ffffff", "font-family": "Verdana, DejaVu Sans, sans-serif"}
    group = ET.SubElement(root, "g", {**look, "font-size": str(_SIZE)})
    for x, wide, text in ((0, first, left), (first, second, right)):
        place = {"x": str(x + _PAD), "y": "14", "textLength": str(wide - 2 * _PAD)}
        ET.SubElement(group, "text", place).text = text
    return ET.tostring(root, encoding="unicode") + "\n"
