"""Squared risks of a linear head, corpus by corpus: their worst mixture, and their variance.

A corpus's risk is a parabola in the head, so that it is known from one product of its features.
Heads are those of ridge regression with the penalty ``alpha``; what is said of a penalty holds for
a loss that is the sum over texts of weight 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Risks:
    """Mean squared errors ``θ·Aθ − 2 b·θ + c`` of a head θ, one for each corpus.

    Heads are written along ``axes``; the last entry of θ is the constant, which no penalty shrinks.

    Attributes
    ----------
    A : ndarray of float64, shape (corpora, rank + 1, rank + 1)
    b : ndarray of float64, shape (corpora, rank + 1)
    c : ndarray of float64, shape (corpora,)
    axes : ndarray of float64, shape (dim, rank)
        The identity, or the span of the texts where they are fewer than features.
    texts : float
        Number of texts, in which a penalty is counted.
    """

    A: Doubles
    b: Doubles
    c: Doubles
    axes: Doubles
    texts: float

    def at(self, head: Doubles) -> Doubles:
        """Risk of each corpus under a head, ``[corpora]``."""
        risk: Doubles = (self.A @ head - 2 * self.b) @ head + self.c
        return risk

    def slopes(self, head: Doubles) -> Doubles:
        """Gradients of the risks, ``[corpora, rank + 1]``."""
        return 2 * (self.A @ head - self.b)

    def penalty(self, alpha: float) -> Doubles:
        """What ``alpha`` adds to the diagonal of a mean risk, ``[rank + 1]``."""
        size = self.b.shape[1]
        return np.append(np.full(size - 1, alpha / self.texts), 0.0)

    def best(self, mixture: Doubles, alpha: float) -> Doubles:
        """The head of least mean risk when corpora are mixed by ``mixture``, of sum 1."""
        matrix = np.tensordot(mixture, self.A, 1)
        matrix[np.diag_indices_from(matrix)] += self.penalty(alpha)
        # The constant alone is not penalised, and is determined by any text that weighs.
        from scipy.linalg import solve

        head: Doubles = solve(matrix, mixture @ self.b, assume_a="pos")
        return head


def risks_of(X: Doubles, y: Ints, corpus: Ints, weight: Doubles) -> Risks:
    """Write the risk of each corpus as a parabola.

    Parameters
    ----------
    X : ndarray of float64, shape (n, dim)
    y, corpus : ndarray of int64, shape (n,)
    weight : ndarray of float64, shape (n,)
        Of texts inside their corpus; corpora without weight are left out.
    """
    n, dim = X.shape
    axes = np.eye(dim)
    if n < dim:
        axes = np.linalg.qr(X.T)[0]
        X = X @ axes
    design = np.hstack([X, np.ones((n, 1))])
    names = [one for one in np.unique(corpus) if weight[corpus == one].sum() > 0]
    squares, products, constants = [], [], []
    for one in names:
        rows = corpus == one
        share = weight[rows] / weight[rows].sum()
        scaled = design[rows].T * share
        squares.append(scaled @ design[rows])
        products.append(scaled @ y[rows])
        constants.append(float(share @ np.square(y[rows])))
    return Risks(np.array(squares), np.array(products), np.array(constants), axes, float(n))


def worst_mixture(risks: Risks, alpha: float, step: float = 1.0, rounds: int = 60) -> Doubles:
    """Find the mixture of corpora whose best head is best for the worst corpus (group DRO).

    Weights of corpora rise by the exponential of their risks (Sagawa et al. 2020, algorithm 1);
    against each mixture stands its best head, since that is in closed form, instead of one step of
    it. The mean of the later mixtures tends to the saddle point, and its best head to the minimax
    head.

    Parameters
    ----------
    risks : Risks
    alpha : float
    step : float
        Of the exponent, in risks of the even mixture.
    rounds : int

    Returns
    -------
    ndarray of float64, shape (corpora,)
        Of sum 1.
    """
    corpora = len(risks.c)
    exponent, mixtures = np.zeros(corpora), []
    unit = float(risks.at(risks.best(np.full(corpora, 1 / corpora), alpha)).mean()) or 1.0
    for turn in range(rounds):
        mixture = np.exp(exponent - exponent.max())
        mixture /= mixture.sum()
        mixtures.append(mixture)
        # Smaller steps later: the mean of the mixtures settles.
        loss = risks.at(risks.best(mixture, alpha)) / unit
        exponent = exponent + step / np.sqrt(1 + turn) * (loss - loss.mean())
    later: Doubles = np.mean(mixtures[rounds // 3 :], axis=0)
    return later


def even_head(risks: Risks, alpha: float, beta: float) -> Doubles:
    """Find the head of least mean risk plus ``beta`` times the variance of risks (V-REx).

    Krueger et al. 2021, by L-BFGS from the head of least mean risk, in coordinates in
    which the mean risk is round. Risks are counted in the variance of the labels inside a corpus.

    Parameters
    ----------
    risks : Risks
    alpha : float
        Penalty of the head, which the paper leaves to weight decay.
    beta : float

    Returns
    -------
    ndarray of float64, shape (rank + 1,)
    """
    from scipy.linalg import cholesky, solve_triangular
    from scipy.optimize import minimize

    even = np.full(len(risks.c), 1 / len(risks.c))
    start = risks.best(even, alpha)
    unit = float((risks.c - np.square(risks.b[:, -1])).mean()) or 1.0
    ridge = risks.penalty(alpha)
    matrix = np.tensordot(even, risks.A, 1) + np.diag(ridge)
    root = cholesky(matrix, lower=True)

    def objective(place: Doubles) -> tuple[float, Doubles]:
        head = start + solve_triangular(root, place, lower=True, trans="T")
        risk, slopes = risks.at(head) / unit, risks.slopes(head) / unit
        value = risk.mean() + beta * risk.var() + ridge @ np.square(head) / unit
        each = (1 + 2 * beta * (risk - risk.mean())) / len(risk)
        slope = each @ slopes + 2 * ridge * head / unit
        return float(value), solve_triangular(root, slope, lower=True)

    found = minimize(objective, np.zeros_like(start), jac=True, method="L-BFGS-B")
    head: Doubles = start + solve_triangular(root, found.x, lower=True, trans="T")
    return head
