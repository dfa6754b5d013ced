"""Fit one probe on the folds of one layer: batched where the probe can, fold by fold where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import (
    Estimator,
    FitsFolds,
    FitsPaths,
    FoldFit,
    FoldRows,
    ProbeOptions,
    ProbeSpec,
)
from cefrbench.engines.checks import training_weight
from cefrbench.errors import ProbeError, contained
from cefrbench.memory import lacks_memory
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
#: What one fold gives, ``[penalty][seed]``.
Path: TypeAlias = list[list[FoldOutcome]]


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
    """Fit a probe with one penalty, that of ``options``; see :func:`fit_paths`.

    Returns
    -------
    list of list of FoldFit or FitFailure
        ``[fold][seed]``.
    """
    paths = fit_paths(
        *(spec, options, X, y, folds),
        penalties=(options.penalty,),
        sample_weight=sample_weight,
        seeds=seeds,
        jobs=jobs,
    )
    return [path[0] for path in paths]


def fit_paths(
    spec: ProbeSpec,
    options: ProbeOptions,
    X: Features,
    y: Classes,
    folds: Sequence[FoldRows],
    *,
    penalties: Sequence[float | None],
    sample_weight: Weights | None = None,
    seeds: Sequence[int | None] = (None,),
    jobs: int = 1,
) -> list[Path]:
    """Fit a probe on every fold of one layer with every penalty and every seed.

    A fit that fails takes no other one down: when a batched fit breaks, its folds are fitted one
    by one, then its penalties, and what finds too little memory on an accelerator is fitted on
    the CPU.

    Parameters
    ----------
    spec : ProbeSpec
    options : ProbeOptions
        ``seed`` and ``penalty`` are overruled by ``seeds`` and ``penalties``.
    X : ndarray of float32, shape (n, dim)
        One layer's features.
    y : ndarray of int64, shape (n,)
        Classes.
    folds : sequence of FoldRows
    penalties : sequence of float or None
        Values of what the card's ``penalty`` names, from the strongest to the weakest; None is
        the card's own value, and the only one for a probe without a penalty.
    sample_weight : ndarray of float64, shape (n,), optional
    seeds : sequence of int or None
        A probe that is not seeded is fitted once; its fit stands for all seeds.
    jobs : int
        Most processes for estimators that have no batched fit.

    Returns
    -------
    list of list of list of FoldFit or FitFailure
        ``[fold][penalty][seed]``.

    Raises
    ------
    UserError
        When the probe can't be made at all, for instance because a package is missing, or has no
        penalty to choose.
    """
    if spec.card.penalty is None and any(value is not None for value in penalties):
        raise ProbeError(
            f"The card of probe {spec.name!r} names no penalty: give it one "
            "(ProbeCard(penalty=Penalty(…))), or fit it with its own parameters."
        )
    asked = tuple(seeds) if spec.card.seeded else tuple(seeds[:1])
    outcomes: list[Path] = [[] for _ in folds]
    usable = []
    for index, fold in enumerate(folds):
        problem = _unusable(y, fold, sample_weight)
        if problem:
            outcomes[index] = _all_failed(problem, penalties, asked)
        else:
            usable.append(index)
    if usable:
        work = _Work(spec, options, X, y, sample_weight, asked, jobs)
        fitted = work.paths([folds[index] for index in usable], tuple(penalties))
        for index, path in zip(usable, fitted, strict=True):
            outcomes[index] = path
    if len(asked) < len(seeds):
        outcomes = [[fits * len(seeds) for fits in path] for path in outcomes]
    return outcomes


def _all_failed(why: str, penalties: Sequence[float | None], seeds: Sequence[int | None]) -> Path:
    return [[FitFailure(why)] * len(seeds) for _ in penalties]


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


@dataclass(frozen=True, slots=True)
class _Work:
    """What all folds share."""

    spec: ProbeSpec
    options: ProbeOptions
    X: Features
    y: Classes
    sample_weight: Weights | None
    seeds: tuple[int | None, ...]
    jobs: int

    def paths(self, folds: Sequence[FoldRows], penalties: tuple[float | None, ...]) -> list[Path]:
        """Fit all penalties at once where the probe can, else one after another."""
        probe = self.make(self.options, penalties[0])
        if isinstance(probe, FitsPaths) and None not in penalties:
            return self.batched(folds, penalties)
        columns = [
            self.batched(folds, (value,))
            if isinstance(probe, FitsFolds)
            else self.one_by_one(folds, value)
            for value in penalties
        ]
        return [[path[0] for path in row] for row in zip(*columns, strict=True)]

    def make(self, options: ProbeOptions, penalty: float | None) -> Estimator:
        """Make an estimator for all seeds."""
        return self.spec.make(replace(options, seed=self.seeds[0], penalty=penalty))

    def batched(self, folds: Sequence[FoldRows], penalties: tuple[float | None, ...]) -> list[Path]:
        """Fit all at once; after a failure, each fold by itself, then each penalty."""
        fitted = self._attempt(self.options, folds, penalties)
        if not isinstance(fitted, Exception):
            return fitted
        if len(folds) > 1:
            return [path for fold in folds for path in self.batched([fold], penalties)]
        if lacks_memory(fitted) and self.options.device != "cpu":
            fitted = self._attempt(replace(self.options, device="cpu"), folds, penalties)
            if not isinstance(fitted, Exception):
                return fitted
        if len(penalties) > 1:
            return [[self.batched(folds, (value,))[0][0] for value in penalties]]
        return [_all_failed(describe(fitted), penalties, self.seeds)]

    def _attempt(
        self,
        options: ProbeOptions,
        folds: Sequence[FoldRows],
        penalties: tuple[float | None, ...],
    ) -> list[Path] | Exception:
        """Run the probe's own batched fit; whatever it raises is the answer."""
        try:
            with contained():
                return self._together(options, folds, penalties)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it becomes a failed unit
            return error

    def _together(
        self,
        options: ProbeOptions,
        folds: Sequence[FoldRows],
        penalties: tuple[float | None, ...],
    ) -> list[Path]:
        probe = self.make(options, penalties[0])
        X, y, weight, seeds = self.X, self.y, self.sample_weight, self.seeds
        values = [value for value in penalties if value is not None]
        if isinstance(probe, FitsPaths) and values:
            paths = probe.fit_paths(
                X, y, folds, penalties=values, sample_weight=weight, seeds=seeds
            )
        elif isinstance(probe, FitsFolds):
            alone = probe.fit_folds(X, y, folds, sample_weight=weight, seeds=seeds)
            paths = [[fits] for fits in alone]
        else:
            raise TypeError(f"{probe!r} has no batched fit")
        return [
            [[_checked(fit, fold) for fit in fits] for _, fits in zip(penalties, path, strict=True)]
            for path, fold in zip(paths, folds, strict=True)
        ]

    def one_by_one(self, folds: Sequence[FoldRows], penalty: float | None) -> list[Path]:
        """Fit a plain scikit-learn estimator per fold and seed, over processes if that pays."""
        made = replace(self.options, penalty=penalty)
        tasks = [
            (self.spec.make(replace(made, seed=seed)), fold)
            for fold in folds
            for seed in self.seeds
        ]
        results = fit_each(tasks, self.X, self.y, self.sample_weight, self.jobs)
        outcomes: list[FoldOutcome] = [
            FitFailure(result) if isinstance(result, str) else _checked(result, fold)
            for result, (_, fold) in zip(results, tasks, strict=True)
        ]
        width = len(self.seeds)
        return [[outcomes[start : start + width]] for start in range(0, len(outcomes), width)]


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
