"""Checks that fits agree: weights mean what they say, and folds at once are folds alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench.check.probe.subject import (
    N_CLASSES,
    TOLERANCE,
    ProbeSubject,
    agreement,
    gap,
    quiet,
)
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark
from cefrbench.contracts.probe import FitsFolds, FoldFit, FoldRows
from cefrbench.probing.parallel import fit_each

CHECKS: CheckTable[ProbeSubject] = CheckTable()
Weights: TypeAlias = NDArray[np.float64]

#: Rank correlation of scores from which on they rank texts alike but for the optimiser.
RANKED_ALIKE = 0.99


@CHECKS.add(
    "probe-weights-one",
    "Weights of one are no weights",
    "Corpora without repeats are fitted without weights; the two must agree.",
    needs="probe-seed",
)
def check_ones(subject: ProbeSubject) -> Iterator[Problem]:
    """Fit with all weights 1 and without weights; chance may move a fit as far as a seed does."""
    ones = subject.fit_predict(weight=np.ones(len(subject.train.y)))
    allowed = TOLERANCE
    if subject.spec.card.seeded:
        allowed += 2 * gap(subject.fit_predict(seed=1), subject.predictions)
    if gap(ones, subject.predictions) > allowed:
        yield Problem(
            f"weights of 1 move predictions by {gap(ones, subject.predictions):.2g} levels",
            "treat sample_weight=None as ones, and don't rescale weights",
        )


@CHECKS.add(
    "probe-weights-count",
    "Weights are not ignored",
    "In cefr-v1 a text that stands in a corpus twice counts as one, by weight.",
    needs="probe-signal",
)
def check_count(subject: ProbeSubject) -> Iterator[Problem]:
    """Give every text two opposite levels, and nearly all the weight to one of them."""
    train, n = subject.train, len(subject.train.y)
    X = np.concatenate([train.X, train.X])
    y = np.concatenate([train.y, N_CLASSES - 1 - train.y])
    heavy, light = np.ones(n), np.full(n, 0.02)
    for side, weight in (("first", (heavy, light)), ("second", (light, heavy))):
        values = subject.fit_predict(X=X, y=y, weight=np.concatenate(weight))
        wanted = subject.test.y if side == "first" else N_CLASSES - 1 - subject.test.y
        if agreement(wanted, values) < 0.5:
            yield Problem(
                f"with 50 times the weight on the {side} of two opposite levels, QWK with it is "
                f"{agreement(wanted, values):.2f}",
                "hand sample_weight on to every estimator inside, and keep it beside its rows",
            )
            return


@CHECKS.add(
    "probe-weights-repeat",
    "Weight two is the row twice",
    "Weights are shares of a text: what they do must not depend on how a corpus lists it.",
    needs="probe-weights-one probe-weights-count",
)
def check_repeat(subject: ProbeSubject) -> Iterator[Problem]:
    """Compare whole-number weights with repeated rows; only where no chance is in the fit."""
    if subject.spec.card.seeded:
        raise NotApplicableError("a seeded probe draws other batches from repeated rows")
    if subject.reads_texts:
        raise NotApplicableError("a text that is counted twice is a more frequent one")
    order = np.random.default_rng(0).permutation(len(subject.train.y))
    shuffled = subject.fit_predict(X=subject.train.X[order], y=subject.train.y[order])
    if not subject.same(shuffled, subject.predictions):
        raise NotApplicableError("its fit goes by the order of rows, which repeating changes")
    # Heavy rows say the opposite of light ones, so that every share counts.
    weight = 1 + (np.arange(len(subject.train.y)) % 3)
    y = np.where(weight == 3, N_CLASSES - 1 - subject.train.y, subject.train.y)
    weighted = subject.fit_predict(y=y, weight=weight.astype(np.float64))
    repeated = subject.fit_predict(
        X=np.repeat(subject.train.X, weight, axis=0), y=np.repeat(y, weight)
    )
    if not subject.same(weighted, repeated):
        yield Problem(
            f"weights 1, 2, 3 and rows repeated so often differ by {gap(weighted, repeated):.2g} "
            "levels",
            "multiply each row's loss by its weight; neither rescale weights nor take their root",
        )


def plan_of(n: int) -> list[FoldRows]:
    """Three folds of unlike sizes that share rows, as the folds of a benchmark do."""
    rows = np.arange(n)
    parts = [rows % 4 == 0, rows < n // 3, rows >= n - n // 5]
    return [FoldRows(np.flatnonzero(~held), np.flatnonzero(held)) for held in parts]


@CHECKS.add(
    "probe-folds",
    "A batched fit gives what fitting each fold alone gives",
    "The sweep uses the batched fit when there is one; a score may not depend on the way.",
    needs="probe-deterministic probe-weights-count",
)
def check_folds(subject: ProbeSubject) -> Iterator[Problem | Remark]:
    """Compare ``fit_folds`` with the harness's loop: plain, with weights, with folds' own."""
    estimator = subject.make()
    if not isinstance(estimator, FitsFolds):
        raise NotApplicableError("it has no fit_folds; folds are fitted one by one")
    data = subject.draw(120, seed=3)
    plan = plan_of(len(data.y))
    seeds: tuple[int | None, ...] = (0, 1) if subject.spec.card.seeded else (None,)
    uneven: Weights = 0.5 + np.arange(len(data.y), dtype=np.float64) % 2
    own = [
        replace(fold, weight=uneven[fold.train][::-1], count=np.floor(uneven[fold.train]) + 1)
        for fold in plan
    ]
    # Features this small mean something else to a penalty, unless counts set their unit.
    small = data.X if subject.reads_texts else (data.X / 50).astype(np.float32)
    ways = {
        "without weights": (data.X, plan, None),
        "with weights": (data.X, plan, uneven),
        "with weights and counts of the folds' own": (small, own, None),
    }
    for way, (X, folds, weight) in ways.items():
        with quiet():
            fits = estimator.fit_folds(X, data.y, folds, sample_weight=weight, seeds=seeds)
        problem = wrong_shape(fits, folds, len(seeds))
        for (i, fold), (j, seed) in product(enumerate(folds), enumerate(seeds)):
            if problem is None:
                task = (subject.make(seed or 0), fold)
                with quiet():
                    (alone,) = fit_each([task], X, data.y, weight)
                where = f"fold {i}, seed {seed}, {way}"
                problem = differs(subject, where, fits[i][j], alone)
        if problem is not None:
            yield problem
            return
    yield Remark(f"{len(plan)} folds × {len(seeds)} seeds, {', '.join(ways)}")


def differs(
    subject: ProbeSubject, where: str, batched: FoldFit, alone: FoldFit | str
) -> Problem | None:
    """Say how a batched fit differs from one alone; scores need only rank texts alike."""
    if isinstance(alone, str):
        return Problem(f"{where}: the fit alone fails: {alone}", "let fit take what fit_folds does")
    if not subject.same(batched.predictions, alone.predictions):
        return Problem(
            f"{where}: the batched fit differs from a fit alone by "
            f"{gap(batched.predictions, alone.predictions):.2g} levels",
            "solve each fold's own problem to the same stopping rule, on its own rows, weights, "
            "unit and seed",
        )
    if batched.scores is not None and alone.scores is not None and np.ptp(alone.scores) > 0:
        from scipy.stats import spearmanr

        alike = float(spearmanr(batched.scores, alone.scores).statistic)
        if not alike > RANKED_ALIKE:
            return Problem(
                f"{where}: scores of the batched fit rank texts otherwise than a fit alone "
                f"(correlation of ranks {alike:.2f})",
                "give scores of fold.predict, in its order, that grow with the level",
            )
    return None


def wrong_shape(
    fits: Sequence[Sequence[FoldFit]], plan: Sequence[FoldRows], seeds: int
) -> Problem | None:
    """Say whether a batched fit is no list of folds, each a list of seeds, of predictions."""
    if len(fits) != len(plan) or any(len(fold) != seeds for fold in fits):
        shape = f"{len(fits)} folds of {sorted({len(fold) for fold in fits})} seeds"
        return Problem(
            f"{len(plan)} folds and {seeds} seeds gave {shape}",
            "return a list of folds, each a list of seeds, in the order they were given",
        )
    for number, (fold, rows) in enumerate(zip(fits, plan, strict=True)):
        for fit in fold:
            if fit.predictions.shape != rows.predict.shape:
                return Problem(
                    f"fold {number} has {rows.predict.shape} rows to predict and gave "
                    f"{fit.predictions.shape}",
                    "predict fold.predict, in its order",
                )
    return None
