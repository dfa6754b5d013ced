"""The whole procedure on one encoder's features: sweep, choose, follow, score, refit.

1. Probes that choose for themselves are fitted on every layer and penalty (the sweep).
2. Probes that follow another's choice of a layer are fitted there alone.
3. All that a result keeps is fitted again on resampled training texts (:mod:`cefrbench.refits`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cefrbench.claims import Company
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.memory import return_memory
from cefrbench.probing.jobs import PlannedFold
from cefrbench.probing.sweep import Fits, Fitted, Sweep, Unit
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
    company : Company, optional
        Other processes that fit the same.
    helps : bool
        Whether this process only helps: then nothing is read back that no choice needs.
    """

    sweep: Sweep
    folds: Sequence[PlannedFold]
    layers: tuple[int, ...]
    probes: Sequence[ProbeSpec]
    every_layer: bool
    refits: int
    unclipped: Collection[str]
    progress: Progress
    company: Company | None = None
    helps: bool = False

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
        if self.company is not None:
            units = [u for k in self.layers for p in leading for u in self.sweep.units(k, p)]
            self.sweep.ahead(units, self.company)
        for fitted in self.sweep.run(self.layers, leading, self.progress):
            collector.take(fitted)
            # The next ones are made without these in memory.
            del fitted
            return_memory()
        cards = [spec.card for spec in self.probes]
        chosen = choose(collector.records.fits, cards)
        led = {spec.name: self._led(spec, chosen, collector) for spec in followers}
        if self.company is not None:
            self.sweep.ahead(
                [self._unit(spec, *at) for spec in followers for at in led[spec.name].items()],
                self.company,
            )
        for spec in followers:
            self._follow(spec, led[spec.name], collector)
        choices = choose(collector.records.fits, cards) if followers else chosen
        if self.refits and self.sweep.table.form != "study":
            leaders = {
                spec.name: spec.card.layer_from
                for spec in followers
                if spec.card.layer_from is not None
            }
            refitting = Refitting(self.sweep, collector, leaders, self.refits, self.progress)
            if self.company is not None:
                refitting.ahead(self.probes, self.company)
            if not self.helps:
                refitting.run(self.probes)
        return collector, choices

    def _follows(self, spec: ProbeSpec) -> bool:
        study = self.sweep.table.form == "study"
        return spec.card.layer_from is not None and not (study or self.every_layer)

    # -- probes that take another's layer --------------------------------------------------------

    def _led(
        self, spec: ProbeSpec, leaders: Sequence[ChoiceRecord], collector: Collector
    ) -> dict[int, list[int]]:
        """Places of folds by the layer that a probe's leader chose there."""
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
        return dict(sorted(at.items()))

    def _numbers(self, places: Sequence[int]) -> list[int]:
        return sorted({self.sweep.jobs.scored[place].job for place in places})

    def _unit(self, spec: ProbeSpec, layer: int, places: Sequence[int]) -> Unit:
        """What is fitted of a probe at one layer that its leader chose."""
        rows = [self.sweep.jobs.rows[number] for number in self._numbers(places)]
        return Unit(layer, spec, rows, (None,), self.sweep.seeds_of(spec))

    def _follow(
        self, spec: ProbeSpec, led: Mapping[int, Sequence[int]], collector: Collector
    ) -> None:
        """Fit a probe at the layers that its leader chose, one fold after another."""
        self.progress.start("fits at the layers chosen", len(led), "layers")
        for layer, places in led.items():
            unit = self._unit(spec, layer, places)
            fits: Fits = [[] for _ in self.sweep.jobs.rows]
            for number, fit in zip(self._numbers(places), self.sweep.fit(*unit), strict=True):
                fits[number] = fit
            collector.take(Fitted(layer, spec, unit.seeds, unit.penalties, fits), places)
            self.progress.advance(1)
        self.progress.finish()
