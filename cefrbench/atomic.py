"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cefrbench.errors import CacheError


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
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent
        )
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    part = Path(name)
    try:
        yield part
        sync(part)
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        part.unlink(missing_ok=True)


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
