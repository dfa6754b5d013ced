"""What every record of an analysis has to keep to, one bound at a time."""

import math

import pytest
from result_factory import make_result

from cefrbench.results.analyses import check_analyses
from cefrbench.results.model import AnalysisNote, AnalysisRecord


@pytest.fixture(scope="module")
def bare():
    """A result that was asked for one analysis and has no figure of it yet."""
    made, _ = make_result(
        corpora=("alpha", "beta"), texts=12, layers=(1,), probes=("ridge",), protocols=("iid",)
    )
    config = made.config.model_copy(update={"analyses": ("price",)})
    return made.model_copy(update={"config": config, "analyses": (), "analysis_notes": ()})


def figure(**own):
    return AnalysisRecord(
        **{"analysis": "price", "measure": "qwk", "value": 0.5, "n": 10, "draws": 4} | own
    )


def findings(result, *records, notes=()):
    changed = result.model_copy(update={"analyses": records, "analysis_notes": notes})
    return [(one.where, one.found) for one in check_analyses(changed)]


@pytest.mark.parametrize(
    ("own", "where"),
    [
        ({"low": 0.4, "high": 0.3}, "analyses[0].low"),
        ({"low": 0.3, "high": 0.3}, None),
        ({"low": 0.3}, None),
        ({"high": 0.3}, None),
        ({"n": 0}, None),
        ({"n": -1}, "analyses[0]"),
        ({"draws": 1}, None),
        ({"draws": 0}, "analyses[0]"),
        ({"value": -1.0}, None),
        ({"value": 1.0}, None),
        ({"value": -1.01}, "analyses[0].value"),
        ({"measure": "balanced_accuracy", "value": -0.01}, "analyses[0].value"),
        ({"measure": "qwk_over_recalibrated", "value": 2.0}, None),
        ({"measure": "qwk_over_recalibrated", "value": 2.01}, "analyses[0].value"),
        ({"measure": "train_texts", "value": 0.0}, "analyses[0].value"),
        ({"measure": "train_texts", "value": 1e9}, None),
        ({"measure": "seconds", "value": -7.0}, None),
        ({"chance": 1.5}, "analyses[0].chance"),
        ({"low": -1.5}, "analyses[0].low"),
        ({"high": 1.5}, "analyses[0].high"),
        ({"sd": 0.0}, None),
        ({"sd": -0.01}, "analyses[0].sd"),
        ({"sd": 7.0}, None),
        ({"value": None}, None),
    ],
    ids=str,
)
def test_a_figure_lies_within_the_bounds_of_its_measure(bare, own, where):
    assert [place for place, _ in findings(bare, figure(**own))] == ([where] if where else [])


@pytest.mark.parametrize(
    ("measure", "least", "most"),
    [
        ("balanced_accuracy", 0, 1),
        ("qwk", -1, 1),
        ("recut", -1, 1),
        ("spearman", -1, 1),
        ("qwk_gain", -2, 2),
        ("qwk_over_recalibrated", -2, 2),
        ("train_texts", 1, None),
    ],
)
def test_each_measure_has_its_bounds(bare, measure, least, most):
    def wrong(value):
        return findings(bare, figure(measure=measure, value=float(value)))

    assert wrong(least) == []
    assert wrong(least - 0.25)
    assert wrong(1e6 if most is None else most) == []
    assert most is None or wrong(most + 0.25)


def test_what_is_wrong_with_a_later_figure_is_found_too(bare):
    records = figure(), figure(amount=8, value=7.0), figure(amount=9, layer=5)
    assert findings(bare, *records) == [("analyses[1].value", "7.0"), ("analyses[2].layer", "5")]


def gain(value, *, amount=8, **own):
    return figure(measure="qwk_gain", amount=amount, value=value, **own)


def test_a_gain_is_the_qwk_at_its_amount_less_that_at_none(bare):
    known = figure(amount=0, value=0.5), figure(amount=8, value=0.7), figure(amount=32, value=0.4)
    assert findings(bare, *known, gain(0.2), gain(-0.1, amount=32)) == []
    # The difference the other way round, and that at another amount, are none.
    wrong = findings(bare, *known, gain(-0.2), gain(0.2, amount=32))
    assert [place for place, _ in wrong] == ["analyses[3].value", "analyses[4].value"]
    # A gain that comes first is looked at as well.
    assert [place for place, _ in findings(bare, gain(0.3), *known)] == ["analyses[0].value"]


@pytest.mark.parametrize(
    "known",
    [
        (figure(amount=8, value=0.7),),
        (figure(amount=0, value=0.5),),
        (figure(amount=0, value=0.5, draws=3), figure(amount=8, value=0.7)),
        (figure(amount=0, value=None), figure(amount=8, value=0.7)),
        (figure(amount=0, value=0.5, target="x"), figure(amount=8, value=0.7)),
    ],
)
def test_a_gain_whose_parts_are_not_those_of_all_its_draws_is_not_judged(bare, known):
    assert findings(bare, *known, gain(0.9)) == []


def test_a_gain_that_is_undefined_is_none(bare):
    known = figure(amount=0, value=0.5), figure(amount=8, value=0.7)
    assert findings(bare, *known, gain(None)) == []


def test_a_note_is_of_an_analysis_that_was_asked_for(bare):
    notes = (
        AnalysisNote(analysis="price", cause="No corpus names two tasks."),
        AnalysisNote(analysis="identity", cause="No corpus names two tasks."),
    )
    assert findings(bare, notes=notes) == [("analysis_notes[1]", "identity")]


def told(result, *records):
    changed = result.model_copy(update={"analyses": records, "analysis_notes": ()})
    return [(one.where, one.found, one.expected) for one in check_analyses(changed)]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"analysis": "share"}, ("analyses[1].analysis", "share", "one of the run's")),
        ({"protocol": "loco"}, ("analyses[1].protocol", "loco", "one of the run's")),
        ({"probe": "knn"}, ("analyses[1].probe", "knn", "one of the run's")),
        ({"layer": 9}, ("analyses[1].layer", "9", "one of the run's")),
        ({"n": -2}, ("analyses[1]", "n -2, draws 4", "n from 0, draws from 1")),
        ({"value": 1.5}, ("analyses[1].value", "1.5", "-1 to 1, and finite")),
        ({"sd": math.inf}, ("analyses[1].sd", "inf", "0 to inf, and finite")),
        (
            {"measure": "seconds", "value": math.nan},
            ("analyses[1].value", "nan", "-inf to inf, and finite"),
        ),
        ({"low": 0.75, "high": 0.5}, ("analyses[1].low", "0.75", "at most `high`, 0.5")),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_figure_is_told_with_its_place(bare, own, said):
    # A model takes no number that isn't finite; what is made of one may.
    wrong = figure(amount=3).model_copy(update=own)
    assert told(bare, figure(), wrong) == [said]


def test_a_figure_may_be_of_a_protocol_a_probe_and_a_layer_of_the_run(bare):
    assert told(bare, figure(protocol="iid", probe="ridge", layer=1)) == []
    assert told(bare, figure(protocol="iid"), figure(probe="ridge"), figure(layer=1)) == []


@pytest.mark.parametrize(
    "own",
    [
        {"protocol": "iid"}, {"probe": "ridge"}, {"corpus": "alpha"}, {"layer": 1},
        {"target": "x"}, {"amount": 2}, {"measure": "recut"},
    ],
    ids=str,
)  # fmt: skip
def test_figures_of_another_place_are_other_figures(bare, own):
    assert told(bare, figure(), figure(**own)) == []
    key = (
        "price", own.get("protocol"), own.get("probe"), own.get("corpus"), own.get("layer"),
        own.get("target"), own.get("amount"), own.get("measure", "qwk"),
    )  # fmt: skip
    twice = told(bare, figure(**own), figure(), figure(**own))
    assert twice == [("analyses", f"{key} 2 times", "each once")]


def test_a_gain_is_told_with_the_figure_that_it_should_be(bare):
    known = figure(amount=0, value=0.5), figure(amount=8, value=0.75)
    assert told(bare, *known, gain(0.5)) == [("analyses[2].value", "0.5", "0.250000, from its qwk")]
    assert told(bare, *known, gain(0.25 + 0.5e-9)) == []
    assert told(bare, *known, gain(0.25 + 2e-9)) != []
