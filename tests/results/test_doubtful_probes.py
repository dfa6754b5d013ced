"""Which probes a reader has to doubt: those that do far better on unseen corpora than on seen."""

import pytest
from result_factory import make_result

from cefrbench.results.doubts import MARGIN, doubts


@pytest.fixture(scope="module")
def made():
    return make_result(corpora=("alpha", "beta"), texts=12, layers=(1,))[0]


def with_qwk(made, figures, kind="chosen"):
    """The result with these scores, by protocol and probe."""
    other = {"chosen": "oracle", "oracle": "chosen"}[kind]
    records = []
    for one in made.summary:
        scores = (one.chosen or one.oracle).model_copy(
            update={"qwk": figures[one.protocol, one.probe]}
        )
        records.append(one.model_copy(update={kind: scores, other: None}))
    return made.model_copy(update={"summary": tuple(records)})


def planted(ridge, mlp):
    return {
        (protocol, probe): qwk
        for probe, pair in (("ridge", ridge), ("mlp-classifier", mlp))
        for protocol, qwk in zip(("iid", "loco"), pair, strict=True)
    }


@pytest.mark.parametrize("kind", ["chosen", "oracle"])
def test_a_probe_far_above_what_it_does_on_seen_corpora_is_named_with_both_figures(made, kind):
    (said,) = doubts(with_qwk(made, planted((0.5, 0.4), (0.3, 0.45)), kind))
    assert said.startswith(
        "mlp-classifier has a QWK of 0.450 on corpora that it was not trained on (loco), and of "
        "0.300 on those that it was (iid)"
    )


def test_the_margin_itself_is_no_doubt(made):
    assert not list(doubts(with_qwk(made, planted((0.5, 0.5 + MARGIN), (0.5, 0.6)))))
    assert len(list(doubts(with_qwk(made, planted((0.5, 0.601), (0.25, 0.36)))))) == 2


@pytest.mark.parametrize("undefined", [(None, 0.9), (0.3, None)])
def test_a_probe_without_a_score_says_nothing_of_the_next_one(made, undefined):
    (said,) = doubts(with_qwk(made, planted(undefined, (0.2, 0.8))))
    assert said.startswith("mlp-classifier ")


@pytest.mark.parametrize("protocol", ["iid", "loco"])
def test_a_probe_that_lacks_a_side_says_nothing_of_the_next_one(made, protocol):
    result = with_qwk(made, planted((0.1, 0.9), (0.2, 0.8)))
    records = [one for one in result.summary if (one.protocol, one.probe) != (protocol, "ridge")]
    (said,) = doubts(result.model_copy(update={"summary": tuple(records)}))
    assert said == (
        "mlp-classifier has a QWK of 0.800 on corpora that it was not trained on (loco), and of "
        "0.200 on those that it was (iid): that is what a probe or an encoder gives that has seen "
        "the scored texts"
    )


def test_one_side_alone_gives_no_doubt(made):
    result = with_qwk(made, planted((0.1, 0.9), (0.1, 0.9)))
    for side in ("iid", "loco"):
        records = tuple(one for one in result.summary if one.protocol == side)
        assert not list(doubts(result.model_copy(update={"summary": records})))
