"""Filling in one corpus's missing shards: tokenizing ahead, encoding, and writing behind.

Shards are cut into batches, which the encoder's replicas take one by one, each in a thread of its
own; a shard is written when its last batch is there. Only a few shards are in memory at once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from filelock import FileLock

from cefrbench.contracts.encoder import Encoder
from cefrbench.errors import EncoderError, UserError, contained
from cefrbench.features.batches import plan_batches
from cefrbench.features.shards import Features
from cefrbench.features.store import CorpusFeatures
from cefrbench.memory import return_memory
from cefrbench.progress import Progress

#: A first guess, mended as texts are tokenized.
_CHARACTERS_PER_TOKEN = 4
#: Shards that may be tokenized ahead, and shards that may wait to be written.
_AHEAD = 2
#: Seconds between two times that freed memory is handed back: it takes milliseconds.
_RETURN_EVERY = 1.0


@contextmanager
def blamed(encoder: Encoder) -> Iterator[None]:
    """Turn whatever an encoder raises into one sentence that names it."""
    try:
        with contained():
            yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        raise EncoderError(
            f"Encoder {encoder.identity.name!r} failed ({type(error).__name__}: {error}): "
            "that is a fault of its plugin or its device; --debug shows where."
        ) from error


@dataclass
class Budget:
    """The most that a batch may cost; lowered when one didn't fit the device."""

    cost: int


def encode_batch(
    encoder: Encoder, items: Sequence[object], costs: Sequence[int], budget: Budget
) -> Features:
    """Encode one batch, in halves where it doesn't fit, which lowers the budget of later ones.

    Returns
    -------
    ndarray of float32, shape (len(items), layers, width)

    Raises
    ------
    EncoderError
        When one text alone doesn't fit, or the features aren't of the shape they should be.
    """
    identity = encoder.identity
    values = _encode_if_it_fits(encoder, items)
    if values is None:
        if len(items) == 1:
            raise EncoderError(
                f"A text of {costs[0]} tokens alone doesn't fit the memory of the device of "
                f"{identity.name!r}: lower --max-length or choose another --device."
            )
        budget.cost = min(budget.cost, max(1, len(items) * max(costs) // 2))
        half = len(items) // 2
        first = encode_batch(encoder, items[:half], costs[:half], budget)
        return np.concatenate([first, encode_batch(encoder, items[half:], costs[half:], budget)])
    shape = (len(items), len(identity.layers), identity.width)
    if values.shape != shape:
        raise EncoderError(
            f"Encoder {identity.name!r} gave features of shape {values.shape}, not {shape}: "
            "mend its `encode` or its `identity`."
        )
    return values


def _encode_if_it_fits(encoder: Encoder, items: Sequence[object]) -> Features | None:
    # The error is let go here: its traceback would hold the memory that the halves need.
    try:
        with blamed(encoder):
            return encoder.encode(items)
    except MemoryError:
        return None


class _Shard:
    """A shard on its way: its tokenized texts, and the features of those encoded so far."""

    def __init__(self, number: int, items: Sequence[object], encoder: Encoder) -> None:
        self.number = number
        self.items = items
        self.costs = [encoder.cost(item) for item in items]
        shape = (len(items), len(encoder.identity.layers), encoder.identity.width)
        self.features: Features = np.empty(shape, dtype=np.float32)
        self.waiting = len(items)


class Filling:
    """One corpus's missing shards on their way through tokenizer, replicas and writer.

    Parameters
    ----------
    features : CorpusFeatures
    missing : sequence of int
        Shards to compute.
    replicas : sequence of Encoder
    budget : Budget
    progress : Progress

    Attributes
    ----------
    texts, tokens : int
        Encoded so far.
    written : int
        Shards written so far.
    claimed_elsewhere : list of int
        Shards that another process was at.
    """

    def __init__(
        self,
        features: CorpusFeatures,
        missing: Sequence[int],
        replicas: Sequence[Encoder],
        budget: Budget,
        progress: Progress,
    ) -> None:
        self.features = features
        self.missing = missing
        self.replicas = replicas
        self.budget = budget
        self.progress = progress
        self.texts = self.tokens = self.written = 0
        self.claimed_elsewhere: list[int] = []
        self._claims: dict[int, FileLock] = {}
        self._returned = 0.0
        self._stop = threading.Event()
        self._jobs_lock, self._lock = threading.Lock(), threading.Lock()
        self._writes: deque[Future[None]] = deque()
        self._characters = sum(len(text) for shard in missing for text in self._texts(shard))
        self._known_characters = self._known_tokens = 0

    def run(self) -> None:
        """Fill all; the first error stops every thread after its batch and is raised."""
        guess = self._characters // _CHARACTERS_PER_TOKEN
        self.progress.start(f"features of {self.features.index.corpus}", guess, "tokens")
        try:
            self._run()
        finally:
            self.progress.finish()
            for claim in self._claims.values():
                claim.release()

    def _run(self) -> None:
        with (
            ThreadPoolExecutor(1, "tokenize") as tokenizer,
            ThreadPoolExecutor(1, "write") as writer,
            ThreadPoolExecutor(len(self.replicas), "encode") as encoders,
        ):
            jobs = self._jobs(tokenizer)
            running = [encoders.submit(self._work, r, jobs, writer) for r in self.replicas]
            try:
                for future in as_completed(running):
                    future.result()
                for written in self._writes:
                    written.result()
            finally:
                self._stop.set()

    def _texts(self, shard: int) -> list[str]:
        return [self.features.texts[i] for i in self.features.plan[shard]]

    def _jobs(self, pool: ThreadPoolExecutor) -> Iterator[tuple[_Shard, list[int]]]:
        """Give batches, long texts first, of one shard after the other."""
        encoder = self.replicas[0]
        for number, items in self._prepared(pool):
            shard = _Shard(number, items, encoder)
            self._known_tokens += sum(shard.costs)
            self._known_characters += sum(len(text) for text in self._texts(number))
            plan = plan_batches(shard.costs, self.budget.cost, encoder.batch_overhead)
            for batch in reversed(plan):
                yield shard, batch

    def _prepared(self, pool: ThreadPoolExecutor) -> Iterator[tuple[int, Sequence[object]]]:
        """Give shards with their tokenized texts; the next ones are tokenized meanwhile."""
        encoder = self.replicas[0]

        def prepare(texts: Sequence[str]) -> Sequence[object]:
            with blamed(encoder):
                return encoder.prepare(texts)

        ahead: deque[tuple[int, Future[Sequence[object]]]] = deque()
        for number in self.missing:
            if not self._claim(number):
                continue
            ahead.append((number, pool.submit(prepare, self._texts(number))))
            if len(ahead) > _AHEAD:
                first, future = ahead.popleft()
                yield first, future.result()
        for number, future in ahead:
            yield number, future.result()

    def _claim(self, number: int) -> bool:
        """Claim a shard; false where another process is at it, or was."""
        claim = self.features.claims.attempt(self.features.work(number))
        if claim is None:
            self.claimed_elsewhere.append(number)
            return False
        if self.features.is_good(number):
            claim.release()
            return False
        self._claims[number] = claim
        return True

    def _write(self, shard: _Shard) -> None:
        self.features.write(shard.number, shard.features)
        self.written += 1
        self._claims.pop(shard.number).release()

    def _work(
        self,
        replica: Encoder,
        jobs: Iterator[tuple[_Shard, list[int]]],
        writer: ThreadPoolExecutor,
    ) -> None:
        """Encode batches on one replica until none is left."""
        while not self._stop.is_set():
            with self._jobs_lock:
                job = next(jobs, None)
            if job is None:
                return
            shard, batch = job
            costs = [shard.costs[i] for i in batch]
            values = encode_batch(replica, [shard.items[i] for i in batch], costs, self.budget)
            shard.features[batch] = values
            if self._count(shard, costs):
                self._finish(shard, writer)

    def _count(self, shard: _Shard, costs: Sequence[int]) -> bool:
        """Count a batch as done; true for the last one of its shard."""
        with self._lock:
            shard.waiting -= len(costs)
            self.texts += len(costs)
            self.tokens += sum(costs)
            known = max(1, self._known_characters)
            self.progress.advance(sum(costs), self._known_tokens * self._characters // known)
            if time.monotonic() - self._returned > _RETURN_EVERY:
                return_memory()
                self._returned = time.monotonic()
            return shard.waiting == 0

    def _finish(self, shard: _Shard, writer: ThreadPoolExecutor) -> None:
        """Check a shard and have it written; wait while too many are."""
        self._check(shard.features)
        with self._lock:
            self._writes.append(writer.submit(self._write, shard))
            oldest = self._writes.popleft() if len(self._writes) > _AHEAD else None
        if oldest is not None:
            oldest.result()

    def _check(self, values: Features) -> None:
        """Refuse features that no probe can use, naming the layer where they begin."""
        finite = np.isfinite(values).all(axis=(0, 2))
        if finite.all():
            return
        identity = self.features.index.encoder
        layer = identity.layers[int(np.argmin(finite))]
        advice = (
            "its weights may be damaged"
            if identity.dtype == "float32"
            else "run it with --dtype float32"
        )
        raise EncoderError(
            f"{identity.name!r} gives NaN or infinite features on {self.features.index.corpus!r} "
            f"from layer {layer} on ({identity.dtype}): {advice}."
        )
