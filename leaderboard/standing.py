"""Ranks, differences from the references and paired tests, for results of one board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics import Contender, Interval, RankedEntry, rank
from cefrbench.statistics.intervals import Z95
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


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """One entry's QWK under one probe and protocol, and how it moves."""

    made: Made
    cell: Cell
    replicates: NDArray[np.float32]
    influence: NDArray[np.float32]


def read_scores(made: Sequence[Made], probe: str, protocol: str) -> list[Score]:
    """Read what ranks and differences need, of the entries that have it.

    A reference that lacks the probe stands with its own. Entries that lack texts which most were
    scored on (a fold failed) are left out: they were asked another question.
    """
    cells = []
    for one in made:
        cell = one.entry.cell(protocol, probe)
        if cell is None and one.entry.reference:
            cell = one.entry.cell(protocol, one.entry.validated)
        if cell is not None and cell.texts:
            cells.append((one, cell))
    texts = [cell.texts for _, cell in cells]
    common = max(sorted(set(texts)), key=texts.count, default="")
    return [
        Score(one, cell, *read_moves(one.folder, protocol, cell.probe))
        for one, cell in cells
        if cell.texts == common
    ]


def standings(scores: Sequence[Score]) -> dict[str, Standing]:
    """Rank the candidates, by slug; references are left out."""
    contenders = [_contender(one) for one in scores if one.made.entry.reference is None]
    ranked = rank(contenders) if contenders else []
    sizes: dict[int, int] = {}
    for line in ranked:
        if line.tie is not None:
            sizes[line.tie] = sizes.get(line.tie, 0) + 1
    return {line.name: _standing(line, sizes) for line in ranked}


def _standing(line: RankedEntry, sizes: dict[int, int]) -> Standing:
    tied = 1 if line.tie is None else sizes[line.tie]
    return Standing(line.rank, line.rank_low, line.rank_high, tied)


def _contender(score: Score) -> Contender:
    qwk, entry = score.cell.qwk, score.made.entry
    return Contender(
        name=entry.slug,
        # On the board of validated probes each encoder brings its own; the question is the same.
        question=f"{entry.cohort} {score.cell.protocol}",
        interval=Interval(qwk.value, qwk.low, qwk.high, None, 0, len(score.replicates)),
        replicates=score.replicates,
        # Equal hashes stand for equal texts: the codes themselves need not be kept.
        texts=np.array([int(score.cell.texts, 16)], dtype=np.uint64),
        influence=score.influence,
    )


def differences(scores: Sequence[Score]) -> dict[str, dict[str, Estimate]]:
    """Paired difference of each entry from each reference, with its 95 % interval.

    Returns
    -------
    dict
        By slug of the reference, then by slug.
    """
    found: dict[str, dict[str, Estimate]] = {}
    for reference in scores:
        if reference.made.entry.reference is not None:
            found[reference.made.entry.slug] = {
                one.made.entry.slug: _difference(one, reference)
                for one in scores
                if one.made.entry.reference is None
            }
    return found


def _difference(one: Score, reference: Score) -> Estimate:
    mine, theirs = one.cell.qwk.value, reference.cell.qwk.value
    if mine is None or theirs is None:
        return Estimate(value=None)
    error = paired_error(one, reference)
    if error is None:
        return Estimate(value=mine - theirs)
    half = Z95 * error
    return Estimate(value=mine - theirs, low=mine - theirs - half, high=mine - theirs + half)


def paired_error(first: Score, second: Score) -> float | None:
    """Standard error of a difference: the larger of the bootstrap's and the jackknife's.

    As :func:`cefrbench.statistics.pairs.paired_error`, from what the store keeps.
    """
    replicates = (first.replicates - second.replicates).astype(np.float64)
    replicates = replicates[~np.isnan(replicates)]
    if 2 * len(replicates) < len(first.replicates):
        return None
    influence = (first.influence - second.influence).astype(np.float64)
    return max(float(replicates.std(ddof=1)), float(np.sqrt((influence**2).sum())))
