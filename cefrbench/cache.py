"""A look over the cache: what lies there, how large, when last used, and what is damaged."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cefrbench.errors import CacheError
from cefrbench.features.shards import DamagedShardError, verify_shard
from cefrbench.features.store import INDEX, FeatureStore

DAY = 86_400.0


@dataclass(frozen=True)
class Cached:
    """What the cache keeps for one purpose, in files of its own.

    Attributes
    ----------
    kind : {"features", "fits"}
    path : Path
        Folder of one encoder's features on one corpus, or of all fits.
    name : str
        Encoder and corpus of features.
    files : tuple of Path
        Shards, or fits.
    planned : int
        Files that there are when nothing is missing.
    size : int
        Bytes of the files.
    used : float
        When it was last used, in seconds since 1970.
    unreadable : bool
        Nothing says what the files are: they are as good as lost.
    """

    kind: Literal["features", "fits"]
    path: Path
    name: str
    files: tuple[Path, ...]
    planned: int
    size: int
    used: float
    unreadable: bool = False

    @property
    def days(self) -> float:
        """Days since it was last used."""
        return (time.time() - self.used) / DAY


def survey(cache_dir: Path) -> list[Cached]:
    """List all that the cache keeps: features by encoder and corpus, then fits.

    Raises
    ------
    CacheError
        When the folder can't be read.
    """
    try:
        return [*_features(cache_dir), *_fits(cache_dir)]
    except OSError as error:
        raise CacheError(
            f"The cache folder {str(cache_dir)!r} can't be read ({error.strerror or error}): "
            "check who owns it, or name another one with --cache-dir."
        ) from error


def find_damage(entry: Cached) -> Iterator[tuple[Path, str]]:
    """Give every damaged file of an entry with the reason; files that are missing are no damage."""
    if entry.unreadable:
        yield entry.path / INDEX, "is missing or can't be read"
        return
    for path in entry.files:
        if entry.kind == "fits":
            if not _is_whole_fit(path):
                yield path, "can't be read or has a wrong checksum"
            continue
        try:
            verify_shard(path)
        except DamagedShardError as error:
            yield path, str(error)


def _features(cache_dir: Path) -> Iterator[Cached]:
    for folder, index in FeatureStore(cache_dir).entries():
        files = tuple(sorted(folder.glob("shard-*.safetensors")))
        yield Cached(
            kind="features",
            path=folder,
            name=f"{index.encoder.name} × {index.corpus}" if index else folder.name,
            files=files,
            planned=len(index.shards) if index else len(files),
            size=sum(path.stat().st_size for path in files),
            used=(folder / INDEX if index else folder).stat().st_mtime,
            unreadable=index is None,
        )


def _fits(cache_dir: Path) -> Iterator[Cached]:
    from cefrbench.probing.store import FitStore

    folder = FitStore(cache_dir).folder
    files = tuple(sorted(folder.glob("*/*.safetensors")))
    if files:
        stats = [path.stat() for path in files]
        size, used = sum(s.st_size for s in stats), max(s.st_mtime for s in stats)
        yield Cached("fits", folder, "probe fits", files, len(files), size, used)


def _is_whole_fit(path: Path) -> bool:
    from cefrbench.probing.store import FitStore

    return FitStore(path.parents[2]).load(path.stem) is not None
