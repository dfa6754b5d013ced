"""The procedure again on resampled training texts: what errors know of fits and choices.

Errors that hold the fitted probe fixed are three times too small out of distribution. There the
choice of layer and penalty moves as much as the fit does, so it is made again too: the inner cuts
of a fold are fitted on the resampled texts, and the (layer, penalty) that is best on them is
refitted. In distribution many choices do alike, and the one that was made is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench.claims import ClaimedError, Company
from cefrbench.contracts.cards import PLUS
from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeSpec
from cefrbench.essays import EssayTable
from cefrbench.probing.fit import FitFailure
from cefrbench.probing.sweep import Sweep
from cefrbench.progress import Progress
from cefrbench.results.build import Collector, drawn_confusion
from cefrbench.results.keep import Place, Predicted
from cefrbench.results.model import FailureRecord
from cefrbench.results.selection import by_inner, headline, inner_qwk, run_of, usual_of
from cefrbench.statistics.resampling import TextWeights, text_codes
from cefrbench.statistics.scores import mean_qwk
from cefrbench.weighting import Doubles, balanced

#: Layers of a fold among which the choice is made again: its best on the inner cuts.
SHORTLIST = 2
#: Layer and penalty.
Choice: TypeAlias = "tuple[int, float | None]"
#: What is refitted: a probe's fits of layers that count, or of layer 0, by fold.
Keep: TypeAlias = "dict[Place, Predicted]"


def draw_texts(table: EssayTable, replicates: int) -> Doubles:
    """How often each replicate draws the text of each row, keyed by text: ``(n, replicates)``."""
    return TextWeights(replicates).of(text_codes(np.array(table.key))).astype(np.float64)


def resampled(table: EssayTable, rows: FoldRows, drawn: Doubles) -> list[FoldRows]:
    """Training rows as each replicate draws them.

    Parameters
    ----------
    table : EssayTable
    rows : FoldRows
    drawn : ndarray of float64, shape (len(table), replicates)
        Poisson weights of :func:`draw_texts`.
    """
    found = []
    for each in drawn.T:
        weighting = balanced(table, rows.train, each[rows.train])
        origin = rows.origin and replace(rows.origin, drawn=each[rows.train])
        found.append(replace(rows, weight=weighting.weight, count=weighting.count, origin=origin))
    return found


@dataclass(frozen=True, slots=True)
class Refitting:
    """Refits of what a collector has kept.

    Attributes
    ----------
    sweep : Sweep
    collector : Collector
        Its kept predictions get the refits, its records the failures.
    leaders : mapping of str to str
        By probe: the one whose choice of a layer it takes.
    refits : int
    progress : Progress
    """

    sweep: Sweep
    collector: Collector
    leaders: Mapping[str, str]
    refits: int
    progress: Progress

    def run(self, probes: Sequence[ProbeSpec]) -> None:
        """Refit all that is kept, with a seeded probe's first seed.

        Layer 0 and probes that follow another are refitted under the headline protocols alone: they
        are compared there alone, and nets cost the most. Methods are compared at the layers that
        they choose: layer 0 of theirs is not refitted.
        """
        drawn = draw_texts(self.sweep.table, self.refits)
        self.progress.start("refits", 2 * len(probes), "probes")
        # Leaders first: followers take the layers of their choices.
        ordered = sorted(probes, key=lambda spec: spec.name in self.leaders)
        for held, found in self._all(ordered, drawn):
            self._place(held, found)
            self.progress.advance(1)
        self.progress.finish()

    def ahead(self, probes: Sequence[ProbeSpec], company: Company) -> None:
        """Refit what nobody has refitted yet, and leave what others are at; nothing is placed."""
        drawn = draw_texts(self.sweep.table, self.refits)
        alone = replace(self, sweep=self.sweep.impatient(company))
        leading = [spec for spec in probes if spec.name not in self.leaders]
        for leader in company.turned(leading):
            led = [spec for spec in probes if self.leaders.get(spec.name) == leader.name]
            with suppress(ClaimedError):
                for _ in alone._all([leader, *led], drawn):
                    pass

    def _all(
        self, probes: Sequence[ProbeSpec], drawn: Doubles
    ) -> Iterator[tuple[Keep, Mapping[Place, Sequence[FoldFit | FitFailure]]]]:
        """Fits of all that is kept of some probes, in turn, leaders before those who follow."""
        kept = self.collector.kept
        redrawn: dict[tuple[str, int], list[Choice]] = {}
        for spec in probes:
            for held in (kept.choice, kept.embedding):
                own = self._wanted(spec, held, everywhere=held is kept.choice)
                apart = held is kept.embedding
                if apart and PLUS in spec.name:
                    yield held, {}
                    continue
                if spec.name in self.leaders:
                    choices = self._following(spec, own, {} if apart else redrawn)
                else:
                    choices = self._choices(spec, own, drawn)
                    if not apart:
                        redrawn |= {(spec.name, place[1]): each for place, each in choices.items()}
                yield held, self._refit(spec, choices, drawn)

    def _wanted(self, spec: ProbeSpec, held: Keep, *, everywhere: bool) -> Keep:
        """What of a probe is refitted."""
        seed = self.sweep.seeds_of(spec)[0]
        folds = self.collector.folds
        lead = headline([planned.protocol for planned in folds])
        everywhere = everywhere and spec.name not in self.leaders
        return {
            place: one
            for place, one in held.items()
            if place[0] == spec.name
            and one.seed == seed
            and (everywhere or folds[one.fold].protocol in lead)
        }

    # -- the choice, made again ------------------------------------------------------------------

    def _choices(self, spec: ProbeSpec, own: Keep, drawn: Doubles) -> dict[Place, list[Choice]]:
        """Layer and penalty of each replicate: chosen again out of distribution, else as it was."""
        found = {place: [(one.layer, one.penalty)] * self.refits for place, one in own.items()}
        outside = usual_of("out", [planned.protocol for planned in self.collector.folds])
        again = {
            place: self._shortlist(one)
            for place, one in own.items()
            if self.collector.folds[one.fold].protocol == outside
            and self.collector.folds[one.fold].fold.inner
        }
        best: dict[Place, list[list[tuple[tuple[float, int, int], Choice]]]] = defaultdict(
            lambda: [[] for _ in range(self.refits)]
        )
        for layer in sorted({layer for layers in again.values() for layer in layers}):
            at = [place for place, layers in again.items() if layer in layers]
            for place, values in self._inner(spec, layer, at, drawn):
                penalties = self.sweep.penalties_of(spec)
                for p, penalty in enumerate(penalties):
                    for r, value in enumerate(values[p]):
                        order = (*by_inner(layer, value), p)
                        best[place][r].append((order, (layer, penalty)))
        return found | {
            place: [min(each, key=lambda pair: pair[0])[1] for each in replicates]
            for place, replicates in best.items()
        }

    def _shortlist(self, one: Predicted) -> list[int]:
        """The best layers of a fold; layer 0 stands alone."""
        planned = self.collector.folds[one.fold]
        run = (planned.protocol, planned.fold.name, one.probe, one.seed)
        fits = [fit for fit in self.collector.records.fits if run_of(fit) == run]
        eligible = [fit for fit in fits if (fit.layer > 0) == (one.layer > 0)]
        eligible.sort(key=lambda fit: by_inner(fit.layer, inner_qwk(fit)))
        return [fit.layer for fit in eligible[:SHORTLIST]]

    def _inner(
        self, spec: ProbeSpec, layer: int, places: Sequence[Place], drawn: Doubles
    ) -> Iterator[tuple[Place, list[list[float | None]]]]:
        """QWK on the inner cuts of folds, ``[penalty][replicate]``; failed fits have none."""
        sweep, table = self.sweep, self.sweep.table
        readings = {place: sweep.jobs.held[place[1]] for place in places}
        numbers = sorted({one.job for each in readings.values() for one in each})
        rows = [
            again
            for number in numbers
            for again in resampled(table, sweep.jobs.rows[number], drawn)
        ]
        penalties = sweep.penalties_of(spec)
        fits = sweep.fit(layer, spec, rows, penalties, sweep.seeds_of(spec)[:1])
        start = {number: i * self.refits for i, number in enumerate(numbers)}
        for place in places:
            cuts = self.collector.folds[place[1]].fold.inner
            found: list[list[float | None]] = [[] for _ in penalties]
            for p in range(len(penalties)):
                for r, count in enumerate(drawn.T):
                    counted: dict[str, NDArray[np.float64]] = {}
                    for reading, cut in zip(readings[place], cuts, strict=True):
                        fit = fits[start[reading.job] + r][p][0]
                        if isinstance(fit, FitFailure):
                            counted = {}
                            break
                        for name, own in cut.held.items():
                            values = fit.predictions[reading.places[name]]
                            part = drawn_confusion(table, own, values, count[own])
                            counted[name] = counted.get(name, 0.0) + part
                    found[p].append(mean_qwk(list(counted.values())) if counted else None)
            yield place, found

    def _following(
        self, spec: ProbeSpec, own: Keep, redrawn: Mapping[tuple[str, int], Sequence[Choice]]
    ) -> dict[Place, list[Choice]]:
        """Layers of the leader's replicates, at the follower's own penalty."""
        leader = self.leaders[spec.name]
        return {
            place: [
                (layer, one.penalty)
                for layer, _ in redrawn.get((leader, one.fold), [(one.layer, None)] * self.refits)
            ]
            for place, one in own.items()
        }

    # -- the fits --------------------------------------------------------------------------------

    def _refit(
        self,
        spec: ProbeSpec,
        choices: Mapping[Place, Sequence[Choice]],
        drawn: Doubles,
    ) -> dict[Place, list[FoldFit | FitFailure]]:
        """Fit each replicate's choice on its training texts."""
        sweep = self.sweep
        rows: dict[int, list[FoldRows]] = {}
        asked: dict[Choice, dict[tuple[int, int], list[tuple[Place, int]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for place, each in choices.items():
            job = sweep.jobs.scored[place[1]].job
            for r, choice in enumerate(each):
                asked[choice][job, r].append((place, r))
        found: dict[Place, dict[int, FoldFit | FitFailure]] = {place: {} for place in choices}
        for choice in sorted(asked, key=lambda choice: choice[0]):
            layer, penalty = choice
            for job, _ in asked[choice]:
                if job not in rows:
                    rows[job] = resampled(sweep.table, sweep.jobs.rows[job], drawn)
            wanted = [rows[job][r] for job, r in asked[choice]]
            fits = sweep.fit(layer, spec, wanted, (penalty,), sweep.seeds_of(spec)[:1])
            for fit, readers in zip(fits, asked[choice].values(), strict=True):
                for place, r in readers:
                    found[place][r] = fit[0][0]
        return {place: [each[r] for r in range(self.refits)] for place, each in found.items()}

    def _place(self, held: Keep, found: Mapping[Place, Sequence[FoldFit | FitFailure]]) -> None:
        """Put what refits predict beside what is kept."""
        for place, own in found.items():
            good = [fit for fit in own if isinstance(fit, FoldFit)]
            if len(good) == len(own):
                held[place] = _with_refits(held[place], good, self._places(place))
            else:
                self._fail(held[place], next(f for f in own if isinstance(f, FitFailure)))

    def _places(self, place: Place) -> NDArray[np.intp]:
        reading, planned = self.sweep.jobs.scored[place[1]], self.collector.folds[place[1]]
        return np.concatenate([reading.places[part] for part in planned.fold.scored])

    def _fail(self, one: Predicted, failure: FitFailure) -> None:
        planned = self.collector.folds[one.fold]
        self.collector.records.failures.append(
            FailureRecord(
                stage="probe",
                name=one.probe,
                cause=f"{failure.message} (a fit on resampled texts)",
                protocol=planned.protocol,
                fold=planned.fold.name,
                layer=one.layer,
                seed=one.seed,
            )
        )


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
