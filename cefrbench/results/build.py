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
from cefrbench.probing.jobs import Jobs, PlannedFold, Reading
from cefrbench.probing.sweep import Fitted
from cefrbench.results.corpus_scores import layer_scores
from cefrbench.results.keep import Kept, Predicted
from cefrbench.results.model import (
    Confusion,
    FailureRecord,
    FitRecord,
    Held,
    PenaltyRecord,
    SplitRecord,
    UnitRecord,
)
from cefrbench.results.selection import best_penalty
from cefrbench.statistics.scores import Tally, mean_qwk, scores, tally
from cefrbench.statistics.scoring import round_to_class


@dataclass(slots=True)
class Records:
    """What became of a run's fits, in the order of the sweep."""

    fits: list[FitRecord] = field(default_factory=list)
    units: list[UnitRecord] = field(default_factory=list)
    failures: list[FailureRecord] = field(default_factory=list)


class Collector:
    """Turn fits into records, and keep the predictions that a result stores.

    Parameters
    ----------
    folds : sequence of PlannedFold
    jobs : Jobs
        Behind them.
    table : EssayTable
    apart : bool
        Whether layer 0 stands apart from those that a choice may take.
    unclipped : collection of str
        Probes whose errors are of predictions as they are, outside the scale too.
    """

    def __init__(
        self,
        folds: Sequence[PlannedFold],
        jobs: Jobs,
        table: EssayTable,
        *,
        apart: bool = True,
        unclipped: Collection[str] = (),
    ) -> None:
        self.folds, self.jobs, self.table = folds, jobs, table
        self._unclipped = unclipped
        self.records = Records()
        self.kept = Kept(folds, table, apart)

    def take(self, fitted: Fitted, only: Iterable[int] | None = None) -> None:
        """Tally one probe on one layer.

        Parameters
        ----------
        fitted : Fitted
        only : iterable of int, optional
            Folds by their places, where it was not fitted for all; the places of their jobs in
            ``fitted.fits`` are those of :attr:`Jobs.rows` all the same.
        """
        chosen = range(len(self.folds)) if only is None else only
        predicted: list[Predicted] = []
        known = len(self.records.units)
        for place in chosen:
            # A probe that follows another chooses nothing, even where it was fitted on a cut.
            inner = self._inner(fitted, place) if only is None else [{}]
            for s in range(len(fitted.seeds)):
                one = self._outer(fitted, place, s, inner)
                if one is not None:
                    predicted.append(one)
        self.kept.offer(predicted, layer_scores(self.records.units[known:]))

    # -- inside the training part ----------------------------------------------------------------

    def _inner(self, fitted: Fitted, place: int) -> list[dict[str, NDArray[np.int64]] | str]:
        """Confusion of what the inner cuts held out, by corpus, for each penalty; or why not."""
        return [
            self._held(fitted, self.jobs.held[place], self.folds[place], p)
            for p in range(len(fitted.penalties))
        ]

    def _held(
        self, fitted: Fitted, readings: Sequence[Reading], planned: PlannedFold, penalty: int
    ) -> dict[str, NDArray[np.int64]] | str:
        found: dict[str, NDArray[np.int64]] = {}
        for reading, cut in zip(readings, planned.fold.inner, strict=True):
            # A choice is made with the first seed.
            fit = fitted.fits[reading.job][penalty][0]
            if isinstance(fit, FitFailure):
                return f"{fit.message} (a fit inside the training part)"
            for name, rows in cut.held.items():
                counted = confusion(self.table, rows, fit.predictions[reading.places[name]])
                found[name] = found[name] + counted if name in found else counted
        return found

    # -- what is scored --------------------------------------------------------------------------

    def _outer(
        self,
        fitted: Fitted,
        place: int,
        s: int,
        inner: Sequence[dict[str, NDArray[np.int64]] | str],
    ) -> Predicted | None:
        """Record one fold and seed, at the penalty that the inner cuts favour."""
        planned, reading = self.folds[place], self.jobs.scored[place]
        name: dict[str, Any] = {
            "protocol": planned.protocol,
            "fold": planned.fold.name,
            "layer": fitted.layer,
            "seed": fitted.seeds[s],
        }
        path, causes = [], []
        for penalty, held, row in zip(
            fitted.penalties, inner, fitted.fits[reading.job], strict=True
        ):
            fit = row[s]
            failed = fit.message if isinstance(fit, FitFailure) else held
            if isinstance(failed, str):
                causes.append(failed)
                path.append(PenaltyRecord(penalty=penalty, inner_qwk=None, scored_qwk=None))
                continue
            assert isinstance(fit, FoldFit)
            outer = [
                confusion(self.table, rows, fit.predictions[reading.places[part]])
                for part, rows in planned.fold.scored.items()
            ]
            path.append(
                PenaltyRecord(
                    penalty=penalty,
                    inner_qwk=mean_qwk(list(failed.values())),
                    scored_qwk=mean_qwk(outer),
                )
            )
        if causes:
            self.records.failures.append(
                FailureRecord(stage="probe", name=fitted.probe.name, cause=causes[0], **name)
            )
        sound = [
            p
            for p, row in enumerate(fitted.fits[reading.job])
            if isinstance(row[s], FoldFit) and not isinstance(inner[p], str)
        ]
        if not sound:
            return None
        best = sound[best_penalty([path[p] for p in sound])]
        fit, held = fitted.fits[reading.job][best][s], inner[best]
        assert isinstance(fit, FoldFit)
        assert not isinstance(held, str)
        self.records.fits.append(
            FitRecord(
                probe=fitted.probe.name,
                penalty=fitted.penalties[best],
                path=tuple(path),
                held=tuple(
                    Held(corpus=corpus, confusion=as_tuple(counts))
                    for corpus, counts in held.items()
                ),
                iterations=fit.iterations,
                converged=fit.converged,
                message=fit.message,
                **name,
            )
        )
        return self._scored(fitted, place, s, fit, path[best])

    def _scored(
        self, fitted: Fitted, place: int, s: int, fit: FoldFit, point: PenaltyRecord
    ) -> Predicted:
        planned, reading = self.folds[place], self.jobs.scored[place]
        places = np.concatenate([reading.places[part] for part in planned.fold.scored])
        predicted = Predicted(
            probe=fitted.probe.name,
            fold=place,
            seed=fitted.seeds[s],
            layer=fitted.layer,
            penalty=point.penalty,
            inner_qwk=point.inner_qwk,
            values=fit.predictions[places],
            scores=None if fit.scores is None else fit.scores[places],
        )
        for part, rows, values, _ in predicted.parts(planned):
            counted = tally_rows(
                self.table, rows, values, clip=fitted.probe.name not in self._unclipped
            )
            self.records.units.append(
                UnitRecord(
                    protocol=planned.protocol,
                    fold=planned.fold.name,
                    corpus=part,
                    probe=fitted.probe.name,
                    layer=fitted.layer,
                    seed=fitted.seeds[s],
                    n=counted.n,
                    confusion=as_tuple(counted.confusion),
                    sums=counted.sums,
                    scores=scores(counted.confusion, counted.sums),
                )
            )
        return predicted


def confusion(table: EssayTable, rows: Ints, values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Confusion matrix of predictions of some rows of a table."""
    return drawn_confusion(table, rows, values, None).astype(np.int64)


def drawn_confusion(
    table: EssayTable, rows: Ints, values: NDArray[np.float64], drawn: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """The same, each row counted as often as it was drawn; None: once."""
    size = len(table.scale)
    predicted = round_to_class(values, size)
    gold = np.clip(predicted, table.low[rows], table.high[rows])
    counts = np.bincount(gold * size + predicted, drawn, minlength=size * size)
    return counts.reshape(size, size).astype(np.float64)


def tally_rows(table: EssayTable, rows: Ints, values: NDArray[np.float64], *, clip: bool) -> Tally:
    """Tally predictions of some rows of a table."""
    return tally(values, table.low[rows], table.high[rows], len(table.scale), clip=clip)


def as_tuple(counts: NDArray[np.int64]) -> Confusion:
    """Confusion matrix as it stands in a result."""
    return tuple(tuple(int(cell) for cell in row) for row in counts)


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
            inner=len(planned.fold.inner),
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
            inner=0,
            scored={},
            skipped=skip.reason,
        )
        for protocol, skip in skipped
    ]
    return tuple(done + left)


def _level_counts(labels: Ints, scale: Scale) -> tuple[int, ...]:
    return tuple(int(n) for n in np.bincount(labels, minlength=len(scale)))
