"""Checks of an encoder: its identity, its features, hard texts, what it costs."""

from __future__ import annotations

from cefrbench.check.encoder import cost, features, hard_texts, identity, settings
from cefrbench.check.table import CheckTable

CHECKS = CheckTable(
    identity.CHECKS, features.CHECKS, hard_texts.CHECKS, settings.CHECKS, cost.CHECKS
)
