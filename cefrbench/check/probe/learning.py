"""Checks of what a probe learns: a planted signal, nothing from chance, in order, by seed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from cefrbench.check.probe.subject import (
    N_CLASSES,
    ProbeSubject,
    agreement,
    fit_predict,
)
from cefrbench.check.table import CheckTable, Problem, Remark
from cefrbench.contracts.probe import ProbeOptions

#: QWK on the planted signal that every probe of the study passes by far.
_LEARNS = 0.6
#: Mean QWK over shuffles of the labels and the same upside down; 0 but for noise.
_CHANCE = 0.2

CHECKS: CheckTable[ProbeSubject] = CheckTable()


@CHECKS.add(
    "probe-signal",
    "It learns a planted signal",
    "A probe that can't read a level written plainly says nothing about an encoder.",
    needs="probe-deterministic probe-kind",
)
def check_signal(subject: ProbeSubject) -> Iterator[Problem | Remark]:
    """Fit on planted data, and score other planted data."""
    value = agreement(subject.test.y, subject.predictions)
    if value < _LEARNS:
        yield Problem(
            f"QWK on a planted signal is {value:.2f}; at least {_LEARNS} was expected",
            "look at regularisation, iterations, and the order of classes",
        )
    yield Remark(f"QWK {value:.2f}")


@CHECKS.add(
    "probe-chance",
    "It learns nothing from shuffled labels",
    "A probe that scores well on labels made by chance has seen the answers.",
    needs="probe-signal",
)
def check_chance(subject: ProbeSubject) -> Iterator[Problem | Remark]:
    """Shuffle the labels of training, turn them upside down too, and score the true ones.

    What a shuffle happens to have in common with the truth has the other sign upside down, so the
    mean of the two tells chance from knowledge with few fits.
    """
    values = []
    for seed in range(2):
        shuffled = np.random.default_rng(seed).permutation(subject.train.y)
        for y in (shuffled, N_CLASSES - 1 - shuffled):
            values.append(agreement(subject.test.y, subject.fit_predict(y=y)))
    mean = float(np.mean(values))
    if abs(mean) > _CHANCE:
        yield Problem(
            f"QWK after training on shuffled labels is {mean:.2f}",
            "let fit see its X and y only: no file, no cache, no labels of other rows",
        )
    yield Remark(f"QWK {mean:.2f}")


@CHECKS.add(
    "probe-ordinal",
    "Higher levels get higher predictions",
    "Levels are ordered; a probe that mixes up the order of classes is wrong by up to four levels "
    "and may still be accurate on some.",
    needs="probe-signal",
)
def check_ordinal(subject: ProbeSubject) -> Iterator[Problem | Remark]:
    """Compare the mean prediction of each level, then the labels turned upside down."""
    means = [
        float(subject.predictions[subject.test.y == level].mean()) for level in range(N_CLASSES)
    ]
    shown = ", ".join(f"{mean:.1f}" for mean in means)
    if any(later <= earlier for earlier, later in pairwise(means)):
        yield Problem(
            f"mean predictions from A1 to C+ are {shown}: they don't rise",
            "keep classes in their order 0 to 4 (no alphabetical or frequency order)",
        )
    upside_down = subject.fit_predict(y=N_CLASSES - 1 - subject.train.y)
    value = agreement(N_CLASSES - 1 - subject.test.y, upside_down)
    if value < _LEARNS:
        yield Problem(
            f"with the scale turned upside down QWK is {value:.2f}",
            "assume nothing about which end of the scale is which",
        )
    yield Remark(shown)


@CHECKS.add(
    "probe-refit",
    "A second fit forgets the first",
    "What is left of an earlier fold is a leak from its scored texts.",
    needs="probe-deterministic",
)
def check_refit(subject: ProbeSubject) -> Iterator[Problem]:
    """Fit on labels turned upside down, then on the true ones, and compare with a new fit."""
    estimator = subject.make()
    fit_predict(estimator, subject.train.X, N_CLASSES - 1 - subject.train.y, subject.test.X)
    again = fit_predict(estimator, subject.train.X, subject.train.y, subject.test.X)
    if not subject.same(again, subject.predictions):
        yield Problem(
            "after a fit on other labels it predicts something else than a new estimator",
            "begin fit from nothing (warm_start=False, lists and models made anew)",
        )


@CHECKS.add(
    "probe-seed",
    "A seed changes the fit exactly when the card says so",
    "Seeds are run and averaged for seeded probes only: a seed that is ignored counts one fit as "
    "several, and a hidden one makes a result depend on chance.",
    needs="probe-deterministic",
)
def check_seed(subject: ProbeSubject) -> Iterator[Problem]:
    """Make the probe with two seeds and compare."""
    # Labels by chance: the less there is to learn, the more a seed shows.
    y = np.random.default_rng(0).permutation(subject.train.y)
    first, second = (
        fit_predict(
            subject.spec.make(ProbeOptions(seed=seed, device=subject.device)),
            subject.train.X,
            y,
            subject.test.X,
        )
        for seed in (0, 1)
    )
    changed = not np.array_equal(first, second)
    if subject.spec.card.seeded and not changed:
        yield Problem(
            "the card says seeded, and seeds 0 and 1 give the same predictions",
            "hand options.seed on to the estimator; or set seeded=False when nothing is drawn",
        )
    elif changed and not subject.spec.card.seeded:
        yield Problem(
            "the card says not seeded, and seeds 0 and 1 give other predictions",
            "set seeded=True",
        )


@CHECKS.add(
    "probe-missing-class",
    "A level that training lacks moves no other level",
    "Leave one corpus out, and a level can be gone: classes must keep their numbers.",
    needs="probe-signal",
)
def check_missing_class(subject: ProbeSubject) -> Iterator[Problem]:
    """Train without B1 (class 2), and look where C+ (class 4) and A1 (class 0) are put."""
    for absent in (2, 0):
        there = subject.train.y != absent
        values = subject.fit_predict(X=subject.train.X[there], y=subject.train.y[there])
        if subject.spec.card.kind == "classifier" and absent in values:
            yield Problem(
                f"class {absent} was predicted, and training had none of it",
                "map column indices back to classes: classes_[argmax]",
            )
            return
        scored = subject.test.y != absent
        value = agreement(subject.test.y[scored], values[scored])
        if value < _LEARNS:
            yield Problem(
                f"without class {absent} in training, QWK on the others falls to {value:.2f}",
                "map column indices back to classes: classes_[argmax]",
            )
            return


@CHECKS.add(
    "probe-small",
    "Small and awkward folds are fitted",
    "Small corpora, few-shot folds and dead features are all in the benchmark.",
    needs="probe-signal",
)
def check_small(subject: ProbeSubject) -> Iterator[Problem]:
    """Fit on few rows, on a level with one text, and on what is awkward in features or texts."""
    X, y = subject.train.X, subject.train.y
    one_each = np.array([int(np.flatnonzero(y == level)[0]) for level in range(N_CLASSES)])
    lonely = np.concatenate([np.flatnonzero(y < 4), np.flatnonzero(y == 4)[:1]])
    cases = {
        "one text a level": (X[one_each], y[one_each], X),
        "a level with one text": (X[lonely], y[lonely], X),
        **(_awkward_texts(X, y) if subject.reads_texts else _awkward_features(X, y)),
    }
    for name, (rows, labels, new) in cases.items():
        try:
            values = fit_predict(subject.make(), rows, labels, new)
        except Exception as error:  # noqa: BLE001 - reported with the fold that it came from
            yield Problem(
                f"{name}: {type(error).__name__}: {error}",
                "fall back to something simpler on such a fold (no search inside it, say)",
            )
            continue
        if not np.isfinite(values).all():
            yield Problem(f"{name}: predictions are not finite", "guard divisions by zero")


def _awkward_features(X: Any, y: Any) -> dict[str, tuple[Any, Any, Any]]:
    rng = np.random.default_rng(0)
    wide = np.concatenate([X[:12], rng.normal(size=(12, 40)).astype(np.float32)], axis=1)
    dead = np.concatenate([X, np.zeros((len(X), 2), np.float32)], axis=1)
    return {
        "12 texts, 48 features": (wide, y[:12], wide),
        "features that are always zero": (dead, y, dead),
        "features a thousand times as large": (X * 1000, y, X * 1000),
    }


def _awkward_texts(X: Any, y: Any) -> dict[str, tuple[Any, Any, Any]]:
    strange = np.array(["", " ", "\n", "?!", "学习", "x" * 5000], dtype=object)
    return {
        "texts without a known word": (X, y, strange),
        "a training text without a word": (np.concatenate([X, strange[:1]]), np.append(y, 0), X),
    }


@CHECKS.add(
    "probe-speed",
    "How fast it is",
    "A sweep is layers × folds × seeds of these fits.",
    needs="probe-shape",
)
def check_speed(subject: ProbeSubject) -> Iterator[Remark]:
    """Time one fit."""
    start = time.perf_counter()
    subject.fit_predict()
    elapsed = time.perf_counter() - start
    of = "texts" if subject.reads_texts else "× 8 features"
    yield Remark(f"{elapsed * 1000:,.0f} ms for a fit on {len(subject.train.y)} {of}")
