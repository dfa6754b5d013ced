"""What a probe chose in each fold: its predictions, and more fits at that layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench.analyses.studied import Studied
from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeSpec
from cefrbench.contracts.protocol import Fold, Inner
from cefrbench.essays import EssayTable, Ints
from cefrbench.probing.fit import FitFailure
from cefrbench.probing.jobs import weighted_rows
from cefrbench.probing.sweep import Fits, Penalties, Seeds
from cefrbench.results.build import confusion
from cefrbench.results.model import PenaltyRecord
from cefrbench.results.selection import best_penalty
from cefrbench.statistics.scores import mean_qwk

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chosen:
    """One fold at the layer and penalty that a probe chose there, with its first seed.

    Attributes
    ----------
    protocol : str
    fold : Fold
    probe : ProbeSpec
    seeds : tuple of (int or None)
        The first seed alone.
    layer : int
    penalty : float or None
    values : ndarray of float64, shape (len(table),)
        Predictions, unrounded; NaN of rows that the fold doesn't score.
    scores : ndarray of float64, shape (len(table),)
        Continuous scores; NaN also where the probe has none.
    """

    protocol: str
    fold: Fold
    probe: ProbeSpec
    seeds: Seeds
    layer: int
    penalty: float | None
    values: Doubles
    scores: Doubles


def choices_of(studied: Studied, protocol: str, probe: ProbeSpec) -> list[Chosen]:
    """Folds of a protocol in which a probe chose and was scored, in their order."""
    seeds = studied.sweep.seeds_of(probe)[:1]
    made = {
        (c.fold, c.layer): c
        for c in studied.result.choices
        if (c.protocol, c.probe, c.seed) == (protocol, probe.name, seeds[0])
    }
    folds = {p.fold.name: p.fold for p in studied.folds if p.protocol == protocol}
    found: dict[str, Chosen] = {}
    for key, unit in studied.predictions.units():
        choice = made.get((key.fold, key.layer))
        if choice is None or (key.protocol, key.probe, key.seed) != (
            protocol,
            probe.name,
            seeds[0],
        ):
            continue
        if key.fold not in found:
            empty = (np.full(len(studied.table), np.nan) for _ in range(2))
            fold = folds[key.fold]
            found[key.fold] = Chosen(
                protocol, fold, probe, seeds, choice.layer, choice.penalty, *empty
            )
        # A unit's rows stand in the order in which its fold scores them.
        rows = found[key.fold].fold.scored[key.corpus]
        found[key.fold].values[rows] = unit.prediction
        found[key.fold].scores[rows] = unit.score
    return list(found.values())


def fit_more(
    studied: Studied, asked: Sequence[tuple[Chosen, FoldRows]], what: str
) -> list[FoldFit | FitFailure]:
    """Fit other rows at what was chosen; all that share layer and penalty at once.

    Parameters
    ----------
    studied : Studied
    asked : sequence of (Chosen, FoldRows)
    what : str
        Title of the progress bar.

    Returns
    -------
    list of FoldFit or FitFailure
        In the order of ``asked``.
    """
    alike: dict[tuple[int, float | None, str, Seeds], list[int]] = defaultdict(list)
    for place, (one, _) in enumerate(asked):
        alike[one.layer, one.penalty, one.probe.name, one.seeds].append(place)
    found: dict[int, FoldFit | FitFailure] = {}
    studied.progress.start(what, len(asked), "fits")
    for (layer, penalty, _, seeds), places in sorted(alike.items(), key=lambda item: item[0][0]):
        rows = [asked[place][1] for place in places]
        probe = asked[places[0]][0].probe
        fits = studied.sweep.fit(layer, probe, rows, (penalty,), seeds)
        found |= {place: path[0][0] for place, path in zip(places, fits, strict=True)}
        studied.progress.advance(len(places))
    studied.progress.finish()
    return [found[place] for place in range(len(asked))]


@dataclass(frozen=True, slots=True)
class Anew:
    """A fit of one fold on other rows, whose penalty is chosen anew on those rows.

    Attributes
    ----------
    chosen : Chosen
        Gives layer, probe and seed; and the penalty, where no cut of the rows can tell.
    train, predict : ndarray of int
    inner : tuple of Inner
        Cuts of ``train``.
    """

    chosen: Chosen
    train: Ints
    predict: Ints
    inner: tuple[Inner, ...]


def inside(cuts: Sequence[Inner], rows: Ints) -> tuple[Inner, ...]:
    """Cuts of some of the rows that were cut: what of both sides is among them."""
    found = []
    for cut in cuts:
        train = cut.train[np.isin(cut.train, rows)]
        held = {name: part[np.isin(part, rows)] for name, part in cut.held.items()}
        held = {name: part for name, part in held.items() if len(part)}
        if len(train) and held:
            found.append(Inner(train, held))
    return tuple(found)


def fit_anew(studied: Studied, asked: Sequence[Anew], what: str) -> list[FoldFit | FitFailure]:
    """Fit on other rows, with the penalty that their own inner cuts favour.

    The penalty of many texts is none for few: with one chosen for 1,900 texts, 400 texts of 384
    features scored worse than 100 did.

    Parameters
    ----------
    studied : Studied
    asked : sequence of Anew
    what : str
        Title of the progress bar.

    Returns
    -------
    list of FoldFit or FitFailure
        In the order of ``asked``.
    """
    alike: dict[tuple[int, str, Seeds], list[int]] = defaultdict(list)
    for place, one in enumerate(asked):
        alike[one.chosen.layer, one.chosen.probe.name, one.chosen.seeds].append(place)
    found: dict[int, FoldFit | FitFailure] = {}
    studied.progress.start(what, len(asked), "fits")
    for (layer, _, seeds), places in sorted(alike.items(), key=lambda item: item[0][0]):
        probe = asked[places[0]].chosen.probe
        penalties = studied.sweep.penalties_of(probe)
        table, rows = studied.table, []
        for place in places:
            one = asked[place]
            rows.append(weighted_rows(table, one.train, one.predict))
            for cut in one.inner if len(penalties) > 1 else ():
                rows.append(weighted_rows(table, cut.train, np.concatenate([*cut.held.values()])))
        fits = iter(studied.sweep.fit(layer, probe, rows, penalties, seeds))
        for place in places:
            one, path = asked[place], next(fits)
            held = [next(fits) for _ in one.inner] if len(penalties) > 1 else []
            found[place] = path[_favoured(table, one, penalties, held)][0]
        studied.progress.advance(len(places))
    studied.progress.finish()
    return [found[place] for place in range(len(asked))]


def _favoured(table: EssayTable, one: Anew, penalties: Penalties, held: Fits) -> int:
    """Place of the penalty with the best mean QWK over the corpora that cuts hold out."""
    path = []
    for place, penalty in enumerate(penalties):
        counts: dict[str, NDArray[np.int64]] = {}
        for cut, fits in zip(one.inner, held, strict=bool(held)):
            fit = fits[place][0]
            if isinstance(fit, FitFailure):
                continue
            parts = np.split(fit.predictions, np.cumsum([*map(len, cut.held.values())])[:-1])
            for (name, rows), values in zip(cut.held.items(), parts, strict=True):
                counted = confusion(table, rows, values)
                counts[name] = counts[name] + counted if name in counts else counted
        inner_qwk = mean_qwk(list(counts.values()))
        path.append(PenaltyRecord(penalty=penalty, inner_qwk=inner_qwk, scored_qwk=None))
    if all(point.inner_qwk is None for point in path):
        return penalties.index(one.chosen.penalty)
    return best_penalty(path)
