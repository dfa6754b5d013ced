"""The gap in parts: what is planted is found, and nothing else; against a plain second way."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from cefrbench.statistics.continuous import RECUT
from cefrbench.statistics.decomposition import (
    GAINS,
    STEPS,
    Stepped,
    decompose,
    score_side,
    split_gap,
)
from cefrbench.statistics.draws import Resampled, resample
from cefrbench.statistics.matched import (
    LEVELLED,
    LOCATED,
    SCALED,
    cut_scores,
    is_cut,
    level_scores,
    matched_scores,
)
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Refits, Sample, Scored, on_same_texts
from cefrbench.statistics.scoring import round_to_class

SHARES = (0.1, 0.25, 0.3, 0.25, 0.1)
#: All that a text's prediction may lack out of distribution, and the part that tells of it.
STRENGTHS = {
    "direction": (0.4, 0.8, 1.6),
    "location": (0.4, 0.8, 1.6),
    "scale": (0.3, 0.5, 0.8),
    "spacing": (0.5, 1.0, 2.0),
}
BELOW = ("decision", "location", "scale", "spacing")


def matched(values, gold):
    """Values with exactly the mean and spread of the gold levels."""
    return (values - values.mean()) / values.std() * gold.std() + gold.mean()


def plant(rng, n, *, direction=0.0, location=0.0, scale=0.0, spacing=0.0):
    """Gold levels, predictions in distribution, and the same with so much gone out of it."""
    gold = rng.choice(5, n, p=SHARES)
    inside = matched(gold + rng.normal(0, 0.6, n), gold)
    outside = inside + rng.normal(0, direction, n) if direction else inside
    if spacing:
        # Cuts ever farther apart, or ever nearer; in the same order.
        outside = np.exp(spacing * outside / 2)
    outside = matched(outside, gold)
    outside = (outside - gold.mean()) * (1 - scale) + gold.mean() + location
    return gold, inside, outside


def as_sample(protocol, corpora, refits=None):
    """A probe's predictions of some corpora: gold levels and values of each."""
    parts = []
    for place, (gold, values) in enumerate(corpora):
        texts = np.arange(len(gold), dtype=np.uint64) + np.uint64(place * 10_000_000)
        scored = Scored(texts, gold, gold, values, values, refits)
        parts.append(Part.of("all", f"c{place}", {None: scored}, 5))
    return Sample("x", "probe", protocol, tuple(parts))


def parts_of(worlds, replicates=200):
    inside = as_sample("iid", [(gold, one) for gold, one, _ in worlds])
    outside = as_sample("lofo", [(gold, other) for gold, _, other in worlds])
    weights = TextWeights(replicates)
    sides = [score_side(one, one, weights) for one in (inside, outside)]
    return decompose(*sides, inside.corpora)


def kappa(gold, values):
    classes = np.rint(np.clip(values, 0, 4)).astype(int)
    return cohen_kappa_score(gold, classes, weights="quadratic", labels=range(5))


def plain_steps(gold, values):
    """Each step written out, by scikit-learn's kappa."""
    recut = np.empty(len(gold), int)
    recut[np.argsort(values, kind="stable")] = np.sort(gold)
    return {
        "qwk": kappa(gold, values),
        "levelled": kappa(gold, values),
        "located": kappa(gold, values - np.mean(values) + np.mean(gold)),
        "scaled": kappa(
            gold, (values - np.mean(values)) * np.std(gold) / np.std(values) + np.mean(gold)
        ),
        "recut": kappa(gold, recut),
    }


# -- against a second way ------------------------------------------------------------------------


def test_parts_are_those_of_a_plain_second_way():
    rng = np.random.default_rng(1)
    worlds = [plant(rng, 150, direction=0.5, location=a, scale=b, spacing=0.5)
              for a, b in ((0.7, 0.2), (-0.4, 0.0), (0.0, 0.5))]  # fmt: skip
    found = {name: one.estimate for name, one in parts_of(worlds).items()}
    inside = [plain_steps(gold, one) for gold, one, _ in worlds]
    outside = [plain_steps(gold, other) for gold, _, other in worlds]
    mean = [{k: np.mean([one[k] for one in side]) for k in side[0]} for side in (inside, outside)]
    i, o = mean
    assert found == pytest.approx(
        {
            "gap": i["qwk"] - o["qwk"],
            "direction": i["recut"] - o["recut"],
            "thresholds": (o["recut"] - o["qwk"]) - (i["recut"] - i["qwk"]),
            "decision": 0.0,
            "location": (o["located"] - o["qwk"]) - (i["located"] - i["qwk"]),
            "scale": (o["scaled"] - o["located"]) - (i["scaled"] - i["located"]),
            "spacing": (o["recut"] - o["scaled"]) - (i["recut"] - i["scaled"]),
        },
        abs=1e-12,
    )
    assert split_gap(i, o) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("statistic", [LEVELLED, LOCATED, SCALED])
def test_a_resample_is_scored_as_if_texts_stood_there_so_often(statistic):
    rng = np.random.default_rng(2)
    gold, _, values = plant(rng, 80, direction=0.5, location=0.6, scale=0.3)
    sample = as_sample("lofo", [(gold, values)])
    weights = TextWeights(40)
    drawn = resample(sample, statistic, weights).replicates[:, 0, 0]
    often = weights.of(sample.parts[0].texts)
    for replicate in range(40):
        rows = np.repeat(np.arange(80), often[:, replicate])
        steps = plain_steps(gold[rows], values[rows])
        assert drawn[replicate] == pytest.approx(steps[statistic.name], abs=1e-12)


def test_errors_are_of_the_paired_difference():
    """A part's error over texts is the spread of the part itself over resamples."""
    rng = np.random.default_rng(3)
    gold, one, other = plant(rng, 200, location=0.8, direction=0.4)
    drawn = parts_of([(gold, one, other)], replicates=150)
    often = TextWeights(150).of(np.arange(200, dtype=np.uint64))
    values = []
    for replicate in range(150):
        rows = np.repeat(np.arange(200), often[:, replicate])
        i, o = (plain_steps(gold[rows], side[rows]) for side in (one, other))
        values.append(split_gap(i, o))
    for name in GAINS:
        spread = np.std([found[name] for found in values], ddof=1)
        assert drawn[name].error()[0] == pytest.approx(spread, abs=1e-9)


def test_refits_widen_the_error_of_every_part_that_they_move():
    rng = np.random.default_rng(4)
    gold, one, other = plant(rng, 200, direction=0.4)
    moved = np.stack([other + shift for shift in rng.normal(0, 0.5, 8)])
    still = Refits(np.tile(one, (8, 1)), np.tile(one, (8, 1)))
    weights = TextWeights(100)
    inside = as_sample("iid", [(gold, one)], still)
    outside = as_sample("lofo", [(gold, other)], Refits(moved, moved))
    found = decompose(
        *(score_side(side, side, weights) for side in (inside, outside)), inside.corpora
    )
    fixed = parts_of([(gold, one, other)], 100)
    # All that the refits do is to move every text alike: that is location, and no direction.
    assert found["location"].error()[0] > 2 * fixed["location"].error()[0]
    assert found["direction"].refits.var() == pytest.approx(0, abs=1e-20)
    assert found["scale"].refits.var() == pytest.approx(0, abs=1e-20)


def test_halves_round_to_the_even_level_as_in_the_score_of_predictions_as_they_are():
    """Each border between levels, from both sides: a value on it counts where rounding puts it."""
    values = np.concatenate([np.arange(4) + 0.5, np.arange(5.0), np.arange(4) + 0.5])
    gold = np.array([0, 1, 2, 3, 0, 1, 2, 3, 4, 1, 2, 3, 4])
    side = score_side(*[as_sample("iid", [(gold, values)])] * 2, TextWeights(5))
    scores = side.scores(["c0"])
    assert scores["levelled"] == pytest.approx(scores["qwk"], abs=1e-15)
    assert scores["levelled"] == pytest.approx(kappa(gold, values), abs=1e-12)


# -- planted truth -------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["location", "scale", "spacing"])
def test_one_kind_of_thresholds_is_found_in_its_part_alone(part):
    """Exactly: the order stands, so direction is 0, and so is every other part."""
    before = 0.0
    for strength in STRENGTHS[part]:
        worlds = [plant(np.random.default_rng(k), 400, **{part: strength}) for k in range(3)]
        found = {name: one.estimate for name, one in parts_of(worlds).items()}
        assert found["gap"] > before + 0.01, "the more is planted, the more is lost"
        assert found[part] == pytest.approx(found["gap"], abs=1e-12)
        assert found["direction"] == pytest.approx(0, abs=1e-12)
        assert [found[other] for other in BELOW if other != part] == pytest.approx([0] * 3)
        before = found["gap"]


@pytest.mark.parametrize("strength", STRENGTHS["direction"])
def test_lost_direction_is_found_and_no_thresholds(strength):
    worlds = [plant(np.random.default_rng(k), 600, direction=strength) for k in range(3)]
    found = parts_of(worlds)
    direction, error = found["direction"].estimate, found["direction"].error()[0]
    assert direction > 4 * error
    assert abs(direction - found["gap"].estimate) < 0.05
    for name in ("thresholds", *BELOW):
        assert abs(found[name].estimate) <= 3.5 * found[name].error()[0] + 1e-12


@pytest.mark.parametrize(
    "planted",
    [
        {"direction": d, "location": a, "scale": b}
        for d in (0.0, 0.5, 1.0)
        for a in (-0.8, 0.5)
        for b in (0.0, 0.4)
    ],
    ids=str,
)
def test_mixtures_are_found_within_their_errors(planted):
    """Truth: the same mixture in a hundred thousand texts, the second way."""
    gold, one, other = plant(np.random.default_rng(0), 100_000, **planted)
    truth = split_gap(plain_steps(gold, one), plain_steps(gold, other))
    worlds = [plant(np.random.default_rng(k), 500, **planted) for k in (1, 2)]
    for name, one in parts_of(worlds).items():
        assert abs(one.estimate - truth[name]) <= 3.5 * one.error()[0] + 1e-9, name


def test_nothing_is_found_where_nothing_is_planted():
    """Two draws of one probe: a part is shown at 5 %, and as often as that."""
    shown = dict.fromkeys(("gap", "direction", "thresholds", "location", "scale", "spacing"), 0)
    runs = 120
    for run in range(runs):
        rng = np.random.default_rng(run)
        gold = rng.choice(5, 150, p=SHARES)
        one, other = (gold * 0.8 + 0.5 + rng.normal(0, 0.7, 150) for _ in range(2))
        for name, drawn in parts_of([(gold, one, other)], 200).items():
            if name in shown:
                shown[name] += abs(drawn.estimate) > 1.96 * drawn.error()[0]
    # 5 % and three standard errors of a count of 120.
    assert max(shown.values()) <= 0.05 * runs + 3 * np.sqrt(0.05 * 0.95 * runs)


def test_a_classifier_that_never_takes_what_it_expects_shows_in_decision():
    """Its most likely class is one too low out of distribution, what it expects is right."""
    rng = np.random.default_rng(5)
    gold = rng.choice(5, 300, p=SHARES)
    expected = np.clip(gold + rng.normal(0, 0.5, 300), 0, 4)
    right, low = round_to_class(expected, 5), np.maximum(round_to_class(expected, 5) - 1, 0)
    texts = np.arange(300, dtype=np.uint64)

    def side(protocol, classes):
        scored = Scored(texts, gold, gold, classes.astype(float), expected)
        part = Part.of("all", "c0", {None: scored}, 5)
        sample = Sample("x", "probe", protocol, (part,))
        return score_side(sample, sample, TextWeights(50))

    found = decompose(side("iid", right), side("lofo", low), ["c0"])
    assert found["decision"].estimate == pytest.approx(found["gap"].estimate)
    assert found["gap"].estimate > 0.1
    assert found["location"].estimate == pytest.approx(0)


# -- bad input -----------------------------------------------------------------------------------


def test_one_level_and_no_scores_leave_out_what_is_undefined():
    gold = np.full(30, 2)
    values = np.linspace(1, 3, 30)
    assert parts_of([(gold, values, values)], 20) == {}
    sample = as_sample("iid", [(np.arange(30) % 5, values)])
    part = sample.parts[0]
    without = replace(part, outcomes=tuple(replace(o, score=None) for o in part.outcomes))
    side = score_side(*[replace(sample, parts=(without,))] * 2, TextWeights(20))
    assert set(decompose(side, side, ["c0"])) == {"gap"}


def test_equal_predictions_have_nothing_to_stretch():
    gold = np.arange(40) % 5
    located, scaled = matched_scores(np.full(40, 3.3), gold, gold, 5)
    assert located == scaled == 0.0


def test_only_texts_that_both_score_are_compared():
    rng = np.random.default_rng(6)
    gold, one, other = plant(rng, 50)
    inside = as_sample("iid", [(gold, one), (gold, one)])
    refits = Refits(np.stack([other[10:]] * 3), np.stack([other[10:]] * 3))
    texts = np.arange(10, 50, dtype=np.uint64)
    scored = Scored(texts, gold[10:], gold[10:], other[10:], other[10:], refits)
    outside = Sample("x", "probe", "lofo", (Part.of("all", "c0", {None: scored}, 5),))
    a, b = on_same_texts(inside, outside)
    assert a.corpora == b.corpora == ("c0",)
    assert np.array_equal(a.parts[0].texts, texts)
    assert np.array_equal(a.parts[0].outcomes[0].score, one[10:])
    assert resample(a, RECUT, TextWeights(5)).scores.shape == (1, 1)
    c, d = on_same_texts(outside, inside)
    assert np.array_equal(c.parts[0].refits[0].predictions, refits.predictions)
    assert np.array_equal(d.parts[0].texts, texts)


# -- the scale of levels -------------------------------------------------------------------------

LATENT = st.lists(st.floats(-50, 50), min_size=3, max_size=40)


@given(LATENT, st.lists(st.floats(-40, 40), min_size=4, max_size=4, unique=True))
def test_a_latent_in_levels_rounds_to_its_classes_in_its_order(latent, cuts):
    score = np.array(latent)
    classes = np.searchsorted(np.sort(cuts), score).astype(float)
    if np.array_equal(classes, score):
        return
    assert is_cut(classes, score)
    level = level_scores(classes, score, 5)
    assert np.array_equal(round_to_class(level, 5), classes)
    if len(np.unique(classes)) > 2:
        order = np.argsort(score, kind="stable")
        assert (np.diff(level[order]) >= -1e-9).all()


def test_evenly_spaced_cuts_give_a_straight_line():
    """A latent that is 3 x - 7 of a level: its cuts are found as well as texts lie beside them."""
    level = np.linspace(-0.4, 4.4, 4801)
    found = level_scores(np.rint(np.clip(level, 0, 4)), 3 * level - 7, 5)
    assert np.abs(found - level).max() < 2e-3


def test_beyond_the_outer_cuts_levels_go_on_at_the_mean_slope():
    """Cuts at 0, 1, 3 and 6: three levels over six units of the score."""
    beside = [place + side for place in (0, 1, 3, 6) for side in (-0.1, 0.1)]
    score = np.array([-4.0, *beside, 10.0])
    found = level_scores(np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4.0]), score, 5)
    assert found[0] == pytest.approx(0.5 - 4 * 0.5)
    assert found[-1] == pytest.approx(3.5 + 4 * 0.5)


def test_a_class_that_is_never_given_is_not_reached():
    score = np.array([-3.0, -2.9, 0.0, 0.1, 50.0])
    found = cut_scores(np.array([0.0, 0.0, 1.0, 1.0, 2.0]), score, 5)
    assert round_to_class(found, 5).tolist() == [0, 0, 1, 1, 2]
    # One in the middle: the two cuts lie evenly between the scores on their sides.
    gap = cut_scores(np.array([0.0, 2.0, 3.0]), np.array([0.0, 4.0, 6.0]), 5)
    assert round_to_class(gap, 5).tolist() == [0, 2, 3]
    assert np.interp(2.0, [0.0, 4.0], gap[:2]) == pytest.approx(1.0, abs=0.3)


def test_what_an_argmax_gives_is_left_in_its_own_levels():
    expected = np.array([0.4, 1.6, 1.4, 3.0])
    classes = np.array([0.0, 1.0, 2.0, 3.0])
    assert level_scores(classes, expected, 5) is expected
    assert level_scores(classes, expected + 2, 5) is None, "outside the scale: of another unit"
    assert level_scores(classes, np.full(4, np.nan), 5) is None
    assert level_scores(np.full(4, 2.0), expected * 9, 5).tolist() == [2.0] * 4, "one class"
    regressed = np.array([-1.0, 7.5, 2.0])
    assert level_scores(regressed, regressed, 5) is regressed


# -- steps and parts by hand ----------------------------------------------------------------------

INSIDE = {"qwk": 0.8, "levelled": 0.81, "located": 0.84, "scaled": 0.86, "recut": 0.91}
OUTSIDE = {"qwk": 0.3, "levelled": 0.35, "located": 0.55, "scaled": 0.62, "recut": 0.78}
PARTS = {
    "gap": 0.5,
    "direction": 0.13,
    "thresholds": 0.48 - 0.11,
    "decision": 0.05 - 0.01,
    "location": 0.2 - 0.03,
    "scale": 0.07 - 0.02,
    "spacing": 0.16 - 0.05,
}


def test_parts_follow_from_the_scores_of_each_step():
    assert split_gap(INSIDE, OUTSIDE) == pytest.approx(PARTS)
    assert list(split_gap(INSIDE, OUTSIDE)) == list(PARTS)


@pytest.mark.parametrize(
    ("step", "lost"),
    [
        ("qwk", {"gap", "thresholds", "decision"}),
        ("levelled", {"decision", "location"}),
        ("located", {"location", "scale"}),
        ("scaled", {"scale", "spacing"}),
        ("recut", {"direction", "thresholds", "spacing"}),
    ],
)
def test_a_step_without_a_score_leaves_out_the_parts_that_need_it(step, lost):
    expected = {name: part for name, part in PARTS.items() if name not in lost}
    lacking = {name: score for name, score in OUTSIDE.items() if name != step}
    assert split_gap(INSIDE, lacking) == pytest.approx(expected)
    assert split_gap(INSIDE, OUTSIDE | {step: None}) == pytest.approx(expected)
    assert split_gap(INSIDE | {step: None}, OUTSIDE) == pytest.approx(expected)
    stepped = [made(INSIDE, 1), made(OUTSIDE, 2)]
    for side in (0, 1):
        some = [dict(one.steps) for one in stepped]
        del some[side][step]
        found = decompose(*map(Stepped, some), ["c0"])
        assert {name: one.estimate for name, one in found.items()} == pytest.approx(expected)


def made(scores, seed):
    """A side with these scores of one corpus, and figures of its own in everything else."""
    (part,) = as_sample("iid", [(np.arange(4), np.arange(4.0))]).parts
    sample = Sample("x", "probe", "iid", (part, replace(part, corpus="c1")))
    rng = np.random.default_rng(seed)

    def step(score):
        each = np.array([[score, np.nan]])
        return Resampled(
            sample,
            each,
            each + rng.normal(0, 0.05, (6, 1, 2)),
            (rng.normal(size=(1, 4)), np.zeros((1, 4))),
            np.zeros((0, 1, 2)),
            0,
        )

    return Stepped({name: step(score) for name, score in scores.items()})


def test_a_part_is_paired_replicate_by_replicate_and_only_the_gap_and_direction_by_text():
    inside, outside = made(INSIDE, 1), made(OUTSIDE, 2)
    found = decompose(inside, outside, ["c0"])
    assert list(found) == list(PARTS)
    i, o = (
        {name: one.draws(["c0"]) for name, one in side.steps.items()} for side in (inside, outside)
    )
    for part, (before, after) in GAINS.items():
        gained = [one[after].values - one[before].values for one in (o, i)]
        np.testing.assert_allclose(found[part].values, gained[0] - gained[1])
        assert found[part].influence.tolist() == [0.0] * 4
    for part, step in (("gap", "qwk"), ("direction", "recut")):
        np.testing.assert_allclose(found[part].values, i[step].values - o[step].values)
        np.testing.assert_allclose(found[part].influence, i[step].influence - o[step].influence)
        assert found[part].influence.any()


def test_a_step_has_a_score_of_corpora_where_each_of_them_has_one():
    side = made(INSIDE, 1)
    assert side.has(["c0"]) == set(INSIDE)
    assert side.has(["c0", "c1"]) == side.has(["c1"]) == set()
    assert side.scores(["c0"]) == pytest.approx(INSIDE)
    assert side.scores(["c1"]) == {}
    assert decompose(side, side, ["c0", "c1"]) == {}


def test_without_scores_in_levels_two_steps_are_left():
    rng = np.random.default_rng(7)
    gold, inside, _ = plant(rng, 40)
    sample = as_sample("iid", [(gold, 3 * inside + 9)])
    levels = as_sample("iid", [(gold, inside)])
    weights = TextWeights(5)
    assert set(score_side(sample, None, weights).steps) == {"qwk", "recut"}
    both = score_side(sample, levels, weights)
    assert list(both.steps) == list(STEPS)
    plain = plain_steps(gold, inside)
    expected = plain | {"qwk": kappa(gold, 3 * inside + 9)}
    assert both.scores(["c0"]) == pytest.approx(expected)
    assert both.steps["scaled"].sample is levels
    assert both.steps["recut"].sample is sample
