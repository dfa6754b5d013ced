"""The output folder: built beside the old one, swapped in whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from cefrbench.errors import CacheError, UserError

#: Says that a folder is a site that may be replaced.
MARKER = ".cefrbench-site"


class Output:
    """A site that is being built.

    Parameters
    ----------
    folder : Path
        Temporary folder of the build.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: set[str] = set()

    def path(self, name: str) -> Path:
        """Where a file of the site goes; its folder is made.

        Raises
        ------
        ValueError
            For a name that would lie outside the site, or that is taken: pages are named by
            slugs, so this is a fault of the builder and not of a result.
        """
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or name in self.files or not parts.parts:
            raise ValueError(f"{name!r} is no name of a new file in the site")
        self.files.add(name)
        path = self.folder / parts
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, text: str) -> None:
        """Write a text file in UTF-8."""
        self.write_bytes(name, text.encode("utf-8", "xmlcharrefreplace"))

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file as it is."""
        self.path(name).write_bytes(data)

    def link(self, name: str, source: Path) -> None:
        """Put a finished file into the site; copied where links can't be made."""
        target = self.path(name)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)


@contextmanager
def replacing(out: Path) -> Iterator[Output]:
    """Build a site beside ``out`` and swap it in when the block ends well.

    Raises
    ------
    UserError
        When ``out`` holds something that is not a site, so that nothing is lost by a slip.
    """
    _check_replaceable(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}.new-", dir=out.parent))
    except OSError as error:
        raise CacheError(
            f"{str(out)!r} can't be written ({error.strerror}): choose another --out."
        ) from error
    old = part.with_name(part.name.replace(".new-", ".old-"))
    try:
        output = Output(part)
        yield output
        output.write(MARKER, "This folder is written by `cefrbench leaderboard build`.\n")
        part.chmod(0o755)
        if out.exists():
            out.rename(old)
        part.rename(out)
    except OSError as error:
        if old.exists() and not out.exists():
            old.rename(out)
        raise CacheError(
            f"{str(out)!r} can't be written ({error.strerror or error}): "
            "free some space or choose another --out."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _check_replaceable(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UserError(f"{str(out)!r} is no folder: name a new or empty one with --out.")
    if out.is_dir() and any(out.iterdir()) and not (out / MARKER).is_file():
        raise UserError(
            f"The folder {str(out)!r} holds something that is not a site of cefrbench: "
            "name a new or empty one with --out."
        )
