"""Check the predictions beside a result: tally, rank and count them again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.corpus_scores import NOT_YET, place_of, scores_at
from cefrbench.results.findings import Mismatch, Mismatches, diff
from cefrbench.results.gold import check_gold
from cefrbench.results.model import RunResult, UnitRecord
from cefrbench.results.predictions import PredictionTable, UnitKey, unit_key
from cefrbench.results.selection import kept_units, refitted_units
from cefrbench.statistics.scores import CONTINUOUS, Tally, tallies, tally


def check_predictions(
    result: RunResult, table: PredictionTable, *, ranked: bool = True
) -> list[Mismatch]:
    """Tally the stored predictions again and compare with the units they belong to.

    Parameters
    ----------
    result : RunResult
    table : PredictionTable
    ranked : bool
        Compute scores of ranks again too, where nothing else is wrong: with the other figures.
    """
    findings: list[Mismatch] = []
    if result.predictions is not None:
        findings += diff("predictions.rows", result.predictions.rows, len(table))
    places = {unit_key(unit): index for index, unit in enumerate(result.units)}
    missing = {
        unit_key(unit): (places[unit_key(unit)], unit) for unit in kept_units(result) if unit.n
    }
    tallied = _tallied(result, table)
    for number, (key, rows) in enumerate(table.units()):
        if key not in missing:
            findings.append(
                Mismatch("predictions", name_of(key), "units of the stored layers, once")
            )
            continue
        index, unit = missing.pop(key)
        where = f"units[{index}]"
        if tallied is None:
            findings += _check_predicted(where, unit, rows, result)
        else:
            findings += _check_tally(where, unit, tallied[number])
    for key, (index, _) in missing.items():
        findings.append(Mismatch(f"units[{index}]", "no predictions", f"those of {name_of(key)}"))
    findings += check_gold(result, table)
    if ranked and not findings:
        findings += [*_check_ranked(result, table), *_check_refits(result, table)]
    return findings


def _check_refits(result: RunResult, table: PredictionTable) -> Mismatches:
    """Refits are as many as asked for, finite, and there where a run makes them or says why not."""
    asked = result.config.refits if result.config.form == "corrected" else 0
    if len(table):
        yield from diff("predictions.refits", table.replicates, asked)
    refitted = {unit_key(unit) for unit in refitted_units(result)}
    failed = {(f.protocol, f.fold, f.name, f.seed, f.layer) for f in result.failures}
    for key, rows in table.units():
        if not table.replicates:
            return
        excused = (key.protocol, key.fold, key.probe, key.seed, key.layer) in failed
        if key in refitted and not excused:
            scored = ~np.isnan(rows.score)
            ranked = rows.refit_score if scored.all() else rows.refit_score[scored]
            sound = all((_size(one) < _INFINITE).all() for one in (rows.refit_prediction, ranked))
        else:
            both = rows.refit_prediction, rows.refit_score
            sound = all((_size(one) > _INFINITE).all() for one in both)
        if not sound:
            expected = "finite ones" if key in refitted else "none"
            yield Mismatch("predictions.refits", f"others at {name_of(key)}", expected)


#: Infinity in half precision without its sign, as bits; above it is NaN, below it all else.
_INFINITE = 0x7C00


def _size(values: NDArray[np.float16]) -> NDArray[np.uint16]:
    """Bits without the sign, which compare as sizes do; processors don't compute with halves."""
    bits: NDArray[np.uint16] = np.ascontiguousarray(values).view(np.uint16) & np.uint16(0x7FFF)
    return bits


def _check_ranked(result: RunResult, table: PredictionTable) -> Mismatches:
    """Score the continuous predictions of all corpora once more; other scores follow from units.

    Those of layers that keep no predictions can't be computed again; they have to be scores.
    """
    size, known = len(result.scale), result.scores
    stored = scores_at(table, result.choices, size)
    none = dict.fromkeys(CONTINUOUS)
    absent = NOT_YET if result.schema_version == "2.0" else {}
    for i, score in enumerate(known):
        found = {name: getattr(score.scores, name) for name in CONTINUOUS}
        elsewhere = none if score.layer is None else found
        expected = stored.get((place_of(score, score.layer), score.n), elsewhere) | absent
        if found != expected:
            yield from diff(f"scores[{i}].scores", found, expected)
        for name, value in found.items():
            if value is not None and not -1 <= value <= 1:
                yield Mismatch(f"scores[{i}].scores.{name}", str(value), "-1 to 1")


def _check_predicted(
    where: str, unit: UnitRecord, rows: PredictionTable, result: RunResult
) -> Mismatches:
    classes = len(result.scale)
    inside = (rows.low >= 0) & (rows.low <= rows.high) & (rows.high < classes)
    if not (inside.all() and np.isfinite(rows.prediction).all()):
        yield Mismatch(where, "predictions or levels out of range", "finite ones on the scale")
        return
    clip = unit.probe not in result.config.unclipped_probes
    counted = tally(rows.prediction, rows.low, rows.high, classes, clip=clip)
    yield from _check_tally(where, unit, counted)


def _check_tally(where: str, unit: UnitRecord, counted: Tally) -> Mismatches:
    confusion = tuple(map(tuple, counted.confusion.tolist()))
    yield from diff(f"{where}.confusion", unit.confusion, confusion)
    yield from diff(f"{where}.sums", unit.sums, counted.sums)


def _tallied(result: RunResult, table: PredictionTable) -> list[Tally] | None:
    """Tally all units at once; None where something is out of range, and each is looked at."""
    classes = len(result.scale)
    inside = (table.low >= 0) & (table.low <= table.high) & (table.high < classes)
    if not len(table) or not (inside.all() and np.isfinite(table.prediction).all()):
        return None
    units = list(table.units())
    sizes = [len(rows) for _, rows in units]
    clipped = [key.probe not in result.config.unclipped_probes for key, _ in units]
    return tallies(
        table.prediction,
        table.low,
        table.high,
        classes,
        ends=np.cumsum(sizes).tolist(),
        clip=np.repeat(np.array(clipped), sizes),
    )


def name_of(key: UnitKey) -> str:
    """Name a unit in a finding."""
    seed = "" if key.seed is None else f", seed {key.seed}"
    return f"{key.protocol} {key.fold}, {key.corpus}, {key.probe}, layer {key.layer}{seed}"
