"""Features on disk: one folder an (encoder identity × corpus fingerprint), in shards.

``CACHE/features/<encoder>-<digest>/<corpus>-<fingerprint>/`` holds ``index.json`` (what the
features are of, and the plan of the shards) and ``shard-00000.safetensors``, … The plan depends
on texts and identity alone, so that a run that was killed goes on with the shards that are there.
Where an encoder reads more (parses, say), a hash of that ends the folder's name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

import numpy as np
from filelock import FileLock
from pydantic import Field, ValidationError

from cefrbench.atomic import remove_stale, write_text
from cefrbench.claims import Claims
from cefrbench.contracts.cards import Card, EncoderIdentity
from cefrbench.doors import FileKind, read_json
from cefrbench.errors import CacheError, UserError
from cefrbench.essays import Essays
from cefrbench.features.shards import (
    DamagedShardError,
    Features,
    RowIndex,
    check_shard,
    read_layer,
    write_shard,
)
from cefrbench.mapped import Gathered, keep_texts

#: Texts of one shard, at most: what a crash costs.
SHARD_TEXTS = 256
#: Bytes of one shard, about, at most: what waits in memory to be written.
SHARD_BYTES = 64 * 2**20
INDEX = "index.json"
_INDEX_FILE = FileKind("The index of features", 64 * 1024**2, "remove its folder")
#: Packages whose version can change a feature value.
_SOFTWARE = ("torch", "transformers", "tokenizers")


def default_cache_dir() -> Path:
    """Folder for caches: ``CEFRBENCH_CACHE_DIR``, else the platform's place for caches."""
    from platformdirs import user_cache_path

    folder = os.environ.get("CEFRBENCH_CACHE_DIR")
    return Path(folder) if folder else user_cache_path("cefrbench", appauthor=False)


class FeatureIndex(Card):
    """What one folder of features is of, and how it is cut into shards."""

    format: int = 1
    encoder: EncoderIdentity
    corpus: str
    fingerprint: str = Field(description="SHA-256 of the cleaned rows.")
    software: dict[str, str] = Field(
        description="Versions of what computed the features, and a digest of its source."
    )
    reads: dict[str, str] = Field(
        default_factory=dict,
        description="What else the features depend on, as the encoder says: a file's hash, say.",
    )
    texts: int = Field(description="Distinct texts.")
    shards: tuple[int, ...] = Field(description="Texts of each shard, in order.")


@dataclass(frozen=True)
class CorpusFeatures:
    """The features of one corpus on disk: the plan of its shards, reading and writing.

    Attributes
    ----------
    folder : Path
    index : FeatureIndex
    texts : sequence of str
        The distinct texts, in order of first occurrence.
    rows : ndarray of int64, shape (n_rows,)
        Index into ``texts`` of each row of the corpus.
    plan : tuple of ndarray of int64
        Indices into ``texts`` of each shard: texts of like length, short ones first.
    claims : Claims
        By which processes share out the shards.
    """

    folder: Path
    index: FeatureIndex
    texts: Sequence[str]
    rows: RowIndex
    plan: tuple[RowIndex, ...]
    claims: Claims

    @cached_property
    def key(self) -> str:
        """Name of encoder and corpus, as written into every shard."""
        return f"{self.index.encoder.digest()}/{self.index.fingerprint}"

    @property
    def lock(self) -> FileLock:
        """Lock that a process holds while it makes the folder ready; released when it dies."""
        return FileLock(self.folder / ".lock")

    def path(self, shard: int) -> Path:
        """Path of a shard."""
        return self.folder / f"shard-{shard:05d}.safetensors"

    def missing(self) -> list[int]:
        """Give the shards that are missing or damaged; nothing is written."""
        shards = range(len(self.plan))
        if read_index(self.folder / INDEX) != self.index:
            return list(shards)
        return [shard for shard in shards if not self.is_good(shard)]

    def absent(self) -> list[int]:
        """Give the shards that have no file; nothing is read but the index."""
        shards = range(len(self.plan))
        if read_index(self.folder / INDEX) != self.index:
            return list(shards)
        return [shard for shard in shards if not self.path(shard).is_file()]

    def open(self) -> list[int]:
        """Make the folder ready and give the shards that are missing or damaged.

        Raises
        ------
        CacheError
            When the folder can't be written.
        """
        path = self.folder / INDEX
        remove_stale(self.folder)
        if read_index(path) != self.index:
            for old in self.folder.glob("shard-*"):
                old.unlink()
            write_text(path, self.index.model_dump_json(indent=1) + "\n")
        else:
            os.utime(path)
        return self.missing()

    def work(self, shard: int) -> str:
        """Name of a shard, to claim it by."""
        return f"{self.key}/{self.folder.name}/{shard}"

    def is_good(self, shard: int) -> bool:
        """Whether a shard is there and whole."""
        try:
            check_shard(self.path(shard), self.key, self.plan[shard], self.index.encoder.layers)
        except DamagedShardError:
            return False
        return True

    def write(self, shard: int, features: Features) -> None:
        """Write the features ``(text, layer, dim)`` of one shard, in the order of its plan."""
        layers = self.index.encoder.layers
        write_shard(self.path(shard), self.key, self.plan[shard], features, layers)

    def distinct(self, layer: int) -> Features:
        """Read one layer of the distinct texts, in the order in which they first stand.

        Returns
        -------
        ndarray of float32, shape (len(texts), width)
            In memory up to :data:`cefrbench.mapped.HELD_BYTES`, else mapped from disk.
        """
        shape = (len(self.texts), self.index.encoder.width)
        gathered = Gathered(shape, self.folder)
        for shard in range(len(self.plan)):
            try:
                rows, features = read_layer(self.path(shard), layer)
            except DamagedShardError as error:
                raise CacheError(
                    f"The features in {str(self.path(shard))!r} went bad while in use ({error}): "
                    "run again to compute them anew."
                ) from error
            gathered.put(rows, features)
        return gathered.rows()


class FeatureStore:
    """The features below ``cache_dir/features``."""

    def __init__(self, cache_dir: Path) -> None:
        self.folder = cache_dir / "features"
        self.claims = Claims(cache_dir)

    def corpus(
        self,
        identity: EncoderIdentity,
        essays: Essays,
        source: str,
        reads: Mapping[str, str] = MappingProxyType({}),
    ) -> CorpusFeatures:
        """Plan the features of one encoder on one corpus; nothing is read or written yet.

        Parameters
        ----------
        identity : EncoderIdentity
        essays : Essays
        source : str
            Digest of the code that computes the features: those of other code are computed again.
        reads : mapping of str to str
            What else they depend on; features of other parses, say, lie in another folder.

        Raises
        ------
        CacheError
            When the folder can't be made.
        """
        number: dict[str, int] = {}
        rows = [number.setdefault(text, len(number)) for text in essays.texts]
        # Those of the corpus as they are, which may lie in a file, unless one stands in it twice.
        texts = essays.texts if len(number) == len(rows) else keep_texts(number)
        del number
        plan = plan_shards(texts, identity)
        fingerprint = essays.fingerprint
        index = FeatureIndex(
            encoder=identity,
            corpus=essays.name,
            fingerprint=fingerprint,
            software={**_software(), "source": source},
            reads=dict(reads),
            texts=len(texts),
            shards=tuple(len(shard) for shard in plan),
        )
        encoder = f"{_slug(identity.name)}-{identity.digest()}"
        folder = self.folder / encoder / f"{_slug(essays.name)}-{fingerprint[:16]}{_mark(reads)}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(
                f"The cache folder {str(self.folder)!r} can't be written "
                f"({error.strerror or error}): choose another one with --cache-dir."
            ) from error
        return CorpusFeatures(
            folder, index, texts, np.array(rows, dtype=np.int64), plan, self.claims
        )

    def entries(self) -> Iterator[tuple[Path, FeatureIndex | None]]:
        """Give every folder of features with its index; none where the index can't be read."""
        for folder in sorted(self.folder.glob("*/*/")):
            yield folder, read_index(folder / INDEX)


def plan_shards(texts: Sequence[str], identity: EncoderIdentity) -> tuple[RowIndex, ...]:
    """Cut texts, ordered by length, into shards of at most ``SHARD_TEXTS`` and ``SHARD_BYTES``."""
    order = np.array(sorted(range(len(texts)), key=lambda i: (len(texts[i]), i)), dtype=np.int64)
    size = SHARD_BYTES // max(1, len(identity.layers) * identity.width * 4)
    size = max(1, min(SHARD_TEXTS, size))
    return tuple(order[start : start + size] for start in range(0, len(order), size))


def bytes_of(identity: EncoderIdentity) -> int:
    """Bytes that one number of an encoder takes on disk: two where it is a model's own bfloat16.

    Means are sums in float32, so they take four.
    """
    own = identity.dtype == "bfloat16" and identity.pooling in ("last", "cls", "max")
    return 2 if own else 4


def read_index(path: Path) -> FeatureIndex | None:
    """Read an index; none when it is absent, damaged or of another format."""
    try:
        return FeatureIndex.model_validate(read_json(path, _INDEX_FILE))
    except (UserError, ValidationError):
        # Treated as absent: what it described is computed again and written over.
        return None


def _software() -> dict[str, str]:
    return {name: metadata.version(name) for name in _SOFTWARE}


def _mark(reads: Mapping[str, str]) -> str:
    """End of a folder's name for what features depend on beside encoder and texts."""
    if not reads:
        return ""
    return "-" + hashlib.sha256(json.dumps(sorted(reads.items())).encode()).hexdigest()[:16]


def _slug(name: str) -> str:
    """Last part of a name, fit for a folder."""
    last = name.rstrip("/").replace(":", "/").rsplit("/", 1)[-1].lower()
    return re.sub(r"[^a-z0-9._-]+", "-", last).strip(".-")[:60] or "model"
