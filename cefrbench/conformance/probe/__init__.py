"""Checks of a probe: scikit-learn's contract, what it learns, weights, seeds, folds."""

from __future__ import annotations

from cefrbench.conformance.probe import contract, folds, learning, weights
from cefrbench.conformance.table import CheckTable

CHECKS = CheckTable(contract.CHECKS, learning.CHECKS, weights.CHECKS, folds.CHECKS)
