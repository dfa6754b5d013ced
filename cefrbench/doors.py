"""The one door that files of others come in by: configurations, results, corpora, model folders.

What stands behind a name may be anything: a pipe that never ends, a device, four gigabytes of
brackets. Here a file is opened only if it is one, read no further than its kind may go, and taken
apart within bounds. What is refused is told in one sentence: what it is, what was expected, and
what to do.
"""

from __future__ import annotations

import io
import json
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cefrbench.errors import PluginError, UserError

#: Deepest nesting of lists and tables; what cefrbench writes has less than ten.
MAX_DEPTH = 64
#: Most digits of an integer; a 128-bit number has 39.
MAX_DIGITS = 40

#: Characters from which on another parser pays.
_LONG = 2**18

#: What isn't a regular file is called.
_OTHERS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
#: All bytes but brackets and what strings are known by; and makes all brackets one kind.
_PLAIN = bytes(byte for byte in range(256) if chr(byte) not in '[]{}"\\')
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_LONG_NUMBER = re.compile(rf"(?<![0-9.eE+])[0-9]{{{MAX_DIGITS + 1}}}")
#: Makes all digits one, so that a long row of them is found without a pattern.
_ZEROS = bytes(ord("0") if chr(byte) in "0123456789" else byte for byte in range(256))
_LONG_ROW = b"0" * (MAX_DIGITS + 1)
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
#: A key of TOML that opens more tables than there may be; `tomllib` takes quadratic time for it.
_LONG_KEY = re.compile(
    rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_DEPTH + 1}}}"""
)


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is meant to be.

    Attributes
    ----------
    what : str
        Begins the sentence: ``"The config file"``.
    most : int
        Largest size in bytes.
    mend : str
        Ends the sentence: what to do.
    error : type of UserError
        What is raised.
    """

    what: str
    most: int
    mend: str
    error: type[UserError] = UserError

    def refuse(self, path: Path, why: str) -> UserError:
        """Make the error for one file of this kind."""
        return self.error(f"{self.what} {str(path)!r} {why}: {self.mend}.")


#: What a package says of itself.
PYPROJECT = FileKind("The file", 1024**2, "mend it, or name another folder", PluginError)


def open_file(path: Path, kind: FileKind) -> BinaryIO:
    """Open a regular file for reading; nothing else is opened, or waited for.

    Raises
    ------
    UserError
        Of ``kind.error``: when there is no such file, it may not be read, is something else than
        a regular file, or is larger than its kind may be.
    """
    try:
        _check_status(Path(path).stat(), path, kind)  # opening a device may do something
        # A pipe that took the file's place is not waited for.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
        file = os.fdopen(handle, "rb")
    except OSError as error:
        raise kind.refuse(path, f"can't be read ({error.strerror or error})") from error
    except ValueError as error:  # a zero byte in the name, or half a surrogate pair
        raise kind.refuse(path, f"can't be read ({error})") from error
    try:
        _check_status(os.fstat(file.fileno()), path, kind)
    except BaseException:
        file.close()
        raise
    return file


def _check_status(status: os.stat_result, path: Path, kind: FileKind) -> None:
    if not stat.S_ISREG(status.st_mode):
        other = _OTHERS.get(stat.S_IFMT(status.st_mode), "something else")
        raise kind.refuse(path, f"is {other}, not a regular file")
    if status.st_size > kind.most:
        raise _too_large(path, kind, f"{status.st_size:,} bytes")


def read_bytes(path: Path, kind: FileKind) -> bytes:
    """Read all of a file, as :func:`open_file` opens it; one that grows is cut off and refused."""
    with open_file(path, kind) as file:
        try:
            data = file.read(kind.most + 1)
        except OSError as error:
            raise kind.refuse(path, f"can't be read ({error.strerror or error})") from error
    if len(data) > kind.most:
        raise _too_large(path, kind, f"more than {kind.most:,} bytes")
    return data


def _too_large(path: Path, kind: FileKind, size: str) -> UserError:
    return kind.refuse(path, f"has {size}, and such a file has {kind.most:,} at most")


def read_text(path: Path, kind: FileKind) -> str:
    """Read a file of UTF-8, without the mark that some editors put at its head."""
    return _decode(read_bytes(path, kind), path, kind).removeprefix("\ufeff")


@contextmanager
def open_lines(path: Path, kind: FileKind, longest: int) -> Iterator[Iterator[str]]:
    """Open a file of UTF-8 for reading line by line; a line has ``longest`` characters at most.

    Line breaks are kept as they are, and a mark at the file's head is taken away.

    Raises
    ------
    UserError
        Of ``kind.error``: what :func:`open_file` raises, and while lines are read, when one is too
        long or not UTF-8.
    """
    with open_file(path, kind) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        yield _lines(text, path, kind, longest)


def _lines(text: io.TextIOWrapper, path: Path, kind: FileKind, longest: int) -> Iterator[str]:
    try:
        while line := text.readline(longest + 1):
            if len(line) > longest:
                raise kind.refuse(path, f"has a line of more than {longest:,} characters")
            yield line
    except UnicodeDecodeError as error:
        raise kind.refuse(path, f"is not UTF-8 (byte 0x{error.object[error.start]:02x})") from error
    except OSError as error:
        raise kind.refuse(path, f"can't be read ({error.strerror or error})") from error


def _decode(data: bytes, path: Path, kind: FileKind) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        raise kind.refuse(
            path, f"is not UTF-8 (byte 0x{byte:02x} at position {error.start})"
        ) from error


def read_json(path: Path, kind: FileKind) -> Any:
    """Read a file of JSON, within the bounds of :func:`parse_json`."""
    return parse_json(read_text(path, kind), path, kind)


def read_toml(path: Path, kind: FileKind) -> dict[str, Any]:
    """Read a file of TOML, within the bounds of :func:`parse_toml`."""
    return parse_toml(read_text(path, kind), path, kind)


def parse_json(data: bytes | str, path: Path, kind: FileKind) -> Any:
    """Parse JSON within bounds; ``path`` is for the sentence.

    Raises
    ------
    UserError
        Of ``kind.error``: when it is not UTF-8, no JSON (NaN and Infinity are none), nested deeper
        than ``MAX_DEPTH``, has an integer of more than ``MAX_DIGITS`` digits, or a string with half
        a surrogate pair, which nothing can write.
    """
    text = _decode(data, path, kind) if isinstance(data, bytes) else data
    why = unbounded_json(text)
    if why:
        raise kind.refuse(path, why)
    try:
        value = _parsed(text)
    except ValueError as error:
        raise kind.refuse(path, f"is no valid JSON or a truncated file ({error})") from error
    if "\\u" in text and _HALF_PAIR.search(text):
        _check_strings(value, path, kind)
    return value


def _parsed(text: str) -> Any:
    """Parse JSON; a long text by a compiled parser that gives the same in half the time."""
    if len(text) > _LONG:
        from pydantic_core import from_json

        try:
            return from_json(text, allow_inf_nan=False)
        except ValueError:
            pass  # the usual parser says why, or takes what only this one doesn't
    return json.loads(text, parse_constant=_no_number)


def unbounded_json(text: str) -> str:
    """Say which bound a text of JSON breaks before it is parsed; nothing when it keeps to all."""
    if text.count("[") + text.count("{") > MAX_DEPTH and _too_deep(text):
        return f"is nested deeper than {MAX_DEPTH} levels"
    return long_number(text)


def long_number(text: str) -> str:
    """Say that a text of JSON has an integer longer than any may be; nothing when it hasn't."""
    # Told at a tenth of the price where no row of digits is so long, as in nearly any text.
    if _LONG_ROW not in text.encode("utf-8", "surrogatepass").translate(_ZEROS):
        return ""
    if _LONG_NUMBER.search(text) and _LONG_NUMBER.search(_STRING.sub('""', text)):
        return f"has an integer of more than {MAX_DIGITS} digits"
    return ""


def _too_deep(text: str) -> bool:
    """Whether brackets outside strings stand in each other deeper than they may.

    Each round takes the innermost pairs away. What is left of brackets without a partner is no
    JSON, and is told as that, unless so many are open that the parser would go too deep.
    """
    brackets = _brackets(text)
    for _ in range(MAX_DEPTH):
        fewer = brackets.replace(b"[]", b"")
        if fewer == brackets:
            break
        brackets = fewer
    return brackets.count(b"[") > MAX_DEPTH or b"[]" in brackets


def _brackets(text: str) -> bytes:
    """Brackets outside strings, all of one kind."""
    rest = text.encode("utf-8", "surrogatepass").translate(_ONE_KIND, _PLAIN)
    # Quotes that stand in pairs have no bracket between them, where nothing is escaped.
    found = rest.replace(b'""', b"")
    if b'"' in found or b"\\" in found:
        found = _STRING.sub("", text).encode("utf-8", "surrogatepass").translate(_ONE_KIND, _PLAIN)
    return found.replace(b'"', b"").replace(b"\\", b"")


def parse_toml(text: str, path: Path, kind: FileKind) -> dict[str, Any]:
    """Parse TOML within the bounds of :func:`parse_json`.

    Raises
    ------
    UserError
        Of ``kind.error``: when it is no TOML or breaks a bound.
    """
    if _LONG_KEY.search(text):
        raise kind.refuse(path, f"is nested deeper than {MAX_DEPTH} levels")
    try:
        value = tomllib.loads(text)
    except RecursionError as error:
        raise kind.refuse(path, f"is nested deeper than {MAX_DEPTH} levels") from error
    except tomllib.TOMLDecodeError as error:
        raise kind.refuse(path, f"is no valid TOML ({error})") from error
    except ValueError as error:  # of `int`, which takes 4,300 digits
        raise kind.refuse(path, f"has an integer of more than {MAX_DIGITS} digits") from error
    _check_values(value, path, kind)
    return value


def _check_values(value: Any, path: Path, kind: FileKind) -> None:
    """See that a value keeps to the bounds: depth, and length of integers of any base."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        if any(isinstance(one, int) and abs(one) >= 10**MAX_DIGITS for one in level):
            raise kind.refuse(path, f"has an integer of more than {MAX_DIGITS} digits")
        level = [below for one in level for below in _below(one)]
        if not level:
            return
    raise kind.refuse(path, f"is nested deeper than {MAX_DEPTH} levels")


def _below(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_strings(value: Any, path: Path, kind: FileKind) -> None:
    for string in strings(value):
        if not writable(string):
            raise kind.refuse(
                path, f"has half a surrogate pair in {string[:40]!r}, which is no text"
            )


def strings(value: Any) -> Iterable[str]:
    """All strings of a value of JSON, keys too."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            left += one


def writable(text: str) -> bool:
    """Whether a text can be written as UTF-8: half a surrogate pair can't."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def lies_below(place: str) -> bool:
    """Whether a path that a file names stays in the folder that it is in, on any system."""
    parts = place.replace("\\", "/").split("/")
    return not (".." in parts or place.startswith(("/", "\\")) or ":" in parts[0])


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")
