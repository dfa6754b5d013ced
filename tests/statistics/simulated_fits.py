"""Encoders and probes whose truth is known: planted features, real ridge fits, refits and all.

A text's proficiency is standard normal; its level cuts it at its corpus's shares. An encoder's
features are the proficiency along a direction, turned and moved a little by each corpus, and noise
of each text's own. Ridge is fitted as the standard fits it: features in the unit of the training
rows, corpora equal and levels balanced by ``1 / (n + 10)``, and again with each text counted as
often as a resample draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Refits, Sample, Scored

Doubles = NDArray[np.float64]
LEVELS = 5
EVEN = (0.1, 0.25, 0.3, 0.25, 0.1)


@dataclass(frozen=True)
class Corpora:
    """Texts of all corpora below each other: codes, proficiency, level, corpus."""

    codes: NDArray[np.uint64]
    proficiency: Doubles
    level: NDArray[np.int64]
    corpus: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class World:
    """Corpora with effects of their own on an encoder's features.

    Attributes
    ----------
    shares : tuple of tuple of float
        Of the levels, by corpus.
    turns, moves : ndarray, shape (corpora, width)
        What a corpus adds to the direction of proficiency, and to the features' mean.
    direction : ndarray, shape (width,)
    """

    shares: tuple[tuple[float, ...], ...]
    turns: Doubles
    moves: Doubles
    direction: Doubles

    def texts(self, rng: np.random.Generator, sizes: Sequence[int]) -> Corpora:
        corpus = np.repeat(np.arange(len(sizes)), sizes)
        proficiency = rng.standard_normal(len(corpus))
        level = np.empty(len(corpus), dtype=np.int64)
        for c, shares in enumerate(self.shares):
            own = corpus == c
            level[own] = np.digitize(proficiency[own], norm.ppf(np.cumsum(shares)[:-1]))
        codes = rng.integers(0, 2**63, len(corpus), dtype=np.uint64)
        return Corpora(codes, proficiency, level, corpus)

    def features(self, rng: np.random.Generator, texts: Corpora, *, noise: float = 1.0) -> Doubles:
        """Features of one encoder: another call is another one that is equal by construction."""
        along = self.direction + self.turns[texts.corpus]
        found: Doubles = (
            texts.proficiency[:, None] * along
            + self.moves[texts.corpus]
            + noise * rng.standard_normal((len(texts), len(self.direction)))
        )
        return found


def make_world(
    rng: np.random.Generator,
    shares: Sequence[tuple[float, ...]] = (EVEN,) * 5,
    *,
    width: int = 12,
    effect: float = 0.5,
) -> World:
    """Draw the effects of corpora."""
    direction = rng.standard_normal(width)
    return World(
        tuple(shares),
        0.2 * rng.standard_normal((len(shares), width)),
        effect * rng.standard_normal((len(shares), width)),
        1.2 * direction / np.linalg.norm(direction),
    )


def balanced(texts: Corpora, train: NDArray[np.intp], count: Doubles) -> Doubles:
    """Training weights of counted rows, ``(draws, rows)``: the rule of the standard."""
    weight = np.zeros_like(count)
    for c in np.unique(texts.corpus[train]):
        own = texts.corpus[train] == c
        part = np.zeros((len(count), int(own.sum())))
        for level in range(LEVELS):
            here = texts.level[train][own] == level
            drawn = count[:, own][:, here]
            part[:, here] = drawn / (drawn.sum(1, keepdims=True) + 10)
        weight[:, own] = part / part.sum(1, keepdims=True)
    found: Doubles = weight * count.sum(1, keepdims=True) / weight.sum(1, keepdims=True)
    return found


def ridge(
    features: Doubles,
    level: NDArray[np.int64],
    fold: tuple[NDArray[np.intp], NDArray[np.intp]],
    count: Doubles,
    weight: Doubles,
    alpha: float,
) -> Doubles:
    """Predict a fold's rows from fits to all counts at once, ``(draws, rows)``.

    The minimum of :class:`cefrbench.engines.linear.ridge.RidgeProbe` from moments, which all draws
    have in common but for their weights; a test compares the two.
    """
    train, predict = fold
    X, y, width = features[train], level[train].astype(np.float64), features.shape[1]
    share = count / count.sum(1, keepdims=True)
    mean = share @ X
    spread = np.sqrt(np.maximum(share @ X**2 - mean**2, 0.0))
    # A constant feature becomes 0 everywhere.
    unit = np.divide(1.0, spread, np.zeros_like(spread), where=spread > 1e-6)
    total = weight.sum(1)
    centre, middle = weight @ X / total[:, None], weight @ y / total
    squares = (weight @ (X[:, :, None] * X[:, None, :]).reshape(len(X), -1)).reshape(
        -1, width, width
    )
    gram = squares - total[:, None, None] * centre[:, :, None] * centre[:, None, :]
    gram = gram * unit[:, :, None] * unit[:, None, :] + alpha * np.eye(width)
    right = (weight @ (X * y[:, None]) - (total * middle)[:, None] * centre) * unit
    slope = np.linalg.solve(gram, right[:, :, None])[:, :, 0] * unit
    found: Doubles = slope @ features[predict].T + (middle - (slope * centre).sum(1))[:, None]
    return found


Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def folds_of(texts: Corpora, protocol: str) -> list[Fold]:
    """Leave one corpus out (``lofo``), or five folds by corpus and level (``iid``)."""
    if protocol == "lofo":
        place = texts.corpus
    else:
        place = np.empty(len(texts), dtype=np.int64)
        order = np.lexsort((texts.codes, texts.level, texts.corpus))
        place[order] = np.arange(len(texts)) % 5
    return [(np.flatnonzero(place != f), np.flatnonzero(place == f)) for f in np.unique(place)]


def fitted(
    texts: Corpora,
    features: Sequence[Doubles],
    protocol: str,
    *,
    refits: int,
    alpha: float = 10.0,
    encoder: str = "a",
    beyond: tuple[Corpora, Sequence[Doubles]] | None = None,
) -> tuple[Sample, list[Sample]]:
    """Fit a probe with each seed's features, refit it, and score all texts once.

    Parameters
    ----------
    features : sequence of ndarray
        Of each seed: one for a probe that no seed changes.
    beyond : (Corpora, sequence of ndarray), optional
        Very many other texts with their features, to know the true score of these fits.

    Returns
    -------
    Sample
    list of Sample
        The fits on the very many texts, if any: what the score would be without their sampling.
    """
    n = len(texts)
    drawn = TextWeights(refits).of(texts.codes).T if refits else np.zeros((0, n))
    counts = np.vstack([np.ones((1, n)), drawn])
    found = np.empty((len(features), len(counts), n))
    others: list[list[Doubles]] = [[] for _ in features]
    for train, predict in folds_of(texts, protocol):
        count = counts[:, train]
        weight = balanced(texts, train, count)
        for s, X in enumerate(features):
            found[s][:, predict] = ridge(X, texts.level, (train, predict), count, weight, alpha)
            if beyond is not None:
                whole = np.vstack([X, beyond[1][s]])
                rows = n + np.arange(len(beyond[0]))
                fold, one = (train, rows), slice(0, 1)
                others[s].append(ridge(whole, texts.level, fold, count[one], weight[one], alpha)[0])
    sample = _sample(texts, found, encoder, protocol)
    if beyond is None:
        return sample, []
    many = beyond[0]
    values = np.array(others)
    if protocol == "lofo":
        values = values[:, many.corpus, np.arange(len(many))][:, None]
    return sample, [
        _sample(many, values[:, [f]], encoder, protocol) for f in range(values.shape[1])
    ]


def _sample(texts: Corpora, found: Doubles, encoder: str, protocol: str) -> Sample:
    """Sample of predictions ``(seeds, 1 + refits, texts)``."""
    parts = []
    for c in np.unique(texts.corpus):
        own = np.flatnonzero(texts.corpus == c)
        low = texts.level[own]
        scored: dict[int | None, Scored] = {}
        for s, values in enumerate(found[:, :, own]):
            again = Refits(values[1:], values[1:]) if len(values) > 1 else None
            scored[s] = Scored(texts.codes[own], low, low, values[0], values[0], again)
        parts.append(Part.of("all", f"corpus-{c}", scored, LEVELS))
    return Sample(encoder, "ridge", protocol, tuple(parts))
