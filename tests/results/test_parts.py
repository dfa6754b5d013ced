"""The parts of a gap, of layers, of drift and of residuals: whose they are, and their figures."""

import numpy as np
import pytest
from result_factory import make_result
from sample_factory import explained, make_sample
from sklearn.metrics import cohen_kappa_score

from cefrbench.results.levels import as_levels
from cefrbench.results.model import CorpusScore
from cefrbench.results.parts import (
    Explained,
    decompositions,
    drifts,
    figure,
    layer_decompositions,
    residuals,
)
from cefrbench.results.samples import samples
from cefrbench.results.selection import counted_units
from cefrbench.statistics.draws import resample
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.scores import Scores
from cefrbench.statistics.scoring import SUM_STATISTICS

QWK = SUM_STATISTICS["qwk"]
RESULT, TABLE = make_result(
    corpora=("alpha", "beta", "gamma"),
    texts=12,
    layers=(1, 2),
    probes=("ridge", "ordinal"),
    refits=0,
)
FLAT = "delta"
SEEN = {
    "alpha": range(20),
    "beta": range(100, 131),
    "gamma": range(200, 212),
    FLAT: range(300, 309),
}
UNSEEN = {
    "beta": range(95, 131),
    "alpha": range(6, 30),
    "gamma": range(250, 260),
    FLAT: range(304, 309),
}


def sources(probe, **options):
    return (
        make_sample(probe, "iid", SEEN, noise=0.6, flat=(FLAT,), **options),
        make_sample(probe, "loco", UNSEEN, noise=1.2, flat=(FLAT,), **options),
    )


@pytest.fixture(scope="module")
def source():
    both = (*sources("ordinal", refits=3), *sources("ridge", refits=3))
    return explained(RESULT, *both, levels=both)


def shared(sample, corpus):
    """Gold and predicted levels of a corpus, on the texts that both protocols score."""
    (part,) = (one for one in sample.parts if one.corpus == corpus)
    both = np.isin(part.texts, [*({*SEEN[corpus]} & {*UNSEEN[corpus]})])
    return part.outcomes[0].gold[both], part.outcomes[0].predicted[both]


def kappa(gold, predicted):
    return cohen_kappa_score(gold, predicted, weights="quadratic", labels=range(5))


def test_a_result_is_taken_apart_as_it_is_and_in_levels():
    weights = TextWeights(50)
    found = Explained.of(RESULT, TABLE, weights)
    assert (found.result, found.table, found.weights) == (RESULT, TABLE, weights)
    for own, table in ((found.raw, TABLE), (found.levels, as_levels(TABLE, 5))):
        expected = samples(RESULT, table)
        assert own.keys() == expected.keys()
        for key, sample in expected.items():
            for one, other in zip(own[key].parts, sample.parts, strict=True):
                np.testing.assert_array_equal(one.outcomes[0].score, other.outcomes[0].score)


def test_protocols_stand_once_and_probes_in_the_results_order(source):
    assert source.protocols == ("iid", "loco")
    assert source.probes("iid", "loco") == ["ridge", "ordinal"]
    fewer = explained(RESULT, *sources("ordinal"), sources("ridge")[1])
    assert fewer.protocols == ("iid", "loco")
    assert fewer.probes("iid", "loco") == ["ordinal"]
    assert fewer.probes("loco") == ["ridge", "ordinal"]
    assert fewer.probes("loco", "lofo") == []


def test_a_figure_is_an_interval_field_by_field(source):
    draws = resample(source.raw["iid", "ridge"], QWK, source.weights).draws({"alpha"})
    for statistic in (QWK, None):
        expected = from_draws(draws, statistic)
        assert figure(draws, statistic).model_dump() == {
            "value": expected.estimate,
            "low": expected.low,
            "high": expected.high,
            "error": expected.error,
            "refits": 3,
        }


# -- the decomposition -----------------------------------------------------------------------------


def test_a_gap_is_told_of_the_mean_then_of_each_corpus_on_shared_texts(source):
    """Gamma shares no text; of one level a corpus has no gap, and no mean counts it."""
    found = list(decompositions(source, "iid", "loco"))
    rows = [(None, ("alpha", "beta"), 45), ("alpha", ("alpha",), 14), ("beta", ("beta",), 31)]
    rows.append((FLAT, (FLAT,), 5))
    assert [(one.probe, one.corpus, one.corpora, one.texts) for one in found] == [
        (probe, *row) for probe in ("ridge", "ordinal") for row in rows
    ]
    for one in found:
        assert (one.inside.protocol, one.outside.protocol) == ("iid", "loco")
        if one.corpus == FLAT:
            assert one.parts == {}
            assert {one.inside.qwk, one.outside.qwk, one.inside.recut, one.inside.scaled} == {None}
            continue
        inside, outside = (
            np.mean([kappa(*shared(source.raw[side, one.probe], name)) for name in one.corpora])
            for side in ("iid", "loco")
        )
        assert one.inside.qwk == pytest.approx(inside)
        assert one.outside.qwk == pytest.approx(outside)
        assert one.parts["gap"].value == pytest.approx(inside - outside)
        assert one.parts["gap"].refits == 3
        for name in ("levelled", "located", "scaled", "recut"):
            assert getattr(one.inside, name) > getattr(one.outside, name)
        lost = one.inside.recut - one.outside.recut
        assert one.parts["direction"].value == pytest.approx(lost)


def test_probes_that_are_not_asked_for_are_passed_over(source):
    asked = [{one.probe for one in decompositions(source, "iid", "loco", names)}
             for names in (None, ["ordinal"], ["ridge"], [])]  # fmt: skip
    assert asked == [{"ridge", "ordinal"}, {"ordinal"}, {"ridge"}, set()]


def test_without_scores_in_levels_the_thresholds_stay_whole():
    own = explained(RESULT, *sources("ridge"))
    first, *_ = decompositions(own, "iid", "loco")
    assert first.parts.keys() == {"gap", "direction", "thresholds"}
    assert (first.inside.levelled, first.inside.located, first.inside.scaled) == (None,) * 3
    assert first.inside.recut is not None


@pytest.mark.parametrize("bare", [0, 1])
def test_a_mean_is_over_corpora_with_a_score_of_all_steps_on_both_sides(bare):
    """Of beta one side has no continuous scores."""
    pair = list(sources("ridge"))
    own = next(part for part in make_sample("ridge", "x", (SEEN, UNSEEN)[bare], score=False).parts
               if part.corpus == "beta")  # fmt: skip
    parts = tuple(own if part.corpus == "beta" else part for part in pair[bare].parts)
    pair[bare] = type(pair[bare])("0", "ridge", pair[bare].protocol, parts)
    found = {one.corpus: one for one in decompositions(explained(RESULT, *pair), "iid", "loco")}
    assert found[None].corpora == ("alpha",)
    assert found["beta"].parts.keys() == {"gap"}


def test_where_no_corpus_has_all_scores_there_is_no_mean():
    own = explained(RESULT, *sources("ridge", score=False))
    found = list(decompositions(own, "iid", "loco"))
    assert [one.corpus for one in found] == ["alpha", "beta", FLAT]


# -- layers ----------------------------------------------------------------------------------------


def score(protocol, layer, values, *, corpus="alpha", probe="ridge", seed=None, n=40):
    names = ("qwk", "located", "scaled", "recut")
    scores = Scores.undefined().model_copy(update=dict(zip(names, values, strict=True)))
    return CorpusScore(
        protocol=protocol, corpus=corpus, probe=probe, layer=layer, seed=seed, n=n, scores=scores
    )


def test_a_layer_is_taken_apart_by_its_scores_on_what_both_sides_have():
    far = (9.0, 9.0, 9.0, 9.0)
    own = (
        score("loco", 2, (0.1, 0.2, 0.25, 0.375), probe="ordinal"),
        score("iid", 2, (0.5, 0.5, 0.5, 0.5), probe="ordinal"),
        # Seed 0 and seed 1 of alpha, and beta: their means.
        score("iid", 1, (0.5, 0.6, 0.7, 0.8), seed=0),
        score("iid", 1, (0.7, 0.8, 0.9, 1.0), seed=1),
        score("loco", 1, (0.0, 0.1, 0.3, 0.6), seed=0),
        score("loco", 1, (0.2, 0.3, 0.5, 0.8), seed=1),
        score("iid", 1, (0.8, 0.9, 1.0, 1.1), seed=0, corpus="beta"),
        score("loco", 1, (0.3, 0.4, 0.6, 0.9), seed=0, corpus="beta"),
        # What has no place in them.
        score("iid", None, far, seed=0),
        score("iid", 1, far, seed=0, corpus="twin-all"),
        score("loco", 1, far, seed=0, corpus="twin-all"),
        score("iid", 1, far, seed=0, corpus="gamma", n=40),
        score("loco", 1, far, seed=0, corpus="gamma", n=41),
        score("iid", 1, far, seed=2),
        score("lofo", 1, far, seed=0),
        score("iid", 3, (0.5, 0.5, 0.5, None)),
        score("loco", 3, (0.5, 0.5, 0.5, None)),
        score("iid", 0, far),
    )
    result = RESULT.model_copy(update={"scores": own})
    first, second = layer_decompositions(result, "iid", "loco")
    assert (first.probe, first.layer, first.corpora) == ("ridge", 1, ("alpha", "beta"))
    assert (second.probe, second.layer, second.corpora) == ("ordinal", 2, ("alpha",))
    assert second.outside.model_dump() == {
        "protocol": "loco", "qwk": 0.1, "levelled": None, "located": 0.2, "scaled": 0.25,
        "recut": 0.375,
    }  # fmt: skip
    assert second.parts == pytest.approx(
        {
            "gap": 0.4,
            "direction": 0.125,
            "thresholds": 0.275,
            "location": 0.1,
            "scale": 0.05,
            "spacing": 0.125,
        }
    )
    assert second.inside.protocol == "iid"
    # Seed 0: alpha and beta; seed 1: alpha alone.
    assert first.inside.qwk == pytest.approx(((0.5 + 0.8) / 2 + 0.7) / 2)
    assert first.outside.qwk == pytest.approx(((0.0 + 0.3) / 2 + 0.2) / 2)
    assert first.parts["gap"] == pytest.approx(first.inside.qwk - first.outside.qwk)


def test_layers_stand_in_their_order_however_scores_come():
    own = [
        score(protocol, layer, (0.5,) * 4) for layer in (3, 1, 2) for protocol in ("iid", "loco")
    ]
    result = RESULT.model_copy(update={"scores": tuple(own)})
    assert [one.layer for one in layer_decompositions(result, "iid", "loco")] == [1, 2, 3]
    assert list(layer_decompositions(result, "iid", "lofo")) == []


# -- drift and residuals ---------------------------------------------------------------------------


def measured(gold, predicted):
    """Each measure of predicted levels, written out."""
    share = np.bincount(predicted, minlength=5) / len(predicted)
    seen = share[share > 0]
    return {
        "bias": (predicted - gold).mean(),
        "spread": predicted.std() / gold.std(),
        "slope": np.cov(predicted, gold, ddof=0)[0, 1] / gold.var(),
        "evenness": -(seen * np.log(seen)).sum() / np.log(5),
        "to_uniform": np.abs(share - 0.2).sum() / 2,
    }


def test_drift_is_measured_on_shared_texts_of_the_mean_and_of_each_corpus(source):
    names = ("bias", "spread", "slope", "evenness", "to_uniform")
    found = list(drifts(source, "iid", "loco"))
    assert [(one.probe, one.corpus, one.measure) for one in found] == [
        (probe, corpus, name)
        for probe in ("ridge", "ordinal")
        for corpus in (None, "alpha", "beta", FLAT)
        for name in names
    ]
    for one in found:
        if one.corpus in ("alpha", "beta"):
            inside, outside = (
                measured(*shared(source.raw[side, one.probe], one.corpus))[one.measure]
                for side in ("iid", "loco")
            )
            assert one.inside.value == pytest.approx(inside)
            assert one.outside.value == pytest.approx(outside)
            assert one.change.value == pytest.approx(outside - inside)
            assert one.change.low < one.change.value < one.change.high
    by_place = {(one.probe, one.corpus, one.measure): one for one in found}
    whole = by_place["ridge", None, "bias"]
    each = [by_place["ridge", name, "bias"] for name in ("alpha", "beta", FLAT)]
    assert whole.change.value == pytest.approx(np.mean([one.change.value for one in each]))
    # A spread is no less than 0, and its change may be.
    assert all(one.inside.low >= 0 for one in found if one.measure == "spread" and one.inside.low)
    assert min(one.change.low for one in found if one.measure == "to_uniform") < 0


def test_residuals_are_pooled_then_by_corpus_of_the_protocols_asked_for():
    units = [unit for unit in counted_units(RESULT) if unit.probe == "ridge"]
    found = list(residuals(RESULT, ["loco"]))
    assert {one.protocol for one in found} == {"loco"}
    own = [one for one in found if one.probe == "ridge"]
    assert [(one.corpus, one.level) for one in own] == [
        (corpus, level) for corpus in (None, "alpha", "beta", "gamma") for level in RESULT.scale
    ]
    for one in own:
        pooled = ("alpha", "beta", "gamma") if one.corpus is None else (one.corpus,)
        gold = RESULT.scale.index(one.level)
        row = np.sum(
            [u.confusion for u in units if u.protocol == "loco" and u.corpus in pooled], axis=0
        )[gold]
        each = np.repeat(np.arange(5) - gold, row)
        assert one.n == len(each)
        assert one.mean == pytest.approx(each.mean())
        assert one.sd == pytest.approx(each.std())
    assert {one.protocol for one in residuals(RESULT, ["iid", "loco"])} == {"iid", "loco"}
    assert list(residuals(RESULT, [])) == []


def test_a_unit_without_texts_has_no_residuals():
    units = tuple(
        unit.model_copy(update={"n": 0}) if unit.corpus == "beta" else unit for unit in RESULT.units
    )
    found = list(residuals(RESULT.model_copy(update={"units": units}), ["loco"]))
    assert {one.corpus for one in found} == {None, "alpha", "gamma"}
