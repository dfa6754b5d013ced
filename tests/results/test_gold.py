"""Hashes of gold levels: what they are of, and what they are not of."""

import hashlib
import json

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.errors import ResultError
from cefrbench.results.findings import Mismatch
from cefrbench.results.gold import (
    check_agreement,
    check_gold,
    contradiction,
    gold_digests,
    prediction_digest,
)
from cefrbench.results.predictions import PredictionTable

RESULT, _ = make_result(texts=10, layers=(1,), probes=("ridge",))
STUDY, _ = make_result(texts=10, layers=(1,), probes=("ridge",), form="study")


def unit(**own):
    options = {
        "protocol": "iid", "fold": "1", "corpus": "alpha", "probe": "ridge", "seed": None,
        "layer": 1, "text": ["c", "a", "b"], "low": [0, 1, 2], "high": [0, 1, 3],
        "prediction": [0.5, 1.5, 2.5],
    }  # fmt: skip
    return PredictionTable.of_unit(**options | own)


def table(*units):
    return PredictionTable.concat(units)


def found(result, *units):
    return list(check_gold(result, table(*units)))


def test_a_text_stands_once_a_unit_but_in_the_studys_form():
    twice = unit(fold="2", text=["a", "b", "a"])
    named = [Mismatch("predictions.text", "a text twice in iid 2 alpha", "each once")]
    # Of each scored part the first unit is looked at, and all others are compared with it.
    assert found(RESULT, unit(), twice, unit(layer=2), unit(fold="3")) == named
    assert found(STUDY, unit(), twice) == []
    assert found(RESULT, twice, unit(fold="2", text=["a", "b", "a"], layer=2)) == named


@pytest.mark.parametrize(
    "other", [{"text": ["c", "a", "x"]}, {"low": [0, 1, 1]}, {"high": [0, 1, 4]}]
)
def test_units_of_a_scored_part_have_its_texts_and_levels(other):
    wrong = unit(probe="knn", layer=2, **other)
    also = unit(probe="mlp", layer=3, seed=1, **other)
    assert found(RESULT, unit(), unit(layer=5), wrong, also) == [
        Mismatch(
            "predictions",
            f"other texts or levels with {name} at layer {layer} in iid 1 alpha",
            "the same for every probe",
        )
        for name, layer in (("knn", 2), ("mlp", 3))
    ]
    # Another fold, corpus or protocol is another part.
    apart = [unit(fold="2", **other), unit(corpus="beta", **other), unit(protocol="x", **other)]
    assert found(RESULT, unit(), *apart) == []


def md(data):
    return hashlib.sha256(data).hexdigest()[:32]


def test_gold_is_hashed_by_all_that_decides_it_in_the_order_of_its_texts():
    split = RESULT.splits[0]
    digests = gold_digests(RESULT, table(unit(fold=split.fold), unit(fold="none", corpus="beta")))
    corpora = sorted((one.card.name, one.fingerprint) for one in RESULT.corpora)
    facts = ["corrected", list(RESULT.scale), corpora]
    gold = md(
        b"a\nb\nc"
        + np.array([1, 2, 0], dtype="<i8").tobytes()
        + np.array([1, 3, 0], dtype="<i8").tobytes()
    )
    assert split.protocol == "iid"
    assert digests == {
        md(json.dumps([split.manifest, "alpha", facts]).encode()): gold,
        md(json.dumps([None, "beta", facts]).encode()): gold,
    }


def test_the_order_of_texts_and_what_is_predicted_change_no_gold():
    own = gold_digests(RESULT, table(unit()))
    turned = unit(text=["b", "c", "a"], low=[2, 0, 1], high=[3, 0, 1], prediction=[0, 0, 0])
    assert gold_digests(RESULT, table(turned)) == own
    assert gold_digests(RESULT, table(unit(), unit(layer=9, low=[0, 0, 0]))) == own
    twice = [unit(text=["a", "a", "b"], low=low, high=[4, 4, 4]) for low in ([0, 1, 2], [1, 0, 2])]
    assert gold_digests(RESULT, table(twice[0])) == gold_digests(RESULT, table(twice[1]))
    ends = [unit(text=["a"] * 3, low=[1] * 3, high=high) for high in ([1, 2, 3], [3, 1, 2])]
    assert gold_digests(RESULT, table(ends[0])) == gold_digests(RESULT, table(ends[1]))
    other = gold_digests(RESULT, table(unit(high=[0, 2, 3])))
    assert other.keys() == own.keys()
    assert other != own


def test_of_several_results_the_two_that_contradict_each_other_are_named():
    check_agreement((), ())
    check_agreement(("a", "b", "c"), [{"x": "1"}, {"y": "2"}, {"x": "1", "y": "2"}])
    with pytest.raises(ResultError) as caught:
        check_agreement(("a", "b", "c"), [{"x": "1"}, {"y": "2"}, {"z": "3", "y": "4", "x": "5"}])
    said = (
        "b and c name the same corpora and splits, and their predictions have other texts or gold "
        "levels: one of them was changed; run both again."
    )
    assert (str(caught.value), contradiction("b", "c")) == (said, said)


def test_a_prediction_is_known_again_by_units_texts_and_values_alone():
    one = table(unit(), unit(seed=3))
    keys = [["iid", "1", "alpha", "ridge", seed, 1] for seed in (None, 3)]
    values = np.array([0.5, 1.5, 2.5] * 2, dtype="<f8").tobytes()
    expected = md(json.dumps(keys).encode() + b"c\na\nb\nc\na\nb" + values)
    assert prediction_digest(one) == expected
    assert prediction_digest(table(unit(low=[0, 0, 0]), unit(seed=3))) == expected
