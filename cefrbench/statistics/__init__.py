"""Numbers one can trust: intervals, paired tests, ranks with ties, residuals, optimism.

What pages, ``show`` and ``compare`` use is here; each module says how it computes what it gives.
Names are imported when they are asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cefrbench.statistics.bands import layer_bands
    from cefrbench.statistics.bootstrap import ResultIntervals, interval, summary_intervals
    from cefrbench.statistics.compare import Comparison, compare_results
    from cefrbench.statistics.intervals import Interval
    from cefrbench.statistics.optimism import LayerChoice, layer_choice
    from cefrbench.statistics.ranking import Contender, RankedEntry, contender, rank, ranking
    from cefrbench.statistics.residuals import predicted_levels, residuals, row_percentages
    from cefrbench.statistics.verdicts import verdict

_HOME = {
    "Interval": "intervals",
    "ResultIntervals": "bootstrap",
    "interval": "bootstrap",
    "layer_bands": "bands",
    "summary_intervals": "bootstrap",
    "Comparison": "compare",
    "compare_results": "compare",
    "LayerChoice": "optimism",
    "layer_choice": "optimism",
    "Contender": "ranking",
    "RankedEntry": "ranking",
    "contender": "ranking",
    "rank": "ranking",
    "ranking": "ranking",
    "predicted_levels": "residuals",
    "residuals": "residuals",
    "row_percentages": "residuals",
    "verdict": "verdicts",
}

__all__ = [
    "Comparison",
    "Contender",
    "Interval",
    "LayerChoice",
    "RankedEntry",
    "ResultIntervals",
    "compare_results",
    "contender",
    "interval",
    "layer_bands",
    "layer_choice",
    "predicted_levels",
    "rank",
    "ranking",
    "residuals",
    "row_percentages",
    "summary_intervals",
    "verdict",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
