"""Replicates of a score: of one corpus, of the mean over corpora, of a difference of two means."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from cefrbench.statistics.errors import covariance, whole_error
from cefrbench.statistics.resampling import Codes, TextWeights, seed_weights
from cefrbench.statistics.sample import Part, Sample
from cefrbench.statistics.scoring import Floats, Statistic


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """A score, its replicates, and how much each text moves it.

    Attributes
    ----------
    estimate : float
        NaN where undefined.
    values : ndarray of float64, shape (replicates,)
        Over resampled texts; NaN where a replicate is undefined.
    luck : ndarray of float64, shape (replicates,)
        What drawing the seeds anew adds to each of them.
    spread : float
        The variance of ``luck`` as all the seeds' spread tells it, whatever is known of a part of
        it; 0 without several seeds.
    doubt : float
        About it: its square over S - 1, for a few seeds tell it badly.
    refits : ndarray of float64, shape (refits,)
        The score on the same texts, of probes fitted on resampled training texts; empty where the
        fits are held fixed.
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
    luck: Floats
    spread: float
    doubt: float
    refits: Floats
    texts: Codes
    influence: Floats
    corpora: dict[str, float]
    parts: tuple[tuple[int, float], ...] = ()

    def minus(self, other: Replicates) -> Replicates:
        """Difference of two scores of one probe, paired by text, seed and refit.

        Where only one side was fitted anew, the other's fits are held fixed.
        """
        texts, influence = _by_text([self.texts, other.texts], [self.influence, -other.influence])
        refits = max(len(self.refits), len(other.refits))
        return Replicates(
            estimate=self.estimate - other.estimate,
            values=self.values - other.values,
            luck=self.luck - other.luck,
            spread=self.spread + other.spread,
            doubt=self.doubt + other.doubt,
            refits=self.refits_as(refits) - other.refits_as(refits),
            texts=texts,
            influence=influence,
            corpora={
                name: score - other.corpora[name]
                for name, score in self.corpora.items()
                if name in other.corpora
            },
        )

    def refits_as(self, count: int) -> Floats:
        """Its refits, or ``count`` times the fit itself where it has none.

        Raises
        ------
        ValueError
            When it has another number of them: they would not be paired.
        """
        if not len(self.refits):
            return np.full(count, self.estimate)
        if len(self.refits) != count:
            raise ValueError(f"{len(self.refits)} refits can't be paired with {count}")
        return self.refits

    def jackknife_error(self) -> float:
        """Standard error from leaving out one text at a time, wherever it is scored."""
        return float(np.sqrt((self.influence**2).sum()))

    def error(self) -> tuple[float, float]:
        """Standard error of the whole procedure, and its degrees of freedom."""
        values = self.values[~np.isnan(self.values)]
        refits = self.refits[~np.isnan(self.refits)]
        found = whole_error(
            max(float(values.var(ddof=1)), self.jackknife_error() ** 2),
            float(refits.var(ddof=1)) if len(refits) > 1 else 0.0,
            covariance(self.values[: len(self.refits)], self.refits),
            len(refits),
            float(self.luck.var(ddof=1)),
            self.spread,
            self.doubt,
        )
        return float(found.error), float(found.freedom)


def mean_of(draws: Sequence[Replicates]) -> Replicates:
    """Mean of the scores of several encoders on the same texts, paired by text and refit.

    Their seeds are drawn apart, so what they add to the variance adds up. It says what the mean
    would be with other texts, not with other encoders.

    Raises
    ------
    ValueError
        When there are none, or two of them were scored on other texts, or refitted otherwise.
    """
    if not draws or any(not np.array_equal(one.texts, draws[0].texts) for one in draws):
        raise ValueError("scores on the same texts are expected, at least one")
    n, refits = len(draws), max(len(one.refits) for one in draws)
    return Replicates(
        estimate=float(np.mean([one.estimate for one in draws])),
        values=np.mean([one.values for one in draws], axis=0),
        luck=np.mean([one.luck for one in draws], axis=0),
        spread=sum(one.spread for one in draws) / n**2,
        doubt=sum(one.doubt for one in draws) / n**4,
        refits=np.mean([one.refits_as(refits) for one in draws], axis=0),
        texts=draws[0].texts,
        influence=np.mean([one.influence for one in draws], axis=0),
        corpora={
            name: float(np.mean([one.corpora[name] for one in draws]))
            for name in draws[0].corpora
            if all(name in one.corpora for one in draws)
        },
    )


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
    refits : ndarray of float64, shape (refits, seeds, parts)
        NaN where none was made.
    seed : int
        Of the resamples.
    """

    sample: Sample
    scores: Floats
    replicates: Floats
    losses: tuple[Floats, ...]
    refits: Floats
    seed: int
    _known: dict[tuple[int, ...], Replicates] = field(default_factory=dict, repr=False)

    def draws(self, corpora: Collection[str] | None = None) -> Replicates:
        """Mean over parts, then over seeds; of some corpora, or of all.

        Corpora are fixed; texts are resampled inside each, jointly where several parts or seeds
        score the same text. Seeds are resampled jointly over parts and protocols, because the
        fits of one seed may share their luck. Undefined scores are left out of the mean, as in a
        result's summary; a replicate is undefined when any score of the mean is undefined in it.
        """
        parts = enumerate(self.sample.parts)
        chosen = tuple(p for p, part in parts if corpora is None or part.corpus in corpora)
        if chosen not in self._known:
            self._known[chosen] = self._mean_of(list(chosen))
        return self._known[chosen]

    def _mean_of(self, chosen: list[int]) -> Replicates:
        scores = self.scores[:, chosen]
        defined = ~np.isnan(scores)
        alive = defined.any(1)
        if not alive.any():
            return self._nothing()
        share = defined / np.maximum(defined.sum(1, keepdims=True), 1)

        def mean(drawn: Floats) -> Floats:
            """Mean over parts, ``(draws, seeds)``."""
            kept = drawn[:, :, chosen]
            if not defined.all():
                kept = np.where(defined, kept, 0.0)
            found: Floats = (kept * share).sum(2)[:, alive]
            return found

        by_seed, by_refit = mean(self.replicates), mean(self.refits)
        by_refit = by_refit[:, ~np.isnan(by_refit).all(0)] if len(by_refit) else by_refit
        seed_means = (np.nan_to_num(scores) * share).sum(1)[alive]
        texts, influence = _by_text(
            [self.sample.parts[p].texts for p in chosen],
            [self._influence(p, share[:, c] / alive.sum()) for c, p in enumerate(chosen)],
        )
        spread = _variance(seed_means) / len(seed_means)
        by_part = [_mean(column) for column in scores.T]
        return Replicates(
            estimate=float(seed_means.mean()),
            values=by_seed.mean(1),
            luck=self._seed_luck(seed_means, by_seed, by_refit),
            spread=spread,
            doubt=spread**2 / max(1, len(seed_means) - 1),
            refits=by_refit.mean(1) if by_refit.size else np.zeros(0),
            texts=texts,
            influence=influence,
            corpora=self._by_corpus(chosen),
            parts=tuple(
                (len(self.sample.parts[p].texts), score)
                for p, score in zip(chosen, by_part, strict=True)
                if not np.isnan(score)
            ),
        )

    def _nothing(self) -> Replicates:
        nothing, none = np.full(len(self.replicates), np.nan), np.zeros(0)
        texts = np.zeros(0, np.uint64)
        return Replicates(float("nan"), nothing, 0 * nothing, 0.0, 0.0, none, texts, none, {})

    def _seed_luck(self, means: Floats, replicates: Floats, refits: Floats) -> Floats:
        """What drawing the seeds anew adds to each replicate of their mean.

        The seeds' scores differ by what each seed does to any fit and by what it does to this
        one: the luck of this sample of texts, which is in the replicates already, and the luck of
        these training texts, which is in the refits already where several seeds have them. Both
        parts of the spread are taken out: else they would count twice.

        Parameters
        ----------
        means : ndarray of float64, shape (seeds,)
        replicates : ndarray of float64, shape (replicates, seeds)
        refits : ndarray of float64, shape (refits, seeds that have any)
        """
        count = len(means)
        spread = _variance(means)
        whole = replicates[~np.isnan(replicates).any(1)]
        if spread == 0.0 or not len(whole):
            return np.zeros(len(replicates))
        apart = whole - whole.mean(1, keepdims=True)
        known = float(apart.var(0).sum()) / (count - 1) + _interaction(refits) * (
            count / max(1, refits.shape[1])
        )
        drawn = seed_weights(count, len(replicates), self.seed, self.sample.encoder)
        luck: Floats = np.sqrt(max(0.0, 1 - known / spread)) * ((drawn - 1 / count) @ means)
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


def _variance(means: Floats) -> float:
    """Of the seeds' scores; 0 of a single one."""
    return float(means.var(ddof=1)) if len(means) > 1 else 0.0


def _interaction(refits: Floats) -> float:
    """Variance of refits by seeds, ``(refits, seeds)``, that neither explains alone."""
    whole = refits[~np.isnan(refits).any(1)]
    rows, columns = whole.shape
    if rows < 2 or columns < 2:
        return 0.0
    rest = whole - whole.mean(1, keepdims=True) - whole.mean(0) + whole.mean()
    return float((rest**2).sum() / ((rows - 1) * (columns - 1)))


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


@dataclass(frozen=True, slots=True, eq=False)
class _PartDraws:
    """Scores of one part by seed, ``(seeds,)``, with all that follows from them."""

    scores: Floats
    replicates: Floats
    losses: Floats
    refits: tuple[Floats | None, ...]


#: What was drawn of parts, as long as these are held: several readers ask for the same.
_DRAWN: WeakKeyDictionary[Part, dict[tuple[Statistic, int, int], _PartDraws]]
_DRAWN = WeakKeyDictionary()


def resample(sample: Sample, statistic: Statistic, weights: TextWeights) -> Resampled:
    """Score all parts and seeds of a sample in all replicates.

    Raises
    ------
    ValueError
        When two seeds or parts have refits, but not as many.
    """
    (found,) = resample_all([sample], statistic, weights)
    return found


def resample_all(
    samples: Iterable[Sample], statistic: Statistic, weights: TextWeights
) -> list[Resampled]:
    """Likewise many samples, which mostly share their texts."""
    samples = list(samples)
    _draw([part for sample in samples for part in sample.parts], statistic, weights)
    return [_gathered(sample, statistic, weights) for sample in samples]


def _draw(parts: Sequence[Part], statistic: Statistic, weights: TextWeights) -> None:
    key = statistic, weights.replicates, weights.seed
    new = [part for part in parts if key not in _DRAWN.setdefault(part, {})]
    for part, replicates in zip(new, statistic.resampled_all(new, weights), strict=True):
        again = [part.refitted(place) for place in range(len(part.seeds))]
        _DRAWN[part][key] = _PartDraws(
            statistic.scores(part.outcomes),
            replicates,
            statistic.losses(part),
            tuple(statistic.scores(one) if one else None for one in again),
        )


def _gathered(sample: Sample, statistic: Statistic, weights: TextWeights) -> Resampled:
    seeds = sample.seeds
    scores = np.full((len(seeds), len(sample.parts)), np.nan)
    replicates = np.full((weights.replicates, *scores.shape), np.nan)
    refits = np.full((_count_refits(sample), *scores.shape), np.nan)
    losses = []
    for p, part in enumerate(sample.parts):
        at = [seeds.index(seed) for seed in part.seeds]
        drawn = _DRAWN[part][statistic, weights.replicates, weights.seed]
        scores[at, p] = drawn.scores
        replicates[:, at, p] = drawn.replicates
        loss = np.full((len(seeds), len(part.texts)), np.nan)
        loss[at] = drawn.losses
        losses.append(loss)
        for s, again in zip(at, drawn.refits, strict=True):
            if again is not None:
                refits[:, s, p] = again
    return Resampled(sample, scores, replicates, tuple(losses), refits, weights.seed)


def _count_refits(sample: Sample) -> int:
    counts = {len(one) for part in sample.parts for one in part.refits if one is not None}
    if len(counts) > 1:
        raise ValueError(f"seeds or parts have different numbers of refits: {sorted(counts)}")
    return max(counts, default=0)
