"""Prior and label shift: is the gap but another mix of levels? Corrections from hard predictions.

Under *label shift* texts of a level look alike everywhere, and corpora differ in how many of each
level they hold. Then ``P(predicted | level)``, read off texts that were held out while a probe was
chosen, holds for the unseen corpus too, and its level shares can be estimated without a label:

- ``bbse``: black-box shift estimation (Lipton, Wang & Smola 2018), also adjusted classify and count
  (Forman 2008): the shares that give the predicted counts, by least squares on the simplex;
- ``em``: expectation-maximisation (Saerens, Latinne & Decaestecker 2002), from posteriors of the
  levels given the predicted class. A result keeps no class probabilities; these are what its hard
  predictions say, calibrated on what was held out;
- ``none``: the shares of the held-out texts, so that what the calibration alone does is seen;
- ``known``: the corpus's own shares, which nobody knows beforehand: the most that a correction of
  the prior can do.

With shares ``q`` a predicted class ``c`` becomes the level that is expected of it,
``Σ k P(c | k) q(k) / Σ P(c | k) q(k)``, rounded: what the correction of a prior is. Or continuous
predictions are cut at ``q`` (``known`` is then *recut*). Whether label shift is all that happened
can be told too: the corpus's own shares times ``P(predicted | level)`` are then the predicted
shares, and :func:`misfit` is 0. Both estimators are those of ``quapy``.
"""

from __future__ import annotations

import warnings
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cefrbench.errors import UserError
from cefrbench.statistics.scoring import Floats

Correction = Literal["none", "bbse", "em", "known"]
METHODS: Final[tuple[Correction, ...]] = ("none", "bbse", "em", "known")


def rates(confusion: ArrayLike) -> Floats:
    """``P(predicted | level)``, levels in rows, each smoothed by one text spread evenly.

    Parameters
    ----------
    confusion : array_like of int, shape (C, C)
        Held-out counts, gold classes in rows.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    smooth = counts + 1 / len(counts)
    found: Floats = smooth / smooth.sum(1, keepdims=True)
    return found


def priors(
    confusion: ArrayLike, predicted: NDArray[np.int64], truth: Floats
) -> dict[Correction, Floats]:
    """Level shares of an unseen corpus, by each method.

    Parameters
    ----------
    confusion : array_like of int, shape (C, C)
        Held-out counts, gold classes in rows.
    predicted : ndarray of int64, shape (n,)
        Classes predicted of the corpus.
    truth : ndarray of float64, shape (C,)
        Its own shares.

    Raises
    ------
    UserError
        When ``quapy`` is not there.
    """
    aggregative = _quapy()
    counts = np.asarray(confusion, dtype=np.float64)
    given = rates(counts)
    source = (counts.sum(1) + 1 / len(counts)) / (counts.sum() + 1)
    shares = np.bincount(predicted, minlength=len(counts)) / len(predicted)
    bbse = aggregative.ACC.solve_adjustment(given.T, shares, method="inversion", solver="minimize")
    bbse = np.clip(np.asarray(bbse, np.float64), 0.0, None)
    posterior = posteriors(given, source)
    with warnings.catch_warnings():
        # At a border of the simplex it is slow: what it has come to after 1,000 steps stands.
        warnings.filterwarnings("ignore", message=".*maximum number of iterations")
        em, _ = aggregative.EMQ.EM(source, posterior[predicted], epsilon=1e-5)
    return {"none": source, "bbse": bbse / bbse.sum(), "em": np.asarray(em), "known": truth}


def posteriors(given: Floats, prior: Floats) -> Floats:
    """``P(level | predicted)``, predicted classes in rows."""
    joint = given.T * prior
    total = joint.sum(1, keepdims=True)
    even = np.full(joint.shape, 1 / len(prior))
    found: Floats = np.divide(joint, total, out=even, where=total > 0)
    return found


def corrected_levels(given: Floats, prior: Floats) -> Floats:
    """Level, rounded, that each predicted class stands for under a prior, shape ``(C,)``."""
    found: Floats = np.rint(posteriors(given, prior) @ np.arange(len(prior)))
    return found


def misfit(confusion: ArrayLike, predicted: NDArray[np.int64], truth: Floats) -> float:
    """Total-variation distance of predicted shares from those that label shift would give."""
    given = rates(confusion)
    shares = np.bincount(predicted, minlength=len(given)) / len(predicted)
    return float(np.abs(shares - truth @ given).sum() / 2)


def cut_at(score: Floats, shares: Floats) -> Floats:
    """Classes of continuous scores that are cut at some shares, the lowest scores first.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        In the order of their texts' keys, which decides between equal ones.
    shares : ndarray of float64, shape (C,)
    """
    cuts = np.rint(np.cumsum(shares)[:-1] * len(score))
    classes = np.empty(len(score))
    order = np.argsort(score, kind="stable")
    classes[order] = np.searchsorted(cuts, np.arange(len(score)), "right")
    return classes


def _quapy() -> Any:
    try:
        from quapy.method import aggregative
    except ImportError as error:
        raise UserError(
            "The package quapy, which estimates priors, can't be imported: install "
            "`cefrbench[explain]`."
        ) from error
    return aggregative
