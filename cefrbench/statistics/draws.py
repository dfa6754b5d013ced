"""Replicates of a score: of one corpus, of the mean over corpora, of a difference of two means."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cefrbench.statistics.resampling import Codes, TextWeights, seed_weights
from cefrbench.statistics.sample import Sample
from cefrbench.statistics.scoring import Floats, Statistic


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """A score, its replicates, and how much each text moves it.

    Attributes
    ----------
    estimate : float
        NaN where undefined.
    values : ndarray of float64, shape (replicates,)
        NaN where a replicate is undefined.
    texts : ndarray of uint64, shape (t,)
        Codes of the texts, each once, ascending.
    influence : ndarray of float64, shape (t,)
        What the estimate loses when a text is left out wherever it is scored.
    corpora : dict of str to float
        The score of each corpus.
    parts : tuple of (int, float)
        Texts and score of each part of the mean; empty for a difference.
    """

    estimate: float
    values: Floats
    texts: Codes
    influence: Floats
    corpora: dict[str, float]
    parts: tuple[tuple[int, float], ...] = ()

    def minus(self, other: Replicates) -> Replicates:
        """Difference of two scores, paired by text."""
        texts, influence = _by_text([self.texts, other.texts], [self.influence, -other.influence])
        return Replicates(
            estimate=self.estimate - other.estimate,
            values=self.values - other.values,
            texts=texts,
            influence=influence,
            corpora={
                name: score - other.corpora[name]
                for name, score in self.corpora.items()
                if name in other.corpora
            },
        )

    def jackknife_error(self) -> float:
        """Standard error from leaving out one text at a time, wherever it is scored."""
        return float(np.sqrt((self.influence**2).sum()))


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Scores of all parts and seeds of a sample, with their replicates.

    Attributes
    ----------
    sample : Sample
    scores : ndarray of float64, shape (seeds, parts)
        NaN where undefined or not there.
    replicates : ndarray of float64, shape (replicates, seeds, parts)
    losses : tuple of ndarray of float64, shape (seeds, texts)
        For each part: what the score loses without each text.
    seed : int
        Of the resamples.
    """

    sample: Sample
    scores: Floats
    replicates: Floats
    losses: tuple[Floats, ...]
    seed: int

    def draws(self, corpora: Collection[str] | None = None) -> Replicates:
        """Mean over parts, then over seeds; of some corpora, or of all.

        Corpora are fixed; texts are resampled inside each, jointly where several parts or seeds
        score the same text. Seeds are resampled jointly over parts and protocols, because the
        fits of one seed may share their luck. Undefined scores are left out of the mean, as in a
        result's summary; a replicate is undefined when any score of the mean is undefined in it.
        """
        chosen = [
            p
            for p, part in enumerate(self.sample.parts)
            if corpora is None or part.corpus in corpora
        ]
        scores = self.scores[:, chosen]
        defined = ~np.isnan(scores)
        alive = defined.any(1)
        if not alive.any():
            nothing = np.full(len(self.replicates), np.nan)
            return Replicates(float("nan"), nothing, np.zeros(0, np.uint64), np.zeros(0), {})
        share = defined / np.maximum(defined.sum(1, keepdims=True), 1)
        replicates = np.where(defined, self.replicates[:, :, chosen], 0.0)
        by_seed = (replicates * share).sum(2)[:, alive]
        seed_means = (np.nan_to_num(scores) * share).sum(1)[alive]
        texts, influence = _by_text(
            [self.sample.parts[p].texts for p in chosen],
            [self._influence(p, share[:, c] / alive.sum()) for c, p in enumerate(chosen)],
        )
        by_part = [_mean(column) for column in scores.T]
        return Replicates(
            estimate=float(seed_means.mean()),
            values=by_seed.mean(1) + self._seed_luck(seed_means, by_seed),
            texts=texts,
            influence=influence,
            corpora=self._by_corpus(chosen),
            parts=tuple(
                (len(self.sample.parts[p].texts), score)
                for p, score in zip(chosen, by_part, strict=True)
                if not np.isnan(score)
            ),
        )

    def _seed_luck(self, means: Floats, replicates: Floats) -> Floats:
        """What drawing the seeds anew adds to each replicate of their mean.

        The seeds' scores differ by the luck of the fit and by what the sample of texts does to one
        seed alone. The second is in the replicates already, so that part of the spread is taken
        out: else it would count twice.

        Parameters
        ----------
        means : ndarray of float64, shape (seeds,)
        replicates : ndarray of float64, shape (replicates, seeds)
        """
        count = len(means)
        spread = float(means.var(ddof=1)) if count > 1 else 0.0
        whole = replicates[~np.isnan(replicates).any(1)]
        if spread == 0.0 or not len(whole):
            return np.zeros(len(replicates))
        apart = whole - whole.mean(1, keepdims=True)
        by_texts = float(apart.var(0).sum()) / (count - 1)
        drawn = seed_weights(count, len(replicates), self.seed, self.sample.encoder)
        luck: Floats = np.sqrt(max(0.0, 1 - by_texts / spread)) * ((drawn - 1 / count) @ means)
        return luck

    def _influence(self, part: int, share: Floats) -> Floats:
        # Without the only text of a level a score may be undefined: nothing is known of that text.
        change: Floats = (np.nan_to_num(self.losses[part]) * share[:, None]).sum(0)
        return change - change.mean() if len(change) else change

    def _by_corpus(self, chosen: Sequence[int]) -> dict[str, float]:
        """Mean over parts and seeds of each corpus that has a score."""
        means: dict[str, float] = {}
        for corpus in self.sample.corpora:
            own = [p for p in chosen if self.sample.parts[p].corpus == corpus]
            mean = _mean(self.scores[:, own])
            if not np.isnan(mean):
                means[corpus] = mean
        return means


def gap(inside: Resampled, outside: Resampled) -> Replicates:
    """A score in distribution less the same out of it, over the corpora that have both."""
    shared = inside.draws().corpora.keys() & outside.draws().corpora.keys()
    return inside.draws(shared).minus(outside.draws(shared))


def _by_text(texts: list[Codes], influence: list[Floats]) -> tuple[Codes, Floats]:
    """Add up what each text does in all the places where it is scored."""
    if len(texts) == 1:
        return texts[0], influence[0]
    codes, place = np.unique(np.concatenate(texts), return_inverse=True)
    summed: Floats = np.bincount(place, np.concatenate(influence), len(codes)).astype(np.float64)
    return codes, summed


def _mean(scores: Floats) -> float:
    found = scores[~np.isnan(scores)]
    return float(found.mean()) if len(found) else float("nan")


def resample(sample: Sample, statistic: Statistic, weights: TextWeights) -> Resampled:
    """Score all parts and seeds of a sample in all replicates."""
    seeds = sample.seeds
    scores = np.full((len(seeds), len(sample.parts)), np.nan)
    replicates = np.full((weights.replicates, *scores.shape), np.nan)
    losses = []
    for p, part in enumerate(sample.parts):
        columns = part.columns(statistic)
        total = columns.sum(1, keepdims=True)
        at = [seeds.index(seed) for seed in part.seeds]
        scores[at, p] = statistic.value(total)[:, 0]
        replicates[:, at, p] = statistic.value(weights.sums(part.texts, columns))
        loss = np.full((len(seeds), len(part.texts)), np.nan)
        loss[at] = scores[at, p, None] - statistic.value(total - columns)
        losses.append(loss)
    return Resampled(sample, scores, replicates, tuple(losses), weights.seed)
