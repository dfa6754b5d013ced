"""Ranks, differences from the references and paired tests, for results of one board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics import Contender, Interval, RankedEntry, rank
from cefrbench.statistics.pairs import these_corpora
from cefrbench_leaderboard.entry import Cell, Entry, Estimate
from cefrbench_leaderboard.figures import read_moves


@dataclass(frozen=True, slots=True)
class Made:
    """An entry and the folder of the store that holds the rest of it."""

    entry: Entry
    folder: Path


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an entry stands under one protocol.

    Attributes
    ----------
    rank : int or None
        Position of the first of its tie group; None for references and undefined scores.
    low, high : int or None
        95 % interval of the position.
    tied : int
        Entries in its tie group, itself included.
    """

    rank: int | None
    low: int | None
    high: int | None
    tied: int


def standings(made: Sequence[Made], probe: str, protocol: str) -> dict[str, Standing]:
    """Rank the candidates of one cohort, by slug; references are left out.

    Entries that lack texts which most others were scored on (a fold failed) are not ranked.
    """
    candidates = [one for one in made if one.entry.reference is None]
    contenders = _contenders(candidates, probe, protocol)
    ranked = rank(contenders) if contenders else []
    sizes: dict[int, int] = {}
    for line in ranked:
        if line.tie is not None:
            sizes[line.tie] = sizes.get(line.tie, 0) + 1
    return {line.name: _standing(line, sizes) for line in ranked}


def _standing(line: RankedEntry, sizes: dict[int, int]) -> Standing:
    tied = 1 if line.tie is None else sizes[line.tie]
    return Standing(line.rank, line.rank_low, line.rank_high, tied)


def _contenders(made: Sequence[Made], probe: str, protocol: str) -> list[Contender]:
    cells = {one.entry.slug: one.entry.cell(protocol, probe) for one in made}
    texts = [cell.texts for cell in cells.values() if cell is not None and cell.texts]
    if not texts:
        return []
    common = max(sorted(set(texts)), key=texts.count)
    found = []
    for one in made:
        cell = cells[one.entry.slug]
        if cell is not None and cell.texts == common:
            found.append(_contender(one, cell, probe))
    return found


def _contender(one: Made, cell: Cell, probe: str) -> Contender:
    replicates, influence = read_moves(one.folder, cell.protocol, cell.probe)
    return Contender(
        name=one.entry.slug,
        # On the board of validated probes each encoder brings its own; the question is the same.
        question=f"{one.entry.cohort} {probe} {cell.protocol}",
        interval=Interval(cell.qwk.value, cell.qwk.low, cell.qwk.high, None, 0, len(replicates)),
        replicates=replicates,
        # Equal hashes stand for equal texts: the codes themselves need not be kept.
        texts=np.array([int(cell.texts, 16)], dtype=np.uint64),
        influence=influence,
    )


def differences(
    made: Sequence[Made], reference: Made, probe: str, protocol: str
) -> dict[str, Estimate]:
    """Paired difference of each entry from a reference, with its 95 % interval, by slug."""
    base = reference.entry.cell(protocol, probe) or reference.entry.cell(
        protocol, reference.entry.validated
    )
    if base is None or base.qwk.value is None:
        return {}
    theirs = read_moves(reference.folder, protocol, base.probe)
    found = {}
    for one in made:
        cell = one.entry.cell(protocol, probe)
        if cell is None or cell.qwk.value is None or cell.texts != base.texts:
            continue
        ours = read_moves(one.folder, protocol, cell.probe)
        error = paired_error(ours, theirs)
        difference = cell.qwk.value - base.qwk.value
        if error is None:
            found[one.entry.slug] = Estimate(value=difference)
        else:
            test = these_corpora(difference, error)
            found[one.entry.slug] = Estimate(value=difference, low=test.low, high=test.high)
    return found


Moves = tuple[NDArray[np.float32], NDArray[np.float32]]


def paired_error(first: Moves, second: Moves) -> float | None:
    """Standard error of a difference: the larger of the bootstrap's and the jackknife's.

    As :func:`cefrbench.statistics.pairs.paired_error`, from what the store keeps.
    """
    replicates = (first[0] - second[0]).astype(np.float64)
    replicates = replicates[~np.isnan(replicates)]
    if 2 * len(replicates) < len(first[0]):
        return None
    influence = (first[1] - second[1]).astype(np.float64)
    return max(float(replicates.std(ddof=1)), float(np.sqrt((influence**2).sum())))
