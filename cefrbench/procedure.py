"""The whole procedure on one encoder's features: sweep, choose, follow, score, refit.

1. Probes that choose for themselves are fitted on every layer and penalty (the sweep).
2. Probes that follow another's choice of a layer are fitted there alone.
3. All that a result keeps is fitted again on resampled training texts (:mod:`cefrbench.refits`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cefrbench.contracts.probe import ProbeSpec
from cefrbench.probing.jobs import PlannedFold
from cefrbench.probing.sweep import Fits, Fitted, Sweep
from cefrbench.progress import Progress
from cefrbench.refits import Refitting
from cefrbench.results.build import Collector
from cefrbench.results.model import ChoiceRecord, FailureRecord
from cefrbench.results.selection import choose


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
        chosen = choose(collector.records.fits, cards)
        for spec in followers:
            self._follow(spec, chosen, collector)
        choices = choose(collector.records.fits, cards) if followers else chosen
        if self.refits and self.sweep.table.form != "study":
            leaders = {
                spec.name: spec.card.layer_from
                for spec in followers
                if spec.card.layer_from is not None
            }
            Refitting(self.sweep, collector, leaders, self.refits, self.progress).run(self.probes)
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
