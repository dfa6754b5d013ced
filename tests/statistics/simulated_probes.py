"""Probes whose true scores are known: invented texts from a distribution that is known exactly.

A text's proficiency is standard normal; its level cuts it at the quantiles of a prior. A probe sees
the proficiency with correlation ``rho`` and predicts a value on the scale of the levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from cefrbench.statistics.draws import resample
from cefrbench.statistics.intervals import Interval, from_draws
from cefrbench.statistics.listing import STATISTICS
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Sample, Scored
from cefrbench.statistics.scoring import Outcomes, outcomes

#: Levels as in a corpus of many levels, and in one with few texts at the top.
BROAD = (0.1, 0.25, 0.3, 0.25, 0.1)
STEEP = (0.45, 0.3, 0.15, 0.07, 0.03)


@dataclass(frozen=True)
class Texts:
    """Some texts: codes, proficiency and level."""

    codes: NDArray[np.uint64]
    proficiency: NDArray[np.float64]
    level: NDArray[np.int64]

    def first(self, count: int) -> Texts:
        return Texts(self.codes[:count], self.proficiency[:count], self.level[:count])


def texts(rng: np.random.Generator, corpus: int, count: int, prior: tuple[float, ...]) -> Texts:
    proficiency = rng.standard_normal(count)
    cuts = norm.ppf(np.cumsum(prior)[:-1])
    codes = np.arange(count, dtype=np.uint64) + corpus * 2**32
    return Texts(
        codes.astype(np.uint64), proficiency, np.digitize(proficiency, cuts).astype(np.int64)
    )


def predict(
    rng: np.random.Generator,
    seen: Texts,
    rho: float,
    prior: tuple[float, ...],
    *,
    spread: float = 1.0,
    shared: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Predict with correlation ``rho``; ``shared`` is noise that another probe has in part too."""
    noise = rng.standard_normal(len(seen.codes))
    if shared is not None:
        noise = np.sqrt(0.5) * (noise + shared)
    classes, weights = np.arange(5), np.array(prior)
    mean = (classes * weights).sum()
    sd = np.sqrt((weights * (classes - mean) ** 2).sum())
    return mean + sd * spread * (rho * seen.proficiency + np.sqrt(1 - rho**2) * noise)


def seen_as(values: NDArray[np.float64], seen: Texts) -> Outcomes:
    return outcomes(values, seen.level, seen.level, 5, values)


def true_score(score: str, rho: float, prior: tuple[float, ...], spread: float = 1.0) -> float:
    """Score in the population, from a million texts."""
    rng = np.random.default_rng(0)
    many = texts(rng, 0, 1_000_000, prior)
    statistic = STATISTICS[score]
    found = seen_as(predict(rng, many, rho, prior, spread=spread), many)
    return float(statistic.scores([found])[0])


def sample(
    corpora: list[Texts], values: list[list[NDArray[np.float64]]], encoder: str = "simulated"
) -> Sample:
    """Sample of one probe; ``values`` holds predictions by corpus, then by seed."""
    parts = tuple(
        Part.of(
            "all",
            f"corpus-{c}",
            {
                seed: Scored(seen.codes, seen.level, seen.level, one, one)
                for seed, one in enumerate(seeds)
            },
            5,
        )
        for c, (seen, seeds) in enumerate(zip(corpora, values, strict=True))
    )
    return Sample(encoder, "ridge", "loco", parts)


def interval(
    confusion: ArrayLike, score: str = "qwk", *, replicates: int = 2000, seed: int = 0
) -> Interval:
    """Interval of one corpus whose texts came out as a confusion matrix counts them."""
    counts = np.asarray(confusion)
    cells = np.repeat(np.arange(counts.size), counts.ravel())
    gold, predicted = np.divmod(cells, len(counts))
    codes = np.arange(len(cells), dtype=np.uint64)
    scored = Scored(codes, gold, gold, predicted.astype(float))
    part = Part.of("all", "one", {None: scored}, len(counts))
    statistic = STATISTICS[score]
    weights = TextWeights(replicates, seed)
    drawn = resample(Sample("encoder", "probe", "loco", (part,)), statistic, weights).draws()
    return from_draws(drawn, statistic)
