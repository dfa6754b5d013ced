"""Keep predictions as they are made: those of the best layer so far, of each run over layers.

Which layer is best is said by the two orders in :mod:`cefrbench.results.selection`, by which a
result chooses its layers too. So what is held when the sweep ends is what the result stores: it is
read back from nowhere, and no more than that is ever held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import FoldFit
from cefrbench.essays import EssayTable
from cefrbench.probing.sweep import Fitted, PlannedFold
from cefrbench.results.model import FitRecord, UnitRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import by_oracle, by_validation, run_of
from cefrbench.results.summary import mean_over_seeds
from cefrbench.statistics.scores import qwk


@dataclass(frozen=True, slots=True)
class _Held:
    """Predictions of one fit; fold and seed by their places."""

    probe: str
    fold: int
    seed: int
    layer: int
    values: NDArray[np.float64]


@dataclass(slots=True)
class Kept:
    """The predictions that a result stores, as far as the sweep has come."""

    folds: Sequence[PlannedFold]
    table: EssayTable
    _best: dict[tuple[object, ...], tuple[float, ...]] = field(default_factory=dict)
    _held: dict[tuple[str, int, int], _Held] = field(default_factory=dict)
    _seeds: dict[str, Sequence[int | None]] = field(default_factory=dict)

    def offer(self, fitted: Fitted, fits: Sequence[FitRecord], units: Sequence[UnitRecord]) -> None:
        """Take what one probe gave on one layer, and hold it where the layer is the best so far.

        Parameters
        ----------
        fitted : Fitted
        fits, units : sequence of FitRecord, of UnitRecord
            What became of it.
        """
        probe, layer = fitted.probe.name, fitted.layer
        self._seeds[probe] = fitted.seeds
        validated = {run_of(fit): fit.validation for fit in fits}
        oracles = set(self._oracles(probe, layer, units))
        for f, planned in enumerate(self.folds):
            for s, (seed, fit) in enumerate(zip(fitted.seeds, fitted.fits[f], strict=True)):
                place = (probe, f, s)
                validation = validated.get((planned.protocol, planned.fold.name, probe, seed))
                if validation is not None:
                    best = self._leads(place, by_validation(layer, qwk(validation)))
                else:
                    best = planned.protocol in oracles and not len(planned.fold.validation)
                if best:
                    # A run that failed on the oracle's layer has none to store.
                    self._held.pop(place, None)
                    if isinstance(fit, FoldFit):
                        # A copy: a view would hold the predictions of all folds.
                        self._held[place] = _Held(*place, layer, np.array(fit.predictions))

    def predictions(self) -> PredictionTable:
        """All that is held, by probe, layer, fold and seed."""
        probes = list(self._seeds)
        held = sorted(
            self._held.values(), key=lambda h: (probes.index(h.probe), h.layer, h.fold, h.seed)
        )
        return PredictionTable.concat([part for one in held for part in self._parts(one)])

    def _oracles(self, probe: str, layer: int, units: Sequence[UnitRecord]) -> Iterator[str]:
        """Protocols under which this layer is the oracle's so far."""
        for protocol in dict.fromkeys(unit.protocol for unit in units):
            # Groups of corpora are in no mean.
            own = [u for u in units if u.protocol == protocol and u.corpus in self.table.names]
            if own:
                order = by_oracle(layer, len(own), mean_over_seeds(own).qwk)
                if self._leads((probe, protocol), order):
                    yield protocol

    def _leads(self, place: tuple[object, ...], order: tuple[float, ...]) -> bool:
        if place in self._best and self._best[place] <= order:
            return False
        self._best[place] = order
        return True

    def _parts(self, held: _Held) -> Iterator[PredictionTable]:
        planned, table = self.folds[held.fold], self.table
        for name, rows, values in planned.parts(held.values):
            if name is not None:
                yield PredictionTable.of_unit(
                    protocol=planned.protocol,
                    fold=planned.fold.name,
                    corpus=name,
                    probe=held.probe,
                    seed=self._seeds[held.probe][held.seed],
                    layer=held.layer,
                    text=[table.key[row] for row in rows],
                    low=table.low[rows],
                    high=table.high[rows],
                    prediction=values,
                )
