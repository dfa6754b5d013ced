"""What is made of each result, kept under a key of all that it is made from.

The store lies beside the site. Files go from it into a site as hard links, so a build costs what
has changed; an entry whose files were touched since (through a link in an old site, say) is made
again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path

import cefrbench
from cefrbench.atomic import write_text
from cefrbench.errors import CacheError
from cefrbench_leaderboard.load import ResultFile, digest

_MANIFEST = "manifest.json"
_INDEX = "index.json"


@cache
def code_digest() -> str:
    """Hash of all that turns a result into pages: both packages and the drawing library."""
    total = hashlib.sha256(metadata.version("vl-convert-python").encode())
    for package in (Path(__file__).parent, Path(cefrbench.__file__).parent):
        for path in sorted(package.rglob("*")):
            if path.suffix in (".py", ".html") and "__pycache__" not in path.parts:
                total.update(path.relative_to(package).as_posix().encode())
                total.update(path.read_bytes())
    return total.hexdigest()


class Store:
    """A folder of finished entries.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(
                f"The folder {str(folder)!r} can't be made ({error.strerror}): "
                "choose another --out."
            ) from error
        self._index = self._read_index()

    def key(self, file: ResultFile) -> str:
        """Key of a result: hash of its bytes and of the code; the bytes are read when new."""
        known = self._index.get(file.name)
        if known is None or known[0] != list(file.stamp):
            known = [list(file.stamp), digest(file)]
            self._index[file.name] = known
        return hashlib.sha256(f"{file.name}\n{known[1]}\n{code_digest()}".encode()).hexdigest()[:32]

    def find(self, key: str) -> Path | None:
        """Folder of a finished entry; None when there is none, or it was touched."""
        entry = self.folder / key
        try:
            manifest = json.loads((entry / _MANIFEST).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return entry if manifest == _stamps(entry) else None

    @contextmanager
    def making(self, key: str) -> Iterator[Path]:
        """Give a temporary folder that becomes the entry when the block ends well."""
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=self.folder))
        try:
            yield part
            write_text(part / _MANIFEST, json.dumps(_stamps(part)))
            shutil.rmtree(self.folder / key, ignore_errors=True)
            part.replace(self.folder / key)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def finish(self, used: Iterable[str], files: Iterable[ResultFile]) -> None:
        """Keep what this build used and forget the rest."""
        keep = set(used)
        for path in self.folder.iterdir():
            if path.is_dir() and path.name not in keep:
                shutil.rmtree(path, ignore_errors=True)
        names = {file.name for file in files}
        self._index = {name: known for name, known in self._index.items() if name in names}
        write_text(self.folder / _INDEX, json.dumps(self._index, sort_keys=True))

    def _read_index(self) -> dict[str, list[object]]:
        try:
            index = json.loads((self.folder / _INDEX).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return index if isinstance(index, dict) else {}


def _stamps(folder: Path) -> dict[str, list[int]]:
    """Size and time of change of every file of an entry."""
    stamps: dict[str, list[int]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name != _MANIFEST:
                status = entry.stat()
                stamps[entry.name] = [status.st_size, status.st_mtime_ns]
    return stamps
