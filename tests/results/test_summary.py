"""Chosen layers and means, against counts done by hand."""

import numpy as np
import pytest
from result_factory import GROUP, make_result

from cefrbench.config import get_suite
from cefrbench.results.model import FailureRecord, FitRecord, UnitRecord
from cefrbench.results.selection import choose_layers
from cefrbench.results.summary import is_complete, summarise
from cefrbench.statistics.scores import Scores, Sums

GOOD = ((5, 0), (0, 5))
FAIR = ((4, 1), (1, 4))
POOR = ((1, 4), (4, 1))
ONE_LEVEL = ((5, 0), (0, 0))


def fit(layer, validation, *, fold="all", seed=None):
    return FitRecord(
        protocol="iid", fold=fold, probe="ridge", layer=layer, seed=seed, validation=validation
    )


def unit(layer, qwk, *, corpus="alpha", seed=None, fold="all", protocol="iid", probe="ridge"):
    """A unit of which only the QWK matters."""
    return UnitRecord(
        protocol=protocol,
        fold=fold,
        corpus=corpus,
        probe=probe,
        layer=layer,
        seed=seed,
        n=1,
        confusion=((1,),),
        sums=Sums(absolute=0, squared=0, gold=0, gold_squared=0),
        scores=Scores(qwk=qwk, macro_f1=0, mae=0, r2=None, accuracy=0, adjacent=0),
    )


def test_the_layer_with_the_best_validation_qwk_is_chosen():
    (choice,) = choose_layers([fit(1, POOR), fit(2, GOOD), fit(3, FAIR)])
    assert choice.layer == 2
    assert choice.validation_qwk == pytest.approx(1)


def test_of_equal_layers_the_lowest_is_chosen_whatever_the_order():
    (choice,) = choose_layers([fit(7, GOOD), fit(4, GOOD), fit(2, FAIR)])
    assert choice.layer == 4


def test_an_undefined_validation_qwk_loses_to_any_defined_one():
    (choice,) = choose_layers([fit(1, ONE_LEVEL), fit(2, POOR)])
    assert choice.layer == 2
    (choice,) = choose_layers([fit(1, ONE_LEVEL), fit(2, ONE_LEVEL)])
    assert (choice.layer, choice.validation_qwk) == (1, None)


def test_every_fold_and_seed_has_a_choice_of_its_own():
    fits = [
        fit(1, GOOD, fold="a"),
        fit(2, FAIR, fold="a"),
        fit(1, POOR, seed=1),
        fit(2, FAIR, seed=1),
    ]
    assert [(c.fold, c.seed, c.layer) for c in choose_layers(fits)] == [
        ("a", None, 1),
        ("all", 1, 2),
    ]


def test_the_form_of_the_study_has_no_choice():
    assert choose_layers([fit(1, None), fit(2, None)]) == ()


def test_chosen_scores_are_means_over_corpora_and_then_over_seeds():
    # Seed 0 has two corpora, seed 1 one: each seed counts the same.
    units = [
        unit(1, 0.2, corpus="alpha", seed=0),
        unit(1, 0.4, corpus="beta", seed=0),
        unit(2, 0.9, corpus="alpha", seed=1),
    ]
    choices = choose_layers([fit(1, GOOD, seed=0), fit(2, GOOD, seed=1)])
    (record,) = summarise(units, choices, ["alpha", "beta"])
    assert record.chosen.qwk == pytest.approx((0.3 + 0.9) / 2)
    assert record.chosen_layers == (1, 2)
    assert record.chosen_qwk_sd == pytest.approx(np.std([0.3, 0.9], ddof=1))


def test_the_oracle_is_the_layer_with_the_best_mean_and_the_bracket_the_mean_over_layers():
    units = [
        unit(1, 0.8, corpus="alpha"),
        unit(1, 0.0, corpus="beta"),
        unit(2, 0.5, corpus="alpha"),
        unit(2, 0.5, corpus="beta"),
    ]
    (record,) = summarise(units, (), ["alpha", "beta"])
    assert (record.oracle_layer, record.oracle.qwk) == (2, pytest.approx(0.5))
    assert record.layer_mean.qwk == pytest.approx(0.45)
    assert record.chosen is None
    assert record.chosen_layers == ()


def test_a_layer_where_the_hard_corpus_failed_does_not_win_by_that():
    units = [unit(1, 0.9), unit(2, 0.7), unit(2, 0.1, corpus="beta")]
    (record,) = summarise(units, (), ["alpha", "beta"])
    assert record.oracle_layer == 2


def test_groups_of_corpora_are_in_no_mean():
    units = [unit(1, 0.5), unit(1, 0.9, corpus=f"{GROUP}-all", fold=f"{GROUP}-all")]
    (record,) = summarise(units, (), ["alpha"])
    assert record.oracle.qwk == 0.5
    assert record.corpora == ("alpha",)


def test_undefined_scores_are_left_out_of_means():
    units = [unit(1, 0.5), unit(1, None, corpus="beta")]
    (record,) = summarise(units, (), ["alpha", "beta"])
    assert record.oracle.qwk == 0.5


def test_records_stand_by_protocol_then_probe():
    units = [
        unit(1, 0.5, protocol=protocol, probe=probe)
        for probe in ("ridge", "ordinal")
        for protocol in ("loco", "iid")
    ]
    records = summarise(units, (), ["alpha"])
    assert [(r.protocol, r.probe) for r in records] == [
        ("loco", "ridge"),
        ("loco", "ordinal"),
        ("iid", "ridge"),
        ("iid", "ordinal"),
    ]


@pytest.fixture(scope="module")
def whole():
    """A result of all that the suite quickstart has."""
    suite = get_suite("quickstart").config
    options = {kind: suite[kind] for kind in ("corpora", "probes", "protocols", "seeds")}
    result, _ = make_result(suite="quickstart", layers=(1, 2), texts=10, **options)
    config = result.config.model_copy(update={"source": "sample", "max_length": None})
    return result.model_copy(update={"config": config})


def test_a_result_with_all_of_its_suite_is_complete(whole):
    assert is_complete(whole)


@pytest.mark.parametrize(
    "change",
    [
        {"corpora": ("elle",)},
        {"probes": ("ridge",)},
        {"limit": 5},
        {"layers": "last"},
        {"instruction": "Say: "},
        {"split_seed": 1},
        {"form": "study"},
    ],
)
def test_another_configuration_than_the_suites_is_partial(whole, change):
    config = whole.config.model_copy(update=change)
    assert not is_complete(whole.model_copy(update={"config": config}))


def test_a_failure_or_a_missing_fit_makes_a_result_partial(whole):
    failure = FailureRecord(stage="probe", name="ridge", cause="It broke.")
    assert not is_complete(whole.model_copy(update={"failures": (failure,)}))
    assert not is_complete(whole.model_copy(update={"fits": whole.fits[1:]}))
