"""Computing features: what is missing in the store, once a text, all layers in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from cefrbench.claims import Alone, Company
from cefrbench.contracts.encoder import CorpusTexts, Encoder
from cefrbench.errors import CacheError, EncoderError
from cefrbench.essays import Essays, text_key
from cefrbench.features.filling import Budget, Filling, blamed
from cefrbench.features.shards import Features
from cefrbench.features.store import CorpusFeatures, FeatureStore
from cefrbench.mapped import Gathered, stretches
from cefrbench.progress import Progress, Silent
from cefrbench.sources import source_digest

#: Told of a corpus, a layer, and the rows of its distinct texts.
Watch: TypeAlias = "Callable[[str, int, Features], None]"


@dataclass(frozen=True)
class FeatureSet:
    """The features of one encoder on pooled corpora; layers stay on disk until asked for.

    Attributes
    ----------
    corpora : tuple of CorpusFeatures
    layers : tuple of int
    width : int
    failed : dict of str to str
        Corpora that are left out, and why.
    stats : dict of str to float
        ``texts`` and ``tokens`` encoded, ``seconds`` it took, ``shards_reused`` and
        ``shards_computed``.
    notes : dict of str to tuple of str
        What the encoder says of a corpus, by its name.
    watch : callable or None
        Told of each layer of a corpus as it is read: corpus, layer, rows of its distinct texts.
    """

    corpora: tuple[CorpusFeatures, ...]
    layers: tuple[int, ...]
    width: int
    failed: dict[str, str]
    stats: dict[str, float]
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    watch: Watch | None = field(default=None, compare=False, repr=False)

    def layer(self, k: int) -> Features:
        """Read layer ``k`` of all rows of all corpora, in pool order.

        Returns
        -------
        ndarray of float32, shape (n_rows, width)
            In memory up to :data:`cefrbench.mapped.HELD_BYTES`; else mapped from a file in the
            cache, which is gone when the array is.

        Raises
        ------
        ValueError
            When the encoder has no layer ``k``.
        CacheError
            When the store went bad since the features were computed.
        """
        if k not in self.layers:
            raise ValueError(f"There is no layer {k}: there are {self.layers}.")
        count = sum(len(features.rows) for features in self.corpora)
        gathered, done = Gathered((count, self.width), self.corpora[0].folder), 0
        for features in self.corpora:
            values = features.distinct(k)
            if self.watch is not None:
                self.watch(features.index.corpus, k, values)
            for part in stretches(values, len(features.rows)):
                rows = values[features.rows[part]]
                gathered.put(np.arange(done, done + len(rows)), rows)
                done += len(rows)
        return gathered.rows()


def compute_features(
    encoder: Encoder,
    essays: Sequence[Essays],
    store: FeatureStore,
    *,
    data_dir: Path | None = None,
    batch_tokens: int | None = None,
    fail_fast: bool = False,
    progress: Progress | None = None,
    company: Company | None = None,
) -> FeatureSet:
    """Compute the features of each corpus that the store doesn't hold yet.

    A corpus whose features can't be had (they aren't finite, a text doesn't fit the device, the
    device is gone) is left out with its cause, and the others go on. What was computed stays in
    the store.

    Parameters
    ----------
    encoder : Encoder
    essays : sequence of Essays
        At least one corpus; their order is the order of the rows.
    store : FeatureStore
    data_dir : Path, optional
        Folder that the corpora were read from, for encoders that read more of it.
    batch_tokens : int, optional
        Most tokens of one batch; the encoder's own choice by default. It is halved after a batch
        that doesn't fit the device.
    fail_fast : bool
        Raise the first corpus's failure instead.
    progress : Progress, optional
    company : Company, optional
        Other processes that fill the same store; they are called when something is missing.

    Raises
    ------
    EncoderError
        When no corpus is left, or with ``fail_fast``: the first failure.
    CacheError
        When the store can't be written.
    """
    begun = time.perf_counter()
    stats = dict.fromkeys(("texts", "tokens", "shards_reused", "shards_computed"), 0.0)
    budget = Budget(batch_tokens or encoder.batch_cost)
    source = source_digest(encoder)
    company, progress = company or Alone(), progress or Silent()
    filled: dict[str, CorpusFeatures] = {}
    failed: dict[str, EncoderError] = {}
    notes: dict[str, tuple[str, ...]] = {}
    pending: list[tuple[Essays, _Corpus]] = []
    for one in company.turned(essays):
        with _recorded(failed, one.name, fail_fast):
            own = _of_corpus(encoder, one, data_dir)
            features = store.corpus(encoder.identity, one, source, own.reads)
            corpus = _Corpus(features, own, budget, progress, company, stats)
            corpus.fill()
            filled[one.name], notes[one.name] = features, tuple(own.notes)
            if corpus.elsewhere:
                pending.append((one, corpus))
    for one, corpus in pending:
        with _recorded(failed, one.name, fail_fast):
            corpus.wait()
    kept = [one.name for one in essays if one.name not in failed]
    if failed and not kept:
        raise next(iter(failed.values()))
    stats["seconds"] = time.perf_counter() - begun
    identity = encoder.identity
    causes = {one.name: str(failed[one.name]) for one in essays if one.name in failed}
    return FeatureSet(
        tuple(filled[name] for name in kept),
        identity.layers,
        identity.width,
        causes,
        stats,
        {name: notes[name] for name in kept},
    )


def plan_features(
    encoder: Encoder, essays: Sequence[Essays], store: FeatureStore
) -> FeatureSet | None:
    """Give the features as they will be, computed or not.

    None for an encoder that reads more of a corpus than its texts: reading that takes its time.
    """
    if type(encoder).for_corpus is not Encoder.for_corpus:
        return None
    identity, source = encoder.identity, source_digest(encoder)
    corpora = tuple(store.corpus(identity, one, source, encoder.reads) for one in essays)
    return FeatureSet(corpora, identity.layers, identity.width, {}, {})


@contextmanager
def _recorded(failed: dict[str, EncoderError], corpus: str, fail_fast: bool) -> Iterator[None]:
    """Write an encoder's failure on a corpus down, so that the others go on."""
    try:
        yield
    except EncoderError as error:
        if fail_fast:
            raise
        failed[corpus] = error


def _of_corpus(encoder: Encoder, essays: Essays, data_dir: Path | None) -> Encoder:
    # Most encoders don't ask, and hashing 400,000 texts for nothing takes seconds.
    if type(encoder).for_corpus is Encoder.for_corpus:
        return encoder
    with blamed(encoder):
        return encoder.for_corpus(corpus_texts(essays, data_dir))


def corpus_texts(essays: Essays, data_dir: Path | None) -> CorpusTexts:
    """Say what is known of a corpus's texts, each once, as its first row has it."""
    first: dict[str, int] = {}
    for row, text in enumerate(essays.texts):
        first.setdefault(text, row)
    titles = essays.titles or (None,) * len(essays)
    return CorpusTexts(
        corpus=essays.name,
        texts=tuple(first),
        keys=tuple(map(text_key, first)),
        languages=tuple(essays.languages[row] for row in first.values()),
        titles=tuple(titles[row] for row in first.values()),
        data_dir=data_dir,
    )


def _opened_folder(features: CorpusFeatures) -> list[int]:
    try:
        return features.open()
    except OSError as error:
        if missing := features.missing():
            raise CacheError(
                f"The cache folder {str(features.folder)!r} can't be written "
                f"({error.strerror or error}): choose another one with --cache-dir."
            ) from error
        return missing


@dataclass(slots=True)
class _Corpus:
    """One corpus's shards, being filled; each is claimed, so that two runs compute none twice."""

    features: CorpusFeatures
    encoder: Encoder
    budget: Budget
    progress: Progress
    company: Company
    stats: dict[str, float]
    elsewhere: list[int] = field(default_factory=list)

    def fill(self) -> None:
        """Compute what is missing, but for what other processes are at (``elsewhere``)."""
        missing = _missing(self.features)
        self.stats["shards_reused"] += len(self.features.plan)
        if missing:
            self.company.call()
            self._compute(missing)

    def wait(self) -> None:
        """Wait for the other processes, and compute what came of nothing."""
        while self.elsewhere:
            for shard in self.elsewhere:
                with self.features.claims.wait(self.features.work(shard)):
                    pass
            missing = [shard for shard in self.elsewhere if not self.features.is_good(shard)]
            self.elsewhere = []
            if missing:
                self._compute(missing)

    def _compute(self, missing: Sequence[int]) -> None:
        # Long texts first: a batch that is too large shows at once, and replicas end together.
        missing = self.company.turned(sorted(missing, reverse=True))
        # Replicas are made only when there is something to do.
        replicas = self.encoder.replicas()
        filling = Filling(self.features, missing, replicas, self.budget, self.progress)
        filling.run()
        self.elsewhere = filling.claimed_elsewhere
        self.stats["texts"] += filling.texts
        self.stats["tokens"] += filling.tokens
        self.stats["shards_computed"] += filling.written
        self.stats["shards_reused"] -= filling.written


def _missing(features: CorpusFeatures) -> list[int]:
    """Make a corpus's folder ready, and give what it lacks."""
    lock = features.lock
    try:
        lock.acquire()
    except OSError as error:
        if not features.missing():
            # All of it is there, in a cache that others may read only.
            return []
        raise CacheError(
            f"The cache folder {str(features.folder)!r} can't be locked "
            f"({error.strerror or error}): choose another one with --cache-dir."
        ) from error
    try:
        return _opened_folder(features)
    finally:
        lock.release()
