"""Checks of a corpus: its rows, its card, and what its texts would do to a score."""

from __future__ import annotations

from cefrbench.check.corpus import card, rows, texts
from cefrbench.check.table import CheckTable

CHECKS = CheckTable(rows.CHECKS, card.CHECKS, texts.CHECKS)
