"""Checks that sample weights mean what they say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cefrbench.check.probe.subject import (
    N_CLASSES,
    TOLERANCE,
    ProbeSubject,
    agreement,
    gap,
)
from cefrbench.check.table import CheckTable, NotApplicableError, Problem

CHECKS: CheckTable[ProbeSubject] = CheckTable()


@CHECKS.add(
    "probe-weights-one",
    "Weights of one are no weights",
    "Corpora without repeats are fitted without weights; the two must agree.",
    needs="probe-seed",
)
def check_ones(subject: ProbeSubject) -> Iterator[Problem]:
    """Fit with all weights 1 and without weights; chance may move a fit as far as a seed does."""
    ones = subject.fit_predict(weight=np.ones(len(subject.train.y)))
    allowed = TOLERANCE
    if subject.spec.card.seeded:
        allowed += 2 * gap(subject.fit_predict(seed=1), subject.predictions)
    if gap(ones, subject.predictions) > allowed:
        yield Problem(
            f"weights of 1 move predictions by {gap(ones, subject.predictions):.2g} levels",
            "treat sample_weight=None as ones, and don't rescale weights",
        )


@CHECKS.add(
    "probe-weights-count",
    "Weights are not ignored",
    "In cefr-v1 a text that stands in a corpus twice counts as one, by weight.",
    needs="probe-signal",
)
def check_count(subject: ProbeSubject) -> Iterator[Problem]:
    """Give every text two opposite levels, and nearly all the weight to one of them."""
    train, n = subject.train, len(subject.train.y)
    X = np.concatenate([train.X, train.X])
    y = np.concatenate([train.y, N_CLASSES - 1 - train.y])
    heavy, light = np.ones(n), np.full(n, 0.02)
    for side, weight in (("first", (heavy, light)), ("second", (light, heavy))):
        values = subject.fit_predict(X=X, y=y, weight=np.concatenate(weight))
        wanted = subject.test.y if side == "first" else N_CLASSES - 1 - subject.test.y
        if agreement(wanted, values) < 0.5:
            yield Problem(
                f"with 50 times the weight on the {side} of two opposite levels, QWK with it is "
                f"{agreement(wanted, values):.2f}",
                "hand sample_weight on to every estimator inside, and keep it beside its rows",
            )
            return


@CHECKS.add(
    "probe-weights-repeat",
    "Weight two is the row twice",
    "Weights are shares of a text: what they do must not depend on how a corpus lists it.",
    needs="probe-weights-one probe-weights-count",
)
def check_repeat(subject: ProbeSubject) -> Iterator[Problem]:
    """Compare whole-number weights with repeated rows; only where no chance is in the fit."""
    if subject.spec.card.seeded:
        raise NotApplicableError("a seeded probe draws other batches from repeated rows")
    order = np.random.default_rng(0).permutation(len(subject.train.y))
    shuffled = subject.fit_predict(X=subject.train.X[order], y=subject.train.y[order])
    if not subject.same(shuffled, subject.predictions):
        raise NotApplicableError("its fit goes by the order of rows, which repeating changes")
    # Heavy rows say the opposite of light ones, so that every share counts.
    weight = 1 + (np.arange(len(subject.train.y)) % 3)
    y = np.where(weight == 3, N_CLASSES - 1 - subject.train.y, subject.train.y)
    weighted = subject.fit_predict(y=y, weight=weight.astype(np.float64))
    repeated = subject.fit_predict(
        X=np.repeat(subject.train.X, weight, axis=0), y=np.repeat(y, weight)
    )
    if not subject.same(weighted, repeated):
        yield Problem(
            f"weights 1, 2, 3 and rows repeated so often differ by {gap(weighted, repeated):.2g} "
            "levels",
            "multiply each row's loss by its weight; neither rescale weights nor take their root",
        )
