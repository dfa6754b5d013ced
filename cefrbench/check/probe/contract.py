"""Checks of scikit-learn's contract, as far as the harness relies on it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import numpy as np

from cefrbench.check.cards import unfilled
from cefrbench.check.probe.subject import (
    N_CLASSES,
    ProbeSubject,
    fit_predict,
    gap,
    quiet,
)
from cefrbench.check.table import CheckTable, Fact, Problem

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
    "fit takes X, y and sample_weight, predict takes X",
    "In cefr-v1 repeated texts share their weight, so every fit may get weights.",
)
def check_signature(subject: ProbeSubject) -> Iterator[Problem]:
    """Look for the parameter ``sample_weight``."""
    estimator = subject.make()
    for method in ("fit", "predict"):
        if not callable(getattr(estimator, method, None)):
            yield Problem(f"it has no method {method}", f"add {method}, as scikit-learn has it")
            return
    parameters = inspect.signature(estimator.fit).parameters
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    if "sample_weight" not in parameters and not takes_any:
        yield Problem(
            f"fit takes {', '.join(parameters)}, and no sample_weight",
            "add sample_weight=None and pass it on; an estimator that can't weigh rows can draw "
            "them with probability by weight, from its seed",
        )


@CHECKS.add(
    "probe-new",
    "make() gives a new, unfitted estimator every time",
    "Folds are fitted side by side: one estimator for two of them mixes them up.",
    needs="probe-signature",
)
def check_new(subject: ProbeSubject) -> Iterator[Problem]:
    """Make two estimators, fit one, and ask the other to predict."""
    fitted, other = subject.make(), subject.make()
    if fitted is other:
        yield Problem("make() gave the same object twice", "construct the estimator inside make()")
        return
    fit_predict(fitted, subject.train.X, subject.train.y, subject.test.X)
    try:
        other.predict(subject.test.X[:2])
    except Exception:  # noqa: BLE001 - any refusal is right, and which one is the probe's affair
        return
    yield Problem(
        "an estimator that was never fitted predicts",
        "raise sklearn.exceptions.NotFittedError in predict (check_is_fitted does), and keep "
        "nothing on the class",
    )


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
    "probe-fit-returns-self",
    "fit returns the estimator",
    "scikit-learn's pipelines and searches chain on it.",
    needs="probe-signature",
)
def check_returns_self(subject: ProbeSubject) -> Iterator[Problem]:
    """Fit, and compare what comes back with the estimator."""
    estimator = subject.make()
    with quiet():
        fitted = estimator.fit(subject.train.X.copy(), subject.train.y.copy())
    if fitted is not estimator:
        yield Problem(
            "fit returned something else than the estimator", "end fit with `return self`"
        )


@CHECKS.add(
    "probe-clone",
    "It can be cloned, and fit changes no parameter",
    "Fits in other processes start from a clone; a parameter that fit sets would leak to the next.",
    needs="probe-deterministic",
)
def check_clone(subject: ProbeSubject) -> Iterator[Problem]:
    """Clone it by scikit-learn, and compare parameters before and after a fit."""
    from sklearn.base import clone

    estimator = subject.make()
    if not hasattr(estimator, "get_params"):
        yield Problem(
            "it has no get_params", "derive the estimator from sklearn.base.BaseEstimator"
        )
        return
    before = repr(sorted(estimator.get_params().items()))
    twin = clone(estimator)
    fit_predict(estimator, subject.train.X, subject.train.y, subject.test.X)
    if repr(sorted(estimator.get_params().items())) != before:
        yield Problem(
            "fit changed a constructor parameter",
            "keep what fit learns in attributes that end in an underscore",
        )
    again = fit_predict(twin, subject.train.X, subject.train.y, subject.test.X)
    if not subject.same(again, subject.predictions):
        yield Problem(
            "a clone, fitted on the same rows, predicts something else",
            "let the constructor store its parameters and do nothing else",
        )


@CHECKS.add(
    "probe-inputs",
    "fit and predict leave their inputs as they are",
    "Features are mapped from disk and shared by all folds; a probe that scales them in place "
    "changes everybody's, or dies on a read-only map.",
    needs="probe-shape probe-fit-returns-self",
)
def check_inputs(subject: ProbeSubject) -> Iterator[Problem]:
    """Fit on copies and compare; then fit on read-only arrays."""
    X, y, new = subject.train.X.copy(), subject.train.y.copy(), subject.test.X.copy()
    weight = np.ones(len(y))
    with quiet():
        subject.make().fit(X, y, sample_weight=weight).predict(new)
    unchanged = {
        "X": np.array_equal(X, subject.train.X),
        "y": np.array_equal(y, subject.train.y),
        "predict's X": np.array_equal(new, subject.test.X),
        "sample_weight": bool((weight == 1).all()),
    }
    changed = [name for name, same in unchanged.items() if not same]
    if changed:
        yield Problem(f"{', '.join(changed)} changed in place", "work on a copy")
        return
    for array in (X, y, new):
        array.flags.writeable = False
    with quiet():
        subject.make().fit(X, y).predict(new)


@CHECKS.add(
    "probe-predict-alone",
    "A text is predicted the same alone and among others",
    "A probe may not learn from the texts it is scored on.",
    needs="probe-shape",
)
def check_predict_alone(subject: ProbeSubject) -> Iterator[Problem]:
    """Predict the test rows together, then a few of them alone."""
    estimator = subject.make()
    together = fit_predict(estimator, subject.train.X, subject.train.y, subject.test.X)
    for i in range(5):
        alone = float(np.asarray(estimator.predict(subject.test.X[i : i + 1])).ravel()[0])
        if abs(alone - together[i]) > 1e-3:
            yield Problem(
                f"a text is predicted {together[i]:.3f} among others and {alone:.3f} alone",
                "let predict depend on the fit and the row only (scaling is fitted in fit)",
            )
            return


@CHECKS.add(
    "probe-kind",
    "Predictions are what the card's kind says",
    "A regressor's predictions are clipped and rounded, a classifier's are counted as they are.",
    needs="probe-shape",
)
def check_kind(subject: ProbeSubject) -> Iterator[Problem | Fact]:
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
    yield Fact(f"from {values.min():.2f} to {values.max():.2f}")
