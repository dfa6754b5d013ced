"""Results in the forms of other collections, each accepted by that one's own validator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.records.eee import to_eee
from cefrbench.results.records.hub import to_hub
from cefrbench.results.records.mteb import to_mteb

#: What ``--format`` takes of one result, with its predictions.
RECORDS: Final[dict[str, Callable[[RunResult, PredictionTable], str]]] = {
    "eee": to_eee,
    "hub": to_hub,
    "mteb": to_mteb,
}
