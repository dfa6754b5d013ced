"""Checks of a probe: the harness's contract, what it learns, weights, folds, scikit-learn's."""

from __future__ import annotations

from cefrbench.check.probe import contract, estimator, fits, learning, penalty
from cefrbench.check.table import CheckTable

CHECKS = CheckTable(contract.CHECKS, learning.CHECKS, fits.CHECKS, penalty.CHECKS, estimator.CHECKS)
