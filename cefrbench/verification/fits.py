"""Fits made again of the same features, held to a result's: choices, gold levels, predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from cefrbench.contracts.cards import ProbeCard
from cefrbench.results.build import Collector
from cefrbench.results.check_predictions import name_of
from cefrbench.results.findings import Mismatch, Mismatches
from cefrbench.results.model import ChoiceRecord, Confusion, FitRecord, RunResult, UnitRecord
from cefrbench.results.predictions import PredictionTable, unit_key
from cefrbench.results.selection import run_of
from cefrbench.verification.tolerances import PREDICTION, share


def check_refitted(
    result: RunResult,
    published: PredictionTable,
    collector: Collector,
    choices: Sequence[ChoiceRecord],
) -> Mismatches:
    """Hold all that was fitted again to what the result says of the same layers."""
    cards = {card.name: card for card in result.probes}
    yield from _check_fits(result.fits, collector.records.fits, cards)
    yield from _check_choices(result.choices, choices)
    yield from _check_units(result.units, collector.records.units, cards)
    yield from check_predicted(published, collector.kept.predictions(0), cards)


def check_predicted(
    published: PredictionTable,
    again: PredictionTable,
    cards: dict[str, ProbeCard],
    *,
    within: float = PREDICTION,
    all_units: bool = True,
) -> Mismatches:
    """Gold levels to the last one, predictions within tolerance, unit by unit.

    Parameters
    ----------
    published, again : PredictionTable
    cards : dict of str to ProbeCard
    within : float
        In levels.
    all_units : bool
        Whether each unit made again must be published; of other features another layer may win.
    """
    theirs = dict(published.units())
    rows: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    farthest: dict[str, tuple[float, str]] = {}
    for key, mine in again.units():
        its = theirs.get(key)
        where = f"predictions of {name_of(key)}"
        if its is None:
            if all_units:
                yield Mismatch(where, "none", "those of the layer that counts")
            continue
        if not np.array_equal(mine.text, its.text):
            yield Mismatch(where, "other texts", "the texts that the fold scores")
            continue
        wrong = int(((mine.low != its.low) | (mine.high != its.high)).sum())
        if wrong:
            yield Mismatch(where, f"{wrong} gold levels that no corpus has", "the corpora's own")
        off = np.abs(mine.prediction - its.prediction)
        rows[key.probe] += len(off)
        apart[key.probe] += int((off > within).sum())
        worst = float(off.max(initial=0.0))
        if worst > farthest.get(key.probe, (0.0, ""))[0]:
            farthest[key.probe] = worst, name_of(key)
    for probe, count in apart.items():
        if count > share(cards[probe]) * rows[probe]:
            worst, where = farthest[probe]
            yield Mismatch(
                f"predictions of {probe}",
                f"{count:,} of {rows[probe]:,} off by more than {within} levels, the farthest "
                f"by {worst:.3g} ({where})",
                f"at most {share(cards[probe]):.1%}",
            )


def _check_choices(theirs: Sequence[ChoiceRecord], mine: Sequence[ChoiceRecord]) -> Mismatches:
    published = {run_of(one): one for one in theirs}
    for one in mine:
        its = published.get(run_of(one))
        where = f"choice of {one.probe} in {one.protocol} {one.fold}"
        if its is None or its.layer != one.layer:
            yield Mismatch(where, f"layer {its and its.layer}", f"layer {one.layer}")


def _check_fits(
    theirs: Sequence[FitRecord], mine: Sequence[FitRecord], cards: dict[str, ProbeCard]
) -> Mismatches:
    """What inner cuts held out, from which layer and penalty were chosen."""
    published = {(*run_of(one), one.layer): one for one in theirs}
    for one in mine:
        its = published.get((*run_of(one), one.layer))
        where = f"fit of {one.probe} in {one.protocol} {one.fold}, layer {one.layer}"
        if its is None:
            yield Mismatch(where, "none", "one")
            continue
        if not cards[one.probe].seeded and its.penalty != one.penalty:
            yield Mismatch(f"{where}, penalty", str(its.penalty), str(one.penalty))
            continue
        held = {part.corpus: part.confusion for part in its.held}
        for part in one.held:
            found = held.get(part.corpus, ())
            yield from _moved(f"{where}, held out {part.corpus}", found, part.confusion,
                              cards[one.probe])  # fmt: skip


def _check_units(
    theirs: Sequence[UnitRecord], mine: Sequence[UnitRecord], cards: dict[str, ProbeCard]
) -> Mismatches:
    published = {unit_key(one): one for one in theirs}
    for one in mine:
        its = published.get(unit_key(one))
        where = f"unit {name_of(unit_key(one))}"
        found = its.confusion if its else ()
        yield from _moved(where, found, one.confusion, cards[one.probe])


def _moved(where: str, found: Confusion, mine: Confusion, card: ProbeCard) -> Mismatches:
    """Texts in another cell: as many as the tolerance allows, rounded up to whole ones."""
    total = sum(map(sum, mine))
    if len(found) != len(mine):
        yield Mismatch(where, "none", f"a matrix of {total} texts")
        return
    moved = int(np.abs(np.array(found) - np.array(mine)).sum()) / 2
    if moved > np.ceil(share(card) * total):
        yield Mismatch(where, f"{moved:g} of {total} texts in other cells", f"{share(card):.1%}")
