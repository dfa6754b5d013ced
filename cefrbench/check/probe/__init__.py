"""Checks of a probe: the harness's contract, what it learns and keeps, weights, folds."""

from __future__ import annotations

from cefrbench.check.probe import contract, estimator, fits, learning, penalty, state
from cefrbench.check.table import CheckTable

CHECKS = CheckTable(
    contract.CHECKS,
    learning.CHECKS,
    state.CHECKS,
    fits.CHECKS,
    penalty.CHECKS,
    estimator.CHECKS,
)
