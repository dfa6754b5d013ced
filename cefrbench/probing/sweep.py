"""The sweep: every probe on every layer and penalty, all training sets of all protocols at once.

Layers stream from disk one at a time; what comes out are predictions, which are all that scores
need. Finished fits are kept, so that a run that was killed goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench.claims import Alone, ClaimedError, Company
from cefrbench.contracts.cards import PLUS
from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeOptions, ProbeSpec
from cefrbench.essays import EssayTable
from cefrbench.probing.ensemble import LayerStack, stacked_layers
from cefrbench.probing.fit import FitFailure, fit_paths
from cefrbench.probing.jobs import Jobs, rows_digest
from cefrbench.probing.method_probe import MethodProbe
from cefrbench.probing.store import FitStore, fit_key
from cefrbench.progress import Progress
from cefrbench.sources import source_digest

if TYPE_CHECKING:
    from cefrbench.features.compute import FeatureSet


#: Fits of one probe on one layer, ``[job][penalty][seed]``.
Fits: TypeAlias = "list[list[list[FoldFit | FitFailure]]]"
Seeds: TypeAlias = "tuple[int | None, ...]"
Penalties: TypeAlias = "tuple[float | None, ...]"


@dataclass(frozen=True, slots=True)
class Fitted:
    """One probe on one layer.

    Attributes
    ----------
    layer : int
    probe : ProbeSpec
    seeds : tuple of (int or None)
    penalties : tuple of (float or None)
        From the strongest to the weakest; None is the probe's own.
    fits : list
        ``[job][penalty][seed]``; fits that only a choice needs have the first seed alone.
    """

    layer: int
    probe: ProbeSpec
    seeds: Seeds
    penalties: Penalties
    fits: Fits


class Unit(NamedTuple):
    """What is fitted at once, and kept together: some training sets, by one probe on one layer."""

    layer: int
    probe: ProbeSpec
    rows: Sequence[FoldRows]
    penalties: Penalties
    seeds: Seeds


@dataclass(frozen=True, slots=True)
class Sweep:
    """All that the fits of one run share.

    Attributes
    ----------
    features : FeatureSet
    data_key : str
        Names features, labels and weights: encoder, corpus fingerprints, scale, form.
    table : EssayTable
    jobs : Jobs
    seeds : tuple of int
        For probes that a seed changes; the others are fitted once, with seed None.
    store : FitStore
    device : str
    processes : int
        For probes without a batched fit.
    force : bool
        Fit again what is in the store.
    fixed : mapping of str to tuple of float
        Penalties of a probe, where they are not its card's.
    texts : sequence of (sequence of str)
        Texts of each corpus, for probes that read texts.
    layers : tuple of int
        Layers that the run fits, for probes that read several.
    patient : bool
        Whether to wait for what another process is at.
    company : Company
        Other processes; they are called when something is to be fitted.
    """

    features: FeatureSet
    data_key: str
    table: EssayTable
    jobs: Jobs
    seeds: tuple[int, ...]
    store: FitStore
    device: str = "cpu"
    processes: int = 1
    force: bool = False
    fixed: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    texts: Sequence[Sequence[str]] = ()
    layers: tuple[int, ...] = ()
    patient: bool = True
    company: Company = field(default_factory=Alone)
    _sources: dict[str, str] = field(default_factory=dict, repr=False)
    _loaded: dict[int, NDArray[np.float32]] = field(default_factory=dict, repr=False)
    _digests: dict[tuple[int, bool], tuple[FoldRows, str]] = field(default_factory=dict, repr=False)

    def run(
        self, layers: Sequence[int], probes: Sequence[ProbeSpec], progress: Progress
    ) -> Iterator[Fitted]:
        """Fit all probes layer by layer, on every training set; what was fitted is read back."""
        progress.start("fits", sum(self._count(p) for p in probes) * len(layers), "fits")
        for layer in layers:
            for probe in probes:
                fits: Fits = []
                for unit in self.units(layer, probe):
                    fits += self.fit(*unit)
                progress.advance(self._count(probe))
                yield Fitted(layer, probe, self.seeds_of(probe), self.penalties_of(probe), fits)
        progress.finish()

    def units(self, layer: int, probe: ProbeSpec) -> list[Unit]:
        """What the sweep fits of one probe on one layer; what is only chosen by gets one seed."""
        seeds, penalties = self.seeds_of(probe), self.penalties_of(probe)
        rows, scoring = self.jobs.rows, self.jobs.scoring
        if len(seeds) == 1:
            return [Unit(layer, probe, rows, penalties, seeds)]
        return [
            Unit(layer, probe, rows[:scoring], penalties, seeds),
            Unit(layer, probe, rows[scoring:], penalties, seeds[:1]),
        ]

    def has(self, unit: Unit) -> bool:
        """Whether fits are kept already."""
        return not self.force and self.store.has(self._key(unit))

    def impatient(self, company: Company) -> Sweep:
        """The same sweep, which leaves what others are at and calls them when there is work."""
        return replace(self, patient=False, company=company)

    def ahead(self, units: Sequence[Unit], company: Company) -> None:
        """Fit what nobody has fitted yet, in any order, and leave what others are at."""
        missing = [unit for unit in units if unit.rows and not self.has(unit)]
        ahead = self.impatient(company)
        for unit in company.turned(missing):
            if not self.has(unit):
                with suppress(ClaimedError):
                    ahead.fit(*unit)

    def fit(
        self,
        layer: int,
        probe: ProbeSpec,
        rows: Sequence[FoldRows],
        penalties: Penalties,
        seeds: Seeds,
    ) -> Fits:
        """Fit one probe on one layer, or read back what was fitted before.

        Raises
        ------
        ClaimedError
            When another process is at it, and the sweep isn't patient.
        """
        if not rows:
            return []
        unit = Unit(layer, probe, rows, penalties, seeds)
        key = self._key(unit)
        kept = self._kept(key, len(seeds))
        if kept is not None:
            return kept
        claims = self.store.claims
        with claims.wait(key) if self.patient else claims.at_once(key):
            # Another process may have fitted it meanwhile.
            kept = self._kept(key, len(seeds))
            if kept is not None:
                return kept
            self.company.call()
            fits = fit_paths(
                probe,
                self._options(),
                self._read(layer, probe),
                self.table.label,
                rows,
                penalties=penalties,
                seeds=seeds,
                jobs=self.processes,
            )
            self._keep(key, fits)
        return fits

    def _kept(self, key: str, width: int) -> Fits | None:
        """Read fits back, ``[job][penalty][seed]``."""
        kept = None if self.force else self.store.load(key)
        if kept is None:
            return None
        return [[row[i : i + width] for i in range(0, len(row), width)] for row in kept]

    def seeds_of(self, probe: ProbeSpec) -> Seeds:
        """Seeds that a probe is fitted with."""
        return self.seeds if probe.card.seeded else (None,)

    def penalties_of(self, probe: ProbeSpec) -> Penalties:
        """Penalties of a probe, from the strongest; the study has the probe's own."""
        if probe.name in self.fixed:
            return self.fixed[probe.name]
        if self.table.form == "study" or probe.card.penalty is None:
            return (None,)
        return probe.card.penalty.values

    def _read(self, layer: int, probe: ProbeSpec) -> Any:
        """What a probe reads: a layer, the layers up to it, or the texts."""
        if probe.reads == "layers":
            return LayerStack(self.features, stacked_layers(self.layers, layer))
        return self.all_texts() if probe.reads == "texts" else self._layer(layer)

    def all_texts(self) -> NDArray[np.object_]:
        """Text of each row."""
        return np.array([text for one in self.texts for text in one], np.object_)

    def _layer(self, layer: int) -> NDArray[np.float32]:
        """Read a layer's features, once for all probes on it."""
        if layer not in self._loaded:
            self._loaded.clear()
            self._loaded[layer] = self.features.layer(layer)
        return self._loaded[layer]

    def _keep(self, key: str, fits: Fits) -> None:
        """Keep fits that all succeeded; failures are tried again by the next run."""
        flat = [[fit for path in job for fit in path] for job in fits]
        good = [[fit for fit in row if isinstance(fit, FoldFit)] for row in flat]
        if all(len(kept) == len(row) for kept, row in zip(good, flat, strict=True)):
            self.store.save(key, good)

    def _count(self, probe: ProbeSpec) -> int:
        seeds, jobs = len(self.seeds_of(probe)), self.jobs
        fits = jobs.scoring * seeds + len(jobs.rows) - jobs.scoring
        return fits * len(self.penalties_of(probe))

    def _options(self) -> ProbeOptions:
        return ProbeOptions(device=self.device, n_classes=len(self.table.scale))

    def _source(self, probe: ProbeSpec) -> str:
        """Hash the code that makes and is a probe's estimator; the same all through a run."""
        if probe.name not in self._sources:
            estimator: object = probe.make(self._options())
            if isinstance(estimator, MethodProbe):
                digest = source_digest(*estimator.sources()) + estimator.versions()
            else:
                digest = source_digest(probe.make, estimator)
            self._sources[probe.name] = digest
        return self._sources[probe.name]

    def _digest(self, rows: FoldRows, *, origin: bool) -> str:
        """Hash what a fit reads of its rows; those of the run's own training sets once."""
        known = self._digests.get((id(rows), origin))
        if known is not None and known[0] is rows:
            return known[1]
        digest = rows_digest(rows, origin=origin)
        if any(rows is one for one in self.jobs.rows):
            self._digests[id(rows), origin] = rows, digest
        return digest

    def _key(self, unit: Unit) -> str:
        """Name the fits of one probe on one layer."""
        several = unit.probe.reads == "layers"
        return fit_key(
            {
                "data": self.data_key,
                "layer": stacked_layers(self.layers, unit.layer) if several else unit.layer,
                "probe": unit.probe.card.model_dump(mode="json"),
                "source": self._source(unit.probe),
                "rows": [self._digest(one, origin=PLUS in unit.probe.name) for one in unit.rows],
                "penalties": unit.penalties,
                "seeds": unit.seeds,
                "device": self.device.partition(":")[0],
            }
        )
