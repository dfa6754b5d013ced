"""The one border that text crosses on its way out: to a terminal, a table, JSON or a spreadsheet.

A name may come from a plugin, a result, a file or a hub, and hold anything: signs that a terminal
obeys, that turn the direction of writing around, or that a spreadsheet takes for a formula.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.segment import Segment

#: Stands for a sign that can't be shown.
UNSHOWN = "\N{REPLACEMENT CHARACTER}"
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@")
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")


def plain(text: str, instead: str = UNSHOWN) -> str:
    """Give a text as one line without signs that a terminal obeys or that can't be seen.

    Line breaks and tabs become a space. Control characters (C0, C1), those of direction and others
    without width (Unicode's categories C), and half surrogate pairs become ``instead``; spaces of
    any width stay.
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else instead
        for sign in _BREAKS.sub(" ", text)
    )


def plain_lines(text: str) -> str:
    """Give a text of several lines, each as :func:`plain` gives it."""
    return "\n".join(map(plain, text.split("\n")))


def plain_json(text: str) -> str:
    """Give a text of JSON with what :func:`plain` takes out escaped: its values stay."""
    return "\n".join(
        line
        if line.isprintable()
        else "".join(sign if sign.isprintable() else _escaped(sign) for sign in line)
        for line in text.split("\n")
    )


def _escaped(sign: str) -> str:
    return sign if unicodedata.category(sign) == "Zs" else json.dumps(sign)[1:-1]


def cell(text: str) -> str:
    """Give a text as a cell of CSV: one line that no spreadsheet takes for a formula.

    A formula may hide behind spaces or a mark that isn't seen, and begin with a sign of another
    width (``＝``): what a spreadsheet might see is looked at.
    """
    line = plain(text).strip()
    seen = unicodedata.normalize("NFKC", line.lstrip(UNSHOWN).lstrip())
    return f"'{line}" if seen.startswith(_FORMULA) else line


def console(**options: Any) -> Console:
    """Make rich's console, past which nothing goes that :func:`plain` takes out; its own styles do.

    Parameters
    ----------
    **options
        Of :class:`rich.console.Console`.
    """
    return _console_class()(**options)


@cache
def _console_class() -> type[Console]:
    from rich.console import Console

    class PlainConsole(Console):
        """A console whose segments are plain."""

        def render(self, *args: Any, **options: Any) -> Iterable[Segment]:
            for segment in super().render(*args, **options):
                if not segment.control:
                    segment = segment._replace(text=plain_lines(segment.text))
                yield segment

    return PlainConsole
