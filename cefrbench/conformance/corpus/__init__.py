"""Checks of a corpus: its rows, its card, and what its texts would do to a score."""

from __future__ import annotations

from cefrbench.conformance.corpus import card, rows, texts
from cefrbench.conformance.table import CheckTable

CHECKS = CheckTable(rows.CHECKS, card.CHECKS, texts.CHECKS)
