"""The CEFR scale: one parser for levels as corpora write them, and the classes that probes see."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """The six common reference levels, in order."""

    A1 = 0
    A2 = 1
    B1 = 2
    B2 = 3
    C1 = 4
    C2 = 5


#: Spellings of "nobody gave this text a level", compared in lower case.
NO_LEVEL = frozenset({"na", "n/a", "unrated", "empty", "unassessable", "none", "nan", ""})

_LEVEL = re.compile(r"([ABC])\s*([12])\s*\+?")
_BAND = re.compile(r"[ABC]\s*\+?")


@dataclass(frozen=True, slots=True)
class ParsedLevel:
    """What :func:`parse_level` made of one value: a level, or the reason there is none.

    Attributes
    ----------
    level : Level or None
    reason : str
        Empty when there is a level; else ``"no level"`` (the corpus says so itself),
        ``"bare band"`` (``B``: two levels wide) or ``"unknown level"``.
    """

    level: Level | None
    reason: str = ""


def parse_level(value: object) -> ParsedLevel:
    """Read one CEFR level as corpora write them.

    ``A1`` to ``C2`` in either case, with spaces, with a plus (``B1+`` is B1: a plus-level is the
    upper half of its level in the CEFR Companion Volume, 2020). Anything else gives no level but
    the reason why, so that a report can count it.

    Examples
    --------
    >>> parse_level(" b1+ ").level.name
    'B1'
    >>> parse_level("Unassessable")
    ParsedLevel(level=None, reason='no level')
    """
    if value is None:
        return ParsedLevel(None, "no level")
    if not isinstance(value, str):
        return ParsedLevel(None, "unknown level")
    text = unicodedata.normalize("NFKC", value).strip()
    if text.lower() in NO_LEVEL:
        return ParsedLevel(None, "no level")
    text = text.upper()
    if match := _LEVEL.fullmatch(text):
        return ParsedLevel(Level[match[1] + match[2]])
    if _BAND.fullmatch(text):
        return ParsedLevel(None, "bare band")
    return ParsedLevel(None, "unknown level")


#: All that the study kept, as spelt: it merged the plus-levels of B alone.
_STUDY = frozenset({*Level.__members__, "B1+", "B2+"})


def study_level(value: object) -> ParsedLevel:
    """Read one level as Lyngbaek & Kristensen-McLachlan (2026) did.

    ``A1`` to ``C2``, ``B1+`` and ``B2+``, in this spelling; what :func:`parse_level` reads beside
    these (``A2+``, ``C1+``, ``b1``) is ``"dropped by the study"``.
    """
    parsed = parse_level(value)
    if parsed.level is None or value in _STUDY:
        return parsed
    return ParsedLevel(None, "dropped by the study")


@dataclass(frozen=True, slots=True)
class Scale:
    """A mapping of the six levels to ordered classes ``0 … n-1``."""

    name: str
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.classes)

    def index(self, level: Level) -> int:
        """Class of a level; levels above the last class belong to it."""
        return min(int(level), len(self.classes) - 1)


#: The scale of the study: C1 and C2 are one class, because few corpora hold C2.
FIVE = Scale("cefr5", ("A1", "A2", "B1", "B2", "C+"))
#: All six levels apart.
SIX = Scale("cefr6", ("A1", "A2", "B1", "B2", "C1", "C2"))
SCALES = {scale.name: scale for scale in (FIVE, SIX)}
