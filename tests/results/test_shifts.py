"""The ladder of shifts: which corpora allow a rung, from what it steps, on which texts."""

import numpy as np
import pytest
from result_factory import make_result
from sample_factory import explained, make_sample

from cefrbench.results.model import SplitRecord
from cefrbench.results.shifts import RUNGS, Rung, allowed_corpora, shift_ladder
from cefrbench.statistics.draws import resample
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import get_statistic

RESULT, _ = make_result(
    corpora=("alpha", "beta", "gamma"), texts=12, layers=(1,), probes=("ridge",), refits=0
)


def split(protocol, fold, train, scored, levels=(), skipped=None):
    return SplitRecord(
        protocol=protocol,
        fold=fold,
        manifest=None,
        train=train,
        inner=0,
        scored=dict.fromkeys(scored, 10),
        train_levels=levels,
        skipped=skipped,
    )


def allowed(rung, *splits):
    return allowed_corpora(RESULT.model_copy(update={"splits": splits}), rung)


LOCO = Rung("loco", "a new corpus", beyond="lofo")


def test_rungs_are_in_order_and_two_of_them_have_to_go_beyond_another():
    assert [(one.protocol, one.beyond) for one in RUNGS] == [
        ("iid", None), ("by-task", None), ("loco", "lofo"), ("lofo", None), ("lolo", "loco")
    ]  # fmt: skip


def test_a_corpus_allows_a_rung_where_it_is_trained_on_other_texts_than_beyond_it():
    splits = (
        split("loco", "alpha", 30, ["alpha"], (10, 20)),
        split("loco", "beta", 30, ["beta"], (10, 20)),
        split("loco", "gamma", 30, ["gamma"], (10, 20)),
        split("lofo", "alpha", 20, ["alpha"], (10, 10)),
        split("lofo", "beta", 30, ["beta"], (10, 20)),
        split("lofo", "gamma", 30, ["gamma"], (15, 15)),
    )
    assert allowed(LOCO, *splits) == {"alpha", "gamma"}
    assert allowed(Rung("loco", ""), *splits) == {"alpha", "beta", "gamma"}
    assert allowed(Rung("iid", ""), *splits) == set()
    assert allowed(LOCO, *splits[:3]) == {"alpha", "beta", "gamma"}


def test_all_folds_of_a_corpus_count_in_their_order_and_skipped_ones_do_not():
    loco = (
        split("loco", "1", 10, ["alpha", "beta"]),
        split("loco", "2", 20, ["alpha", "twin-all"]),
    )
    lofo = (split("lofo", "1", 10, ["alpha", "beta"]), split("lofo", "2", 20, ["alpha"]))
    other = split("lofo", "2", 21, ["alpha"])
    assert allowed(LOCO, *loco, *lofo) == set()
    assert allowed(LOCO, *loco, lofo[0], other) == {"alpha"}
    assert allowed(LOCO, *loco, lofo[0]) == {"alpha"}
    lost = split("lofo", "3", 99, ["alpha", "beta"], skipped="too few")
    assert allowed(LOCO, *loco, lost, *lofo) == set()
    assert allowed(Rung("loco", ""), split("loco", "1", 5, ["beta"], skipped="too few")) == set()


# -- the ladder ------------------------------------------------------------------------------------

TEXTS = {
    "iid": {"alpha": range(20), "beta": range(100, 125), "gamma": range(200, 215)},
    "by-task": {"gamma": range(230, 245)},
    "loco": {"alpha": range(4, 24), "beta": range(100, 110), "gamma": range(200, 215)},
    "lofo": {"beta": range(95, 120), "alpha": range(3, 21), "gamma": range(231, 241)},
    "lolo": {"delta": range(900, 910)},
}
#: By-task knows gamma alone, loco alpha and beta; lolo is of a corpus that has no split.
SPLITS = (
    *(split("iid", "1", 50, ["alpha", "beta", "gamma"]),),
    split("by-task", "1", 41, ["gamma"]),
    *(split("loco", name, 40, [name]) for name in ("alpha", "beta", "gamma")),
    *(split("lofo", name, 30, [name]) for name in ("alpha", "beta")),
    split("lofo", "gamma", 40, ["gamma"]),
)


@pytest.fixture(scope="module")
def source():
    result = RESULT.model_copy(update={"splits": SPLITS})
    raw = [make_sample("ridge", name, texts) for name, texts in TEXTS.items() if name != "lolo"]
    lolo = make_sample("ridge", "lolo", TEXTS["lolo"])
    return explained(result, *raw, lolo, make_sample("ordinal", "lolo", TEXTS["iid"]))


def scored(source, protocol, corpus, texts, score):
    """The score of some texts of a corpus, by itself."""
    sample = source.raw[protocol, "ridge"]
    (part,) = (one for one in sample.parts if one.corpus == corpus)
    kept = part.of_texts(np.array(sorted(texts), dtype=np.uint64))
    alone = type(sample)("0", "ridge", protocol, (kept,))
    return resample(alone, get_statistic(score), source.weights).draws().estimate


@pytest.mark.parametrize("score", ["qwk", "recut", "spearman"])
def test_each_rung_has_its_corpora_and_steps_from_the_last_that_shares_texts(source, score):
    found = [one for one in shift_ladder(source, "ridge") if one.score == score]
    assert [(o.protocol, o.words, o.corpora, o.texts, o.before, o.shared, o.shared_texts)
            for o in found] == [
        ("iid", "the same corpora", ("alpha", "beta", "gamma"), 60, None, (), 0),
        ("by-task", "a new task", ("gamma",), 15, None, (), 0),
        ("loco", "a new corpus of a known family", ("alpha", "beta"), 30,
         "iid", ("alpha", "beta"), 26),
        ("lofo", "a new family", ("beta", "alpha", "gamma"), 53, "loco", ("alpha", "beta"), 27),
    ]  # fmt: skip
    assert {one.probe for one in found} == {"ridge"}
    assert [one.step is None for one in found] == [True, True, False, False]
    shared = (
        ("iid", "loco", {"alpha": range(4, 20), "beta": range(100, 110)}),
        ("loco", "lofo", {"alpha": range(4, 21), "beta": range(100, 110)}),
    )
    for one, (before, after, texts) in zip(found[2:], shared, strict=True):
        each = [
            scored(source, after, name, own, score) - scored(source, before, name, own, score)
            for name, own in texts.items()
        ]
        assert one.step.value == pytest.approx(np.mean(each))
        assert one.step.low < one.step.value < one.step.high
    statistic = get_statistic(score)
    whole = resample(source.raw["iid", "ridge"], statistic, source.weights).draws()
    expected = from_draws(whole, statistic)
    assert found[0].figure.model_dump() == {
        "value": expected.estimate, "low": expected.low, "high": expected.high,
        "error": expected.error, "refits": 0,
    }  # fmt: skip
    task = [scored(source, "by-task", "gamma", TEXTS["by-task"]["gamma"], score)]
    assert found[1].figure.value == pytest.approx(np.mean(task))


def test_scores_stand_one_after_the_other_and_another_probe_has_its_own_rungs(source):
    found = [(one.score, one.protocol) for one in shift_ladder(source, "ridge")]
    assert found == [
        (score, protocol)
        for score in ("qwk", "recut", "spearman")
        for protocol in ("iid", "by-task", "loco", "lofo")
    ]
    assert list(shift_ladder(source, "ordinal")) == []
    assert list(shift_ladder(source, "knn")) == []


def test_a_corpus_of_one_level_is_in_no_step():
    """Of beta both rungs score texts of one level: it is no part of what they share."""
    result = RESULT.model_copy(update={"splits": SPLITS})
    names = ("iid", "loco")
    made = [make_sample("ridge", name, TEXTS[name], flat=("beta",)) for name in names]
    _, after = (o for o in shift_ladder(explained(result, *made), "ridge") if o.score == "qwk")
    assert after.corpora == ("alpha", "beta")
    assert (after.before, after.shared, after.shared_texts) == ("iid", ("alpha",), 16)
    made = [make_sample("ridge", name, TEXTS[name], flat=("alpha", "beta")) for name in names]
    _, after = (o for o in shift_ladder(explained(result, *made), "ridge") if o.score == "qwk")
    assert (after.before, after.shared, after.shared_texts, after.step) == ("iid", (), 0, None)
