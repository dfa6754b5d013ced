"""Corrections of a prior, corpus by corpus: each figure against the same worked out plainly."""

from dataclasses import replace

import numpy as np
import pytest
from result_factory import make_result
from sklearn.metrics import cohen_kappa_score

from cefrbench.results.explanation import Figure
from cefrbench.results.label_shift import label_shifts
from cefrbench.results.parts import Explained
from cefrbench.statistics.draws import resample
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.label_shift import METHODS, corrected_levels, misfit, priors, rates
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Refits, Sample, Scored
from cefrbench.statistics.scoring import SUM_STATISTICS

QWK = SUM_STATISTICS["qwk"]
RESULT, TABLE = make_result(
    texts=24, layers=(1, 2, 3), probes=("ridge", "mlp-regressor"), refits=3, conflicts=0.3
)
#: Luck of seeds is drawn by it.
ENCODER = RESULT.encoder.digest()


@pytest.fixture(scope="module")
def source():
    return Explained.of(RESULT, TABLE, TextWeights(60))


@pytest.fixture(scope="module")
def found(source):
    return {(o.probe, o.corpus, o.method): o for o in label_shifts(source, "loco")}


def held_out(probe, corpus, seed):
    """What the inner cuts of a corpus's fold held out, at the layer that was chosen there."""
    run = ("loco", corpus, probe, seed)
    (layer,) = (
        one.layer for one in RESULT.choices if (one.protocol, one.fold, one.probe, one.seed) == run
    )
    (fit,) = (
        one
        for one in RESULT.fits
        if (one.protocol, one.fold, one.probe, one.seed, one.layer) == (*run, layer)
    )
    assert len(fit.held) > 1
    return sum(np.array(one.confusion) for one in fit.held)


def truth_of(part):
    """Level shares; a text of two levels is half a text of each."""
    total = np.zeros(5)
    for low, high in zip(part.low, part.high, strict=True):
        total[low : high + 1] += 1 / (high - low + 1)
    assert (part.low < part.high).any()
    return total / len(part.low)


def estimated(part, probe):
    """Held-out counts and shares by method, a seed each."""
    counts = [held_out(probe, part.corpus, seed) for seed in part.seeds]
    shares = [
        priors(own, one.predicted, truth_of(part))
        for own, one in zip(counts, part.outcomes, strict=True)
    ]
    return counts, shares


def scored(source, part, predicted, refits):
    """Figures of other predictions: their QWK, and what it gains."""
    rows = {
        seed: Scored(part.texts[part.rows], part.low, part.high, one, None, again)
        for seed, one, again in zip(part.seeds, predicted, refits, strict=True)
    }
    other = Part.of(part.fold, part.corpus, rows, 5)
    before, after = (
        resample(Sample(ENCODER, "p", "loco", (one,)), QWK, source.weights).draws()
        for one in (part, other)
    )
    kappas = [
        cohen_kappa_score(one.gold, one.predicted, weights="quadratic", labels=range(5))
        for one in other.outcomes
    ]
    assert after.estimate == pytest.approx(np.mean(kappas))
    return [told(from_draws(after, QWK)), told(from_draws(after.minus(before)))]


def told(interval):
    ends = {"low": interval.low, "high": interval.high, "error": interval.error}
    return Figure(value=interval.estimate, refits=interval.refits, **ends)


def same(figure, other):
    assert figure.model_dump() == pytest.approx(other.model_dump())


def cut(scores, shares):
    """Levels by rank: the lowest scores are of the lowest level, as many as its share says."""
    ends = np.rint(np.cumsum(shares) * len(scores))
    levels = np.zeros(len(scores))
    for rank, row in enumerate(np.argsort(scores, kind="stable")):
        levels[row] = next(k for k in range(5) if rank < ends[k] or k == 4)
    return levels


PLACES = [(p, c) for p in ("ridge", "mlp-regressor") for c in ("alpha", "beta", "gamma")]


def part_of(source, probe, corpus):
    return next(one for one in source.raw["loco", probe].parts if one.corpus == corpus)


def test_records_stand_by_probe_corpus_and_method(found):
    assert list(found) == [(*place, method) for place in PLACES for method in METHODS]


@pytest.mark.parametrize(("probe", "corpus"), PLACES)
def test_shares_and_their_distances_are_means_over_seeds(source, found, probe, corpus):
    part = part_of(source, probe, corpus)
    counts, shares = estimated(part, probe)
    apart = [
        misfit(own, one.predicted, truth_of(part))
        for own, one in zip(counts, part.outcomes, strict=True)
    ]
    for method in METHODS:
        one = found[probe, corpus, method]
        prior = np.mean([own[method] for own in shares], axis=0)
        assert one.prior == pytest.approx(tuple(prior))
        assert one.truth == pytest.approx(tuple(truth_of(part)))
        assert one.distance == pytest.approx(np.abs(prior - truth_of(part)).sum() / 2)
        assert one.misfit == pytest.approx(np.mean(apart))
        assert one.texts == len(part.texts)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("probe", "corpus"), PLACES[2:4])
def test_each_seed_is_corrected_by_its_own_table_in_refits_too(
    source, found, probe, corpus, method
):
    part = part_of(source, probe, corpus)
    counts, shares = estimated(part, probe)
    tables = [
        corrected_levels(rates(own), share[method])
        for own, share in zip(counts, shares, strict=True)
    ]
    levels = [table[one.predicted] for table, one in zip(tables, part.outcomes, strict=True)]
    refits = [
        again and Refits(table[np.clip(np.rint(again.predictions), 0, 4).astype(int)])
        for table, again in zip(tables, part.refits, strict=True)
    ]
    qwk, gain = scored(source, part, levels, refits)
    one = found[probe, corpus, method]
    same(one.qwk, qwk)
    same(one.gain, gain)
    assert one.qwk.refits == one.gain.refits == 3
    cuts = [cut(one.score, own[method]) for one, own in zip(part.outcomes, shares, strict=True)]
    refits = [
        again and Refits(np.stack([cut(row, own[method]) for row in again.scores]))
        for again, own in zip(part.refits, shares, strict=True)
    ]
    qwk, gain = scored(source, part, cuts, refits)
    same(one.cut, qwk)
    same(one.cut_gain, gain)


def with_parts(source, change):
    """The source with each part of the seeded probe changed."""
    own = source.raw["loco", "mlp-regressor"]
    own = replace(own, parts=tuple(map(change, own.parts)))
    return replace(source, raw=source.raw | {("loco", "mlp-regressor"): own})


@pytest.mark.parametrize("bare", [[0], [1], [0, 1]])
def test_without_the_scores_of_all_seeds_nothing_is_cut(source, bare):
    def change(part):
        outcomes = [
            replace(one, score=None) if place in bare else one
            for place, one in enumerate(part.outcomes)
        ]
        return replace(part, outcomes=tuple(outcomes))

    for one in label_shifts(with_parts(source, change), "loco"):
        assert (one.cut is None, one.cut_gain is None) == ((one.probe != "ridge"),) * 2
        assert one.gain.value is not None


def test_refits_without_scores_leave_the_cut_ones_held_fixed(source):
    def change(part):
        assert part.refits[1] is None, "only the first seed is fitted anew"
        return replace(part, refits=(replace(part.refits[0], scores=None), None))

    for one in label_shifts(with_parts(source, change), "loco"):
        assert one.qwk.refits == 3
        assert one.cut.refits == (3 if one.probe == "ridge" else 0)


def test_where_a_fit_held_nothing_out_its_corpus_is_passed_over(source):
    """Of two seeds both are needed."""
    fits = tuple(
        fit.model_copy(update={"held": ()})
        if (fit.protocol, fit.fold, fit.probe, fit.seed) == ("loco", "beta", "mlp-regressor", 1)
        else fit
        for fit in RESULT.fits
    )
    result = RESULT.model_copy(update={"fits": fits})
    places = dict.fromkeys(
        (one.probe, one.corpus) for one in label_shifts(replace(source, result=result), "loco")
    )
    assert list(places) == [place for place in PLACES if place != ("mlp-regressor", "beta")]


def test_the_fit_of_the_layer_that_counts_is_taken_whatever_their_order(source, found):
    result = RESULT.model_copy(update={"fits": RESULT.fits[::-1]})
    assert list(label_shifts(replace(source, result=result), "loco")) == [*found.values()]


def test_a_corpus_that_several_folds_score_has_no_one_table(source):
    assert list(label_shifts(source, "iid")) == []
    assert list(label_shifts(source, "lofo")) == []
