"""Fit one probe on the folds of one layer: batched where the probe can, fold by fold where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import FitsFolds, FoldFit, FoldRows, ProbeOptions, ProbeSpec
from cefrbench.engines.checks import training_weight
from cefrbench.probing.parallel import describe, fit_each

Features = NDArray[np.float32]
Classes = NDArray[np.int64]
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FitFailure:
    """One fold and seed that could not be fitted.

    Attributes
    ----------
    message : str
        One sentence for the result's list of failed units.
    """

    message: str


#: What each fold and seed gives.
FoldOutcome = FoldFit | FitFailure


def fit_folds(
    spec: ProbeSpec,
    options: ProbeOptions,
    X: Features,
    y: Classes,
    folds: Sequence[FoldRows],
    *,
    sample_weight: Weights | None = None,
    seeds: Sequence[int | None] = (None,),
    jobs: int = 1,
) -> list[list[FoldOutcome]]:
    """Fit a probe on every fold of one layer with every seed.

    A fit that fails takes no other one down: when a batched fit breaks, its folds are fitted one
    by one, and a fold that finds too little memory on an accelerator is fitted on the CPU.

    Parameters
    ----------
    spec : ProbeSpec
    options : ProbeOptions
        ``seed`` is overruled by ``seeds``.
    X : ndarray of float32, shape (n, dim)
        One layer's features.
    y : ndarray of int64, shape (n,)
        Classes.
    folds : sequence of FoldRows
    sample_weight : ndarray of float64, shape (n,), optional
    seeds : sequence of int or None
        A probe that is not seeded is fitted once; its fit stands for all seeds.
    jobs : int
        Most processes for estimators that have no batched fit.

    Returns
    -------
    list of list of FoldFit or FitFailure
        ``[fold][seed]``.

    Raises
    ------
    UserError
        When the probe can't be made at all, for instance because a package is missing.
    """
    if not spec.card.seeded and len(seeds) > 1:
        once = fit_folds(
            spec, options, X, y, folds, sample_weight=sample_weight, seeds=seeds[:1], jobs=jobs
        )
        return [row * len(seeds) for row in once]
    outcomes: list[list[FoldOutcome]] = [[] for _ in folds]
    usable = []
    for index, fold in enumerate(folds):
        problem = _unusable(y, fold, sample_weight)
        if problem:
            outcomes[index] = [FitFailure(problem)] * len(seeds)
        else:
            usable.append(index)
    if usable:
        data = _Data(X, y, sample_weight, seeds)
        chosen = [folds[index] for index in usable]
        if isinstance(spec.make(replace(options, seed=seeds[0])), FitsFolds):
            fitted = _batched(spec, options, data, chosen)
        else:
            fitted = _one_by_one(spec, options, data, chosen, jobs)
        for index, row in zip(usable, fitted, strict=True):
            outcomes[index] = row
    return outcomes


@dataclass(frozen=True, slots=True)
class _Data:
    """What all folds share."""

    X: Features
    y: Classes
    sample_weight: Weights | None
    seeds: Sequence[int | None]


def _unusable(y: Classes, fold: FoldRows, sample_weight: Weights | None) -> str:
    """Why no probe can learn from these training rows; empty when one can."""
    train = fold.train
    weight = training_weight(fold, sample_weight)
    if weight is not None:
        train = train[weight > 0]
    classes = np.unique(y[train])
    if len(classes) > 1:
        return ""
    if len(classes) == 0:
        return "The training part holds no text: add a corpus, or leave this fold out."
    return (
        f"All {len(train)} training texts are of one level (class {classes[0]}): "
        "a probe needs at least two levels, so add a corpus that has others."
    )


def _batched(
    spec: ProbeSpec, options: ProbeOptions, data: _Data, folds: Sequence[FoldRows]
) -> list[list[FoldOutcome]]:
    """Fit all folds at once; after a failure, each by itself; out of memory, on the CPU."""
    together = _attempt(spec, options, data, folds)
    if not isinstance(together, Exception):
        return together
    rows: list[list[FoldOutcome]] = []
    for fold in folds:
        alone = together if len(folds) == 1 else _attempt(spec, options, data, [fold])
        if _out_of_memory(alone) and options.device != "cpu":
            alone = _attempt(spec, replace(options, device="cpu"), data, [fold])
        if isinstance(alone, Exception):
            rows.append([FitFailure(describe(alone))] * len(data.seeds))
        else:
            rows += alone
    return rows


def _attempt(
    spec: ProbeSpec, options: ProbeOptions, data: _Data, folds: Sequence[FoldRows]
) -> list[list[FoldOutcome]] | Exception:
    """Run the probe's own batched fit; whatever it raises is the answer."""
    try:
        estimator = spec.make(replace(options, seed=data.seeds[0]))
        if not isinstance(estimator, FitsFolds):
            raise TypeError(f"{estimator!r} has no fit_folds")
        rows = estimator.fit_folds(
            data.X, data.y, folds, sample_weight=data.sample_weight, seeds=data.seeds
        )
        return [[_checked(fit, fold) for fit in row] for row, fold in zip(rows, folds, strict=True)]
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it becomes a failed unit
        return error


def _one_by_one(
    spec: ProbeSpec, options: ProbeOptions, data: _Data, folds: Sequence[FoldRows], jobs: int
) -> list[list[FoldOutcome]]:
    """Fit a plain scikit-learn estimator per fold and seed, over processes if there are jobs."""
    tasks = [
        (spec.make(replace(options, seed=seed)), fold) for fold in folds for seed in data.seeds
    ]
    results = fit_each(tasks, data.X, data.y, data.sample_weight, jobs)
    outcomes: list[FoldOutcome] = [
        FitFailure(result) if isinstance(result, str) else _checked(result, fold)
        for result, (_, fold) in zip(results, tasks, strict=True)
    ]
    width = len(data.seeds)
    return [outcomes[start : start + width] for start in range(0, len(outcomes), width)]


def _checked(fit: FoldFit, fold: FoldRows) -> FoldOutcome:
    """Refuse predictions that no score can be computed from."""
    shape, wanted = np.shape(fit.predictions), (len(fold.predict),)
    if shape != wanted:
        return FitFailure(f"The probe gave predictions of shape {shape}, expected {wanted}.")
    if not np.isfinite(fit.predictions).all():
        why = f" ({fit.message})" if fit.message else ""
        return FitFailure(f"The probe predicted a value that is not finite{why}.")
    if fit.scores is not None:
        if np.shape(fit.scores) != wanted:
            shape = np.shape(fit.scores)
            return FitFailure(f"The probe gave scores of shape {shape}, expected {wanted}.")
        if not np.isfinite(fit.scores).all():
            return FitFailure("The probe gave a continuous score that is not finite.")
    return fit


def _out_of_memory(outcome: object) -> bool:
    import torch

    return isinstance(outcome, torch.OutOfMemoryError)
