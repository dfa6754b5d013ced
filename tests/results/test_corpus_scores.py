"""Scores of corpora from units: confusion matrices and sums that add up, and where they stand."""

import numpy as np
import pytest

from cefrbench.results.corpus_scores import (
    choice_scores,
    corpus_scores,
    layer_scores,
    place_of,
    scores_at,
)
from cefrbench.results.model import ChoiceRecord, CorpusScore, UnitRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.statistics.scores import Scores, Sums, scores, tally

GOLD = {"1": [0, 1, 2, 3, 4, 4], "2": [4, 3, 1, 0, 0], "3": [2, 2, 0, 1]}
TOLD = {"1": [0.2, 1.4, 3.0, 2.6, 4.9, 1.0], "2": [3.0, 3.3, 0.9, 1.0, 0.0], "3": [2, 1, 0, 4.0]}


def table_of(fold, layer=1, **own):
    options = {
        "protocol": "iid",
        "fold": fold,
        "corpus": "alpha",
        "probe": "ridge",
        "seed": None,
        "layer": layer,
        "text": [f"{fold}{i}" for i in range(len(GOLD[fold]))],
        "low": GOLD[fold],
        "high": GOLD[fold],
        "prediction": np.array(TOLD[fold]) / layer,
        "score": np.array(TOLD[fold]) / layer,
    }
    return PredictionTable.of_unit(**options | own)


def unit_of(fold, layer=1, **own):
    gold = np.array(GOLD[fold])
    counted = tally(np.array(TOLD[fold]) / layer, gold, gold, 5)
    return UnitRecord(
        **{
            "protocol": "iid",
            "fold": fold,
            "corpus": "alpha",
            "probe": "ridge",
            "layer": layer,
            "seed": None,
            "n": counted.n,
            "confusion": tuple(map(tuple, counted.confusion.tolist())),
            "sums": counted.sums,
            "scores": scores(counted.confusion, counted.sums),
        }
        | own
    )


def choice_of(fold, layer, **own):
    none = dict.fromkeys(
        ("penalty", "inner_qwk", "scored_qwk", "follows", "oracle_layer", "oracle_penalty", "seed")
    )
    return ChoiceRecord(
        **{"protocol": "iid", "fold": fold, "probe": "ridge", "layer": layer, "oracle_qwk": None}
        | none
        | own
    )


def together(folds, layers):
    """Scores of all texts of some folds at once, each fold at a layer."""
    gold = np.concatenate([GOLD[fold] for fold in folds])
    told = np.concatenate([np.array(TOLD[f]) / k for f, k in zip(folds, layers, strict=True)])
    counted = tally(told, gold, gold, 5)
    return scores(counted.confusion, counted.sums)


def almost(found, expected):
    assert dict(found) == pytest.approx(dict(expected), abs=1e-12)


def test_folds_of_one_corpus_are_scored_together_and_layers_seeds_and_corpora_apart():
    units = [
        unit_of("1"), unit_of("1", 2), unit_of("2"), unit_of("3"), unit_of("2", 2),
        unit_of("1", corpus="beta"), unit_of("1", seed=3), unit_of("1", probe="knn"),
        unit_of("1", protocol="loco"),
    ]  # fmt: skip
    found = layer_scores(units)
    assert [(s.protocol, s.corpus, s.probe, s.layer, s.seed, s.n) for s in found] == [
        ("iid", "alpha", "ridge", 1, None, 15),
        ("iid", "alpha", "ridge", 2, None, 11),
        ("iid", "beta", "ridge", 1, None, 6),
        ("iid", "alpha", "ridge", 1, 3, 6),
        ("iid", "alpha", "knn", 1, None, 6),
        ("loco", "alpha", "ridge", 1, None, 6),
    ]
    almost(found[0].scores, together("123", (1, 1, 1)))
    almost(found[1].scores, together("12", (2, 2)))
    assert found[2].scores == found[3].scores == found[4].scores == units[0].scores
    assert layer_scores([]) == []


def test_sums_of_one_unit_are_its_own_and_of_several_add_up():
    (alone,) = layer_scores([unit_of("1")])
    assert alone.scores == unit_of("1").scores
    # Numbers that a plain sum would lose.
    big = Sums(absolute=1e16, squared=1.0, gold=1.0, gold_squared=1.0)
    small = Sums(absolute=1.0, squared=1.0, gold=1.0, gold_squared=1.0)
    units = [unit_of("1", sums=one) for one in (small, big, small)]
    (found,) = layer_scores(units)
    assert found.scores.mae == (1e16 + 2) / 18


def test_the_choice_is_scored_at_the_layer_of_each_fold():
    units = [unit_of(fold, layer) for fold in "123" for layer in (1, 2)]
    choices = [choice_of("1", 2), choice_of("2", 1), choice_of("3", 2)]
    (found,) = choice_scores(units, choices)
    assert (found.layer, found.seed, found.n) == (None, None, 15)
    almost(found.scores, together("123", (2, 1, 2)))
    # A fold without a choice, and one whose choice has no unit, are not in it.
    (less,) = choice_scores(units, [choice_of("1", 2), choice_of("2", 7)])
    assert less.n == 6
    assert choice_scores(units, [choice_of("1", 2, seed=0), choice_of("1", 2, probe="knn")]) == []
    assert choice_scores(units, []) == []


def test_a_place_is_protocol_corpus_probe_seed_and_the_layer_that_is_given():
    unit = unit_of("1", 2, seed=4)
    assert place_of(unit, None) == ("iid", "alpha", "ridge", 4, None)
    assert place_of(unit, 7) == ("iid", "alpha", "ridge", 4, 7)


def test_continuous_scores_stand_by_place_and_number_of_texts():
    table = PredictionTable.concat(
        [table_of("1"), table_of("1", 2), table_of("2"), table_of("1", corpus="beta")]
    )
    found = scores_at(table, [choice_of("1", 2), choice_of("2", 1)], 5)
    assert list(found) == [
        (("iid", "alpha", "ridge", None, 1), 11),
        (("iid", "alpha", "ridge", None, 2), 6),
        (("iid", "alpha", "ridge", None, None), 11),
        (("iid", "beta", "ridge", None, 1), 6),
    ]
    assert {tuple(one) for one in found.values()} == {("spearman", "recut", "located", "scaled")}
    assert all(value is not None for one in found.values() for value in one.values())
    values = [one["spearman"] for one in found.values()]
    # Half of each value has the order of the value: of one fold, and not of two together.
    assert values[1] == pytest.approx(values[3])
    assert values[0] != pytest.approx(values[2])


def known(layer, n, **continuous):
    own = Scores.undefined().model_copy(update=continuous)
    return CorpusScore(
        protocol="iid", corpus="alpha", probe="ridge", layer=layer, seed=None, n=n, scores=own
    )


def test_scores_that_are_known_stand_where_no_predictions_are_stored_and_only_there():
    units = [unit_of("1", layer) for layer in (1, 2, 3)]
    table = table_of("1", 2)
    told = [
        known(1, 6, spearman=0.11, recut=0.12, located=0.13, scaled=0.14, qwk=0.99),
        known(2, 6, spearman=0.21),
        known(3, 5, spearman=0.31),
        known(None, 6, spearman=0.41),
    ]
    found = corpus_scores(units, [choice_of("1", 2)], table, 5, told)
    assert [(score.layer, score.n) for score in found] == [(1, 6), (2, 6), (3, 6), (None, 6)]
    one, two, three, chosen = (score.scores for score in found)
    assert (one.spearman, one.recut, one.located, one.scaled) == (0.11, 0.12, 0.13, 0.14)
    assert one.qwk == units[0].scores.qwk
    ((_, own), _) = scores_at(table, [choice_of("1", 2)], 5).items()
    assert {name: getattr(two, name) for name in own} == own
    assert {name: getattr(chosen, name) for name in own} == own
    assert three.spearman is None, "of another number of texts"
    # With no choice there is no score of it, and with nothing known no rank of the first layer.
    less = corpus_scores(units, (), table, 5)
    assert [score.layer for score in less] == [1, 2, 3]
    assert less[0].scores == units[0].scores


def test_choices_that_come_one_by_one_serve_figures_and_ranks():
    (*_, chosen) = corpus_scores([unit_of("1", 2)], iter([choice_of("1", 2)]), table_of("1", 2), 5)
    assert chosen.layer is None
    assert chosen.scores.spearman is not None
