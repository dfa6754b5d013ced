"""The whole procedure on one encoder's features: sweep, choose, follow, score, refit.

1. Probes that choose for themselves are fitted on every layer and penalty (the sweep).
2. Probes that follow another's choice of a layer are fitted there alone.
3. What was chosen is fitted again on resampled training texts: errors that hold the fitted probe
   fixed are three times too small out of distribution.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeSpec
from cefrbench.essays import EssayTable
from cefrbench.probing.fit import FitFailure
from cefrbench.probing.jobs import PlannedFold
from cefrbench.probing.sweep import Fits, Fitted, Sweep
from cefrbench.progress import Progress
from cefrbench.results.build import Collector
from cefrbench.results.keep import Place, Predicted
from cefrbench.results.model import ChoiceRecord, FailureRecord
from cefrbench.results.selection import choose, headline
from cefrbench.statistics.resampling import TextWeights, text_codes
from cefrbench.weighting import balanced


@dataclass(frozen=True, slots=True)
class Procedure:
    """What is fitted of one encoder.

    Attributes
    ----------
    sweep : Sweep
    folds : sequence of PlannedFold
    layers : tuple of int
        Layers to fit, layer 0 among them where it is shown.
    probes : sequence of ProbeSpec
    every_layer : bool
        Whether probes that follow another are fitted on all layers all the same.
    refits : int
        Fits on resampled training texts.
    unclipped : collection of str
        Probes whose errors are of predictions as they are.
    progress : Progress
    """

    sweep: Sweep
    folds: Sequence[PlannedFold]
    layers: tuple[int, ...]
    probes: Sequence[ProbeSpec]
    every_layer: bool
    refits: int
    unclipped: Collection[str]
    progress: Progress

    def run(self) -> tuple[Collector, tuple[ChoiceRecord, ...]]:
        """Fit everything; what is held are records and the predictions that a result stores."""
        apart = any(layer > 0 for layer in self.layers)
        collector = Collector(
            self.folds,
            self.sweep.jobs,
            self.sweep.table,
            apart=apart,
            unclipped=self.unclipped,
        )
        followers = [spec for spec in self.probes if self._follows(spec)]
        leading = [spec for spec in self.probes if not self._follows(spec)]
        for fitted in self.sweep.run(self.layers, leading, self.progress):
            collector.take(fitted)
        cards = [spec.card for spec in self.probes]
        leaders = choose(collector.records.fits, cards)
        for spec in followers:
            self._follow(spec, leaders, collector)
        choices = choose(collector.records.fits, cards) if followers else leaders
        if self.refits and self.sweep.table.form != "study":
            self._refit(collector)
        return collector, choices

    def _follows(self, spec: ProbeSpec) -> bool:
        study = self.sweep.table.form == "study"
        return spec.card.layer_from is not None and not (study or self.every_layer)

    # -- probes that take another's layer --------------------------------------------------------

    def _follow(
        self, spec: ProbeSpec, leaders: Sequence[ChoiceRecord], collector: Collector
    ) -> None:
        """Fit a probe at the layers that its leader chose, one fold after another."""
        chosen = {(c.protocol, c.fold): c.layer for c in leaders if c.probe == spec.card.layer_from}
        at: dict[int, list[int]] = defaultdict(list)
        for place, planned in enumerate(self.folds):
            layer = chosen.get((planned.protocol, planned.fold.name))
            if layer is None:
                collector.records.failures.append(
                    FailureRecord(
                        stage="probe",
                        name=spec.name,
                        protocol=planned.protocol,
                        fold=planned.fold.name,
                        cause=f"It takes its layer from {spec.card.layer_from}, which chose none.",
                    )
                )
            else:
                at[layer].append(place)
        seeds, jobs = self.sweep.seeds_of(spec), self.sweep.jobs
        self.progress.start("fits at the layers chosen", len(at), "layers")
        for layer, places in sorted(at.items()):
            numbers = sorted({jobs.scored[place].job for place in places})
            rows = [jobs.rows[number] for number in numbers]
            found = self.sweep.fit(layer, spec, rows, (None,), seeds)
            fits: Fits = [[] for _ in jobs.rows]
            for number, fit in zip(numbers, found, strict=True):
                fits[number] = fit
            collector.take(Fitted(layer, spec, seeds, (None,), fits), places)
            self.progress.advance(1)
        self.progress.finish()

    # -- resampled training texts ----------------------------------------------------------------

    def _refit(self, collector: Collector) -> None:
        """Fit again what is kept, on resampled training texts; with a seeded probe's first seed."""
        specs = {spec.name: spec for spec in self.probes}
        first = {name: self.sweep.seeds_of(spec)[0] for name, spec in specs.items()}
        # Layer 0 is compared with what was chosen there alone, and nets cost the most.
        lead = headline([planned.protocol for planned in self.folds])
        groups: dict[tuple[int, str, float | None], list[tuple[dict[Place, Predicted], Place]]]
        groups = defaultdict(list)
        for held in (collector.kept.choice, collector.kept.embedding):
            for place, one in held.items():
                if one.seed != first[one.probe]:
                    continue
                everywhere = held is collector.kept.choice and not self._follows(specs[one.probe])
                if everywhere or self.folds[one.fold].protocol in lead:
                    groups[one.layer, one.probe, one.penalty].append((held, place))
        weights = TextWeights(self.refits)
        self.progress.start("refits", len(groups), "layers")
        for (layer, probe, penalty), kept in sorted(
            groups.items(), key=lambda item: (item[0][0], list(specs).index(item[0][1]))
        ):
            self._refit_group(
                layer, specs[probe], penalty, kept, weights, collector.records.failures
            )
            self.progress.advance(1)
        self.progress.finish()

    def _refit_group(
        self,
        layer: int,
        spec: ProbeSpec,
        penalty: float | None,
        kept: Sequence[tuple[dict[Place, Predicted], Place]],
        weights: TextWeights,
        failures: list[FailureRecord],
    ) -> None:
        jobs, table = self.sweep.jobs, self.sweep.table
        numbers = sorted({jobs.scored[place[1]].job for _, place in kept})
        rows = [
            drawn for number in numbers for drawn in resampled(table, jobs.rows[number], weights)
        ]
        seeds = self.sweep.seeds_of(spec)[:1]
        fits = self.sweep.fit(layer, spec, rows, (penalty,), seeds)
        for held, place in kept:
            start = numbers.index(jobs.scored[place[1]].job) * self.refits
            own = [path[0][0] for path in fits[start : start + self.refits]]
            good = [fit for fit in own if isinstance(fit, FoldFit)]
            if len(good) == len(own):
                held[place] = _with_refits(held[place], good, self._places(place))
                continue
            cause = next(fit.message for fit in own if isinstance(fit, FitFailure))
            failures.append(
                FailureRecord(
                    stage="probe",
                    name=spec.name,
                    cause=f"{cause} (a fit on resampled texts)",
                    protocol=self.folds[place[1]].protocol,
                    fold=self.folds[place[1]].fold.name,
                    layer=layer,
                    seed=seeds[0],
                )
            )

    def _places(self, place: Place) -> NDArray[np.intp]:
        reading, planned = self.sweep.jobs.scored[place[1]], self.folds[place[1]]
        return np.concatenate([reading.places[part] for part in planned.fold.scored])


def resampled(table: EssayTable, rows: FoldRows, weights: TextWeights) -> list[FoldRows]:
    """Training rows as each replicate draws them: Poisson weights keyed by text.

    Parameters
    ----------
    table : EssayTable
    rows : FoldRows
    weights : TextWeights
    """
    keys = np.array([table.key[row] for row in rows.train])
    drawn = weights.of(text_codes(keys)).astype(np.float64)
    found = []
    for replicate in range(weights.replicates):
        weighting = balanced(table, rows.train, drawn[:, replicate])
        found.append(replace(rows, weight=weighting.weight, count=weighting.count))
    return found


def _with_refits(one: Predicted, fits: Sequence[FoldFit], places: NDArray[np.intp]) -> Predicted:
    values = np.stack([fit.predictions[places] for fit in fits], axis=1).astype(np.float16)
    scores = None
    if all(fit.scores is not None for fit in fits):
        scores = np.stack([fit.scores[places] for fit in fits if fit.scores is not None], axis=1)
    return replace(
        one,
        refit_values=values,
        refit_scores=None if scores is None else scores.astype(np.float16),
    )
