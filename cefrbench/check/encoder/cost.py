"""What an encoder costs: time, memory, and whether it gives memory back."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

from cefrbench.check.encoder.subject import MEDIUM, ORDINARY, EncoderSubject
from cefrbench.check.table import CheckTable, Problem, Remark

#: Texts of the nine corpora, to say how long a full run would take.
_FULL = 6_400
#: Batches encoded to see whether memory grows with their number.
_BATCHES = 5
#: Growth a batch that is a store of something, not the noise of an allocator.
_GROWTH = 16_384

CHECKS: CheckTable[EncoderSubject] = CheckTable()


@CHECKS.add(
    "encoder-speed",
    "How fast it is",
    "Whoever runs it wants to know how long the nine corpora take.",
    needs="encoder-repeat",
)
def check_speed(subject: EncoderSubject) -> Iterator[Remark]:
    """Time a batch of everyday texts and of texts of 80 words, about as long as learners' are."""
    texts = [*ORDINARY, *[MEDIUM] * 4]
    start = time.perf_counter()
    subject.encode(texts)
    rate = len(texts) / max(time.perf_counter() - start, 1e-9)
    minutes = max(1.0, _FULL / rate / 60)
    yield Remark(f"{rate:,.0f} texts a second here: about {minutes:,.0f} min for the nine corpora")


@CHECKS.add(
    "encoder-memory",
    "Memory does not grow from batch to batch",
    "A corpus is thousands of batches: what each leaves behind ends a run.",
    needs="encoder-repeat",
)
def check_memory(subject: EncoderSubject) -> Iterator[Problem | Remark]:
    """Encode one batch several times and watch what stays allocated."""
    import psutil

    kept = []
    tracemalloc.start()
    try:
        for _ in range(_BATCHES):
            subject.encode(ORDINARY[:3])
            gc.collect()
            kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # The first batches may fill caches; a leak goes on to the last one.
    steps = [later - earlier for earlier, later in pairwise(kept[2:])]
    if min(steps) > _GROWTH:
        yield Problem(
            f"each batch leaves {sum(steps) / len(steps) / 1024:,.0f} KiB behind",
            "keep no texts, features or tensors on the encoder after encode() returns",
        )
    resident = psutil.Process().memory_info().rss / 2**20
    yield Remark(f"{resident:,.0f} MiB resident")


@CHECKS.add(
    "encoder-close",
    "close() can be called, and called again",
    "A run closes its encoder to give the device back, also after an error.",
    needs="encoder-load",
)
def check_close(subject: EncoderSubject) -> Iterator[Remark]:
    """Load once more and close twice; an exception is reported by the table."""
    with subject.reopened() as encoder:
        encoder.close()
    yield Remark("closed twice")
