"""Which probe, layer and protocol is meant; each rule on cases worked out by hand."""

import pytest
from result_factory import GROUP, make_result

from cefrbench.contracts.cards import ProtocolCard
from cefrbench.results.model import ChoiceRecord
from cefrbench.results.predictions import unit_key
from cefrbench.results.selection import (
    Favoured,
    counted_scores,
    counted_units,
    favoured_probe,
    gap_of,
    kept_units,
    protocol_title,
    protocol_words,
    run_of,
    sides,
    stored_layers,
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
