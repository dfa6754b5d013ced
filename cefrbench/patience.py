"""Which troubles with a hub pass by waiting, how long to wait, and what to say meanwhile.

The hub's own client tries again when a file breaks off, but gives up at once where the hub is busy
or fails while a repository is looked up; what it raises then hides the cause.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

#: Seconds before each further try, where the hub names none.
WAITS = (1.0, 4.0, 15.0)
#: Longest that the hub may ask to be waited for, in seconds.
MOST_WAIT = 300.0
#: What the hub answers when it would answer otherwise later, beside all from 500.
_LATER = {408, 429}
#: How the hub says when its limit is lifted (draft-ietf-httpapi-ratelimit-headers).
_LIMIT = re.compile(r"\bt=(\d{1,9})\b")
_SHA256, _GIT = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")


class WrongContentError(Exception):
    """A file came whole by its length, but isn't what the hub says that it is."""


@dataclass(frozen=True, slots=True)
class Setback:
    """Trouble that may pass.

    Attributes
    ----------
    what : str
        What the hub did, in the past tense: ``"answered 503"``.
    wait : float or None
        Seconds that it asks to be left alone.
    passes : bool
        Whether it may pass by waiting.
    """

    what: str
    wait: float | None = None
    passes: bool = True


def patiently(
    ask: Callable[[], T], tell: Callable[[str], None], waits: Sequence[float] = WAITS
) -> T:
    """Ask a hub until it answers, once more than there are waits.

    Parameters
    ----------
    ask : callable
    tell : callable
        Gets a sentence before each wait.
    waits : sequence of float
        Seconds before each further try; longer where the hub asks for it, `MOST_WAIT` at most.

    Raises
    ------
    Exception
        What ``ask`` raised last.
    """
    for number, wait in enumerate(waits, start=1):
        set_timeouts()
        try:
            return ask()
        except Exception as error:
            trouble = setback(error)
            if trouble is None or not trouble.passes or (trouble.wait or 0.0) > MOST_WAIT:
                raise
            seconds = max(wait, trouble.wait or 0.0)
            tell(
                f"The hub {trouble.what}: trying again in {seconds:.0f} s "
                f"({number} of {len(waits)})."
            )
        time.sleep(seconds)
    set_timeouts()
    return ask()


def setback(error: BaseException) -> Setback | None:
    """Say what a hub did wrong, from what its client raised; none where it did nothing wrong.

    That it can't be reached is none.
    """
    from huggingface_hub.errors import FileMetadataError, HfHubHTTPError

    library = http_library()
    for one in _causes(error):
        if isinstance(one, HfHubHTTPError):
            status = one.response.status_code
            if status in _LATER or status >= 500:
                return Setback(f"answered {status}", _asked_wait(one.response.headers))
            return Setback(f"answered {status}", passes=False)
        if isinstance(one, library.ConnectTimeout):
            return None
        if isinstance(one, library.TimeoutException):
            return Setback("gave no answer in time")
        if isinstance(one, library.TooManyRedirects):
            return Setback("sent the question round in a circle", passes=False)
        if isinstance(one, library.RemoteProtocolError | library.ReadError):
            return Setback("broke off its answer")
        if isinstance(one, WrongContentError) or _is_wrong_size(one):
            return Setback("sent a file that is not what it says")
        if isinstance(one, FileMetadataError | ValueError | TypeError | KeyError | AssertionError):
            # Raised by the client while it takes an answer apart.
            return Setback(
                "answered with something else than a hub does (a page of the network that asks to "
                "log in?)",
                passes=False,
            )
    return None


def check_content(folder: Path, since: float) -> None:
    """See that the files of a snapshot that were written lately are what the hub calls them.

    The client's cache names a file by its hash, SHA-256 or that of git, and checks its length
    alone. One of another hash is removed.

    Parameters
    ----------
    folder : Path
    since : float
        When the fetching began, in seconds since 1970.

    Raises
    ------
    WrongContentError
    """
    for link in folder.rglob("*"):
        blob = link.resolve()
        if not blob.is_file() or blob.stat().st_mtime < since - 2:
            continue
        if _hash_like(blob) != blob.name:
            link.unlink()
            blob.unlink(missing_ok=True)
            raise WrongContentError(link.name)


def _hash_like(blob: Path) -> str:
    """Hash of a file by the kind of hash in its name; the name where it is none."""
    with blob.open("rb") as file:
        if _SHA256.fullmatch(blob.name):
            return hashlib.file_digest(file, "sha256").hexdigest()
        if _GIT.fullmatch(blob.name):
            digest = hashlib.sha1(b"blob %d\0" % blob.stat().st_size, usedforsecurity=False)
            while chunk := file.read(1 << 20):
                digest.update(chunk)
            return digest.hexdigest()
    return blob.name


def set_timeouts() -> None:
    """Have the hub's client end a look-up that gets no answer, as it ends downloads.

    It has no time-out of its own there (huggingface_hub 2.4: ``timeout=None``), and would wait for
    ever. ``HF_HUB_ETAG_TIMEOUT`` is the one that it has for looking up files.
    """
    from huggingface_hub import get_session

    session: Any = get_session()
    hooks = session.event_hooks
    if _set_timeout not in hooks["request"]:
        session.event_hooks = {**hooks, "request": [*hooks["request"], _set_timeout]}


def _set_timeout(request: Any) -> None:
    from huggingface_hub import constants

    limits = request.extensions.get("timeout") or {}
    if not any(limits.values()):
        limits = dict.fromkeys(("connect", "read", "write", "pool"), constants.HF_HUB_ETAG_TIMEOUT)
        request.extensions = {**request.extensions, "timeout": limits}


def http_library() -> Any:
    """Give the client's HTTP library: its releases differ in which it is."""
    from huggingface_hub import errors

    base: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
    return sys.modules[base.__module__.partition(".")[0]]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it; the client's own words stand before the cause."""
    left: BaseException | None = error
    while left is not None:
        yield left
        left = left.__cause__


def _is_wrong_size(error: BaseException) -> bool:
    """Whether the client found a file of another length than it was told."""
    return isinstance(error, OSError) and error.errno is None and "Consistency check" in str(error)


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait, by ``Retry-After`` or ``RateLimit``."""
    value = headers.get("Retry-After", "")
    if re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    if value:
        try:
            when = parsedate_to_datetime(value)
        except ValueError:
            return None
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (aware - datetime.now(UTC)).total_seconds())
    limit = _LIMIT.search(headers.get("RateLimit", ""))
    return float(limit[1]) if limit else None
