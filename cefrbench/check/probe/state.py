"""The check of state that outlives a fit: whatever was fitted before, a new estimator is new."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.check.fresh import UnpackedError, in_new_process
from cefrbench.check.probe.subject import (
    N_CLASSES,
    Planted,
    ProbeSubject,
    fit_predict,
    gap,
    quiet,
)
from cefrbench.check.table import CheckTable, Problem, Remark
from cefrbench.contracts.probe import FitsFolds, FitsPaths, FoldRows, ProbeOptions, ProbeSpec

CHECKS: CheckTable[ProbeSubject] = CheckTable()


@CHECKS.add(
    "probe-state",
    "A new estimator knows nothing of what others were fitted on",
    "What one fold is scored on another was trained on: rows kept anywhere (a global, a class, a "
    "file) are the answers to the next fold, and to the next corpus.",
    needs="probe-deterministic",
)
def check_state(subject: ProbeSubject) -> Iterator[Problem | Remark]:
    """Compare fits made after other fits, on the very rows to predict, with a new process's."""
    train, test = subject.draw(100, seed=5), subject.draw(40, seed=6)
    where, covered = "in a new process", "as in a new process"
    try:
        alone = in_new_process(fit_apart, subject.packed, subject.options(), train, test.X)
    except UnpackedError as error:
        where, covered = "before it", f"in this process alone; another can't load it: {error}"
        alone = fit_apart(subject.spec, subject.options(), train, test.X)
    for y in (N_CLASSES - 1 - test.y, test.y):
        fit_others(subject, Planted(test.X, y))
        after = fit_predict(subject.make(), train.X, train.y, test.X)
        if not subject.same(after, alone):
            yield Problem(
                "after a fit on other rows a new estimator predicts otherwise than "
                f"{where}, by {gap(after, alone):.2g} levels on average",
                "keep what fit learns on the estimator alone: no global, no attribute of the "
                "class, no cache, no file",
            )
            return
    yield Remark(covered)


def fit_apart(
    spec: ProbeSpec, options: ProbeOptions, train: Planted, X_new: NDArray[Any]
) -> NDArray[Any]:
    """Make, fit and predict, in whatever process this is called."""
    return fit_predict(spec.make(options), train.X, train.y, X_new)


def fit_others(subject: ProbeSubject, data: Planted) -> None:
    """Fit other estimators on some rows in every way that the harness has, and predict them."""
    fit_predict(subject.make(), data.X, data.y, data.X)
    batched, rows, seeds = subject.make(), np.arange(len(data.y)), (subject.options().seed,)
    X, y, folds = data.X.copy(), data.y.copy(), [FoldRows(rows, rows)]
    penalty = subject.spec.card.penalty
    with quiet():
        if isinstance(batched, FitsFolds):
            batched.fit_folds(X, y, folds, seeds=seeds)
        if isinstance(batched, FitsPaths) and penalty is not None:
            batched.fit_paths(X, y, folds, penalties=penalty.values, seeds=seeds)
