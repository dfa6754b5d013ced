"""Predictions kept while they are made are those of the layers that the finished result names."""

from dataclasses import replace

import numpy as np
import pytest
from essay_factory import essays
from hypothesis import given, settings
from hypothesis import strategies as st

from cefrbench.contracts.cards import Penalty, ProbeCard
from cefrbench.contracts.probe import FoldFit, ProbeSpec
from cefrbench.contracts.protocol import Fold, Inner
from cefrbench.essays import pool
from cefrbench.levels import FIVE
from cefrbench.probing.fit import FitFailure
from cefrbench.probing.jobs import Jobs, PlannedFold
from cefrbench.probing.sweep import Fitted
from cefrbench.results.build import Collector
from cefrbench.results.corpus_scores import corpus_scores, layer_scores
from cefrbench.results.keep import Kept, Predicted
from cefrbench.results.model import CorpusScore
from cefrbench.results.selection import choose, stored_layers
from cefrbench.results.summary import summarise
from cefrbench.statistics.scores import Scores

LEVELS = ("A1", "A2", "B1", "B2")
TABLES = {
    form: pool(
        [
            essays(name, [(f"{name} {i}", level) for i, level in enumerate(LEVELS)])
            for name in ("alpha", "beta")
        ],
        FIVE,
        form,
    )
    for form in ("corrected", "study")
}
#: Rows 0 to 3 are alpha's, 4 to 7 beta's; of each, classes 0, 1, 2, 3 by FIVE are 0, 1, 2, 3.
ALPHA, BETA = np.arange(4), np.arange(4, 8)
RIGHT = np.array([0.0, 1.0, 2.0, 3.0])
WRONG = RIGHT[::-1]
PENALTY = Penalty(name="alpha", values=(100.0, 1.0), strongest="largest")


def planned(protocol, name, train, inner=(), **scored):
    return PlannedFold(protocol, Fold(name, train, scored, tuple(inner)), "manifest")


def inside(*rows):
    """Cuts of some training rows: the first half held out, then the second."""
    half = len(rows) // 2
    first, second = np.array(rows[:half]), np.array(rows[half:])
    return [Inner(second, {"held": first}), Inner(first, {"held": second})]


def probe(name="ridge", seeded=False, penalty=None):
    card = ProbeCard(name=name, description=name, kind="regressor", seeded=seeded, penalty=penalty)
    return ProbeSpec(card, lambda options: None)


class Swept:
    """Folds whose fits are given by hand: values a table row, by layer, training rows, penalty."""

    def __init__(self, folds, form="corrected"):
        self.folds, self.table = folds, TABLES[form]
        self.jobs = Jobs(folds, self.table)
        self.collector = Collector(folds, self.jobs, self.table)

    def take(self, layer, values, spec=None, penalties=(None,), only=None):
        """``values(train, penalty)``: of all eight rows."""
        spec = spec or probe()
        fits = [
            [[FoldFit(np.array(values(tuple(rows.train), p))[rows.predict])] for p in penalties]
            for rows in self.jobs.rows
        ]
        self.collector.take(Fitted(layer, spec, (None,), penalties, fits), only)

    def kept(self):
        table = self.collector.kept.predictions(0)
        return {tuple(key): rows.prediction.tolist() for key, rows in table.units()}


def test_the_layer_best_on_inner_cuts_is_kept_whatever_the_scored_texts_say():
    # Layer 2 is right on what the cuts hold out and wrong on the scored texts; 5 the reverse.
    def inner_only(train, penalty):
        return np.concatenate([RIGHT, WRONG])

    def scored_only(train, penalty):
        return np.concatenate([WRONG, RIGHT])

    swept = Swept([planned("loco", "beta", ALPHA, inside(*ALPHA), beta=BETA)])
    for layer, values in ((5, scored_only), (2, inner_only), (7, scored_only)):
        swept.take(layer, values)
    assert swept.kept() == {("loco", "beta", "beta", "ridge", None, 2): WRONG.tolist()}


def test_layer_0_is_kept_beside_the_choice_and_never_chosen():
    swept = Swept([planned("loco", "beta", ALPHA, inside(*ALPHA), beta=BETA)])
    swept.take(0, lambda train, penalty: np.concatenate([RIGHT, RIGHT]))
    swept.take(1, lambda train, penalty: np.concatenate([WRONG, WRONG]))
    place = ("loco", "beta", "beta", "ridge", None)
    assert swept.kept() == {(*place, 0): RIGHT.tolist(), (*place, 1): WRONG.tolist()}


def test_of_a_layers_penalties_the_one_that_the_inner_cuts_favour_is_kept():
    """Its path says of each what the cuts and the scored texts said."""
    spec = probe(penalty=PENALTY)

    def values(train, penalty):
        return np.concatenate([RIGHT, WRONG] if penalty == 1.0 else [WRONG, RIGHT])

    swept = Swept([planned("loco", "beta", ALPHA, inside(*ALPHA), beta=BETA)])
    swept.take(1, values, spec, PENALTY.values)
    (fit,) = swept.collector.records.fits
    assert fit.penalty == 1.0
    assert [(p.penalty, p.inner_qwk, p.scored_qwk) for p in fit.path] == [
        (100.0, pytest.approx(-1), pytest.approx(1)),
        (1.0, pytest.approx(1), pytest.approx(-1)),
    ]
    # Both cuts together held out each text of alpha once.
    (held,) = fit.held
    assert held.corpus == "held"
    assert np.array_equal(held.confusion, np.diag([1, 1, 1, 1, 0]))
    assert list(swept.kept().values()) == [WRONG.tolist()]


def test_a_penalty_whose_fit_fails_inside_the_training_part_is_out_and_written_down():
    swept = Swept([planned("loco", "beta", ALPHA, inside(*ALPHA), beta=BETA)])
    good = FoldFit(np.zeros(8))
    fits = [
        [[FitFailure("It broke.") if job else good], [FoldFit(np.zeros(len(rows.predict)))]]
        for job, rows in enumerate(swept.jobs.rows)
    ]
    fits[0][0] = [FoldFit(np.zeros(len(swept.jobs.rows[0].predict)))]
    spec = probe(penalty=PENALTY)
    swept.collector.take(Fitted(1, spec, (None,), PENALTY.values, fits))
    (failure,) = swept.collector.records.failures
    assert failure.cause == "It broke. (a fit inside the training part)"
    (fit,) = swept.collector.records.fits
    assert fit.penalty == 1.0
    assert [(p.inner_qwk, p.scored_qwk) for p in fit.path[:1]] == [(None, None)]


def test_a_probe_that_follows_holds_nothing_out_even_where_its_fit_serves_as_a_cut():
    """The cut of fold ``two`` trains on the rows that fold ``one`` scores by."""
    one = planned("loco", "one", ALPHA[:2], inside(*ALPHA[:2]), beta=BETA)
    two = planned("loco", "two", ALPHA, inside(*ALPHA), beta=BETA)
    swept = Swept([one, two])
    swept.take(3, lambda train, penalty: np.zeros(8), only=[0, 1])
    assert [fit.held for fit in swept.collector.records.fits] == [(), ()]
    assert [fit.path[0].inner_qwk for fit in swept.collector.records.fits] == [None, None]


def test_in_the_form_of_the_study_the_oracles_layer_is_kept_in_all_folds_of_a_protocol():
    # On beta layer 1 is better, on both corpora together layer 3.
    folds = [planned("loco", "alpha", BETA, alpha=ALPHA), planned("loco", "beta", ALPHA, beta=BETA)]
    half = np.array([0.0, 0.0, 3.0, 3.0])
    swept = Swept(folds, "study")
    swept.take(1, lambda train, penalty: np.concatenate([WRONG, RIGHT]))
    swept.take(3, lambda train, penalty: np.concatenate([RIGHT, half]))
    assert swept.kept() == {
        ("loco", "alpha", "alpha", "ridge", None, 3): RIGHT.tolist(),
        ("loco", "beta", "beta", "ridge", None, 3): half.tolist(),
    }


EIGHT = np.arange(8)
FOLDS = {
    "corrected": [
        planned("iid", "1", EIGHT[1::2], inside(1, 3, 5, 7), alpha=ALPHA[::2], beta=BETA[::2]),
        planned("iid", "2", EIGHT[::2], inside(0, 2, 4, 6), alpha=ALPHA[1::2], beta=BETA[1::2]),
        planned("loco", "alpha", BETA, inside(*BETA), alpha=ALPHA),
        planned("loco", "beta", ALPHA, inside(*ALPHA), beta=BETA),
        planned("logo", "twins", ALPHA[:2], inside(*ALPHA[:2]), twins=EIGHT[2:]),
    ],
    "study": [
        planned("iid", "all", EIGHT[1::2], alpha=ALPHA[::2], beta=BETA[::2]),
        planned("loco", "alpha", BETA, alpha=ALPHA),
        planned("loco", "beta", ALPHA, beta=BETA),
        planned("loco", "twins", ALPHA[:2], twins=EIGHT[2:]),
    ],
}


@st.composite
def sweeps(draw):
    """Layers in any order, two probes, fits that fail, predictions that often tie."""
    form = draw(st.sampled_from(["corrected", "study"]))
    jobs = Jobs(FOLDS[form], TABLES[form])
    layers = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True))
    found = []
    for layer in layers:
        for spec, seeds, penalties in (
            (probe(penalty=PENALTY), (None,), PENALTY.values),
            (probe("mlp", seeded=True), (4, 1), (None,)),
        ):
            fits = []
            for number, rows in enumerate(jobs.rows):
                size = len(rows.predict)
                some = st.lists(st.integers(0, 3), min_size=size, max_size=size)
                good = some.map(lambda values: FoldFit(np.array(values, dtype=float)))
                fit = st.one_of(st.just(FitFailure("It broke.")), good, good, good, good)
                width = len(seeds) if number < jobs.scoring else 1
                fits.append([[draw(fit) for _ in range(width)] for _ in penalties])
            found.append(Fitted(layer, spec, seeds, penalties, fits))
    return form, layers, found


@given(sweeps())
@settings(max_examples=40, deadline=None)
def test_what_is_kept_is_what_a_reader_of_the_result_expects(drawn):
    form, layers, sweep = drawn
    folds, table = FOLDS[form], TABLES[form]
    jobs = Jobs(folds, table)
    collector = Collector(folds, jobs, table, apart=any(layer > 0 for layer in layers))
    for fitted in sweep:
        collector.take(fitted)
    records = collector.records
    choices = choose(records.fits, [one.probe.card for one in sweep[:2]])
    predictions = collector.kept.predictions(0)
    scores = corpus_scores(records.units, choices, predictions, len(FIVE))
    summary = summarise(scores, (), choices, table.names)
    stored = stored_layers(records.fits, choices, summary)
    penalties = {(f.protocol, f.fold, f.probe, f.seed, f.layer): f.penalty for f in records.fits}
    expected = {}
    for fitted in sweep:
        for place, fold in enumerate(folds):
            for s, seed in enumerate(fitted.seeds):
                run = (fold.protocol, fold.fold.name, fitted.probe.name, seed)
                if (*run, fitted.layer) not in penalties:
                    continue
                apart = form == "corrected" and fitted.layer == 0
                if stored.get(run) != fitted.layer and not apart:
                    continue
                penalty = fitted.penalties.index(penalties[*run, fitted.layer])
                reading = jobs.scored[place]
                fit = fitted.fits[reading.job][penalty][s]
                for name in fold.fold.scored:
                    key = (*run[:2], name, *run[2:], fitted.layer)
                    expected[key] = fit.predictions[reading.places[name]].tolist()
    kept = {tuple(key): rows.prediction.tolist() for key, rows in predictions.units()}
    assert kept == expected


def test_a_corpus_is_scored_over_the_texts_of_all_its_folds():
    """Two halves that are each of one level have no QWK; together they have."""
    low, high = ALPHA[:2], ALPHA[2:]
    folds = [
        planned("iid", "1", BETA, inside(*BETA), alpha=low),
        planned("iid", "2", BETA[1:], inside(*BETA[1:]), alpha=high),
    ]
    swept = Swept(folds)
    swept.take(1, lambda train, penalty: np.array([0, 0, 3, 3, 0, 1, 2, 3.0]))
    (score,) = layer_scores(swept.collector.records.units)
    assert (score.corpus, score.n, score.layer) == ("alpha", 4, 1)
    # Observed Σ(g-p)² is 2 of 4; expected Σ over pairs of g and p, by hand: 26/4 · 4/4.
    gold, told = RIGHT, np.array([0, 0, 3, 3.0])
    expected = np.mean([(g - p) ** 2 for g in gold for p in told])
    assert score.scores.qwk == pytest.approx(1 - np.mean((gold - told) ** 2) / expected)
    assert score.scores.accuracy == 0.5


def predicted(layer, fold=0, probe="ridge", seed=None, inner=0.5, values=RIGHT, scores=None):
    return Predicted(probe, fold, seed, layer, None, inner, np.array(values, float), scores)


TWO = [
    planned("loco", "beta", ALPHA, inside(*ALPHA), beta=BETA),
    planned("iid", "1", ALPHA[:2], inside(*ALPHA[:2]), beta=BETA[:3], alpha=ALPHA[2:]),
]


def offered(*offers, form="corrected", apart=True):
    kept = Kept(TWO, TABLES[form], apart)
    for one in offers:
        kept.offer([one] if isinstance(one, Predicted) else one, [])
    return kept


def test_a_layer_leads_where_it_is_better_or_equal_and_lower_and_each_fold_and_seed_by_itself():
    kept = offered(
        predicted(5, inner=0.5),
        predicted(7, inner=0.5),
        predicted(7, fold=1, inner=0.1, values=range(5)),
        predicted(3, inner=0.5),
        predicted(3, seed=2, inner=0.1),
        predicted(2, inner=0.4),
        predicted(4, seed=2, inner=None),
        [],
    )
    assert {place: one.layer for place, one in kept.choice.items()} == {
        ("ridge", 0, None): 3,
        ("ridge", 1, None): 7,
        ("ridge", 0, 2): 3,
    }
    assert kept.embedding == {}


def test_what_is_held_is_no_view_of_what_came():
    values, scores = np.zeros(4), np.ones(4)
    for layer in (0, 1):
        one = predicted(layer, values=values, scores=scores)
        kept = offered(replace(one, values=values))
        (held,) = [*kept.choice.values(), *kept.embedding.values()]
        assert not np.shares_memory(held.values, values)
        assert not np.shares_memory(held.scores, scores)
        assert held.values.tolist() == values.tolist()
        assert held.scores.tolist() == scores.tolist()
    assert predicted(1).alone().scores is None


def test_stored_predictions_stand_by_probe_as_it_came_then_layer_and_fold():
    kept = offered(
        predicted(0, probe="ordinal"),
        [predicted(2, fold=1, values=range(5)), predicted(2)],
        predicted(1, probe="ordinal", fold=1, values=range(5)),
        predicted(0),
    )
    found = [(key.probe, key.layer, key.fold, key.corpus) for key, _ in kept.predictions(0).units()]
    assert found == [
        ("ridge", 0, "beta", "beta"),
        ("ridge", 2, "beta", "beta"),
        ("ridge", 2, "1", "beta"),
        ("ridge", 2, "1", "alpha"),
        ("ordinal", 0, "beta", "beta"),
        ("ordinal", 1, "1", "beta"),
        ("ordinal", 1, "1", "alpha"),
    ]
    assert {one.layer for one in offered(predicted(0), apart=False).choice.values()} == {0}


def test_predictions_are_taken_apart_by_scored_corpus_with_all_that_goes_with_them():
    refits = np.arange(10, dtype=np.float16).reshape(5, 2)
    one = replace(
        predicted(3, fold=1, seed=4, values=[0.5, 1.5, 2.5, 3.5, 4.5], scores=np.arange(5.0)),
        refit_values=refits,
        refit_scores=-refits,
    )
    kept = offered()
    table = kept.tabulate([one], 2)
    keys = kept.table.key
    assert table.corpus.tolist() == ["beta"] * 3 + ["alpha"] * 2
    assert table.text.tolist() == [keys[row] for row in (4, 5, 6, 2, 3)]
    assert table.low.tolist() == table.high.tolist() == [0, 1, 2, 2, 3]
    assert table.prediction.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert table.score.tolist() == [0, 1, 2, 3, 4]
    assert table.refit_prediction.tolist() == refits.tolist()
    assert table.refit_score.tolist() == (-refits).tolist()
    assert set(
        zip(table.protocol, table.fold, table.probe, table.seed, table.layer, strict=True)
    ) == {("iid", "1", "ridge", 4, 3)}
    bare = kept.tabulate([replace(one, scores=None, refit_values=None, refit_scores=None)], 3)
    assert np.isnan(bare.score).all()
    assert bare.refit_score.shape == (5, 3)
    assert len(kept.tabulate([])) == 0
    parts = [(name, rows.tolist(), values.tolist(), scores.tolist())
             for name, rows, values, scores in one.parts(TWO[1])]  # fmt: skip
    assert parts == [
        ("beta", [4, 5, 6], [0.5, 1.5, 2.5], [0, 1, 2]),
        ("alpha", [2, 3], [3.5, 4.5], [3, 4]),
    ]
    assert [scores for *_, scores in predicted(1, fold=1, values=range(5)).parts(TWO[1])] == [
        None,
        None,
    ]


def test_ranks_of_every_layer_that_passes_are_kept():
    latent = np.array([0.0, 1.0, 2.0, 3.0])
    kept = offered(
        predicted(0, scores=latent), predicted(1, scores=-latent), predicted(2, inner=-1.0)
    )
    assert [(one.layer, one.n, one.scores.spearman) for one in kept.continuous] == [
        (0, 4, 1.0),
        (1, 4, -1.0),
        (2, 4, None),
    ]


def scored(protocol, corpus, qwk, layer):
    scores = Scores.undefined().model_copy(update={"qwk": qwk})
    return CorpusScore(
        protocol=protocol, corpus=corpus, probe="ridge", layer=layer, seed=None, n=4, scores=scores
    )


def test_in_the_form_of_the_study_each_protocol_has_the_layer_of_its_own_oracle():
    """A group is in no mean; a fold that failed on the better layer keeps nothing."""
    kept = Kept(TWO, TABLES["study"])

    def offer(layer, loco, iid, folds=(0, 1), probe="ridge"):
        own = [
            predicted(layer, fold, probe, values=RIGHT if fold == 0 else range(5)) for fold in folds
        ]
        scores = [scored("loco", "beta", loco, layer), scored("iid", "beta", iid, layer)]
        kept.offer(own, [*scores, scored("loco", "twins", 1.0 - layer / 10, layer)])

    def layers():
        return {place: one.layer for place, one in kept.choice.items()}

    offer(4, 0.5, 0.5)
    assert layers() == {("ridge", 0, None): 4, ("ridge", 1, None): 4}
    offer(5, 0.5, 0.6)
    assert layers() == {("ridge", 0, None): 4, ("ridge", 1, None): 5}
    offer(3, 0.4, 0.6)
    assert layers() == {("ridge", 0, None): 4, ("ridge", 1, None): 3}
    offer(2, 0.9, 0.9, folds=(1,), probe="ordinal")
    assert layers() == {("ridge", 0, None): 4, ("ridge", 1, None): 3, ("ordinal", 1, None): 2}
    offer(6, 0.9, 0.9, folds=(1,))
    assert layers() == {("ordinal", 1, None): 2, ("ridge", 1, None): 6}
    kept.offer([predicted(7)], [scored("loco", "twins", 1.0, 7)])
    assert 7 not in layers().values()
