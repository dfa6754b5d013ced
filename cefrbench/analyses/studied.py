"""What an analysis may read of a run that has been scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cefrbench.contracts.probe import ProbeSpec
from cefrbench.essays import EssayTable
from cefrbench.probing.jobs import PlannedFold
from cefrbench.probing.sweep import Sweep
from cefrbench.progress import Progress
from cefrbench.results.model import AnalysisNote, AnalysisRecord, RunResult
from cefrbench.results.predictions import PredictionTable

if TYPE_CHECKING:
    from cefrbench.features.compute import FeatureSet


@dataclass(frozen=True, slots=True)
class Studied:
    """One encoder's run as analyses find it: all of it is there but what they themselves give.

    Attributes
    ----------
    result : RunResult
        With choices, scores and summary; its analyses are empty yet.
    predictions : PredictionTable
        What is stored: at the layers that were chosen, and at layer 0.
    table : EssayTable
    folds : sequence of PlannedFold
    layers : tuple of int
        Layers that were fitted, layer 0 among them where it is shown.
    probes : sequence of ProbeSpec
    sweep : Sweep
        Fits more: :meth:`Sweep.fit` reads back what the cache holds.
    progress : Progress
    """

    result: RunResult
    predictions: PredictionTable
    table: EssayTable
    folds: Sequence[PlannedFold]
    layers: tuple[int, ...]
    probes: Sequence[ProbeSpec]
    sweep: Sweep
    progress: Progress

    @property
    def features(self) -> FeatureSet:
        """Features of all rows; ``features.layer(k)`` reads a layer."""
        return self.sweep.features

    @property
    def seed(self) -> int:
        """What every draw begins from, the same for all encoders."""
        return self.result.config.split_seed


#: What an analysis gives: figures, and why there is none where it can't be done on these corpora.
Yielded: TypeAlias = Iterable["AnalysisRecord | AnalysisNote"]
Analysis: TypeAlias = Callable[[Studied], Yielded]
