"""Replicates and jackknife of a score, a mean and a gap, against what is worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from result_factory import make_result
from simulated_probes import BROAD, predict, sample, texts
from sklearn.metrics import cohen_kappa_score

from cefrbench.results.intervals import summary_intervals
from cefrbench.results.samples import samples
from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import (
    Replicates,
    Resampled,
    gap,
    mean_of,
    resample,
    resample_all,
)
from cefrbench.statistics.errors import whole_error
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import STATISTICS
from cefrbench.statistics.resampling import TextWeights, seed_weights
from cefrbench.statistics.sample import Part, Refits, Sample, Scored

QWK = STATISTICS["qwk"]


def test_the_jackknife_is_that_of_the_textbook() -> None:
    """Each text left out in turn, scikit-learn's kappa of the rest, and their spread."""
    rng = np.random.default_rng(2)
    seen = texts(rng, 0, 40, BROAD)
    values = predict(rng, seen, 0.7, BROAD)
    classes = np.rint(np.clip(values, 0, 4)).astype(int)
    without = np.array(
        [
            cohen_kappa_score(np.delete(seen.level, i), np.delete(classes, i), weights="quadratic")
            for i in range(40)
        ]
    )
    drawn = resample(sample([seen], [[values]]), QWK, TextWeights(10)).draws()
    # Without the factor (n - 1) / n, so that it adds up over corpora.
    expected = np.sqrt(((without - without.mean()) ** 2).sum())
    assert drawn.jackknife_error() == pytest.approx(expected, rel=1e-9)


def moving(values: float, influence: float) -> Replicates:
    """A score with so much error in its replicates and in its jackknife."""
    spread = np.random.default_rng(0).standard_normal(500)
    return Replicates(
        estimate=0.5,
        values=0.5 + values * spread / spread.std(ddof=1),
        luck=np.zeros(500),
        spread=0.0,
        doubt=0.0,
        refits=np.zeros(0),
        texts=np.arange(4, dtype=np.uint64),
        influence=influence * np.array([0.5, -0.5, 0.5, -0.5]),
        corpora={"one": 0.5},
    )


@pytest.mark.parametrize(("values", "influence"), [(0.03, 0.01), (0.01, 0.03)])
def test_an_interval_takes_the_larger_error(values: float, influence: float) -> None:
    found = from_draws(moving(values, influence))
    assert found.error == pytest.approx(0.03)
    assert (found.high or 0) - (found.low or 0) == pytest.approx(2 * 1.959964 * 0.03, rel=1e-6)


def test_a_gap_is_over_the_corpora_that_have_both_scores() -> None:
    result, predictions = make_result("one", probes=("ridge",), skill=0.6)
    out_of_it = (predictions.protocol == "loco") & (predictions.corpus == "beta")
    without = predictions.take(np.flatnonzero(~out_of_it))
    found = samples(result, without)
    means = {
        protocol: resample(found[protocol, "ridge"], QWK, TextWeights(50))
        for protocol in ("iid", "loco")
    }
    assert set(means["iid"].draws().corpora) == {"alpha", "beta", "gamma"}
    drawn = gap(means["iid"], means["loco"])
    score = {
        (one.protocol, one.corpus): one.scores.qwk or 0.0
        for one in result.scores
        if one.layer is None
    }
    expected = [score["iid", corpus] - score["loco", corpus] for corpus in ("alpha", "gamma")]
    assert drawn.corpora == pytest.approx(dict(zip(("alpha", "gamma"), expected, strict=True)))
    assert drawn.estimate == pytest.approx(np.mean(expected))
    gaps = summary_intervals(result, without, scores=["qwk"]).gaps["ridge"]["qwk"]
    assert gaps.estimate == pytest.approx(np.mean(expected))


def test_two_encoders_draw_their_seeds_apart() -> None:
    """The luck of one encoder's fits is none of the other's: it doesn't cancel."""
    rng = np.random.default_rng(4)
    seen = texts(rng, 0, 400, BROAD)
    values = [[predict(rng, seen, rho, BROAD) for rho in (0.5, 0.7, 0.9)]]
    weights = TextWeights(2000)
    first, second, same = (
        resample(sample([seen], values, name), QWK, weights).draws() for name in ("a", "b", "a")
    )
    by_seed = [
        resample(sample([seen], [[one]]), QWK, weights).draws().estimate for one in values[0]
    ]
    assert errors_of([first, same]).error[0, 1] == 0.0
    # What is left when the texts are the same: the variance of two means of three seeds.
    luck = np.sqrt(2 * np.var(by_seed, ddof=1) / 3)
    assert errors_of([first, second]).error[0, 1] == pytest.approx(luck, rel=0.05)
    # A variance of three values has two degrees of freedom: twice its square, halved, is its own.
    assert first.spread == pytest.approx(np.var(by_seed, ddof=1) / 3)
    assert first.doubt == pytest.approx(first.spread**2 / 2)


def test_the_mean_of_two_encoders_moves_as_the_mean_of_their_replicates() -> None:
    """Half the sum, text by text; equal encoders move as one; the seeds' luck is their own."""
    rng = np.random.default_rng(5)
    seen = texts(rng, 0, 60, BROAD)
    drawn = [
        resample(
            sample([seen], [[predict(rng, seen, skill, BROAD)]]), QWK, TextWeights(400)
        ).draws()
        for skill in (0.9, 0.5)
    ]
    found = mean_of(drawn)
    assert found.estimate == pytest.approx(sum(one.estimate for one in drawn) / 2)
    variances = [one.values.var(ddof=1) for one in drawn]
    together = np.cov(drawn[0].values, drawn[1].values)[0, 1]
    expected = (sum(variances) + 2 * together) / 4
    assert found.values.var(ddof=1) == pytest.approx(expected, rel=1e-9)
    assert from_draws(mean_of([drawn[0], drawn[0]]), QWK) == from_draws(drawn[0], QWK)
    lucky = [
        replace(one, spread=spread, doubt=spread**2)
        for one, spread in zip(drawn, (4, 12), strict=True)
    ]
    assert mean_of(lucky).spread == pytest.approx(4.0)
    assert mean_of(lucky).doubt == pytest.approx((16 + 144) / 16)
    with pytest.raises(ValueError, match="same texts"):
        mean_of([drawn[0], replace(drawn[1], texts=drawn[1].texts + np.uint64(1))])


# -- each figure by hand --------------------------------------------------------------------------


def part_of(
    corpus: str,
    codes: Sequence[int],
    levels: Sequence[int],
    predictions: dict[int, list[float]],
    refits: dict[int, Refits] | None = None,
) -> Part:
    """One corpus by some seeds, with the refits of some of them."""
    texts, gold = np.array(codes, dtype=np.uint64), np.array(levels)
    scored = {
        seed: Scored(texts, gold, gold, np.array(values), None, (refits or {}).get(seed))
        for seed, values in predictions.items()
    }
    return Part.of("all", corpus, scored, 5)


def by_hand() -> Resampled:
    """Three parts of two corpora by four seeds; the last seed has no score at all.

    The second has no score of the third part, and one replicate in which the first part is
    undefined; only two of the seeds were refitted.
    """
    four = {seed: [0.0, 1.0, 2.0] for seed in range(4)}
    parts = (
        part_of("a", [4, 8, 6], [0, 1, 2], four),
        part_of("b", [8, 3], [0, 1], {seed: [0.0, 1.0] for seed in range(4)}),
        part_of("a", [9, 4, 1], [0, 1, 2], four),
    )
    rng = np.random.default_rng(3)
    gone = np.nan
    scores = np.array([[0.5, 0.7, 0.2], [0.6, 0.4, gone], [0.9, 0.3, 0.8], [gone, gone, gone]])
    replicates = scores + rng.normal(0, 0.05, (40, 4, 3))
    replicates[7, 1, 0] = gone
    losses = tuple(rng.normal(0, 0.1, (4, len(part.texts))) for part in parts)
    losses[0][2, 1] = gone
    refits = np.where(np.isnan(scores), gone, rng.normal(0.4, 0.15, (6, 4, 3)))
    refits[:, 2] = gone
    refits[4, 0, 1] = gone
    sample = Sample("encoder", "probe", "lofo", parts)
    return Resampled(sample, scores, replicates, losses, refits, 5)


def test_a_mean_is_over_parts_and_then_over_the_seeds_that_have_a_score() -> None:
    whole = by_hand()
    found = whole.draws()
    by_seed = np.array([(0.5 + 0.7 + 0.2) / 3, (0.6 + 0.4) / 2, (0.9 + 0.3 + 0.8) / 3])
    assert found.estimate == pytest.approx(by_seed.mean())
    each = whole.replicates
    drawn = np.stack([each[:, 0].mean(1), each[:, 1, :2].mean(1), each[:, 2].mean(1)])
    np.testing.assert_allclose(found.values, drawn.mean(0))
    assert np.isnan(found.values).nonzero()[0].tolist() == [7]
    # Seeds 0 and 1 have refits, and the first of them lacks one.
    again = np.stack([whole.refits[:, 0].mean(1), whole.refits[:, 1, :2].mean(1)])
    np.testing.assert_allclose(found.refits, again.mean(0))
    assert np.isnan(found.refits).nonzero()[0].tolist() == [4]
    assert found.spread == pytest.approx(by_seed.var(ddof=1) / 3)
    assert found.doubt == pytest.approx(found.spread**2 / 2)
    assert found.corpora == pytest.approx({"a": (0.5 + 0.6 + 0.9 + 0.2 + 0.8) / 5, "b": 1.4 / 3})
    sizes, means = zip(*found.parts, strict=True)
    assert sizes == (3, 2, 3)
    assert means == pytest.approx((2.0 / 3, 1.4 / 3, 0.5))


def test_what_a_text_does_is_added_up_over_parts_and_seeds() -> None:
    whole = by_hand()
    found = whole.draws()
    assert found.texts.tolist() == [1, 3, 4, 6, 8, 9]
    share = np.array([[1 / 9, 1 / 9, 1 / 9], [1 / 6, 1 / 6, 0], [1 / 9, 1 / 9, 1 / 9], [0, 0, 0]])
    expected = dict.fromkeys(found.texts.tolist(), 0.0)
    for p, part in enumerate(whole.sample.parts):
        loss = [
            sum(share[s, p] * np.nan_to_num(whole.losses[p][s, t]) for s in range(4))
            for t in range(len(part.texts))
        ]
        for code, one in zip(part.texts.tolist(), loss, strict=True):
            expected[code] += one - sum(loss) / len(loss)
    np.testing.assert_allclose(found.influence, list(expected.values()))
    assert found.jackknife_error() == pytest.approx(np.sqrt(sum(x**2 for x in expected.values())))


def test_seeds_bring_what_texts_and_refits_do_not_bring_already() -> None:
    """The luck of this sample of texts, and of these training texts, is taken out."""
    whole = by_hand()
    each = whole.replicates
    means = np.array([1.4 / 3, 0.5, 2.0 / 3])
    drawn = np.stack([each[:, 0].mean(1), each[:, 1, :2].mean(1), each[:, 2].mean(1)], axis=1)
    drawn = np.delete(drawn, 7, axis=0)
    texts = (drawn - drawn.mean(1, keepdims=True)).var(0).sum() / 2
    again = np.stack([whole.refits[:, 0].mean(1), whole.refits[:, 1, :2].mean(1)], axis=1)
    again = np.delete(again, 4, axis=0)
    # Of two seeds' refits, half of the variance of their difference is neither's nor the refit's.
    training = np.var(again[:, 0] - again[:, 1], ddof=1) / 2 * 3 / 2
    left = 1 - (texts + training) / means.var(ddof=1)
    assert 0.1 < left < 0.9, "or nothing would be shown"
    weights = seed_weights(3, 40, 5, "encoder") - 1 / 3
    np.testing.assert_allclose(whole.draws().luck, np.sqrt(left) * (weights @ means), atol=1e-12)
    # Where the refits alone differ by more than the seeds do, nothing is left.
    more = replace(whole, refits=whole.refits * 20, _known={})
    assert not more.draws().luck.any()
    # A single refit, or a single seed that has any, says nothing about both.
    fewer = replace(whole, refits=whole.refits[:1], _known={})
    alone = replace(
        whole, refits=np.where(np.arange(4)[:, None] == 1, whole.refits, np.nan), _known={}
    )
    for one in (fewer, alone):
        left = 1 - texts / means.var(ddof=1)
        np.testing.assert_allclose(one.draws().luck, np.sqrt(left) * (weights @ means), atol=1e-12)


def test_seeds_without_a_whole_replicate_or_without_a_spread_bring_nothing() -> None:
    whole = by_hand()
    replicates = whole.replicates.copy()
    replicates[::2, 0] = replicates[1::2, 1] = np.nan
    assert replace(whole, replicates=replicates, _known={}).draws().luck.tolist() == [0.0] * 40
    scores = np.full_like(whole.scores, 0.5)
    found = replace(whole, scores=scores, _known={}).draws()
    assert found.luck.tolist() == [0.0] * 40
    assert (found.spread, found.doubt) == (0.0, 0.0)


def test_some_corpora_have_a_mean_of_their_own() -> None:
    whole = by_hand()
    found = whole.draws({"b", "else"})
    assert found.estimate == pytest.approx((0.7 + 0.4 + 0.3) / 3)
    assert found.corpora == pytest.approx({"b": 1.4 / 3})
    assert found.texts.tolist() == [3, 8]
    assert whole.draws(["b"]) is found, "it is made once"
    assert whole.draws(["a"]).texts.tolist() == [1, 4, 6, 8, 9]
    nothing = whole.draws({"else"})
    assert np.isnan([nothing.estimate, *nothing.values]).all()
    assert len(nothing.values) == len(nothing.luck) == 40
    assert (nothing.spread, nothing.doubt, nothing.corpora, nothing.parts) == (0.0, 0.0, {}, ())
    assert [len(nothing.refits), len(nothing.texts), len(nothing.influence)] == [0, 0, 0]


def test_one_seed_has_no_spread() -> None:
    whole = by_hand()
    one = Resampled(
        whole.sample,
        *(whole.scores[:1], whole.replicates[:, :1]),
        tuple(loss[:1] for loss in whole.losses),
        whole.refits[:, :1],
        5,
    )
    found = one.draws()
    assert (found.spread, found.doubt) == (0.0, 0.0)
    assert found.luck.tolist() == [0.0] * 40


def test_an_error_is_of_all_sources_with_what_texts_and_refits_share() -> None:
    found = by_hand().draws()
    values, refits = np.delete(found.values, 7), np.delete(found.refits, 4)
    together = np.cov(np.delete(found.values[:6], 4), refits)[0, 1]
    for influence in (found.influence, found.influence * 0.01):
        one = replace(found, influence=influence)
        texts = max(values.var(ddof=1), (influence**2).sum())
        expected = whole_error(
            *(texts, refits.var(ddof=1), together, 5, found.luck.var(ddof=1)),
            *(found.spread, found.doubt),
        )
        assert one.error() == pytest.approx((float(expected.error), float(expected.freedom)))
    two = replace(found, refits=found.refits[:2])
    assert two.error()[1] < np.inf
    assert replace(found, refits=found.refits[:1]).error()[1] == np.inf
    assert replace(found, refits=found.refits[:0]).error()[1] == np.inf


def numbered(seed: int, texts: list[int], refits: int) -> Replicates:
    """Figures that differ everywhere."""
    rng = np.random.default_rng(seed)
    return Replicates(
        float(rng.normal()),
        rng.normal(size=5),
        rng.normal(size=5),
        *rng.uniform(1, 2, 2).tolist(),
        rng.normal(size=refits),
        np.array(texts, dtype=np.uint64),
        rng.normal(size=len(texts)),
        {"one": 0.5 + seed, f"only {seed}": 0.25},
        ((3, 0.5),),
    )


def test_a_difference_is_taken_text_by_text_and_refit_by_refit() -> None:
    one, other = numbered(1, [2, 5], 3), numbered(4, [1, 5, 7], 3)
    found = one.minus(other)
    assert found.estimate == one.estimate - other.estimate
    np.testing.assert_array_equal(found.values, one.values - other.values)
    np.testing.assert_array_equal(found.luck, one.luck - other.luck)
    np.testing.assert_array_equal(found.refits, one.refits - other.refits)
    assert (found.spread, found.doubt) == (one.spread + other.spread, one.doubt + other.doubt)
    assert found.texts.tolist() == [1, 2, 5, 7]
    a, b = one.influence, other.influence
    np.testing.assert_allclose(found.influence, [-b[0], a[0], a[1] - b[1], -b[2]])
    assert (found.corpora, found.parts) == ({"one": -3.0}, ())
    fixed = numbered(4, [1, 5, 7], 0)
    np.testing.assert_array_equal(one.minus(fixed).refits, one.refits - fixed.estimate)
    np.testing.assert_array_equal(fixed.minus(one).refits, fixed.estimate - one.refits)
    assert len(fixed.minus(fixed).refits) == 0


def test_refits_are_paired_with_as_many() -> None:
    one, two = numbered(1, [2], 3), numbered(2, [2], 4)
    assert one.refits_as(3) is one.refits
    assert numbered(1, [2], 0).refits_as(2).tolist() == [one.estimate] * 2
    with pytest.raises(ValueError, match=r"^3 refits can't be paired with 4$"):
        one.refits_as(4)
    with pytest.raises(ValueError, match=r"^3 refits can't be paired with 4$"):
        one.minus(two)


def test_a_mean_of_three_encoders_is_a_third_of_each() -> None:
    made = [numbered(1, [2, 5], 3), numbered(2, [2, 5], 0), numbered(4, [2, 5], 3)]
    found = mean_of(made)
    again = [one.refits if len(one.refits) else np.full(3, one.estimate) for one in made]
    assert found.estimate == pytest.approx(sum(one.estimate for one in made) / 3)
    for mean, each in (
        (found.values, [one.values for one in made]),
        (found.luck, [one.luck for one in made]),
        (found.influence, [one.influence for one in made]),
        (found.refits, again),
    ):
        np.testing.assert_allclose(mean, sum(each) / 3)
    assert found.spread == pytest.approx(sum(one.spread for one in made) / 9)
    assert found.doubt == pytest.approx(sum(one.doubt for one in made) / 81)
    assert found.texts is made[0].texts
    assert found.corpora == pytest.approx({"one": 0.5 + 7 / 3})
    assert found.parts == ()
    for bad in ([], [made[0], numbered(1, [2, 6], 3)]):
        with pytest.raises(ValueError, match="scores on the same texts are expected, at least one"):
            mean_of(bad)


def test_parts_may_have_other_seeds_and_some_of_them_refits() -> None:
    """What a part has no seed for is not there, and a seed's figures stand in its own row."""
    levels = [0, 1, 2, 3]
    right, worse, none = [0.0, 1, 2, 3], [0.0, 2, 1, 3], [3.0, 2, 1, 0]
    again = Refits(np.array([right, worse, none]))
    parts = (
        part_of("a", [1, 2, 3, 4], levels, {7: right, 3: worse}, {3: again}),
        part_of("b", [4, 5, 6, 7], levels, {3: none, 9: right}, {9: again}),
    )
    weights = TextWeights(30)
    made = Sample("encoder", "probe", "lofo", parts)
    found, other = resample_all([made, replace(made, parts=parts[1:])], QWK, weights)
    gone = np.nan
    scores = [[1.0, gone], [0.8, -1.0], [gone, 1.0]]
    np.testing.assert_allclose(found.scores, scores)
    assert made.seeds == (7, 3, 9)
    assert found.replicates.shape == (30, 3, 2)
    where = ~np.isnan(found.replicates)
    assert where.all(0).sum() == 0, "some resample has one level"
    assert where.any(0).tolist() == [[True, False], [True, True], [False, True]]
    assert [loss.shape for loss in found.losses] == [(3, 4), (3, 4)]
    assert np.isnan(found.losses[0]).all(1).tolist() == [False, False, True]
    assert np.isnan(found.losses[1]).all(1).tolist() == [True, False, False]
    expected = np.full((3, 3, 2), gone)
    expected[:, 1, 0] = expected[:, 2, 1] = [1.0, 0.8, -1.0]
    np.testing.assert_allclose(found.refits, expected)
    np.testing.assert_allclose(other.scores, [[-1.0], [1.0]])
    assert [found.seed, resample(made, QWK, TextWeights(30, 4)).seed] == [0, 4]
    turned = resample(made, QWK, TextWeights(30, 4))
    assert not np.array_equal(turned.replicates, found.replicates, equal_nan=True)
    np.testing.assert_array_equal(turned.scores, found.scores)
    assert resample(made, QWK, TextWeights(8)).replicates.shape == (8, 3, 2)
    plain = replace(made, parts=(part_of("a", [1, 2], [0, 1], {7: [0.0, 1.0]}),))
    assert resample(plain, QWK, weights).refits.shape == (0, 1, 1)


def test_parts_are_scored_once_for_each_score_and_set_of_resamples() -> None:
    part = part_of("a", [1, 2, 3, 4], [0, 1, 2, 3], {0: [0.0, 1, 1, 2]})
    made = [Sample(name, "probe", "lofo", (part,)) for name in "xyz"]
    statistics = STATISTICS["qwk"], STATISTICS["accuracy"], STATISTICS["mae"]
    found = [resample(one, QWK, TextWeights(9)) for one in made]
    for one, next_one in pairwise(found):
        np.testing.assert_array_equal(one.replicates, next_one.replicates)
    scores = [resample(made[0], one, TextWeights(9)).scores.item() for one in statistics]
    assert scores == pytest.approx([1 - 2 / 8, 0.5, 0.5])


def test_other_numbers_of_refits_are_named_in_order() -> None:
    rows = [0.0, 1.0]
    parts = tuple(
        part_of(f"c{count}", [1, 2], [0, 1], {0: rows}, {0: Refits(np.array([rows] * count))})
        for count in (4, 2)
    )
    with pytest.raises(ValueError, match=r"^seeds or parts have different .* refits: \[2, 4\]$"):
        resample(Sample("encoder", "probe", "lofo", parts), QWK, TextWeights(3))


def test_without_refits_or_with_none_that_has_a_score_there_are_none() -> None:
    whole = by_hand()
    for refits in (whole.refits[:0], np.full_like(whole.refits, np.nan)):
        found = replace(whole, refits=refits, _known={}).draws()
        assert found.refits.tolist() == []
        assert from_draws(found).refits == 0
