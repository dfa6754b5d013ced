"""The one border that text crosses on its way out: to a terminal, a table, JSON or a spreadsheet.

A name may come from a plugin, a result, a file or a hub, and hold anything: signs that a terminal
obeys, that turn the direction of writing around, or that a spreadsheet takes for a formula.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import unicodedata
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


class OutputError(Exception):
    """Standard output can't be written."""


#: Where a command writes, while all else that writes to standard output writes to standard error.
_own: TextIO | None = None


def output() -> TextIO:
    """Standard output, for cefrbench's own words alone while :func:`apart` is entered."""
    return _own or sys.stdout


@contextmanager
def apart() -> Iterator[None]:
    """Keep standard output for :func:`output`: what else is written there goes to standard error.

    So what plugins and libraries print, by whatever means and in whatever process, never stands in
    a table or in JSON.
    """
    global _own
    if _own is not None:
        yield
        return
    with ExitStack() as stack:
        _own = stack.enter_context(_separate(sys.stdout))
        stack.enter_context(redirect_stdout(sys.stderr))
        try:
            yield
        finally:
            _own = None


@contextmanager
def _separate(stream: TextIO) -> Iterator[TextIO]:
    """Give standard output under a number of its own; 1, which C and children know, is 2's then."""
    if _number(stream) != 1:
        yield stream
        return
    stream.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    own = _Output(
        os.fdopen(os.dup(kept), "wb"),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=True,
    )
    try:
        yield own
        own.flush()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        with suppress(OSError, OutputError):  # told by the flush above
            own.close()


@contextmanager
def telling() -> Iterator[None]:
    """Have standard output say what is wrong with it, whoever writes there.

    Raises
    ------
    OutputError
        When it takes nothing: a full disk, say.
    BrokenPipeError
        When nobody reads it any more.
    """
    stream = sys.stdout
    if _number(stream) != 1:
        yield
        return
    stream.flush()
    own = _Output(os.fdopen(1, "wb", closefd=False), encoding=stream.encoding, errors=stream.errors)
    with redirect_stdout(own):
        try:
            yield
            own.flush()
        finally:
            with suppress(OSError, OutputError):  # told by the flush above
                own.close()


def _number(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # a stream that is no file
        return -1


class _Output(io.TextIOWrapper):
    """Standard output that tells its own faults from those of others."""

    def write(self, text: str) -> int:
        with _told():
            return super().write(text)

    def flush(self) -> None:
        with _told():
            super().flush()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.strerror or str(error)) from error


def console(**options: Any) -> Console:
    """Make rich's console, past which nothing goes that :func:`plain` takes out; its own styles do.

    Parameters
    ----------
    **options
        Of :class:`rich.console.Console`.
    """
    if not options.get("stderr"):
        options.setdefault("file", output())
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


def in_bytes(count: float) -> str:
    """Write a size as people read it."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
