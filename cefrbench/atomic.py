"""Write a file whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from cefrbench.errors import CacheError

if sys.platform != "win32":
    import fcntl


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place when the block ends well.

    The data is on disk before the name is; a block that raises leaves what was there before.

    Raises
    ------
    CacheError
        When the folder can't be made or written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(path.parent, path)
        handle, part = _make_part(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield part
        sync(part)
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        part.unlink(missing_ok=True)
        os.close(handle)


def remove_stale(folder: Path, path: Path | None = None) -> list[Path]:
    """Remove what killed processes left half written in a folder, and say what that was.

    Parameters
    ----------
    folder : Path
    path : Path, optional
        What was being written; by default anything.

    Raises
    ------
    OSError
        When one can't be removed.
    """
    pattern = f"{escape(_prefix(path))}*.part" if path else ".*.part"
    stale = [part for part in folder.glob(pattern) if _is_stale(part)]
    for part in stale:
        part.unlink(missing_ok=True)
    return stale


def _make_part(path: Path) -> tuple[int, Path]:
    """Make the file to write to, locked as long as this process lives and writes."""
    while True:
        handle, name = tempfile.mkstemp(prefix=_prefix(path), suffix=".part", dir=path.parent)
        part = Path(name)
        # Another process may have taken it for stale before it was locked.
        if _lock(handle) and part.exists():
            return handle, part
        os.close(handle)


def _is_stale(part: Path) -> bool:
    """Whether no process writes to a part any more: who writes holds its lock until death."""
    if sys.platform == "win32":  # without such locks nobody knows
        return False
    try:
        handle = os.open(part, os.O_RDONLY)
    except FileNotFoundError:  # its writer has just finished
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a file system without locks: nobody knows
        return False
    finally:
        os.close(handle)
    return True


def _lock(handle: int) -> bool:
    """Lock a new file; false where another process has it for a moment, to see if it is stale."""
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
    return True


def _prefix(path: Path) -> str:
    return f".{path.name[:40]}."


def sync(path: Path) -> None:
    """Have a file's data on disk before going on: a full disk may show only now."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")


def _cannot_write(path: Path, error: OSError) -> CacheError:
    return CacheError(
        f"{str(path)!r} can't be written ({error.strerror or error}): "
        "free some space or choose another folder."
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
