"""Chosen layers and penalties, and means, against counts done by hand."""

import numpy as np
import pytest
from result_factory import GROUP, make_result

from cefrbench.config import RunConfig, get_suite
from cefrbench.contracts.cards import ProbeCard
from cefrbench.results import summary
from cefrbench.results.model import (
    AnalysisNote,
    AnalysisRecord,
    ChoiceRecord,
    CorpusScore,
    FailureRecord,
    FitRecord,
    Held,
    PenaltyRecord,
    SplitRecord,
)
from cefrbench.results.selection import best_penalty, choose, run_of
from cefrbench.results.summary import is_complete, summarise
from cefrbench.statistics.scores import Scores

HELD = (Held(corpus="alpha", confusion=((1,),)),)
RIDGE = ProbeCard(name="ridge", description="r", kind="regressor")
MLP = ProbeCard(name="mlp", description="m", kind="regressor", seeded=True, layer_from="ridge")


def path_of(*points):
    """Penalty, QWK on the inner cuts, QWK on the scored texts."""
    return tuple(PenaltyRecord(penalty=p, inner_qwk=i, scored_qwk=s) for p, i, s in points)


def fit(layer, inner, scored=None, *, fold="all", seed=None, probe="ridge", held=HELD, path=None):
    """A fit with one penalty, or with a path of which the best is taken."""
    path = path or path_of((None, inner, scored))
    best = path[best_penalty(path)]
    return FitRecord(
        protocol="iid",
        fold=fold,
        probe=probe,
        layer=layer,
        seed=seed,
        penalty=best.penalty,
        path=path,
        held=held,
    )


def score(layer, qwk, *, corpus="alpha", seed=None, protocol="iid", probe="ridge", n=10):
    """A score of which only the QWK matters."""
    return CorpusScore(
        protocol=protocol,
        corpus=corpus,
        probe=probe,
        layer=layer,
        seed=seed,
        n=n,
        scores=Scores(
            qwk=qwk, macro_f1=0, mae=0, r2=None, accuracy=0, adjacent=0, spearman=qwk, recut=qwk
        ),
    )


def choice(layer, *, fold="all", seed=None, scored=None, oracle=None, follows=None, penalty=None):
    return ChoiceRecord(
        protocol="iid",
        fold=fold,
        probe="ridge",
        seed=seed,
        layer=layer,
        penalty=penalty,
        inner_qwk=None if follows else 0.5,
        scored_qwk=scored,
        follows=follows,
        oracle_layer=None if oracle is None else 9,
        oracle_penalty=None,
        oracle_qwk=oracle,
    )


def split(fold, *corpora):
    return SplitRecord(
        protocol="iid",
        fold=fold,
        manifest="m",
        train=1,
        inner=1,
        scored=dict.fromkeys(corpora, 1),
    )


def chosen_of(fits, cards=(RIDGE,)):
    return [(c.fold, c.seed, c.layer, c.penalty) for c in choose(fits, cards)]


def test_the_layer_with_the_best_qwk_on_inner_cuts_is_chosen_whatever_the_scored_texts_say():
    (found,) = choose([fit(1, 0.2, 0.9), fit(2, 0.8, 0.1), fit(3, 0.5, 0.5)], [RIDGE])
    assert (found.layer, found.inner_qwk, found.scored_qwk) == (2, 0.8, 0.1)


def test_of_equal_layers_the_lowest_is_chosen_whatever_the_order():
    assert chosen_of([fit(7, 0.8), fit(4, 0.8), fit(2, 0.5)]) == [("all", None, 4, None)]


def test_of_equal_penalties_the_strongest_is_taken_and_an_undefined_one_loses():
    path = path_of((100.0, None, 0.9), (10.0, 0.5, 0.1), (1.0, 0.5, 0.8))
    assert best_penalty(path) == 1
    assert best_penalty(path_of((100.0, None, 0.9), (10.0, None, 0.9))) == 0


def test_layer_and_penalty_are_chosen_together():
    paths = {
        1: path_of((100.0, 0.3, 0.0), (1.0, 0.6, 0.0)),
        2: path_of((100.0, 0.7, 0.0), (1.0, 0.1, 0.0)),
    }
    fits = [fit(layer, None, path=path) for layer, path in paths.items()]
    assert chosen_of(fits) == [("all", None, 2, 100.0)]


def test_an_undefined_qwk_on_inner_cuts_loses_to_any_defined_one():
    assert chosen_of([fit(1, None), fit(2, -0.4)]) == [("all", None, 2, None)]
    (found,) = choose([fit(1, None), fit(2, None)], [RIDGE])
    assert (found.layer, found.inner_qwk) == (1, None)


def test_layer_0_is_chosen_only_where_it_stands_alone():
    assert chosen_of([fit(0, 0.9), fit(1, 0.1)]) == [("all", None, 1, None)]
    assert chosen_of([fit(0, 0.9)]) == [("all", None, 0, None)]


def test_every_fold_and_seed_has_a_choice_of_its_own():
    fits = [
        fit(1, 0.9, fold="a"),
        fit(2, 0.5, fold="a"),
        fit(1, 0.1, seed=1),
        fit(2, 0.5, seed=1),
    ]
    assert chosen_of(fits) == [("a", None, 1, None), ("all", 1, 2, None)]


def test_the_form_of_the_study_has_no_choice():
    assert choose([fit(1, None, held=()), fit(2, None, held=())], [RIDGE]) == ()


def test_the_oracle_has_the_freedom_of_the_choice_and_looks_at_the_scored_texts():
    """All layers and penalties but layer 0; of equals the lowest layer, the strongest penalty."""
    paths = {
        0: path_of((100.0, 0.9, 1.0), (1.0, 0.9, 1.0)),
        1: path_of((100.0, 0.9, 0.3), (1.0, 0.1, 0.8)),
        2: path_of((100.0, 0.2, 0.8), (1.0, 0.1, None)),
    }
    (found,) = choose([fit(layer, None, path=path) for layer, path in paths.items()], [RIDGE])
    assert (found.layer, found.penalty, found.scored_qwk) == (1, 100.0, 0.3)
    assert (found.oracle_layer, found.oracle_penalty, found.oracle_qwk) == (1, 1.0, 0.8)


def test_a_probe_that_follows_has_the_layer_it_was_fitted_at_and_no_oracle():
    own = [fit(4, None, 0.6, probe="mlp", seed=seed, held=()) for seed in (0, 1)]
    found = choose([fit(3, 0.2), fit(4, 0.7), *own], [RIDGE, MLP])
    assert [(c.probe, c.seed, c.layer, c.follows) for c in found] == [
        ("ridge", None, 4, None),
        ("mlp", 0, 4, "ridge"),
        ("mlp", 1, 4, "ridge"),
    ]
    assert found[1].scored_qwk == 0.6
    assert (found[1].inner_qwk, found[1].oracle_layer, found[1].oracle_qwk) == (None,) * 3


def test_a_probe_that_could_follow_chooses_for_itself_where_it_was_fitted_on_all_layers():
    own = [fit(layer, qwk, probe="mlp", seed=0) for layer, qwk in ((3, 0.9), (4, 0.1))]
    found = choose([fit(3, 0.2), fit(4, 0.7), *own], [RIDGE, MLP])
    assert [(c.probe, c.layer, c.follows) for c in found] == [("ridge", 4, None), ("mlp", 3, None)]


def test_chosen_scores_are_means_over_corpora_and_then_over_seeds():
    # Seed 0 has two corpora, seed 1 one: each seed counts the same. Layers have no say.
    scores = [
        score(1, 0.77, seed=0),
        score(None, 0.2, corpus="alpha", seed=0),
        score(None, 0.4, corpus="beta", seed=0),
        score(None, 0.9, corpus="alpha", seed=1),
    ]
    choices = [choice(1, seed=0, penalty=10.0), choice(2, seed=1, penalty=1.0)]
    (record,) = summarise(scores, [split("all", "alpha", "beta")], choices, ["alpha", "beta"])
    assert record.chosen.qwk == pytest.approx((0.3 + 0.9) / 2)
    assert record.chosen.spearman == record.chosen.qwk
    assert record.chosen_layers == (1, 2)
    assert record.chosen_penalties == (1.0, 10.0)
    assert record.chosen_qwk_sd == pytest.approx(np.std([0.3, 0.9], ddof=1))


def test_the_studys_oracle_is_the_layer_with_the_best_mean_and_the_bracket_the_mean_over_layers():
    scores = [
        score(1, 0.8, corpus="alpha"),
        score(1, 0.0, corpus="beta"),
        score(2, 0.5, corpus="alpha"),
        score(2, 0.5, corpus="beta"),
    ]
    (record,) = summarise(scores, (), (), ["alpha", "beta"])
    assert (record.oracle_layer, record.oracle.qwk) == (2, pytest.approx(0.5))
    assert record.oracle_qwk == record.oracle.qwk
    assert record.layer_mean.qwk == pytest.approx(0.45)
    assert record.layer_mean.spearman is None
    assert record.chosen is None
    assert record.chosen_layers == ()


def test_the_folds_oracles_count_as_often_as_the_fold_scores_corpora():
    """Optimism is what they lie above the choices, and is put on what is shown of these."""
    choices = [
        choice(1, fold="family", scored=0.5, oracle=0.8),
        choice(2, fold="single", scored=0.2, oracle=0.2),
        choice(2, fold="group", scored=0.0, oracle=1.0),
    ]
    splits = [
        split("family", "alpha", "beta"),
        split("single", "gamma"),
        split("group", f"{GROUP}-all"),
    ]
    scores = [score(layer, 0.45) for layer in (1, 2, None)]
    (record,) = summarise(scores, splits, choices, ["alpha", "beta", "gamma"])
    assert record.oracle_qwk == pytest.approx(0.45 + 0.6 / 3)
    assert record.optimism == pytest.approx((0.3 + 0.3 + 0.0) / 3)
    assert record.oracle is None
    assert record.oracle_layer is None


def test_layer_0_stands_apart_from_what_is_chosen_and_from_the_mean_over_layers():
    scores = [score(0, 0.95), score(1, 0.2), score(2, 0.4), score(None, 0.2)]
    (record,) = summarise(scores, (), [choice(1)], ["alpha"])
    assert record.embedding.qwk == 0.95
    assert record.layer_mean.qwk == pytest.approx(0.3)
    (record,) = summarise(scores[::3], (), [choice(0)], ["alpha"])
    assert (record.embedding, record.layer_mean.qwk) == (None, 0.95)
    # The study has no choice that layer 0 could be kept from.
    (record,) = summarise(scores[:3], (), (), ["alpha"])
    assert (record.embedding, record.oracle_layer) == (None, 0)
    assert record.layer_mean.qwk == pytest.approx((0.95 + 0.2 + 0.4) / 3)


def test_a_probe_that_follows_has_no_mean_over_layers():
    """It was fitted at other layers in other folds."""
    scores = [score(1, 0.2, n=4), score(2, 0.4, n=6), score(None, 0.3)]
    choices = [choice(1, fold="a", follows="logistic"), choice(2, fold="b", follows="logistic")]
    (record,) = summarise(scores, [split("a", "alpha")], choices, ["alpha"])
    assert record.layer_mean == Scores.undefined()
    assert record.chosen.qwk == 0.3


def test_a_layer_where_the_hard_corpus_failed_does_not_win_by_that():
    scores = [score(1, 0.9), score(2, 0.7), score(2, 0.1, corpus="beta")]
    (record,) = summarise(scores, (), (), ["alpha", "beta"])
    assert record.oracle_layer == 2


def test_groups_of_corpora_are_in_no_mean():
    scores = [score(1, 0.5), score(1, 0.9, corpus=f"{GROUP}-all")]
    (record,) = summarise(scores, (), (), ["alpha"])
    assert record.oracle.qwk == 0.5
    assert record.corpora == ("alpha",)


def test_undefined_scores_are_left_out_of_means():
    scores = [score(1, 0.5), score(1, None, corpus="beta")]
    (record,) = summarise(scores, (), (), ["alpha", "beta"])
    assert record.oracle.qwk == 0.5


def test_records_stand_by_protocol_then_probe():
    scores = [
        score(1, 0.5, protocol=protocol, probe=probe)
        for probe in ("ridge", "ordinal")
        for protocol in ("loco", "iid")
    ]
    records = summarise(scores, (), (), ["alpha"])
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
    return result


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
        {"penalties": ("ridge=1",)},
        {"refits": 3},
        {"unclipped_probes": ("ridge",)},
        {"references": ()},
    ],
)
def test_another_configuration_than_the_suites_is_partial(whole, change):
    config = whole.config.model_copy(update=change)
    assert not is_complete(whole.model_copy(update={"config": config}))


def test_a_failure_or_a_missing_fit_makes_a_result_partial(whole):
    failure = FailureRecord(stage="probe", name="ridge", cause="It broke.")
    assert not is_complete(whole.model_copy(update={"failures": (failure,)}))
    assert not is_complete(whole.model_copy(update={"fits": whole.fits[1:]}))
    lost = run_of(whole.fits[0])
    others = tuple(fit for fit in whole.fits if run_of(fit) != lost)
    assert not is_complete(whole.model_copy(update={"fits": others}))


@pytest.mark.parametrize(("version", "complete"), [("2.0", True), ("2.1", False)])
def test_a_result_lacks_the_analyses_of_its_suite_unless_it_is_too_old_to_have_any(
    whole, monkeypatch, version, complete
):
    suite = get_suite("quickstart")
    asked = suite.model_copy(update={"config": {**suite.config, "analyses": ["label-shift"]}})
    monkeypatch.setattr(summary, "get_suite", lambda name: asked)
    assert is_complete(whole.model_copy(update={"schema_version": version})) is complete


# -- each part of the grid, and each part of a mean ------------------------------------------------


def without(result, **update):
    return not is_complete(result.model_copy(update=update))


def test_any_option_that_the_suite_decides_and_is_another_makes_a_result_partial(whole):
    others = {
        "form": "study", "scale": "cefr6", "split_seed": 1, "unclipped_probes": ("ridge",),
        "source": "file", "layers": "last", "every_layer": True, "limit": 5, "pooling": "mean",
        "instruction": "Say: ", "max_length": 64, "penalties": ("ridge=1",), "refits": 99,
    }  # fmt: skip
    assert set(others) == set(summary.SUITE_DECIDES)
    for name, value in others.items():
        assert getattr(whole.config, name) != value
        config = whole.config.model_copy(update={name: value})
        assert without(whole, config=config), name


@pytest.mark.parametrize("kind", ["corpora", "probes", "protocols", "seeds", "references"])
def test_a_result_of_more_than_its_suite_is_complete_and_of_less_partial(whole, kind):
    own = getattr(whole.config, kind)
    more = (*own, 77 if kind == "seeds" else "more")
    seeded = [card.name for card in whole.probes if card.seeded]
    if kind != "seeds" or not seeded:
        # Fits of another seed would be missing where a probe has seeds.
        assert is_complete(
            whole.model_copy(update={"config": whole.config.model_copy(update={kind: more})})
        )
    assert without(whole, config=whole.config.model_copy(update={kind: own[1:]}))


def test_a_reference_of_the_suite_has_probes_of_its_own(whole, monkeypatch):
    suite = get_suite("quickstart")
    name, *_ = RunConfig.model_validate(suite.config).references
    asked = suite.model_copy(update={"config": {**suite.config, "reference_probes": ["ridge"]}})
    less = {
        "config": whole.config.model_copy(update={"probes": ("ridge",)}),
        "probes": tuple(card for card in whole.probes if card.name == "ridge"),
        "fits": tuple(fit for fit in whole.fits if fit.probe == "ridge"),
    }
    reference = whole.encoder.model_copy(update={"name": name})
    assert without(whole, **less, encoder=reference)
    monkeypatch.setattr(summary, "get_suite", lambda name: asked)
    assert without(whole, **less)
    assert is_complete(whole.model_copy(update={**less, "encoder": reference}))
    assert is_complete(whole)


def test_analyses_are_there_with_figures_or_with_the_reason_why_not(whole, monkeypatch):
    suite = get_suite("quickstart")
    asked = suite.model_copy(update={"config": {**suite.config, "analyses": ["price", "share"]}})
    monkeypatch.setattr(summary, "get_suite", lambda name: asked)
    figure = AnalysisRecord(analysis="price", measure="qwk", value=0.5, n=9)
    note = AnalysisNote(analysis="share", cause="No corpus names two tasks.")
    both = {"analyses": (figure,), "analysis_notes": (note,)}
    assert is_complete(whole.model_copy(update=both))
    assert without(whole, **both | {"analyses": ()})
    assert without(whole, **both | {"analysis_notes": ()})


GRID = {
    "suite": "quickstart", "layers": (1, 2), "texts": 10,
    "probes": ("ridge", "mlp-regressor-early"), "protocols": ("iid", "loco"), "seeds": (0, 1),
}  # fmt: skip


@pytest.fixture(scope="module")
def grid():
    """A result with a probe that follows another."""
    return make_result(**GRID)[0]


def is_grid(result, **update):
    return summary._is_whole_grid(result.model_copy(update=update))


def test_each_run_has_a_fit_on_each_layer_and_one_where_it_follows(grid):
    assert is_grid(grid)
    for place, fit in enumerate(grid.fits):
        rest = grid.fits[:place] + grid.fits[place + 1 :]
        assert not is_grid(grid, fits=rest), fit
    (double,) = [fit for fit in grid.fits if fit.probe != "ridge"][-1:]
    assert not is_grid(grid, fits=(*grid.fits, double.model_copy(update={"layer": 2})))
    stranger = grid.fits[0].model_copy(update={"fold": "other"})
    assert not is_grid(grid, fits=(*grid.fits, stranger))


def test_a_skipped_fold_has_no_fits_and_any_other_has(grid):
    split = grid.splits[0].model_copy(update={"fold": "other", "skipped": "Too few."})
    assert is_grid(grid, splits=(*grid.splits, split))
    assert not is_grid(grid, splits=(*grid.splits, split.model_copy(update={"skipped": None})))


def test_a_follower_is_fitted_on_each_layer_where_every_layer_is_asked_for(grid):
    config = grid.config.model_copy(update={"every_layer": True})
    assert not is_grid(grid, config=config)
    own = [fit for fit in grid.fits if fit.probe != "ridge"]
    each = [fit.model_copy(update={"layer": layer}) for fit in own for layer in (0, 1, 2)]
    fits = (*(fit for fit in grid.fits if fit.probe == "ridge"), *each)
    assert is_grid(grid, config=config, fits=fits)
    assert not is_grid(grid, fits=fits)
    study = grid.config.model_copy(update={"form": "study"})
    assert is_grid(grid, config=study, fits=fits)
    assert not is_grid(grid, config=study)


def test_a_choice_without_a_score_or_an_oracle_says_nothing_of_the_optimism():
    choices = [
        choice(1, fold="a", scored=None, oracle=0.9),
        choice(1, fold="b", scored=0.4, oracle=None),
        choice(1, fold="c", scored=0.25, oracle=0.5),
        choice(1, fold="d", scored=0.25, oracle=1.0),
    ]
    splits = [split(fold, "alpha") for fold in "abc"]
    scores = [score(layer, 0.5) for layer in (1, 2, None)]
    (record,) = summarise(scores, splits, choices, ["alpha"])
    # Of fold d nobody says what it scores.
    assert record.optimism == 0.25
    assert record.oracle_qwk == 0.75
    (record,) = summarise(scores, splits, choices[:2], ["alpha"])
    assert (record.optimism, record.oracle_qwk) == (None, None)
    (record,) = summarise(scores[:2], splits, choices, ["alpha"])
    assert (record.chosen, record.optimism, record.oracle_qwk) == (None, 0.25, None)
    undefined = [*scores[:2], score(None, None)]
    (record,) = summarise(undefined, splits, choices, ["alpha"])
    assert (record.chosen.qwk, record.optimism, record.oracle_qwk) == (None, 0.25, None)


@pytest.mark.parametrize(("seeds", "spread"), [((0.3,), None), ((0.3, None), None), ((), None)])
def test_fewer_than_two_defined_seeds_have_no_spread(seeds, spread):
    scores = [score(None, qwk, seed=seed) for seed, qwk in enumerate(seeds)]
    scores += [score(1, 0.5, seed=seed) for seed in range(2)]
    choices = [choice(1, seed=seed) for seed in range(2)]
    (record,) = summarise(scores, [split("all", "alpha")], choices, ["alpha"])
    assert record.chosen_qwk_sd is spread


def test_penalties_and_layers_that_were_chosen_stand_once_in_order():
    choices = [
        choice(layer, fold=str(i), penalty=penalty)
        for i, (layer, penalty) in enumerate([(3, 10.0), (1, None), (3, 0.5), (2, 10.0)])
    ]
    (record,) = summarise([score(1, 0.5)], (), choices, ["alpha"])
    assert record.chosen_layers == (1, 2, 3)
    assert record.chosen_penalties == (0.5, 10.0)
    (record,) = summarise([score(1, 0.5), score(None, 0.25)], (), (), ["alpha"])
    assert (record.chosen, record.chosen_qwk_sd, record.chosen_penalties) == (None, None, ())


def test_one_follower_among_the_choices_is_enough_for_no_mean_over_layers():
    scores = [score(1, 0.2), score(2, 0.4)]
    choices = [choice(1, fold="a"), choice(2, fold="b", follows="logistic")]
    (record,) = summarise(scores, (), choices, ["alpha"])
    assert record.layer_mean == Scores.undefined()
    (record,) = summarise(scores, (), choices[:1], ["alpha"])
    assert record.layer_mean.qwk == pytest.approx(0.3)
    assert (record.layer_mean.recut, record.layer_mean.located) == (None, None)


def test_layer_0_alone_beside_one_other_stands_apart():
    (record,) = summarise([score(0, 0.9), score(1, 0.2)], (), [choice(1)], ["alpha"])
    assert record.embedding.qwk == 0.9
    assert record.layer_mean.qwk == 0.2
    seeds = [score(0, qwk, seed=seed) for seed, qwk in enumerate((0.2, 0.4))]
    (record,) = summarise([*seeds, score(1, 0.2)], (), [choice(1)], ["alpha"])
    assert record.embedding.qwk == pytest.approx(0.3)


def test_cells_that_have_no_score_have_no_record():
    scores = [score(1, 0.5, probe="a"), score(1, 0.5, probe="b", protocol="loco")]
    records = summarise(scores, (), (), ["alpha"])
    assert [(one.protocol, one.probe) for one in records] == [("iid", "a"), ("loco", "b")]
    assert summarise([], (), (), ["alpha"]) == ()
