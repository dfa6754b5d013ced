"""The statistics of one result, resampled once: intervals, and what ranks and pairs need later.

All that pages say about chance goes through here and :mod:`cefrbench_leaderboard.standing`; how it
is computed stands in :mod:`cefrbench.statistics`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.samples import samples
from cefrbench.results.selection import gap_of
from cefrbench.statistics.draws import Replicates, Resampled, gap, resample
from cefrbench.statistics.intervals import Interval, from_draws
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.pairs import Movements
from cefrbench.statistics.resampling import REPLICATES, TextWeights

#: Stands for the difference of the two protocols of :func:`cefrbench.results.selection.gap_of`.
GAP_NAME = "gap"


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """How a score moves: with texts, with seeds, with refits, and with each text left out.

    Attributes
    ----------
    replicates, luck : ndarray of float32, shape (replicates,)
    spread, doubt : float
        The variance of ``luck`` as all seeds tell it, and the doubt about it.
    refits : ndarray of float32, shape (refits,)
    influence : ndarray of float32, shape (texts,)
        In the order of the texts' codes.
    texts : str
        Hash of the codes: equal where influences are parallel.
    """

    replicates: NDArray[np.float32]
    luck: NDArray[np.float32]
    spread: float
    doubt: float
    refits: NDArray[np.float32]
    influence: NDArray[np.float32]
    texts: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """QWK of one result with its intervals.

    Attributes
    ----------
    means : dict
        By ``(protocol, probe)``; the protocol may be ``gap``.
    corpora : dict
        By ``(protocol, probe, corpus)``.
    moves : dict
        By ``(protocol, probe)``; the protocol may be ``gap``.
    refits : int
        Fits on resampled training texts behind the intervals; 0: they hold the fits fixed.
    """

    means: dict[tuple[str, str], Interval]
    corpora: dict[tuple[str, str, str], Interval]
    moves: dict[tuple[str, str], Moves]
    refits: int


@cache
def _weights() -> TextWeights:
    """Weights of texts in all resamples, shared by all results of one process."""
    return TextWeights()


def figures(result: RunResult, predictions: PredictionTable) -> Figures:
    """Resample a result.

    Raises
    ------
    ResultError
        When two seeds of one part don't hold the same texts.
    """
    statistic = get_statistic("qwk")
    found = {
        place: resample(sample, statistic, _weights())
        for place, sample in samples(result, predictions).items()
    }
    draws = {place: one.draws() for place, one in found.items()}
    means = {place: from_draws(one, statistic) for place, one in draws.items()}
    gaps = _gaps(found, gap_of([card.name for card in result.protocols]))
    corpora = {
        (*place, corpus): from_draws(one.draws({corpus}), statistic)
        for place, one in found.items()
        for corpus in one.sample.corpora
    }
    return Figures(
        means=means | {place: from_draws(one) for place, one in gaps.items()},
        corpora=corpora,
        moves={place: _moves(one) for place, one in (draws | gaps).items()},
        refits=predictions.replicates,
    )


def _gaps(
    found: Mapping[tuple[str, str], Resampled], protocols: tuple[str, str] | None
) -> dict[tuple[str, str], Replicates]:
    """Gap of each probe that has both protocols, over the corpora that both score."""
    if protocols is None:
        return {}
    inside, outside = protocols
    return {
        (GAP_NAME, probe): gap(found[inside, probe], found[outside, probe])
        for probe in dict.fromkeys(probe for _, probe in found)
        if (inside, probe) in found and (outside, probe) in found
    }


def _moves(draws: Replicates) -> Moves:
    return Moves(
        replicates=draws.values.astype(np.float32),
        luck=draws.luck.astype(np.float32),
        spread=draws.spread,
        doubt=draws.doubt,
        refits=draws.refits.astype(np.float32),
        influence=draws.influence.astype(np.float32),
        texts=hashlib.sha256(draws.texts.astype("<u8").tobytes()).hexdigest()[:16],
    )


def write_moves(moves: Mapping[tuple[str, str], Moves], folder: Path) -> None:
    """Write one array a protocol and probe, as plain numbers.

    First how many refits there are, the seeds' spread and the doubt about it, then replicates,
    luck, refits and influence.
    """
    for (protocol, probe), one in moves.items():
        head = np.array([len(one.refits), one.spread, one.doubt], dtype=np.float32)
        parts = [head, one.replicates, one.luck, one.refits, one.influence]
        path = _moves_path(folder, protocol, probe)
        path.write_bytes(np.concatenate(parts).astype("<f4").tobytes())


def read_moves(folder: Path, protocol: str, probe: str) -> Moves:
    """Read what :func:`write_moves` wrote."""
    numbers = np.fromfile(_moves_path(folder, protocol, probe), dtype="<f4")
    refits, spread, doubt = int(numbers[0]), float(numbers[1]), float(numbers[2])
    ends = np.cumsum([3, REPLICATES, REPLICATES, refits])
    _, replicates, luck, again, influence = np.split(numbers, ends)
    return Moves(replicates, luck, spread, doubt, again, influence)


def together(moves: Sequence[Moves], values: Sequence[float | None]) -> Movements:
    """Movements of several scores on the same texts; one without refits repeats its value."""
    refits = max(len(one.refits) for one in moves)
    again = [
        one.refits if len(one.refits) else np.full(refits, value, dtype=np.float32)
        for one, value in zip(moves, values, strict=True)
    ]
    return Movements(
        values=np.stack([one.replicates for one in moves]).astype(np.float64),
        influence=np.stack([one.influence for one in moves]),
        luck=np.stack([one.luck for one in moves]).astype(np.float64),
        spread=np.array([one.spread for one in moves]),
        doubt=np.array([one.doubt for one in moves]),
        refits=np.stack(again).astype(np.float64),
        scores=np.array([np.nan if value is None else value for value in values]),
    )


def _moves_path(folder: Path, protocol: str, probe: str) -> Path:
    return folder / f"moves.{protocol}.{probe}.f32"
