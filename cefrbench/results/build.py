"""Build a result: predictions are tallied as they come; only what is stored of them is held."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import FoldFit
from cefrbench.contracts.protocol import Skipped
from cefrbench.essays import EssayTable, Ints
from cefrbench.levels import Scale
from cefrbench.probing.fit import FitFailure
from cefrbench.probing.sweep import Fitted, PlannedFold
from cefrbench.results.keep import Kept
from cefrbench.results.model import (
    Confusion,
    FailureRecord,
    FitRecord,
    SplitRecord,
    UnitRecord,
)
from cefrbench.results.predictions import PredictionTable
from cefrbench.statistics.scores import Tally, scores, tally


@dataclass(slots=True)
class Records:
    """Fits, units and failures of one run, in the order of the sweep, and what is stored."""

    fits: list[FitRecord] = field(default_factory=list)
    units: list[UnitRecord] = field(default_factory=list)
    failures: list[FailureRecord] = field(default_factory=list)
    predictions: PredictionTable = field(default_factory=lambda: PredictionTable.concat([]))


def collect(
    sweep: Iterable[Fitted],
    folds: Sequence[PlannedFold],
    table: EssayTable,
    unclipped: Collection[str] = (),
) -> Records:
    """Tally the predictions of every fit on its validation rows and on each scored part.

    Predictions of the layers that count are kept (:mod:`cefrbench.results.keep`). ``unclipped``
    names probes whose errors are of predictions as they are, outside the scale too.
    """
    records, kept = Records(), Kept(folds, table)
    for fitted in sweep:
        fits, units = len(records.fits), len(records.units)
        clip = fitted.probe.name not in unclipped
        for planned, seeds in zip(folds, fitted.fits, strict=True):
            for seed, fit in zip(fitted.seeds, seeds, strict=True):
                _collect_fit(records, fitted, planned, seed, fit, table, clip)
        kept.offer(fitted, records.fits[fits:], records.units[units:])
    records.predictions = kept.predictions()
    return records


def _collect_fit(
    records: Records,
    fitted: Fitted,
    planned: PlannedFold,
    seed: int | None,
    fit: FoldFit | FitFailure,
    table: EssayTable,
    clip: bool,
) -> None:
    place: dict[str, Any] = {
        "protocol": planned.protocol,
        "fold": planned.fold.name,
        "layer": fitted.layer,
        "seed": seed,
    }
    if isinstance(fit, FitFailure):
        records.failures.append(
            FailureRecord(stage="probe", name=fitted.probe.name, cause=fit.message, **place)
        )
        return
    validation: Confusion | None = None
    for name, rows, values in planned.parts(fit.predictions):
        counted = tally_rows(table, rows, values, clip=clip)
        if name is None:
            validation = as_tuple(counted.confusion) if len(rows) else None
            continue
        records.units.append(
            UnitRecord(
                corpus=name,
                probe=fitted.probe.name,
                n=counted.n,
                confusion=as_tuple(counted.confusion),
                sums=counted.sums,
                scores=scores(counted.confusion, counted.sums),
                **place,
            )
        )
    records.fits.append(
        FitRecord(
            probe=fitted.probe.name,
            validation=validation,
            iterations=fit.iterations,
            converged=fit.converged,
            message=fit.message,
            **place,
        )
    )


def tally_rows(table: EssayTable, rows: Ints, values: NDArray[np.float64], *, clip: bool) -> Tally:
    """Tally predictions of some rows of a table."""
    return tally(values, table.low[rows], table.high[rows], len(table.scale), clip=clip)


def as_tuple(confusion: NDArray[np.int64]) -> Confusion:
    """Confusion matrix as it stands in a result."""
    return tuple(tuple(int(cell) for cell in row) for row in confusion)


def split_records(
    folds: Sequence[PlannedFold], skipped: Sequence[tuple[str, Skipped]], table: EssayTable
) -> tuple[SplitRecord, ...]:
    """Describe every fold, run or skipped."""
    done = [
        SplitRecord(
            protocol=planned.protocol,
            fold=planned.fold.name,
            manifest=planned.manifest,
            train=len(planned.fold.train),
            validation=len(planned.fold.validation),
            scored={name: len(rows) for name, rows in planned.fold.scored.items()},
            train_levels=_level_counts(table.label[planned.fold.train], table.scale),
            notes=planned.fold.notes,
        )
        for planned in folds
    ]
    left = [
        SplitRecord(
            protocol=protocol,
            fold=skip.name,
            manifest=None,
            train=0,
            validation=0,
            scored={},
            skipped=skip.reason,
        )
        for protocol, skip in skipped
    ]
    return tuple(done + left)


def _level_counts(labels: Ints, scale: Scale) -> tuple[int, ...]:
    return tuple(int(n) for n in np.bincount(labels, minlength=len(scale)))
