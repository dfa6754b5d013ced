"""The sweep: every probe on every layer, all folds of all protocols at once.

Layers stream from disk one at a time; what comes out are predictions, which are all that scores
need. Finished (layer, probe) pairs are kept, so that a run that was killed goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeOptions, ProbeSpec
from cefrbench.contracts.protocol import Fold
from cefrbench.essays import EssayTable, Ints
from cefrbench.probing.fit import FitFailure, fit_folds
from cefrbench.probing.store import FitStore, fit_key
from cefrbench.progress import Progress
from cefrbench.sources import source_digest

if TYPE_CHECKING:
    from cefrbench.features.compute import FeatureSet


#: Fits of one probe on one layer, ``[fold][seed]``.
Fits: TypeAlias = "list[list[FoldFit | FitFailure]]"


@dataclass(frozen=True, slots=True)
class PlannedFold:
    """One fold of one protocol, with the hash of its split."""

    protocol: str
    fold: Fold
    manifest: str

    @property
    def rows(self) -> FoldRows:
        """The fold as a probe sees it: validation rows first, then the scored ones in order."""
        predict = np.concatenate([self.fold.validation, *self.fold.scored.values()])
        return FoldRows(self.fold.train, predict)

    def parts(
        self, predictions: NDArray[np.float64]
    ) -> Iterator[tuple[str | None, Ints, NDArray[np.float64]]]:
        """Take predictions apart again: (None, rows, values) for validation, then (name, …)."""
        named: list[tuple[str | None, Ints]] = [(None, self.fold.validation)]
        named += list(self.fold.scored.items())
        start = 0
        for name, rows in named:
            stop = start + len(rows)
            yield name, rows, predictions[start:stop]
            start = stop


@dataclass(frozen=True, slots=True)
class Fitted:
    """One probe on one layer."""

    layer: int
    probe: ProbeSpec
    seeds: tuple[int | None, ...]
    fits: Fits


@dataclass(frozen=True, slots=True)
class Sweep:
    """All that the fits of one run share.

    Attributes
    ----------
    features : FeatureSet
    data_key : str
        Names features, labels and weights: encoder, corpus fingerprints, scale, form.
    table : EssayTable
    folds : sequence of PlannedFold
    seeds : tuple of int
        For probes that a seed changes; the others are fitted once, with seed None.
    store : FitStore
    device : str
    jobs : int
        Processes for probes without a batched fit.
    force : bool
        Fit again what is in the store.
    """

    features: FeatureSet
    data_key: str
    table: EssayTable
    folds: Sequence[PlannedFold]
    seeds: tuple[int, ...]
    store: FitStore
    device: str = "cpu"
    jobs: int = 1
    force: bool = False
    _sources: dict[str, str] = field(default_factory=dict, repr=False)

    def run(
        self, layers: Sequence[int], probes: Sequence[ProbeSpec], progress: Progress
    ) -> Iterator[Fitted]:
        """Fit all probes layer by layer; what was fitted before is read back."""
        rows = [planned.rows for planned in self.folds]
        progress.start("fits", sum(self._count(p) for p in probes) * len(layers), "fits")
        for layer in layers:
            features: NDArray[np.float32] | None = None
            for probe in probes:
                key = self._key(layer, probe)
                fits = None if self.force else self.store.load(key)
                if fits is None:
                    if features is None:
                        features = self.features.layer(layer)
                    fits = self._fit(features, probe, rows)
                    self._keep(key, fits)
                progress.advance(self._count(probe))
                yield Fitted(layer, probe, self.seeds_of(probe), fits)
        progress.finish()

    def seeds_of(self, probe: ProbeSpec) -> tuple[int | None, ...]:
        """Seeds that a probe is fitted with."""
        return self.seeds if probe.card.seeded else (None,)

    def _fit(
        self, features: NDArray[np.float32], probe: ProbeSpec, rows: Sequence[FoldRows]
    ) -> Fits:
        weight = self.table.weight
        return fit_folds(
            probe,
            self._options(),
            features,
            self.table.label,
            rows,
            sample_weight=None if np.all(weight == 1) else weight,
            seeds=self.seeds_of(probe),
            jobs=self.jobs,
        )

    def _keep(self, key: str, fits: Fits) -> None:
        """Keep fits that all succeeded; failures are tried again by the next run."""
        good = [[fit for fit in fold if isinstance(fit, FoldFit)] for fold in fits]
        if all(len(kept) == len(fold) for kept, fold in zip(good, fits, strict=True)):
            self.store.save(key, good)

    def _count(self, probe: ProbeSpec) -> int:
        return len(self.folds) * len(self.seeds_of(probe))

    def _options(self) -> ProbeOptions:
        return ProbeOptions(device=self.device, n_classes=len(self.table.scale))

    def _source(self, probe: ProbeSpec) -> str:
        """Hash the code that makes and is a probe's estimator; the same all through a run."""
        if probe.name not in self._sources:
            estimator = probe.make(self._options())
            self._sources[probe.name] = source_digest(probe.make, estimator)
        return self._sources[probe.name]

    def _key(self, layer: int, probe: ProbeSpec) -> str:
        """Name the fits of one probe on one layer."""
        return fit_key(
            {
                "data": self.data_key,
                "layer": layer,
                "probe": probe.card.model_dump(mode="json"),
                "source": self._source(probe),
                "folds": [planned.manifest for planned in self.folds],
                "rows": [_digest(planned.rows) for planned in self.folds],
                "seeds": self.seeds_of(probe),
                "device": self.device.partition(":")[0],
            }
        )


def _digest(rows: FoldRows) -> str:
    """Hash what a manifest doesn't say: the order of training rows, and all that is their own."""
    digest = hashlib.sha256(rows.train.tobytes())
    for name in ("weight", "count", "groups"):
        values = getattr(rows, name)
        if values is not None:
            digest.update(f"{name} {values.dtype}".encode() + values.tobytes())
    return digest.hexdigest()
