"""Check a result's figures: recompute every one that follows from others, and compare."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from cefrbench.errors import UserError
from cefrbench.results.analyses import check_analyses
from cefrbench.results.check_predictions import name_of
from cefrbench.results.commitments import check_commitments
from cefrbench.results.corpus_scores import choice_scores, layer_scores
from cefrbench.results.findings import TOLERANCE, Mismatch, Mismatches, diff, unique
from cefrbench.results.model import Confusion, CorpusScore, FitRecord, RunResult, UnitRecord
from cefrbench.results.predictions import UnitKey, unit_key
from cefrbench.results.selection import (
    Run,
    best_penalty,
    choose,
    run_of,
)
from cefrbench.results.summary import is_complete, summarise
from cefrbench.statistics.scores import (
    CONTINUOUS,
    Scores,
    mean_defined,
    named_scores,
    qwks,
    score_rows,
)

#: More texts than any corpus has; what is above can't be a count.
MOST_TEXTS = 2**40
#: Sums of errors outside the scale have no bound but this: scores of larger ones might overflow.
MOST_ERROR = 1e200
_PLACE = attrgetter(*(name for name in CorpusScore.model_fields if name != "scores"))
_SCORES = attrgetter(*Scores.model_fields)
_SUMS = attrgetter(*(name for name in Scores.model_fields if name not in CONTINUOUS))


def check_figures(result: RunResult) -> list[Mismatch]:
    """Recompute what follows from the confusion matrices and sums of a result."""
    size = len(result.scale)
    held = _counts([held.confusion for fit in result.fits for held in fit.held], size)
    units = _counts([unit.confusion for unit in result.units], size)
    shape = list(_check_shapes(result, held is not None, units is not None))
    if shape or held is None or units is None:
        return shape  # nothing can be computed from a matrix that is none
    checks = (
        _check_corpora(result),
        _check_splits(result),
        _check_units(result, units),
        _check_fits(result, held),
        _check_tables(result),
        check_analyses(result),
        check_commitments(result),
    )
    return list(chain.from_iterable(checks))


def _check_shapes(result: RunResult, held_sound: bool, units_sound: bool) -> Mismatches:
    """See that matrices are matrices and sums of a size that scores can be computed from."""
    size = len(result.scale)
    for i, fit in enumerate(result.fits):
        if fit.penalty not in [point.penalty for point in fit.path]:
            yield Mismatch(f"fits[{i}].penalty", str(fit.penalty), "one of its path")
        for held in () if held_sound else fit.held:
            if not _is_matrix(held.confusion, size):
                yield _no_matrix(f"fits[{i}].held", held.confusion, size)
    for i, unit in enumerate(result.units):
        if not (units_sound or _is_matrix(unit.confusion, size)):
            yield _no_matrix(f"units[{i}].confusion", unit.confusion, size)
            continue
        most = sum(map(sum, unit.confusion)) * size**2
        if not all(0 <= value <= most for value in unit.sums.numbers):
            unclipped = unit.probe in result.config.unclipped_probes
            for name, value in unit.sums:
                top = MOST_ERROR if unclipped and name in ("absolute", "squared") else most
                if not 0 <= value <= top:
                    yield Mismatch(f"units[{i}].sums.{name}", str(value), f"0 to {top}")


def _counts(matrices: Sequence[Confusion], size: int) -> NDArray[np.int64] | None:
    """All of them in one array; None where one is no matrix, and each is looked at."""
    if not matrices:
        return np.zeros((0, size, size), dtype=np.int64)
    try:
        counts = np.array(matrices, dtype=np.int64)
    except (ValueError, OverflowError):  # of unequal lengths, or a number above all bounds
        return None
    shaped = counts.shape == (len(matrices), size, size)
    return counts if shaped and counts.min() >= 0 and counts.max() <= MOST_TEXTS else None


def _is_matrix(matrix: Confusion, size: int) -> bool:
    square = len(matrix) == size and all(len(row) == size for row in matrix)
    return square and min(map(min, matrix)) >= 0 and max(map(max, matrix)) <= MOST_TEXTS


def _no_matrix(where: str, matrix: Confusion, size: int) -> Mismatch:
    return Mismatch(where, str(matrix)[:200], f"{size} rows of {size} counts from 0")


def _check_corpora(result: RunResult) -> Mismatches:
    yield from unique("corpora", [corpus.card.name for corpus in result.corpora])
    for i, corpus in enumerate(result.corpora):
        where, cleaning = f"corpora[{i}]", corpus.cleaning
        yield from diff(f"{where}.levels", sorted(corpus.levels), sorted(result.scale))
        yield from diff(f"{where}.texts", corpus.texts, sum(corpus.levels.values()))
        if not 0 < corpus.units <= corpus.texts:
            yield Mismatch(f"{where}.units", str(corpus.units), f"1 to {corpus.texts}")
        kept = cleaning.rows - sum(cleaning.dropped.values())
        yield from diff(f"{where}.cleaning.kept", cleaning.kept, kept)
        limit = result.config.limit
        most = cleaning.kept if limit is None else min(cleaning.kept, limit)
        yield from diff(f"{where}.texts", corpus.texts, most)


def _check_splits(result: RunResult) -> Mismatches:
    yield from unique("splits", [(split.protocol, split.fold) for split in result.splits])
    protocols = {card.name for card in result.protocols}
    for i, split in enumerate(result.splits):
        where = f"splits[{i}]"
        if split.protocol not in protocols:
            yield Mismatch(f"{where}.protocol", split.protocol, " or ".join(sorted(protocols)))
        yield from diff(f"{where}.train", split.train, sum(split.train_levels))


def _check_fits(result: RunResult, counts: NDArray[np.int64]) -> Mismatches:
    """Each fit once, of a known fold, layer and probe, with a unit for every scored part."""
    yield from unique("fits", [(*run_of(fit), fit.layer) for fit in result.fits])
    splits = {(split.protocol, split.fold): split for split in result.splits}
    units = {unit_key(unit) for unit in result.units}
    places = _Places(result)
    grids = _grids(result)
    # What inner cuts hold out is the same whatever is fitted on their other side.
    sizes: dict[tuple[str, str, str], int] = {}
    qwks: dict[tuple[Run, int], list[float]] = {}
    for unit in result.units:
        if unit.scores.qwk is not None:
            qwks.setdefault((run_of(unit), unit.layer), []).append(unit.scores.qwk)
    texts = iter(counts.sum((1, 2)).tolist())
    held_qwks = _held_qwks(result, counts)
    for i, (fit, held_qwk) in enumerate(zip(result.fits, held_qwks, strict=True)):
        where, split = f"fits[{i}]", splits.get((fit.protocol, fit.fold))
        yield from places.check(where, fit)
        own = [next(texts) for _ in fit.held]
        if split is None:
            continue
        yield from _check_path(where, fit, held_qwk, qwks.get((run_of(fit), fit.layer), []))
        path = tuple(point.penalty for point in fit.path)
        if (grid := grids.get(fit.probe, (None,))) not in (path, ()):
            yield from diff(f"{where}.path", path, grid)
        for held, n in zip(fit.held, own, strict=True):
            first = sizes.setdefault((fit.protocol, fit.fold, held.corpus), n)
            if n != first:
                yield from diff(f"{where}.held.{held.corpus}", n, first)
        for corpus in split.scored:
            key = (fit.protocol, fit.fold, corpus, fit.probe, fit.seed, fit.layer)
            if key not in units:
                yield Mismatch(where, "no unit", f"units of {name_of(UnitKey(*key))}")


def _grids(result: RunResult) -> dict[str, tuple[float | None, ...]]:
    """What the path of each probe's fits has: its card's values, if it tries any.

    Nothing where the user fixed them.
    """
    fixed = {entry.partition("=")[0] for entry in result.config.penalties}
    corrected = result.config.form == "corrected"
    grids: dict[str, tuple[float | None, ...]] = {
        card.name: card.penalty.values
        for card in result.probes
        if card.penalty is not None and corrected
    }
    return grids | dict.fromkeys(fixed, ())


def _held_qwks(result: RunResult, counts: NDArray[np.int64]) -> Iterator[float | None]:
    """Mean QWK over what each fit's inner cuts held out; all at once."""
    found = iter(qwks(counts))
    for fit in result.fits:
        yield mean_defined([next(found) for _ in fit.held])


def _check_path(where: str, fit: FitRecord, held: float | None, scored: list[float]) -> Mismatches:
    """The penalty is the best of its path, and its QWK is that of what was held out and scored."""
    yield from unique(f"{where}.path", [point.penalty for point in fit.path])
    best = fit.path[best_penalty(fit.path)]
    if best.penalty != fit.penalty:
        yield Mismatch(f"{where}.penalty", str(fit.penalty), "the best of its path")
    else:
        yield from diff(f"{where}.path", best.inner_qwk, held)
        mean = math.fsum(scored) / len(scored) if scored else None
        yield from diff(f"{where}.path", best.scored_qwk, mean)


class _Places:
    """What a result's splits, probes and layers let a record be of."""

    def __init__(self, result: RunResult) -> None:
        self._folds = {(s.protocol, s.fold) for s in result.splits if s.skipped is None}
        self._seeds = {
            card.name: result.config.seeds if card.seeded else (None,) for card in result.probes
        }
        self._layers = set(result.encoder.layers)
        self._sound: set[tuple[Run, int]] = set()

    def check(self, where: str, record: FitRecord | UnitRecord) -> list[Mismatch]:
        """Say what is wrong with a record's place; thousands of records share a few hundred."""
        place = (run_of(record), record.layer)
        if place in self._sound:
            return []
        findings = list(self._check(where, record))
        if not findings:
            self._sound.add(place)
        return findings

    def _check(self, where: str, record: FitRecord | UnitRecord) -> Mismatches:
        if (record.protocol, record.fold) not in self._folds:
            yield Mismatch(f"{where}.fold", f"{record.protocol} {record.fold}", "a fold in splits")
        if record.probe not in self._seeds:
            yield Mismatch(f"{where}.probe", record.probe, "a probe in probes")
        elif record.seed not in self._seeds[record.probe]:
            yield Mismatch(f"{where}.seed", str(record.seed), "a seed in config.seeds, or null")
        if record.layer not in self._layers:
            yield Mismatch(f"{where}.layer", str(record.layer), "a layer in encoder.layers")


def _check_units(result: RunResult, counts: NDArray[np.int64]) -> Mismatches:
    """Each unit once and with its fit; n, scores and the bounds of its sums."""
    units = result.units
    yield from unique("units", [unit_key(unit) for unit in units])
    if not units:
        return
    splits = {(split.protocol, split.fold): split for split in result.splits}
    fits = {(*run_of(fit), fit.layer) for fit in result.fits}
    places = _Places(result)
    sizes = counts.sum((1, 2)).tolist()
    scored = score_rows(counts, [unit.sums for unit in units])
    none = (None,) * len(CONTINUOUS)
    gold: dict[tuple[str, str, str], UnitRecord] = {}
    for i, unit in enumerate(units):
        where, split = f"units[{i}]", splits.get((unit.protocol, unit.fold))
        yield from places.check(where, unit)
        if (*run_of(unit), unit.layer) not in fits:
            yield Mismatch(where, name_of(unit_key(unit)), "a fit in fits that it comes from")
        if split is not None and unit.n != split.scored.get(unit.corpus):
            yield from diff(f"{where}.n", unit.n, split.scored.get(unit.corpus))
        if unit.n != sizes[i]:
            yield from diff(f"{where}.n", unit.n, sizes[i])
        if _SCORES(unit.scores) != (*scored[i], *none):
            yield from diff(f"{where}.scores", unit.scores, named_scores(scored[i]))
        # No prediction moves the gold levels: they are the same in all units of a scored part.
        first = gold.setdefault((unit.protocol, unit.fold, unit.corpus), unit).sums
        for name in ("gold", "gold_squared") if unit.sums is not first else ():
            yield from diff(f"{where}.sums.{name}", getattr(unit.sums, name), getattr(first, name))
    yield from _check_sums(result, counts)


def _check_sums(result: RunResult, counts: NDArray[np.int64]) -> Mismatches:
    """Sums must lie where rounding lets them: each error within half a level of its cell's.

    A prediction that is not clipped may lie as far outside the scale as it likes.
    """
    units = result.units
    beyond = np.array([unit.probe in result.config.unclipped_probes for unit in units])
    beyond &= counts[:, :, [0, -1]].any((1, 2))
    classes = np.arange(counts.shape[1])
    off = np.abs(classes[:, None] - classes[None, :])
    low, high = np.maximum(0, off - 0.5), off + 0.5
    for name, least, most in (("absolute", low, high), ("squared", low**2, high**2)):
        values = np.array([getattr(unit.sums, name) for unit in units])
        bottom, top = (counts * least).sum((1, 2)), (counts * most).sum((1, 2))
        slack = TOLERANCE * (1 + top)
        inside = (bottom - slack <= values) & (beyond | (values <= top + slack))
        for i in np.flatnonzero(~inside).tolist():
            expected = f"{bottom[i]:g} to {top[i]:g}, by the confusion matrix"
            yield Mismatch(f"units[{i}].sums.{name}", str(float(values[i])), expected)
    if result.config.form == "study":
        rows = counts.sum(2)
        for name, power in (("gold", 1), ("gold_squared", 2)):
            for i, expected_sum in enumerate((rows @ classes**power).tolist()):
                found = getattr(units[i].sums, name)
                yield from diff(f"units[{i}].sums.{name}", found, float(expected_sum))


def _check_tables(result: RunResult) -> Mismatches:
    choices = choose(result.fits, result.probes)
    names = [corpus.card.name for corpus in result.corpora]
    yield from diff("choices", result.choices, choices)
    scores = [*layer_scores(result.units), *choice_scores(result.units, choices)]
    if [_counted(score) for score in result.scores] != [_counted(score) for score in scores]:
        yield from diff("scores", _of_units(result.scores), scores)
    summary = summarise(result.scores, result.splits, choices, names)
    yield from diff("summary", result.summary, summary)
    try:
        complete = is_complete(result)
    except UserError as error:
        yield Mismatch("suite", result.suite, str(error))
    else:
        yield from diff("complete", result.complete, complete)
    yield from diff("suite", result.suite, result.config.suite)


def _counted(score: CorpusScore) -> tuple[object, ...]:
    """What a confusion matrix says of a score, and where it stands."""
    return _PLACE(score), _SUMS(score.scores)


def _of_units(scores: Iterable[CorpusScore]) -> list[CorpusScore]:
    """Leave out what no confusion matrix says."""
    none = dict.fromkeys(CONTINUOUS)
    return [
        score.model_copy(update={"scores": score.scores.model_copy(update=none)})
        for score in scores
    ]
