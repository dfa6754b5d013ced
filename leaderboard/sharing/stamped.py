"""Pages of results with the stamp of the last build, so that the next one writes none anew."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from cefrbench.atomic import write_text
from cefrbench_leaderboard.sharing.stamp import Stamp

_INDEX = "index.json"


class Stamped:
    """A folder of stamped pages; one that was touched since is written again.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    stamp : Stamp
    """

    def __init__(self, folder: Path, stamp: Stamp) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._stamp = stamp
        self._digest = hashlib.sha256(repr(stamp).encode()).hexdigest()
        self._before = self._read_index()
        self._now: dict[str, list[object]] = {}

    def page(self, path: str, source: Path, claim: str = "") -> Path:
        """Stamp a page of the store, or find it stamped.

        Parameters
        ----------
        path : str
            Of the page in the site.
        source : Path
            In the folder of its entry, whose name is a key of all that it is made from.
        claim : str
            Markup that its board adds.
        """
        name = f"{source.parent.name}.html"
        target = self._folder / name
        known = self._before.get(name)
        if known is None or known != self._state(target, claim):
            html = self._stamp.fill(source.read_text("utf-8"), path, claim)
            # The file may be linked into an older site, which keeps its own.
            target.unlink(missing_ok=True)
            target.write_text(html, "utf-8")
        self._now[name] = self._state(target, claim)
        return target

    def finish(self) -> None:
        """Keep what this build used and forget the rest."""
        write_text(self._folder / _INDEX, json.dumps(self._now, sort_keys=True))
        for path in self._folder.iterdir():
            if path.name != _INDEX and path.name not in self._now:
                path.unlink()

    def _state(self, path: Path, claim: str) -> list[object]:
        if not path.is_file():
            return []
        status = path.stat()
        digest = hashlib.sha256(f"{self._digest}{claim}".encode()).hexdigest()
        return [digest, status.st_size, status.st_mtime_ns]

    def _read_index(self) -> dict[str, list[object]]:
        try:
            index = json.loads((self._folder / _INDEX).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return index if isinstance(index, dict) else {}
