"""Fit plain scikit-learn estimators, one by one or over processes without oversubscribing cores."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import Estimator, FoldFit, FoldRows
from cefrbench.cores import usable_cores
from cefrbench.engines.checks import training_weight
from cefrbench.engines.continuous import expected_level
from cefrbench.engines.standardise import standardised
from cefrbench.errors import UserError, contained
from cefrbench.plugins import LOOSE
from cefrbench.probing.weighted import fit_weighted

FitTask = tuple[Estimator, FoldRows]

#: Seconds of work from which on starting processes, which costs one or two, pays.
PAYS = 6.0


def fit_each(
    tasks: Sequence[FitTask],
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    sample_weight: NDArray[np.float64] | None,
    jobs: int = 1,
) -> list[FoldFit | str]:
    """Fit each estimator on its fold.

    Each fit gets ``cores // jobs`` threads, in one process or in many, so that the number of
    processes in use changes no rounding.

    Parameters
    ----------
    tasks : sequence of (estimator, fold)
        Every estimator fresh.
    X : ndarray of float32, shape (n, dim)
    y : ndarray of int64, shape (n,)
    sample_weight : ndarray of float64, shape (n,), optional
    jobs : int
        Most processes.

    Returns
    -------
    list of FoldFit or str
        One a task, in order; a string says why the fit failed.
    """
    from threadpoolctl import threadpool_limits

    threads = max(1, usable_cores() // max(1, jobs))
    fits: list[FoldFit | str] = []
    begun = time.perf_counter()
    for number, (estimator, fold) in enumerate(tasks):
        # The fits so far tell whether the rest is worth starting processes for.
        left = (len(tasks) - number) * (time.perf_counter() - begun) / max(1, number)
        if jobs > 1 and number and left > PAYS:
            return fits + _over_processes(tasks[number:], X, y, sample_weight, jobs, threads)
        with threadpool_limits(limits=threads):
            fits.append(_fit(estimator, fold, X, y, sample_weight))
    return fits


def _over_processes(
    tasks: Sequence[FitTask],
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    sample_weight: NDArray[np.float64] | None,
    jobs: int,
    threads: int,
) -> list[FoldFit | str]:
    from joblib import Parallel, delayed, parallel_config

    try:
        with (
            _sent_by_value({type(estimator).__module__ for estimator, _ in tasks}),
            parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=threads),
        ):
            fits: list[FoldFit | str] = Parallel()(
                delayed(_fit)(estimator, fold, X, y, sample_weight) for estimator, fold in tasks
            )
    except BrokenProcessPool as error:
        # Whose fault it was can't be told: a killed process takes the whole pool with it.
        return [describe(error)] * len(tasks)
    return fits


@contextmanager
def _sent_by_value(modules: set[str]) -> Iterator[None]:
    """Let a worker use classes of a loose plugin file, which it can't import by name."""
    import cloudpickle

    loose = [sys.modules[name] for name in sorted(modules) if name.startswith(LOOSE)]
    for module in loose:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in loose:
            cloudpickle.unregister_pickle_by_value(module)


def _fit(
    estimator: Estimator,
    fold: FoldRows,
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    sample_weight: NDArray[np.float64] | None,
) -> FoldFit | str:
    """Fit one fold; whatever the estimator raises becomes the answer."""
    try:
        with contained():
            return _fit_and_predict(estimator, fold, X, y, sample_weight)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it becomes a failed unit
        return describe(error)


def _fit_and_predict(
    estimator: Estimator,
    fold: FoldRows,
    X: NDArray[np.float32],
    y: NDArray[np.int64],
    sample_weight: NDArray[np.float64] | None,
) -> FoldFit:
    from sklearn.exceptions import ConvergenceWarning

    train, given = fold.train, training_weight(fold, sample_weight)
    weight = None
    if given is not None and (given != 1).any():
        train, weight = train[given > 0], given[given > 0]
    learnt, asked = X[train], X[fold.predict]
    # What the texts of a fold are measured in is the probe's own matter.
    if fold.count is not None and X.ndim == 2:
        learnt = standardised(X, fold.train, fold.count, train)
        asked = standardised(X, fold.train, fold.count, fold.predict)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        if weight is None:
            estimator.fit(learnt, y[train])
        else:
            fit_weighted(estimator, learnt, y[train], weight)
    unconverged = [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]
    for other in caught:
        if not issubclass(other.category, ConvergenceWarning):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    predictions = np.asarray(estimator.predict(asked), dtype=np.float64)
    return FoldFit(
        predictions=predictions,
        iterations=_iterations(estimator),
        converged=not unconverged,
        message=" ".join(unconverged),
        scores=_continuous(estimator, asked, predictions),
    )


def _continuous(
    estimator: Any, X: NDArray[np.float32], predictions: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Continuous scores: a regressor's values, a classifier's expected levels if it has any.

    A classifier of two classes without probabilities has its decision function; others have
    none, nor has an estimator that doesn't say what it is.
    """
    from sklearn.base import is_classifier, is_regressor

    # An estimator outside scikit-learn's classes has no tags, and scikit-learn asks for them.
    if not hasattr(estimator, "__sklearn_tags__"):
        return None
    if is_regressor(estimator):
        return predictions
    if not is_classifier(estimator):
        return None
    if hasattr(estimator, "predict_proba"):
        return expected_level(np.asarray(estimator.predict_proba(X)), estimator.classes_)
    if hasattr(estimator, "decision_function"):
        decided = np.asarray(estimator.decision_function(X), dtype=np.float64)
        return decided if decided.ndim == 1 else None
    return None


def _iterations(estimator: Estimator) -> int | None:
    """Read scikit-learn's ``n_iter_``: a number, or one for each class."""
    count = getattr(estimator, "n_iter_", None)
    return None if count is None else int(np.max(count))


def describe(error: Exception) -> str:
    """One sentence on a failed fit."""
    if isinstance(error, UserError):
        return str(error)
    first = next(iter(str(error).strip().splitlines()), "no message")
    return f"The fit broke with {type(error).__name__}: {first}"
