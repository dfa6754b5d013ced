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
    planted,
    quiet,
)
from cefrbench.check.table import CheckTable, Problem, Remark
from cefrbench.contracts.probe import FitsFolds, FoldRows, ProbeOptions, ProbeSpec

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
    train, test = planted(160, seed=5), planted(60, seed=6)
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
    spec: ProbeSpec, options: ProbeOptions, train: Planted, X_new: NDArray[np.float32]
) -> NDArray[Any]:
    """Make, fit and predict, in whatever process this is called."""
    return fit_predict(spec.make(options), train.X, train.y, X_new)


def fit_others(subject: ProbeSubject, data: Planted) -> None:
    """Fit other estimators on some rows in every way that the harness has, and predict them."""
    fit_predict(subject.make(), data.X, data.y, data.X)
    batched = subject.make()
    if isinstance(batched, FitsFolds):
        rows = np.arange(len(data.y))
        with quiet():
            batched.fit_folds(
                data.X.copy(),
                data.y.copy(),
                [FoldRows(rows, rows)],
                seeds=(subject.options().seed,),
            )
