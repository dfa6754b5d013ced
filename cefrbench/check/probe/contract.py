"""Checks of what the harness asks of a probe beside scikit-learn's contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.check.probe.subject import (
    N_CLASSES,
    ProbeSubject,
    fit_predict,
    gap,
    quiet,
)
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark, unfilled
from cefrbench.errors import ProbeError
from cefrbench.probing.weighted import ADD_WEIGHTS, fit_weighted, no_weights, weight_parameters

CHECKS: CheckTable[ProbeSubject] = CheckTable()


@CHECKS.add(
    "probe-card",
    "The card is complete, and its parameters are the estimator's",
    "The parameters on the card are what a result says was fitted.",
)
def check_card(subject: ProbeSubject) -> Iterator[Problem]:
    """Look for blanks, and compare parameters with ``get_params``."""
    card = subject.spec.card
    yield from unfilled({"description": card.description, "source": card.source})
    estimator = subject.make()
    if not hasattr(estimator, "get_params"):
        return
    actual = estimator.get_params()
    for name, value in card.params.items():
        if name in actual and actual[name] != value:
            yield Problem(
                f"the card says {name}={value!r}, the estimator has {actual[name]!r}",
                "make the estimator from the card's params: Estimator(**CARD.params)",
            )


@CHECKS.add(
    "probe-signature",
    "fit takes X, y and weights of rows, predict takes X",
    "In cefr-v1 repeated texts share their weight, so every fit may get weights.",
)
def check_signature(subject: ProbeSubject) -> Iterator[Problem]:
    """Look for a parameter that takes weights; fit with them what hands them on to others."""
    from sklearn.utils.validation import has_fit_parameter

    estimator = subject.make()
    for method in ("fit", "predict"):
        if not callable(getattr(estimator, method, None)):
            yield Problem(f"it has no method {method}", f"add {method}, as scikit-learn has it")
            return
    if not weight_parameters(estimator):
        yield Problem(no_weights(estimator), ADD_WEIGHTS)
    elif not has_fit_parameter(estimator, "sample_weight"):
        try:
            subject.fit_predict(weight=np.ones(len(subject.train.y)))
        except ProbeError as error:
            what, _, mend = str(error).partition(": ")
            yield Problem(what, mend.rstrip("."))


@CHECKS.add(
    "probe-shape",
    "predict gives one finite number a text",
    "Predictions are scored row by row.",
    needs="probe-signature",
)
def check_shape(subject: ProbeSubject) -> Iterator[Problem]:
    """Fit on the planted signal, and look at what comes back."""
    for n in (len(subject.test.y), 1):
        estimator = subject.make()
        values = fit_predict(estimator, subject.train.X, subject.train.y, subject.test.X[:n])
        if values.shape != (n,):
            yield Problem(
                f"{n} texts gave predictions of shape {values.shape}",
                f"return an array of shape ({n},): predict(...).ravel() where a column comes",
            )
            return
        if not np.isfinite(values).all():
            yield Problem("predictions are not finite", "look for a division by zero in the fit")
            return


@CHECKS.add(
    "probe-alone",
    "A text is predicted alone as among others",
    "Whoever counts words of the texts that are scored knows more than the fold allows.",
    needs="probe-shape",
)
def check_alone(subject: ProbeSubject) -> Iterator[Problem]:
    """Predict texts together, in another order and one by one, each time by a new fit."""
    if not subject.reads_texts:
        raise NotApplicableError("probe-scikit-learn asks it of what reads features")
    new = subject.test.X[:12]
    together = subject.fit_predict()[:12]
    turned = fit_predict(subject.make(), subject.train.X, subject.train.y, new[::-1])[::-1]
    estimator = subject.make()
    fit_predict(estimator, subject.train.X, subject.train.y, new[:1])
    with quiet():
        single = np.concatenate([np.asarray(estimator.predict(new[i : i + 1])) for i in range(12)])
    for way, values in (("among twelve", turned), ("alone", single)):
        if not np.allclose(values, together, rtol=0, atol=1e-3):
            yield Problem(
                f"texts are predicted otherwise {way} than among {len(subject.test.y)}, by "
                f"{gap(values, together):.2g} levels on average",
                "count words in fit alone: predict calls transform and no fit",
            )
            return


@CHECKS.add(
    "probe-deterministic",
    "The same seed gives the same predictions",
    "A result has to be the same for whoever computes it again.",
    needs="probe-shape",
)
def check_deterministic(subject: ProbeSubject) -> Iterator[Problem]:
    """Fit twice with one seed, with numpy's global generator in two states."""
    state = np.random.get_state()
    try:
        np.random.seed(1)  # what a careless probe draws from
        first = subject.fit_predict()
        np.random.seed(2)
        second = subject.fit_predict()
    finally:
        np.random.set_state(state)
    if not np.allclose(first, second, rtol=0, atol=1e-6):
        yield Problem(
            f"two fits with one seed differ by {gap(first, second):.2g} levels on average",
            "hand options.seed on as random_state, and draw from nothing else",
        )


@CHECKS.add(
    "probe-clone",
    "make() and a clone give a new estimator every time, and fit changes no parameter",
    "Folds are fitted side by side, in other processes from a clone: an estimator or a parameter "
    "that two of them share mixes them up.",
    needs="probe-deterministic",
)
def check_clone(subject: ProbeSubject) -> Iterator[Problem]:
    """Make two estimators, clone one, fit both; compare predictions, and parameters by value."""
    from sklearn.base import clone

    estimator = subject.make()
    if subject.make() is estimator:
        yield Problem("make() gave the same object twice", "construct the estimator inside make()")
        return
    twin = clone(estimator)
    before = repr(sorted(twin.get_params().items()))
    again = fit_predict(twin, subject.train.X, subject.train.y, subject.test.X)
    if repr(sorted(twin.get_params().items())) != before:
        yield Problem(
            "fit changed a constructor parameter",
            "keep what fit learns in attributes that end in an underscore",
        )
    if not subject.same(again, subject.predictions):
        yield Problem(
            "a clone, fitted on the same rows, predicts something else",
            "let the constructor store its parameters and do nothing else",
        )


@CHECKS.add(
    "probe-inputs",
    "fit and predict leave their inputs as they are",
    "Features are mapped from disk as float32 and shared by all folds; a probe that scales them in "
    "place changes everybody's, or dies on a read-only map.",
    needs="probe-shape",
)
def check_inputs(subject: ProbeSubject) -> Iterator[Problem]:
    """Fit and predict on read-only arrays, and compare: some libraries write to those as well."""
    given: dict[str, NDArray[Any]] = {
        "X": subject.train.X,
        "y": subject.train.y,
        "sample_weight": np.ones(len(subject.train.y)),
        "predict's X": subject.test.X,
    }
    own = {name: array.copy() for name, array in given.items()}
    for array in own.values():
        array.flags.writeable = False
    estimator = subject.make()
    with quiet():
        fit_weighted(estimator, own["X"], own["y"], own["sample_weight"])
        estimator.predict(own["predict's X"])
    changed = [name for name in given if not np.array_equal(own[name], given[name])]
    if changed:
        yield Problem(f"{', '.join(changed)} changed in place", "work on a copy")


@CHECKS.add(
    "probe-kind",
    "Predictions are what the card's kind says",
    "A regressor's predictions are clipped and rounded, a classifier's are counted as they are.",
    needs="probe-shape",
)
def check_kind(subject: ProbeSubject) -> Iterator[Problem | Remark]:
    """Look for fractions from a classifier, and for the scale of a regressor."""
    kind, values = subject.spec.card.kind, subject.predictions
    if kind == "classifier":
        strange = sorted(set(values.tolist()) - set(range(N_CLASSES)))
        if strange:
            yield Problem(
                f"a classifier predicted {', '.join(f'{v:g}' for v in strange[:3])}",
                "predict the classes that fit was given, 0 to 4; or set kind='regressor'",
            )
    elif values.min() < -N_CLASSES or values.max() > 2 * N_CLASSES:
        yield Problem(
            f"predictions reach from {values.min():.1f} to {values.max():.1f}",
            "predict on the scale of y (undo any scaling of the target)",
        )
    yield Remark(f"from {values.min():.2f} to {values.max():.2f}")
