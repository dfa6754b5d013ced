"""Which probe, layer and protocol is meant; each rule on cases worked out by hand."""

import math

import pytest
from result_factory import GROUP, make_result

from cefrbench.contracts.cards import ProbeCard, ProtocolCard
from cefrbench.results.model import ChoiceRecord, FitRecord, Held, PenaltyRecord
from cefrbench.results.predictions import unit_key
from cefrbench.results.selection import (
    Favoured,
    by_inner,
    by_oracle,
    choose,
    counted_scores,
    counted_units,
    favoured_probe,
    gap_of,
    headline,
    kept_units,
    protocol_title,
    protocol_words,
    refitted_units,
    run_of,
    sides,
    stored_layers,
    usual_of,
)
from cefrbench.statistics.scores import Scores


def choice(probe, qwk, *, fold="all", seed=None):
    return ChoiceRecord(
        protocol="iid",
        fold=fold,
        probe=probe,
        seed=seed,
        layer=1,
        penalty=None,
        inner_qwk=qwk,
        scored_qwk=None,
        follows=None,
        oracle_layer=None,
        oracle_penalty=None,
        oracle_qwk=None,
    )


def with_choices(*choices, probes=("ridge", "ordinal")):
    result, _ = make_result(texts=10, layers=(1,), probes=probes)
    return result.model_copy(update={"choices": choices})


def with_oracle(result, values):
    """The result with another QWK of the oracle, by probe."""
    summary = tuple(
        record.model_copy(
            update={
                "oracle": Scores.undefined().model_copy(update={"qwk": values[record.probe]}),
                "oracle_qwk": values[record.probe],
                "chosen": None,
            }
        )
        for record in result.summary
    )
    return result.model_copy(update={"summary": summary})


def test_the_favoured_probe_is_the_best_on_inner_cuts_whatever_the_scored_ones_say():
    result = with_choices(choice("ridge", 0.3), choice("ordinal", 0.4))
    for scored in ({"ridge": 0.9, "ordinal": 0.1}, {"ridge": 0.1, "ordinal": 0.9}):
        assert favoured_probe(with_oracle(result, scored)) == Favoured("ordinal", "inner")


def test_scored_texts_have_no_say_even_where_no_inner_score_is_defined():
    result = with_choices(choice("ridge", None), choice("ordinal", None))
    found = favoured_probe(with_oracle(result, {"ridge": 0.1, "ordinal": 0.9}))
    assert found == Favoured("ridge", "inner")


def test_in_the_form_of_the_study_the_favoured_probe_is_the_oracles_and_said_to_be():
    result, _ = make_result(form="study", texts=10, layers=(1,), probes=("ridge", "ordinal"))
    for scored, best in (((0.9, 0.1), "ridge"), ((0.1, 0.9), "ordinal")):
        values = dict(zip(("ridge", "ordinal"), scored, strict=True))
        assert favoured_probe(with_oracle(result, values)) == Favoured(best, "oracle")


def test_of_equal_probes_the_first_is_favoured():
    assert (
        favoured_probe(with_choices(choice("ridge", 0.4), choice("ordinal", 0.4))).probe == "ridge"
    )


def test_folds_count_alike_whatever_their_number_of_seeds():
    # By folds (0.9 + 0.2) / 2 = 0.55 for the MLP; over all seeds alike it would be 0.725.
    seeds = [choice("mlp-classifier", 0.9, fold="a", seed=seed) for seed in (0, 1, 2)]
    result = with_choices(
        *seeds,
        choice("mlp-classifier", 0.2, fold="b", seed=0),
        choice("ridge", 0.6, fold="a"),
        choice("ridge", 0.6, fold="b"),
        probes=("mlp-classifier", "ridge"),
    )
    assert favoured_probe(result).probe == "ridge"


def test_a_probe_is_not_favoured_for_having_failed_on_the_hard_fold():
    result = with_choices(
        choice("ridge", 0.9, fold="easy"),
        choice("ordinal", 0.8, fold="easy"),
        choice("ordinal", 0.1, fold="hard"),
    )
    assert favoured_probe(result).probe == "ordinal"


def test_the_layer_that_counts_is_the_chosen_one_or_else_the_oracles():
    result, _ = make_result(form="corrected")
    stored = stored_layers(result.fits, result.choices, result.summary)
    assert stored == {run_of(choice): choice.layer for choice in result.choices}
    result, _ = make_result(form="study")
    stored = stored_layers(result.fits, result.choices, result.summary)
    oracle = {(r.protocol, r.probe): r.oracle_layer for r in result.summary}
    assert {run[:3:2]: layer for run, layer in stored.items()} == oracle
    assert ("loco", f"{GROUP}-all", "ridge", None) in stored


@pytest.mark.parametrize("form", ["corrected", "study"])
def test_predictions_are_stored_of_the_units_that_count_and_of_layer_0(form):
    result, predictions = make_result(form=form)
    stored = {key for key, _ in predictions.units()}
    counted = {unit_key(unit) for unit in counted_units(result)}
    embedding = {unit_key(unit) for unit in result.units if unit.layer == 0}
    assert stored == counted | embedding
    assert stored == {unit_key(unit) for unit in kept_units(result)}
    assert not counted & embedding
    assert bool(embedding) == (form == "corrected")


@pytest.mark.parametrize("form", ["corrected", "study"])
def test_scores_that_count_are_one_a_protocol_corpus_probe_and_seed(form):
    result, _ = make_result(form=form)
    counted = [(s.protocol, s.corpus, s.probe, s.seed) for s in counted_scores(result)]
    assert sorted(map(str, set(counted))) == sorted(map(str, counted))
    assert set(counted) == {(s.protocol, s.corpus, s.probe, s.seed) for s in result.scores}
    oracle = {(r.protocol, r.probe): r.oracle_layer for r in result.summary}
    layers = {None if form == "corrected" else oracle[s.protocol, s.probe] for s in result.scores}
    assert {s.layer for s in counted_scores(result)} == layers


def test_a_fold_without_a_choice_of_its_own_counts_nothing_where_others_chose():
    """No oracle stands in for a choice that could not be made."""
    result, _ = make_result(probes=("ridge",), protocols=("loco",))
    first = result.choices[0]
    short = result.model_copy(update={"choices": result.choices[1:]})
    assert run_of(first) not in {run_of(unit) for unit in counted_units(short)}


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (("iid", "loco", "lofo"), ("iid", "lofo")),
        (("loco", "iid"), ("iid", "loco")),
        (("iid", "lolo"), None),
        (("lofo", "within"), None),
    ],
)
def test_the_gap_is_between_iid_and_lofo_or_else_loco(done, expected):
    assert gap_of(done) == expected


def card(name, side):
    return ProtocolCard(name=name, title=name, description=name, distribution=side)


CARDS = [
    card("within", "in"),
    card("lolo", "out"),
    card("iid", "in"),
    card("loco", "out"),
    card("lofo", "out"),
]


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ({"within", "lolo", "iid", "loco", "lofo"}, {"in": "iid", "out": "lofo"}),
        ({"within", "lolo", "iid", "loco"}, {"in": "iid", "out": "loco"}),
        ({"within", "lolo"}, {"in": "within", "out": "lolo"}),
        ({"lolo"}, {"out": "lolo"}),
        (set(), {}),
    ],
)
def test_iid_and_lofo_stand_for_in_and_out_of_distribution_or_else_the_first_of_their_kind(
    done, expected
):
    assert sides(CARDS, done) == expected


def test_tables_call_the_two_usual_protocols_by_what_they_stand_for():
    assert [protocol_title(name) for name in ("iid", "lofo", "loco")] == ["IID", "OOD", "loco"]


def test_sentences_call_protocols_by_what_they_stand_for_or_their_name():
    done = {"iid", "loco", "lofo", "within"}
    said = {name: protocol_words(name, done, "Within One") for name in [*sorted(done), "gap"]}
    assert said == {
        "iid": "in distribution",
        "lofo": "out of distribution",
        "loco": "under loco (within one)",
        "within": "under within (within one)",
        "gap": "between in and out of distribution",
    }
    assert protocol_words("loco", {"iid", "loco"}) == "out of distribution"
    assert protocol_words("within", done) == "under within"


# -- orders, leaders, refits -----------------------------------------------------------------------


def test_layers_stand_by_their_qwk_and_those_without_one_last():
    assert by_inner(3, 0.5) == (-0.5, 3)
    assert by_inner(3, None) == (math.inf, 3)
    assert by_oracle(2, 5, 0.25) == (-5, -0.25, 2)
    assert by_oracle(2, 5, None) == (-5, math.inf, 2)


def fit(layer, inner, *, probe="ridge", held=True, fold="all", seed=None, scored=0.5):
    return FitRecord(
        protocol="iid",
        fold=fold,
        probe=probe,
        layer=layer,
        seed=seed,
        penalty=None,
        path=(PenaltyRecord(penalty=None, inner_qwk=inner, scored_qwk=scored),),
        held=(Held(corpus="alpha", confusion=((1,),)),) if held else (),
    )


def probe_card(name, layer_from=None):
    return ProbeCard(name=name, description=name, kind="regressor", layer_from=layer_from)


LEAD_AND_FOLLOW = (probe_card("ridge"), probe_card("mlp", layer_from="ridge"))


def test_of_fits_at_several_layers_a_follower_takes_its_leaders_of_the_same_fold():
    """Parts of a run that were merged hold fits at layers of their own choices."""
    own = [
        fit(layer, None, probe="mlp", held=False, fold=fold)
        for fold in ("a", "b")
        for layer in (1, 2, 3)
    ]
    leads = [fit(1, 0.2, fold="a"), fit(3, 0.7, fold="a"), fit(2, 0.9, fold="b")]
    found = [(c.fold, c.probe, c.layer) for c in choose([*leads, *own], LEAD_AND_FOLLOW)]
    assert found == [("a", "ridge", 3), ("b", "ridge", 2), ("a", "mlp", 3), ("b", "mlp", 2)]


def test_a_follower_that_has_no_fit_at_its_leaders_layer_takes_the_lowest_of_its_own():
    own = [fit(layer, None, probe="mlp", held=False) for layer in (5, 4)]
    found = choose([fit(2, 0.9), *own], LEAD_AND_FOLLOW)
    assert [(c.probe, c.layer, c.follows) for c in found] == [
        ("ridge", 2, None),
        ("mlp", 4, "ridge"),
    ]
    (alone,) = choose(own, LEAD_AND_FOLLOW)
    assert (alone.probe, alone.layer, alone.follows) == ("mlp", 4, "ridge")


def test_a_run_without_inner_cuts_ends_no_other_runs_choice():
    fits = [fit(1, None, probe="plain", held=False), fit(2, 0.3)]
    cards = (probe_card("plain"), probe_card("ridge"))
    assert [(c.probe, c.layer) for c in choose(fits, cards)] == [("ridge", 2)]


def test_the_oracle_is_one_of_the_layers_that_a_choice_may_take():
    (found,) = choose([fit(0, 0.9, scored=0.9), fit(1, 0.1, scored=0.1)], LEAD_AND_FOLLOW)
    assert (found.oracle_layer, found.oracle_qwk) == (1, 0.1)


def test_a_method_stands_for_a_result_only_where_no_probe_does():
    methods = choice("centre+ridge", 0.9), choice("ridge", 0.2)
    both = with_choices(*methods, probes=("ridge", "ordinal"))
    cards = (*both.probes, both.probes[0].model_copy(update={"name": "centre+ridge"}))
    assert favoured_probe(both.model_copy(update={"probes": cards})).probe == "ridge"
    alone = both.model_copy(update={"probes": cards[2:], "choices": methods[:1]})
    assert favoured_probe(alone) == Favoured("centre+ridge", "inner")


def test_an_undefined_oracle_is_no_protocol_of_its_probe():
    result, _ = make_result(form="study", texts=10, layers=(1,), probes=("ridge", "ordinal"))
    values = {
        ("iid", "ridge"): 0.9, ("loco", "ridge"): None,
        ("iid", "ordinal"): 0.2, ("loco", "ordinal"): 0.1,
    }  # fmt: skip
    summary = tuple(
        record.model_copy(update={"oracle_qwk": values[record.protocol, record.probe]})
        for record in result.summary
    )
    found = favoured_probe(result.model_copy(update={"summary": summary}))
    assert found == Favoured("ordinal", "oracle")


def test_a_side_has_a_protocol_where_one_of_its_own_was_run():
    assert usual_of("in", {"lofo", "loco"}) is None
    assert usual_of("out", {"loco", "iid"}) == "loco"
    assert headline({"lofo", "within"}) == ("lofo",)
    assert headline({"loco", "lofo", "iid"}) == ("iid", "lofo")
    assert headline(set()) == ()


REFITTED = {
    "texts": 10, "layers": (1, 2), "probes": ("ridge", "mlp-regressor-early"), "seeds": (4, 9),
}  # fmt: skip


def refitted(result):
    """By protocol, probe, seed and whether it is layer 0; folds and corpora apart."""
    return {(u.protocol, u.probe, u.seed, u.layer == 0) for u in refitted_units(result)}


def lead(*protocols):
    """What is refitted under protocols of the gap, whose names these are."""
    return {
        (name, probe, seed, bottom)
        for name in protocols
        for probe, seed, bottom in (
            ("ridge", None, False),
            ("ridge", None, True),
            ("mlp-regressor-early", 4, False),
        )
    }


def test_what_is_refitted_is_the_choice_and_under_the_gap_layer_0_and_followers():
    result, _ = make_result(**REFITTED, protocols=("iid", "loco"))
    assert refitted(result) == lead("iid", "loco")
    assert list(refitted_units(result)) == [
        unit for unit in kept_units(result) if unit.seed in (None, 4)
    ]
    both, _ = make_result(**REFITTED, protocols=("iid", "loco", "lofo"))
    assert refitted(both) == lead("iid", "lofo") | {("loco", "ridge", None, False)}


def test_a_protocol_whose_folds_were_all_skipped_is_none_of_the_gap():
    result, _ = make_result(**REFITTED, protocols=("iid", "loco"))
    split = result.splits[0].model_copy(
        update={"protocol": "lofo", "fold": "x", "skipped": "Too few."}
    )
    skipped = result.model_copy(update={"splits": (split, *result.splits)})
    assert refitted(skipped) == lead("iid", "loco")
    done = split.model_copy(update={"skipped": None})
    run = result.model_copy(update={"splits": (done, *result.splits)})
    assert refitted(run) == lead("iid") | {("loco", "ridge", None, False)}


def test_of_methods_layer_0_is_not_refitted_unless_it_is_all_there_is():
    result, _ = make_result(**REFITTED | {"probes": ("ridge",)}, protocols=("iid",))

    def as_method(records):
        return tuple(one.model_copy(update={"probe": "centre+ridge"}) for one in records)

    renamed = {name: as_method(getattr(result, name)) for name in ("fits", "units", "choices")}
    assert refitted(result.model_copy(update=renamed)) == {("iid", "centre+ridge", None, False)}
    bottom, _ = make_result(**REFITTED | {"probes": ("ridge",), "asked": (0,)}, protocols=("iid",))
    renamed = {name: as_method(getattr(bottom, name)) for name in ("fits", "units", "choices")}
    assert refitted(bottom.model_copy(update=renamed)) == {("iid", "centre+ridge", None, True)}
    assert refitted(bottom) == {("iid", "ridge", None, True)}


def test_nothing_is_refitted_where_no_refits_are_asked_for_or_nothing_was_chosen():
    result, _ = make_result(**REFITTED, protocols=("iid", "loco"))
    for update in (
        {"config": result.config.model_copy(update={"refits": 0})},
        {"choices": ()},
    ):
        assert list(refitted_units(result.model_copy(update=update))) == []
