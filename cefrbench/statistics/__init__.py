"""Numbers one can trust: intervals, paired tests, ranks with ties, residuals, optimism.

What pages, ``show`` and ``compare`` use is here; each module says how it computes what it gives,
and ``docs/statistics.md`` why.
"""

from cefrbench.statistics.bands import layer_bands
from cefrbench.statistics.bootstrap import ResultIntervals, interval, summary_intervals
from cefrbench.statistics.compare import Comparison, Comparisons, compare_results
from cefrbench.statistics.intervals import Interval
from cefrbench.statistics.optimism import LayerChoice, layer_choice
from cefrbench.statistics.pairs import PairedTest
from cefrbench.statistics.ranks import Contender, RankedEntry, contenders, rank, ranking
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.residuals import (
    PredictedLevels,
    Residuals,
    level_residuals,
    predicted_levels,
    row_percentages,
    unrounded_residuals,
)
from cefrbench.statistics.verdicts import verdict

__all__ = [
    "Comparison",
    "Comparisons",
    "Contender",
    "Interval",
    "LayerChoice",
    "PairedTest",
    "PredictedLevels",
    "RankedEntry",
    "Residuals",
    "ResultIntervals",
    "TextWeights",
    "compare_results",
    "contenders",
    "interval",
    "layer_bands",
    "layer_choice",
    "level_residuals",
    "predicted_levels",
    "rank",
    "ranking",
    "row_percentages",
    "summary_intervals",
    "unrounded_residuals",
    "verdict",
]
