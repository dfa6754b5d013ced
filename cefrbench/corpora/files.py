"""Reading a corpus file in UniversalCEFR's fields, row by row, with an error that says where.

A file is never in memory as a whole: rows are decoded one after the other from a buffer of a few
megabytes, so that 400,000 rows cost no more than the longest of them.

No streaming library does it: ijson 3.6 (yajl) names no line, reads a lone surrogate as ``?`` and
refuses integers beyond 64 bits, where ``json``, whose decoder is used here, keeps both.
"""

from __future__ import annotations

import codecs
import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cefrbench.doors import FileKind, open_file, unbounded_json
from cefrbench.errors import CorpusError

#: Bytes read at a time.
CHUNK = 1 << 20
#: A decoding error this close to the end of the buffer may be a token cut in two.
LOOKAHEAD = 16

#: Longest row, in characters; learners' texts have some thousands.
MAX_ROW = 64 * 1024**2
_FILE = FileKind(
    "The corpus file",
    64 * 1024**3,
    "check that it exists and that you may read it",
    CorpusError,
)
_SUFFIXES = (".json", ".jsonl")
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


def find_files(folder: Path, name: str) -> tuple[Path, ...]:
    """Find the files of a corpus in a data folder, as :func:`known_files` does.

    Raises
    ------
    CorpusError
        When there is none; the sentence names the files that come near.
    """
    paths = known_files(folder, name)
    if not paths:
        raise CorpusError(
            f"There is no file {_stem(name)}.json in {str(folder)!r}: put the corpus there under "
            "that name, in UniversalCEFR's fields."
        )
    return paths


def known_files(folder: Path, name: str) -> tuple[Path, ...]:
    """Find the files of a corpus in a data folder, if it has any.

    They are ``<name>.json`` or ``<name>.jsonl``, or all such files in the folder ``<name>``, in the
    order of their names.

    Raises
    ------
    CorpusError
        When the folder is none, or holds a file of nearly that name, which may be meant.
    """
    if not folder.is_dir():
        raise CorpusError(
            f"The data folder {str(folder)!r} is no folder: give --data-dir an existing one."
        )
    stem = _stem(name)
    for suffix in _SUFFIXES:
        path = folder / f"{stem}{suffix}"
        if path.is_file():
            return (path,)
    own = folder / stem
    if own.is_dir():
        paths = tuple(path for path in sorted(own.iterdir()) if path.suffix in _SUFFIXES)
        if not paths:
            raise CorpusError(
                f"The folder {str(own)!r} has no .json or .jsonl file: put the files of the corpus "
                "there, in UniversalCEFR's fields."
            )
        return paths
    files = sorted(path.name for path in folder.iterdir() if path.suffix in _SUFFIXES)
    # Sisters such as merlin-cs and merlin-de are 0.86 alike.
    near = difflib.get_close_matches(f"{stem}.json", files, n=3, cutoff=0.9)
    if near:
        raise CorpusError(
            f"There is no file {stem}.json in {str(folder)!r}: near it are {', '.join(near)}; "
            "rename the right one."
        )
    return ()


def _stem(name: str) -> str:
    return name.replace(":", "_").replace("/", "_")


def read_rows(*paths: Path) -> Iterator[object]:
    """Read the rows of JSON lists, or of JSON Lines where a file ends in ``.jsonl``, in turn.

    Yields
    ------
    object
        Each row as it stands in the file, whatever it is.

    Raises
    ------
    CorpusError
        When the file can't be opened, is empty, is not UTF-8, is no JSON, is cut short, or holds
        something else than a list.
    """
    for path in paths:
        try:
            with open_file(path, _FILE) as stream:
                yield from _Reader(path, stream).rows()
        except OSError as error:
            raise CorpusError(
                f"The corpus file {str(path)!r} can't be read ({error.strerror}): "
                "check that it exists and that you may read it."
            ) from error


class _Reader:
    """The text of one file as a buffer that is filled at the end and consumed at the front."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._file = str(path)
        self._lines = path.suffix == ".jsonl"
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._buffer = ""
        self._at = 0
        self._line = 1
        self._bytes = 0
        self._ended = False

    def rows(self) -> Iterator[object]:
        """Yield the values of the list, or of the lines."""
        self._fill()
        self._buffer = self._buffer.removeprefix("\ufeff")
        first = self._peek()
        if not first:
            raise CorpusError(
                f"The corpus file {self._file!r} is empty: a list of rows was expected."
            )
        if self._lines:
            yield from self._values_of_lines()
        elif first == "[":
            yield from self._values_of_list()
        else:
            raise self._not_a_list(first)

    # -- what stands in a file -----------------------------------------------------------------

    def _values_of_list(self) -> Iterator[object]:
        self._at += 1
        number = 1
        closed = self._peek() == "]"
        while not closed:
            yield self._value(number)
            mark = self._peek()
            closed = mark == "]"
            if not mark:
                raise self._cut_short(number)
            if mark not in ",]":
                raise self._broken(self._at, f"a comma was expected after row {number}")
            self._at += not closed
            number += 1
        self._at += 1
        if self._peek():
            raise self._broken(self._at, "something follows the end of the list")

    def _values_of_lines(self) -> Iterator[object]:
        number = 1
        while self._peek():
            yield self._value(number)
            number += 1

    def _value(self, number: int) -> object:
        """Decode the value at the front, reading on until it is whole."""
        if not self._peek():
            raise self._cut_short(number)
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if len(self._buffer) - self._at > MAX_ROW:
                    why = f"row {number} has more than {MAX_ROW:,} characters"
                    raise self._broken(self._at, why) from error
                if self._maybe_incomplete(error) and self._fill():
                    continue
                if self._maybe_incomplete(error):
                    raise self._cut_short(number) from error
                raise self._broken(error.pos, error.msg) from error
            except (RecursionError, ValueError) as error:
                why = unbounded_json(self._buffer[self._at :]) or "has a value without end"
                raise self._broken(self._at, f"row {number} {why}") from error
            if end < len(self._buffer) or not self._fill():
                if why := unbounded_json(self._buffer[self._at : end]):
                    raise self._broken(self._at, f"row {number} {why}")
                self._at = end
                return value

    # -- the buffer ----------------------------------------------------------------------------

    def _fill(self) -> bool:
        """Append more text, as much again as there is, so that long rows cost linear time."""
        if self._ended:
            return False
        data = self._stream.read(max(CHUNK, len(self._buffer) - self._at))
        pending = len(self._decode.getstate()[0])
        try:
            text = self._decode.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise self._not_utf8(error, self._bytes - pending) from error
        self._bytes += len(data)
        self._ended = not data
        self._line += self._buffer.count("\n", 0, self._at)
        self._buffer = self._buffer[self._at :] + text
        self._at = 0
        return True

    def _peek(self) -> str:
        """Skip white space; give the next character, or nothing at the end of the file."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._fill():
                return ""

    def _maybe_incomplete(self, error: json.JSONDecodeError) -> bool:
        """Whether more text could mend the error, or could have where there is none."""
        end = len(self._buffer.rstrip()) if self._ended else len(self._buffer) - LOOKAHEAD
        return error.pos >= end or error.msg.startswith("Unterminated string")

    def _line_of(self, position: int) -> int:
        return self._line + self._buffer.count("\n", 0, position)

    # -- what can be wrong ---------------------------------------------------------------------

    def _cut_short(self, number: int) -> CorpusError:
        line = self._line_of(len(self._buffer.rstrip()))
        return CorpusError(
            f"The corpus file {self._file!r} ends in the middle of the list, at row {number} "
            f"(line {line}): it was cut short; fetch or copy it again."
        )

    def _broken(self, position: int, what: str) -> CorpusError:
        what = what[:1].lower() + what[1:]
        return CorpusError(
            f"The corpus file {self._file!r} is not JSON: {what} at line "
            f"{self._line_of(position)}; mend it there, or export it again."
        )

    def _not_a_list(self, first: str) -> CorpusError:
        if first == "{":
            return CorpusError(
                f"The corpus file {self._file!r} holds an object, not a list of rows: put the rows "
                "in [ … ], or name the file .jsonl when it has one row a line."
            )
        return CorpusError(
            f"The corpus file {self._file!r} is not JSON: it begins with {first!r}, and a list of "
            "rows was expected ([ {…}, {…} ])."
        )

    def _not_utf8(self, error: UnicodeDecodeError, offset: int) -> CorpusError:
        byte = error.object[error.start]
        return CorpusError(
            f"The corpus file {self._file!r} is not UTF-8: byte 0x{byte:02x} at position "
            f"{offset + error.start}; if it is Latin-1, convert it with "
            "`iconv -f LATIN1 -t UTF-8`."
        )
