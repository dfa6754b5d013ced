"""From fits to records: each fit, unit and failure of a small sweep that is given by hand."""

import numpy as np
import pytest
from essay_factory import essays

from cefrbench.contracts.cards import Penalty, ProbeCard
from cefrbench.contracts.probe import FoldFit, ProbeSpec
from cefrbench.contracts.protocol import Fold, Inner, Skipped
from cefrbench.essays import pool
from cefrbench.levels import FIVE
from cefrbench.probing.fit import FitFailure
from cefrbench.probing.jobs import Jobs, PlannedFold
from cefrbench.probing.sweep import Fitted
from cefrbench.results.build import (
    Collector,
    as_tuple,
    confusion,
    drawn_confusion,
    split_records,
    tally_rows,
)
from cefrbench.results.model import FailureRecord, Held, PenaltyRecord, SplitRecord

#: Rows 0 to 3 are alpha's, 4 to 7 beta's; row 7 is right at both B2 and C1.
TABLE = pool(
    [
        essays(
            "alpha", [(f"alpha {i}", level) for i, level in enumerate(("A1", "A2", "B1", "B2"))]
        ),
        essays(
            "beta",
            [(f"beta {i}", level) for i, level in enumerate(("A1", "A2", "B1", "B2"))]
            + [("beta 3", "C1")],
        ),
    ],
    FIVE,
    "corrected",
)
ALPHA, BETA = np.arange(4), np.arange(4, 8)
RIGHT = np.array([0.0, 1.0, 2.0, 3.0])
PENALTIES = (100.0, 10.0, 1.0)


def planned(name, train, inner=(), notes=(), **scored):
    fold = Fold(name, train, scored, tuple(inner), notes)
    return PlannedFold("loco", fold, f"manifest of {name}")


FOLD = planned(
    "beta", ALPHA,
    [
        Inner(ALPHA[2:], {"held": ALPHA[:2]}),
        Inner(ALPHA[:2], {"held": ALPHA[2:], "more": ALPHA[3:]}),
    ],
    beta=BETA,
)  # fmt: skip
OTHER = planned("alpha", BETA, [Inner(BETA[1:], {"held": BETA[:1]})], alpha=ALPHA)


def spec(name="ridge", seeded=False, penalty=True):
    own = Penalty(name="a", values=PENALTIES, strongest="largest") if penalty else None
    card = ProbeCard(name=name, description=name, kind="regressor", seeded=seeded, penalty=own)
    return ProbeSpec(card, lambda options: None)


def collected(fits_of, folds=(FOLD,), seeds=(None,), penalties=PENALTIES, layer=3, **options):
    """``fits_of(train, penalty, seed)``: values of all eight rows, or a failure, or a fit."""
    jobs = Jobs(folds, TABLE)
    only = options.pop("only", None)
    collector = Collector(folds, jobs, TABLE, **options)
    fits = []
    for number, rows in enumerate(jobs.rows):
        own = seeds if number < jobs.scoring else seeds[:1]
        fits.append([])
        for penalty in penalties:
            fits[-1].append([])
            for seed in own:
                made = fits_of(tuple(rows.train.tolist()), penalty, seed)
                if isinstance(made, np.ndarray):
                    made = FoldFit(made[rows.predict], scores=-made[rows.predict])
                fits[-1][-1].append(made)
    collector.take(Fitted(layer, spec(seeded=seeds != (None,)), seeds, penalties, fits), only)
    return collector


def both(alpha, beta):
    return np.concatenate([alpha, beta]).astype(float)


def matrix(*cells):
    found = np.zeros((5, 5), dtype=int)
    for gold, told in cells:
        found[gold, told] += 1
    return as_tuple(found)


def test_a_fit_has_what_was_held_out_at_its_penalty_and_its_unit_what_was_scored():
    def fits_of(train, penalty, seed):
        # Right on what is held out with the middle penalty alone; beta is always told B1 or C1.
        held = RIGHT if penalty == 10.0 else RIGHT[::-1]
        return both(held, [2.0, 2.0, 4.0, 4.0])

    collector = collected(fits_of)
    (fit,), (unit,) = collector.records.fits, collector.records.units
    assert (fit.protocol, fit.fold, fit.probe, fit.layer, fit.seed) == (
        "loco", "beta", "ridge", 3, None,
    )  # fmt: skip
    assert fit.penalty == 10.0
    assert fit.held == (
        Held(corpus="held", confusion=matrix((0, 0), (1, 1), (2, 2), (3, 3))),
        Held(corpus="more", confusion=matrix((3, 3))),
    )
    assert [point.penalty for point in fit.path] == list(PENALTIES)
    # Of what is held out twice, one text of one level has no QWK and is left out of the mean.
    assert [point.inner_qwk for point in fit.path] == [-1.0, 1.0, -1.0]
    assert (fit.iterations, fit.converged, fit.message) == (None, True, "")
    assert (unit.protocol, unit.fold, unit.corpus, unit.probe, unit.layer, unit.seed) == (
        "loco", "beta", "beta", "ridge", 3, None,
    )  # fmt: skip
    assert unit.n == 4
    assert unit.confusion == matrix((0, 2), (1, 2), (2, 4), (4, 4))
    assert (unit.sums.absolute, unit.sums.squared) == (2 + 1 + 2 + 0, 4 + 1 + 4 + 0)
    assert fit.path[1].scored_qwk == unit.scores.qwk
    assert collector.records.failures == []
    table = collector.kept.predictions(0)
    assert table.prediction.tolist() == [2, 2, 4, 4]
    assert table.score.tolist() == [-2, -2, -4, -4]


def test_of_fits_that_fail_the_first_cause_stands_and_the_others_go_on():
    def fits_of(train, penalty, seed):
        outer = train == (0, 1, 2, 3)
        if penalty == 100.0 and outer:
            return FitFailure("It broke.")
        if penalty == 10.0 and train == (0, 1):
            return FitFailure("Too few.")
        return both(RIGHT, RIGHT)

    collector = collected(fits_of)
    (fit,) = collector.records.fits
    assert fit.penalty == 1.0
    assert fit.path[:2] == (
        PenaltyRecord(penalty=100.0, inner_qwk=None, scored_qwk=None),
        PenaltyRecord(penalty=10.0, inner_qwk=None, scored_qwk=None),
    )
    assert fit.path[2].inner_qwk == 1.0
    assert collector.records.failures == [
        FailureRecord(
            stage="probe", name="ridge", cause="It broke.", protocol="loco", fold="beta", layer=3,
            seed=None,
        )
    ]  # fmt: skip


def test_a_fold_whose_fits_all_fail_has_a_failure_and_no_fit_and_the_next_fold_has_its_own():
    def fits_of(train, penalty, seed):
        if penalty == 10.0 and train == (0, 1):
            return FitFailure("Too few.")
        return FitFailure("It broke.") if train == (0, 1, 2, 3) else both(RIGHT, RIGHT)

    collector = collected(fits_of, (FOLD, OTHER))
    assert [one.cause for one in collector.records.failures] == ["It broke."]
    assert [(fit.fold, fit.penalty) for fit in collector.records.fits] == [("alpha", 100.0)]
    assert [unit.fold for unit in collector.records.units] == ["alpha"]


def test_a_cause_inside_the_training_part_is_said_to_be():
    def fits_of(train, penalty, seed):
        return FitFailure("Too few.") if train == (2, 3) else both(RIGHT, RIGHT)

    collector = collected(fits_of)
    (failure,) = collector.records.failures
    assert failure.cause == "Too few. (a fit inside the training part)"
    assert collector.records.fits == collector.records.units == []
    assert list(collector.kept.predictions(0).units()) == []


def test_each_seed_is_scored_by_its_own_fits_and_chooses_by_those_of_the_first():
    def fits_of(train, penalty, seed):
        if train != (0, 1, 2, 3):
            assert seed == 5
            return both(RIGHT if penalty == 10.0 else RIGHT[::-1], RIGHT)
        return FoldFit(
            np.full(4, seed / 10), iterations=seed, converged=seed != 8, message=f"seed {seed}"
        )

    collector = collected(fits_of, seeds=(5, 8))
    fits = collector.records.fits
    assert [(fit.seed, fit.iterations, fit.converged, fit.message) for fit in fits] == [
        (5, 5, True, "seed 5"),
        (8, 8, False, "seed 8"),
    ]
    assert [fit.penalty for fit in fits] == [10.0, 10.0]
    assert fits[0].held == fits[1].held
    assert [unit.seed for unit in collector.records.units] == [5, 8]
    table = collector.kept.predictions(0)
    assert table.prediction.tolist() == [0.5] * 4 + [0.8] * 4
    assert np.isnan(table.score).all()
    assert table.seed.tolist() == [5] * 4 + [8] * 4


def test_only_the_folds_that_are_asked_for_are_taken_and_hold_nothing_out():
    collector = collected(
        lambda train, penalty, seed: both(RIGHT, RIGHT), (FOLD, OTHER), penalties=(None,), only=[1]
    )
    (fit,) = collector.records.fits
    assert (fit.fold, fit.held, fit.path[0].inner_qwk) == ("alpha", (), None)
    assert fit.path[0].scored_qwk == 1.0
    assert [unit.fold for unit in collector.records.units] == ["alpha"]


def test_errors_of_an_unclipped_probe_are_of_its_predictions_as_they_are():
    def fits_of(train, penalty, seed):
        return both(RIGHT, [-2.0, 1.0, 2.0, 7.0])

    for unclipped, absolute in (((), 0), (("ridge",), 2 + 3), (("knn",), 0)):
        (unit,) = collected(fits_of, unclipped=unclipped).records.units
        assert unit.sums.absolute == absolute
        assert unit.confusion == matrix((0, 0), (1, 1), (2, 2), (4, 4))


@pytest.mark.parametrize(("apart", "kept"), [(True, {0, 3}), (False, {3})])
def test_layer_0_is_kept_apart_where_there_are_others(apart, kept):
    jobs = Jobs((FOLD,), TABLE)
    collector = Collector((FOLD,), jobs, TABLE, apart=apart)
    for layer, alpha in ((0, RIGHT[::-1]), (3, RIGHT)):
        fits = [[[FoldFit(both(alpha, RIGHT)[rows.predict])]] for rows in jobs.rows]
        collector.take(Fitted(layer, spec(), (None,), (None,), fits))
    assert set(collector.kept.predictions(0).layer) == kept


def test_texts_at_the_right_one_of_two_levels_are_counted_there():
    values = np.array([0.4, 0.6, 3.0, 3.5])
    assert as_tuple(confusion(TABLE, BETA, values)) == matrix((0, 0), (1, 1), (2, 3), (4, 4))
    below = confusion(TABLE, BETA[3:], np.array([1.0]))
    above = confusion(TABLE, BETA[3:], np.array([9.0]))
    assert (as_tuple(below), as_tuple(above)) == (matrix((3, 1)), matrix((4, 4)))
    assert below.dtype == np.int64
    drawn = drawn_confusion(TABLE, BETA, values, np.array([2.0, 0.0, 0.5, 3.0]))
    assert drawn.dtype == np.float64
    assert [drawn[0, 0], drawn[1, 1], drawn[2, 3], drawn[4, 4], drawn.sum()] == [2, 0, 0.5, 3, 5.5]
    once = tally_rows(TABLE, BETA, values, clip=True)
    assert once.n == 4
    assert as_tuple(once.confusion) == matrix((0, 0), (1, 1), (2, 3), (4, 4))


def test_every_fold_is_described_and_skipped_ones_behind_the_others():
    noted = planned("beta", np.array([0, 1, 1, 3, 7]), FOLD.fold.inner, ("Odd.",), beta=BETA[:3])
    skipped = [("lofo", Skipped("x", "Too few.")), ("iid", Skipped("y", "None."))]
    assert split_records([noted, OTHER], skipped, TABLE) == (
        SplitRecord(
            protocol="loco", fold="beta", manifest="manifest of beta", train=5, inner=2,
            scored={"beta": 3}, train_levels=(1, 2, 0, 2, 0), notes=("Odd.",),
        ),
        SplitRecord(
            protocol="loco", fold="alpha", manifest="manifest of alpha", train=4, inner=1,
            scored={"alpha": 4}, train_levels=(1, 1, 1, 1, 0),
        ),
        *(
            SplitRecord(
                protocol=protocol, fold=fold, manifest=None, train=0, inner=0, scored={},
                skipped=reason,
            )
            for protocol, fold, reason in (("lofo", "x", "Too few."), ("iid", "y", "None."))
        ),
    )  # fmt: skip
