"""Checks of an encoder: its identity, its features, what its settings change, what it costs."""

from __future__ import annotations

from cefrbench.check.encoder import cost, environment, features, identity, settings
from cefrbench.check.table import CheckTable

CHECKS = CheckTable(
    identity.CHECKS,
    features.CHECKS,
    settings.CHECKS,
    environment.CHECKS,
    cost.CHECKS,
)
