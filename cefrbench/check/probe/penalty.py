"""Checks of the parameter that the harness may choose: the card's, the estimator's, the path's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from cefrbench.check.probe.fits import differs, plan_of, wrong_shape
from cefrbench.check.probe.subject import ProbeSubject, quiet
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark
from cefrbench.contracts.cards import Penalty
from cefrbench.contracts.probe import FitsPaths
from cefrbench.probing.parallel import fit_each

CHECKS: CheckTable[ProbeSubject] = CheckTable()


@CHECKS.add(
    "probe-penalty",
    "make() gives the estimator the penalty that it is told",
    "Which penalty was chosen stands in the result: another one may not be behind it.",
    needs="probe-card",
)
def check_penalty(subject: ProbeSubject) -> Iterator[Problem | Remark]:
    """Make the probe with each value on the card, and look at the parameter."""
    penalty = _penalty(subject)
    estimator = subject.make()
    if not hasattr(estimator, "get_params"):
        raise NotApplicableError("it has no get_params to look at")
    if penalty.name not in estimator.get_params():
        yield Problem(
            f"the card's penalty is {penalty.name!r}, and the estimator has no such parameter",
            "name the parameter as get_params does (step__alpha in a pipeline)",
        )
        return
    for value in penalty.values:
        actual = subject.make(penalty=value).get_params()[penalty.name]
        if actual != value:
            yield Problem(
                f"made with options.penalty={value:g}, it has {penalty.name}={actual!r}",
                f"pass options.penalty on as {penalty.name}, the card's own value where it is None",
            )
            return
    yield Remark(f"{penalty.name}: {', '.join(f'{value:g}' for value in penalty.values)}")


@CHECKS.add(
    "probe-path",
    "A path of penalties gives what each penalty alone gives",
    "The sweep uses fit_paths when there is one; a choice may not depend on the way.",
    needs="probe-penalty probe-deterministic probe-weights-count",
)
def check_path(subject: ProbeSubject) -> Iterator[Problem | Remark]:
    """Compare ``fit_paths`` with the harness's loop, on folds of own weights and units."""
    values = _penalty(subject).values
    estimator = subject.make()
    if not isinstance(estimator, FitsPaths):
        raise NotApplicableError("it has no fit_paths; penalties are fitted one by one")
    data = subject.draw(120, seed=3)
    weight = 0.5 + np.arange(len(data.y), dtype=np.float64) % 2
    folds = [
        replace(fold, weight=weight[fold.train][::-1], count=weight[fold.train] + 0.5)
        for fold in plan_of(len(data.y))
    ]
    seeds: tuple[int | None, ...] = (0, 1) if subject.spec.card.seeded else (None,)
    with quiet():
        paths = estimator.fit_paths(data.X, data.y, folds, penalties=values, seeds=seeds)
    if any(len(path) != len(values) for path in paths):
        lengths = sorted({len(path) for path in paths})
        yield Problem(
            f"{len(values)} penalties gave folds of {lengths} penalties",
            "return [fold][penalty][seed], in the order they were given",
        )
        return
    for k, value in enumerate(values):
        fits = [path[k] for path in paths]
        problem = wrong_shape(fits, folds, len(seeds))
        for (i, fold), (j, seed) in product(enumerate(folds), enumerate(seeds)):
            if problem is None:
                task = (subject.make(seed or 0, penalty=value), fold)
                with quiet():
                    (alone,) = fit_each([task], data.X, data.y, None)
                where = f"fold {i}, seed {seed}, penalty {value:g}"
                problem = differs(subject, where, fits[i][j], alone)
        if problem is not None:
            yield problem
            return
    yield Remark(f"{len(folds)} folds × {len(values)} penalties × {len(seeds)} seeds")


def _penalty(subject: ProbeSubject) -> Penalty:
    penalty = subject.spec.card.penalty
    if penalty is None:
        raise NotApplicableError("its card names no penalty")
    return penalty
