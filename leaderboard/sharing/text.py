"""Text in pictures and feeds: what XML allows, how wide it is, where it breaks."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

from cefrbench.border import UNSHOWN

#: What XML 1.0 has no place for (https://www.w3.org/TR/xml/#charsets), and other controls, which
#: HTML has none for (https://infra.spec.whatwg.org/#control).
_UNSHOWN = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What turns the direction of a line round, beyond its own text.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: Widths in thousandths of the size of the characters from space to tilde, in Helvetica and its
#: likes (Liberation Sans, Arial): Adobe's core font metrics, Helvetica.afm.
_WIDTHS = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556),
    *(1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556),
    *(333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556),
    *(556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584),
)
#: How much wider bold is, at most, for words.
_BOLD = 1.08


def showable(text: str) -> str:
    """Text with a sign in the place of each that neither XML nor HTML can hold."""
    return _UNSHOWN.sub(UNSHOWN, text)


def plain(text: str) -> str:
    """The same on one line, without marks that turn lines round."""
    return " ".join(_BIDI.sub("", showable(text)).split())


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Pixels that a line takes, at least about; other scripts are taken to be wide."""
    units = sum(map(_units, text))
    return units * size / 1000 * (_BOLD if bold else 1.0)


def _units(character: str) -> int:
    place = ord(character) - 32
    if 0 <= place < len(_WIDTHS):
        return _WIDTHS[place]
    if unicodedata.combining(character):
        return 0
    return 1000 if unicodedata.east_asian_width(character) in "WF" else 700


def fit(text: str, most: float, size: float, *, bold: bool = False) -> str:
    """Cut a line that is wider than ``most`` pixels, with an ellipsis."""
    if width(text, size, bold=bold) <= most:
        return text
    room = (most - width("…", size, bold=bold)) / width("a", size, bold=bold) * _units("a")
    kept = sum(end <= room for end in accumulate(map(_units, text)))
    return f"{text[:kept].rstrip()}…"


def wrap(text: str, most: float, size: float, lines: int, *, bold: bool = False) -> list[str]:
    """Break a text into at most so many lines, none wider than ``most`` pixels."""
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".lstrip()
        if width(longer, size, bold=bold) <= most or not found[-1]:
            found[-1] = longer
        else:
            found.append(word)
    if len(found) > lines:
        found[lines - 1 :] = [f"{' '.join(found[lines - 1 :])}"]
    return [fit(line, most, size, bold=bold) for line in found]
