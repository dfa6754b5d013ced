"""Random weights for a bootstrap that is keyed by text.

Each text gets, in each replicate, a weight of its own from a Poisson distribution with mean 1 (the
Poisson bootstrap: Chamandy et al., "Estimating uncertainty for massive data streams", 2012): a
resample with replacement but for its size, which varies. The stream of a text's weights is seeded
by the text's key alone, so a text weighs the same wherever it is scored: in distribution and out
of it, with every seed, in every result. Hence differences of replicates are paired by text with no
more ado, and a result's replicates never depend on what it is compared with.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics.scoring import Floats

REPLICATES = 2000

#: Most bytes of weights that are kept: forty times those of nine corpora.
_KEPT_BYTES = 640 * 2**20

Codes = NDArray[np.uint64]
Weights = NDArray[np.uint8]


def _poisson_table() -> Weights:
    """Poisson(1) quantile of each of the 65,536 values of a 16-bit word."""
    k = np.arange(12)
    probability = np.exp(-1.0) / np.cumprod(np.maximum(k, 1))
    middles = (np.arange(2**16) + 0.5) / 2**16
    return np.searchsorted(np.cumsum(probability), middles).astype(np.uint8)


_POISSON = _poisson_table()
#: A text is drawn no more often.
MOST_DRAWN = int(_POISSON.max())


def stream(*parts: object) -> np.random.Philox:
    """Random bits that depend on nothing but ``parts``: a counter-based generator keyed by them."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest()
    return np.random.Philox(key=int.from_bytes(digest, "little"))


@dataclass(slots=True)
class TextWeights:
    """Weights of texts in all replicates.

    Attributes
    ----------
    replicates : int
    seed : int
        Another seed gives another set of resamples.
    """

    replicates: int = REPLICATES
    seed: int = 0
    _known: dict[bytes, Weights] = field(default_factory=dict, repr=False)

    def of(self, texts: Codes) -> Weights:
        """Weights of texts by their codes, shape ``(len(texts), replicates)``.

        They are kept, because all probes, seeds and results ask for the same texts.
        """
        place = hashlib.blake2b(texts.tobytes(), digest_size=16).digest()
        if place not in self._known:
            if sum(known.nbytes for known in self._known.values()) > _KEPT_BYTES:
                self._known.clear()
            weights = np.empty((len(texts), self.replicates), dtype=np.uint8)
            for row, code in enumerate(texts.tolist()):
                weights[row] = self._draw(code)
            self._known[place] = weights
        return self._known[place]

    def _draw(self, code: int) -> Weights:
        words = stream(self.seed, code).random_raw(-(-self.replicates // 4)).astype("<u8")
        weights: Weights = _POISSON[words.view("<u2")[: self.replicates]]
        return weights

    def sums(self, texts: Codes, columns: Floats) -> Floats:
        """Weighted sums of columns over texts.

        Parameters
        ----------
        texts : ndarray of uint64, shape (n,)
            Codes of the texts.
        columns : ndarray of float64, shape (seeds, n, k)

        Returns
        -------
        ndarray of float64, shape (replicates, seeds, k)
        """
        seeds, n, k = columns.shape
        # Counts stay below 2²⁴, so that sums of whole numbers are exact in single precision.
        flat = columns.transpose(0, 2, 1).reshape(seeds * k, n).astype(np.float32)
        sums = (flat @ self.of(texts).astype(np.float32)).astype(np.float64)
        return sums.reshape(seeds, k, self.replicates).transpose(2, 0, 1)


def text_codes(texts: NDArray[np.str_]) -> Codes:
    """Number texts by a 64-bit hash of their keys: the same key has the same code everywhere.

    Sorting and matching a result's 80,000 keys as strings would cost more than resampling them.
    """
    keys = texts.tolist()
    known = {
        key: hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for key in dict.fromkeys(keys)
    }
    return np.frombuffer(b"".join(map(known.__getitem__, keys)), "<u8").astype(np.uint64)


@lru_cache(maxsize=32)
def seed_weights(seeds: int, replicates: int, *label: object) -> Floats:
    """Weights of a probe's seeds in all replicates, each row adding up to 1.

    Seeds are drawn with replacement. With so few, a plain draw shows only ``(S - 1) / S`` of
    their variance, so its deviations are stretched by ``sqrt(S / (S - 1))`` (the rescaling
    bootstrap: Rao & Wu 1988); weights may thus lie below 0.

    Parameters
    ----------
    seeds : int
    replicates : int
    *label
        What the draw depends on. Two encoders' seeds have nothing in common but their number, so
        the encoder belongs to it.
    """
    if seeds == 1:
        return np.ones((replicates, 1))
    rng = np.random.Generator(stream("seeds", *label))
    drawn = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=replicates) / seeds
    weights: Floats = 1 / seeds + np.sqrt(seeds / (seeds - 1)) * (drawn - 1 / seeds)
    weights.flags.writeable = False  # they are kept, for all probes of an encoder ask for them
    return weights
