"""Filling in one corpus's missing shards, in three threads' worth of work side by side.

Shards are tokenized ahead, encoded (one thread a replica of the encoder), and written behind, so
that at most a few of them are in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from cefrbench.encoder import Encoder
from cefrbench.errors import EncoderError, UserError
from cefrbench.features.batches import plan_batches
from cefrbench.features.shards import Features
from cefrbench.features.store import CorpusFeatures
from cefrbench.progress import Progress

#: A first guess, mended as texts are tokenized.
_CHARACTERS_PER_TOKEN = 4
#: Shards that may be tokenized ahead of, or wait to be written behind, each replica.
_AHEAD = 2


@contextmanager
def blamed(encoder: Encoder) -> Iterator[None]:
    """Turn whatever an encoder raises into one sentence that names it."""
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        raise EncoderError(
            f"Encoder {encoder.identity.name!r} failed ({type(error).__name__}: {error}): "
            "that is a fault of its plugin or its device; --debug shows where."
        ) from error


@dataclass
class Lane:
    """A replica of the encoder and the most that its batches may cost, as learnt so far."""

    encoder: Encoder
    budget: int

    def encode(
        self, items: Sequence[object], costs: Sequence[int], stop: threading.Event
    ) -> Features | None:
        """Encode items in batches of like length, smaller ones after a batch that didn't fit.

        Returns
        -------
        ndarray of float32, shape (len(items), layers, width)
            None when ``stop`` was set before all were encoded.
        """
        identity = self.encoder.identity
        shape = (len(identity.layers), identity.width)
        features = np.empty((len(items), *shape), dtype=np.float32)
        batches = self._plan(range(len(items)), costs)
        while batches:
            if stop.is_set():
                return None
            batch = batches.pop()
            try:
                with blamed(self.encoder):
                    values = self.encoder.encode([items[i] for i in batch])
            except MemoryError as error:
                self._shrink(batch, costs, error)
                batches = self._plan([i for b in (*batches, batch) for i in b], costs)
                continue
            if values.shape != (len(batch), *shape):
                raise EncoderError(
                    f"Encoder {identity.name!r} gave features of shape {values.shape}, "
                    f"not {(len(batch), *shape)}: mend its `encode` or its `identity`."
                )
            features[batch] = values
        return features

    def _plan(self, indices: Sequence[int], costs: Sequence[int]) -> list[list[int]]:
        plan = plan_batches([costs[i] for i in indices], self.budget, self.encoder.batch_overhead)
        return [[indices[i] for i in batch] for batch in plan]

    def _shrink(self, batch: Sequence[int], costs: Sequence[int], error: MemoryError) -> None:
        if len(batch) == 1:
            raise EncoderError(
                f"A text of {costs[batch[0]]} tokens alone doesn't fit the memory of the device of "
                f"{self.encoder.identity.name!r}: lower --max-length or choose another --device."
            ) from error
        self.budget = max(1, sum(costs[i] for i in batch) // 2)


@dataclass
class Done:
    """What has been encoded; counted under a lock, for replicas count side by side."""

    texts: int = 0
    tokens: int = 0
    characters: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Filling:
    """One corpus's missing shards on their way through tokenizer, replicas and writer."""

    def __init__(
        self,
        features: CorpusFeatures,
        missing: Sequence[int],
        lanes: Sequence[Lane],
        progress: Progress,
    ) -> None:
        self.features = features
        # Long texts first: a batch that is too large shows at once, and lanes end together.
        self.missing = sorted(missing, reverse=True)
        self.lanes = lanes
        self.progress = progress
        self.done = Done()
        self._stop = threading.Event()
        self._characters = sum(len(text) for shard in missing for text in self._texts(shard))

    def run(self) -> Done:
        """Fill all; the first error stops every thread after its batch and is raised."""
        guess = self._characters // _CHARACTERS_PER_TOKEN
        self.progress.start(f"features of {self.features.index.corpus}", guess, "tokens")
        with (
            ThreadPoolExecutor(1, "tokenize") as tokenizer,
            ThreadPoolExecutor(1, "write") as writer,
            ThreadPoolExecutor(len(self.lanes), "encode") as encoders,
        ):
            jobs = Shared(self._prepared(tokenizer))
            running = [encoders.submit(self._work, lane, jobs, writer) for lane in self.lanes]
            try:
                for future in as_completed(running):
                    future.result()
            finally:
                self._stop.set()
                self.progress.finish()
        return self.done

    def _texts(self, shard: int) -> list[str]:
        return [self.features.texts[i] for i in self.features.plan[shard]]

    def _prepared(self, pool: ThreadPoolExecutor) -> Iterator[tuple[int, Sequence[object]]]:
        """Give shards with their tokenized texts; the next ones are tokenized meanwhile."""
        encoder = self.lanes[0].encoder

        def prepare(texts: Sequence[str]) -> Sequence[object]:
            with blamed(encoder):
                return encoder.prepare(texts)

        ahead: list[tuple[int, Future[Sequence[object]]]] = []
        for shard in self.missing:
            ahead.append((shard, pool.submit(prepare, self._texts(shard))))
            if len(ahead) > _AHEAD * len(self.lanes):
                first, future = ahead.pop(0)
                yield first, future.result()
        for shard, future in ahead:
            yield shard, future.result()

    def _work(self, lane: Lane, jobs: Shared, writer: ThreadPoolExecutor) -> None:
        """Encode shards on one replica until none is left, and see them written."""
        behind: list[Future[None]] = []
        while not self._stop.is_set() and (job := jobs.next()):
            shard, items = job
            costs = [lane.encoder.cost(item) for item in items]
            values = lane.encode(items, costs, self._stop)
            if values is None:
                break
            self._check(values)
            behind.append(writer.submit(self.features.write, shard, values))
            if len(behind) > _AHEAD:
                behind.pop(0).result()
            self._count(shard, costs)
        for future in behind:
            future.result()

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

    def _count(self, shard: int, costs: Sequence[int]) -> None:
        done = self.done
        with done.lock:
            done.texts += len(costs)
            done.tokens += sum(costs)
            done.characters += sum(len(text) for text in self._texts(shard))
            estimate = done.tokens * self._characters // max(1, done.characters)
            self.progress.advance(sum(costs), estimate)


class Shared:
    """An iterator that several threads may draw from."""

    def __init__(self, jobs: Iterator[tuple[int, Sequence[object]]]) -> None:
        self._jobs = jobs
        self._lock = threading.Lock()

    def next(self) -> tuple[int, Sequence[object]] | None:
        """Give the next job; none when all are given out."""
        with self._lock:
            return next(self._jobs, None)
