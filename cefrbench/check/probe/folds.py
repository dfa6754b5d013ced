"""Checks of the batched fit: the same as fitting each fold alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench.check.probe.subject import (
    Planted,
    ProbeSubject,
    fit_predict,
    gap,
    planted,
    quiet,
)
from cefrbench.check.table import CheckTable, Fact, NotApplicableError, Problem
from cefrbench.contracts.probe import FitsFolds, FoldFit, FoldRows

CHECKS: CheckTable[ProbeSubject] = CheckTable()
Weights: TypeAlias = NDArray[np.float64]


def _plan(n: int) -> list[FoldRows]:
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
def check_folds(subject: ProbeSubject) -> Iterator[Problem | Fact]:
    """Compare ``fit_folds`` with one fit a fold and seed, with and without weights."""
    estimator = subject.make()
    if not isinstance(estimator, FitsFolds):
        raise NotApplicableError("it has no fit_folds; folds are fitted one by one")
    data = planted(120, seed=3)
    plan = _plan(len(data.y))
    seeds: tuple[int | None, ...] = (0, 1) if subject.spec.card.seeded else (None,)
    uneven: Weights = 0.5 + np.arange(len(data.y), dtype=np.float64) % 2
    for weight in (None, uneven):
        with quiet():
            fits = estimator.fit_folds(data.X, data.y, plan, sample_weight=weight, seeds=seeds)
        problem = _wrong_shape(fits, plan, len(seeds))
        if problem is None:
            problem = _differs(subject, data, fits, plan, seeds, weight)
        if problem is not None:
            yield problem
            return
    yield Fact(f"{len(plan)} folds × {len(seeds)} seeds, with and without weights")


def _differs(
    subject: ProbeSubject,
    data: Planted,
    fits: Sequence[Sequence[FoldFit]],
    plan: Sequence[FoldRows],
    seeds: Sequence[int | None],
    weight: Weights | None,
) -> Problem | None:
    """The first fold and seed whose predictions are not those of a fit alone."""
    for (i, fold), (j, seed) in product(enumerate(plan), enumerate(seeds)):
        own = None if weight is None else weight[fold.train]
        X, y = data.X[fold.train], data.y[fold.train]
        alone = fit_predict(subject.make(seed or 0), X, y, data.X[fold.predict], own)
        batched = fits[i][j].predictions
        if not subject.same(batched, alone):
            how = "without weights" if weight is None else "with weights"
            return Problem(
                f"fold {i}, seed {seed}, {how}: the batched fit differs from a fit alone by "
                f"{gap(batched, alone):.2g} levels",
                "solve each fold's own problem to the same stopping rule, on its own rows, weights "
                "and seed",
            )
    return None


def _wrong_shape(
    fits: Sequence[Sequence[FoldFit]], plan: Sequence[FoldRows], seeds: int
) -> Problem | None:
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
