"""Checks of a probe: scikit-learn's contract, what it learns, weights, seeds, folds."""

from __future__ import annotations

from cefrbench.check.probe import contract, folds, learning, weights
from cefrbench.check.table import CheckTable

CHECKS = CheckTable(contract.CHECKS, learning.CHECKS, weights.CHECKS, folds.CHECKS)
