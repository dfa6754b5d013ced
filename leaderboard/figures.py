"""The statistics of one result, resampled once: intervals, and what ranks and pairs need later.

All that pages say about chance goes through here and :mod:`cefrbench_leaderboard.standing`; how it
is computed stands in :mod:`cefrbench.statistics`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.samples import samples
from cefrbench.results.selection import favoured_probe, gap_of, sides
from cefrbench.results.shifts import RUNGS, Rung, allowed_corpora
from cefrbench.statistics.differences import Movements
from cefrbench.statistics.draws import Replicates, Resampled, gap, resample, resample_all
from cefrbench.statistics.intervals import Interval, from_draws
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.resampling import REPLICATES, TextWeights
from cefrbench.statistics.sample import Sample
from cefrbench_leaderboard.ways import ways

#: Stands for the difference of the two protocols of :func:`cefrbench.results.selection.gap_of`.
GAP_NAME = "gap"
#: Stands for the favoured probe's layer 0 under the protocol that stands for out of distribution.
EMBEDDING_NAME = "layer-0"


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
    subsets : dict
        Of the favoured probe by ``(protocol, key of the corpora)``; see :mod:`.ways`.
    shifts : tuple
        Of the favoured probe: rungs of the ladder of shifts, with the corpora that allow each.
    refits : int
        Fits on resampled training texts behind the intervals; 0: they hold the fits fixed.
    """

    means: dict[tuple[str, str], Interval]
    corpora: dict[tuple[str, str, str], Interval]
    moves: dict[tuple[str, str], Moves]
    subsets: dict[tuple[str, str], Interval]
    shifts: tuple[tuple[Rung, tuple[str, ...], Interval], ...]
    refits: int


@cache
def shared_weights() -> TextWeights:
    """Weights of texts in all resamples, shared by all results of one process."""
    return TextWeights()


def figures(
    result: RunResult,
    predictions: PredictionTable,
    taken: Mapping[tuple[str, str], Sample] | None = None,
) -> Figures:
    """Resample a result.

    Parameters
    ----------
    result : RunResult
    predictions : PredictionTable
    taken : mapping, optional
        Its :func:`samples`, where they are at hand.

    Raises
    ------
    ResultError
        When two seeds of one part don't hold the same texts.
    """
    statistic = get_statistic("qwk")
    own_samples = taken or samples(result, predictions)
    drawn = resample_all(own_samples.values(), statistic, shared_weights())
    found = dict(zip(own_samples, drawn, strict=True))
    draws = {place: one.draws() for place, one in found.items()}
    means = {place: from_draws(one, statistic) for place, one in draws.items()}
    gaps = _gaps(found, gap_of([card.name for card in result.protocols]))
    corpora = {
        (*place, corpus): from_draws(one.draws({corpus}), statistic)
        for place, one in found.items()
        for corpus in one.sample.corpora
    }
    own = favoured_probe(result).probe
    subsets = _subsets(result, found, own)
    apart = _embedding(result, predictions, own)
    main = _outside(result)
    moved = {(key, own): one for (protocol, key), one in subsets.items() if protocol == main}
    return Figures(
        means=means
        | {place: from_draws(one) for place, one in gaps.items()}
        | {place: from_draws(one, statistic) for place, one in apart.items()},
        corpora=corpora,
        moves={place: _moves(one) for place, one in (draws | gaps | moved | apart).items()},
        subsets={place: from_draws(one, statistic) for place, one in subsets.items()},
        shifts=tuple(_shifts(result, found, own)),
        refits=predictions.replicates,
    )


def _outside(result: RunResult) -> str | None:
    """Protocol that ranks: out of distribution, or else in it."""
    pair = sides(result.protocols, [card.name for card in result.protocols])
    return pair.get("out") or pair.get("in")


def _subsets(
    result: RunResult, found: Mapping[tuple[str, str], Resampled], probe: str
) -> dict[tuple[str, str], Replicates]:
    """Means over the corpora of each way in, under the protocols that stand for in and out."""
    pair = sides(result.protocols, [card.name for card in result.protocols])
    wanted = {way.key: way.corpora for way in ways(record.card for record in result.corpora)}
    drawn = {
        (protocol, key): found[protocol, probe].draws(corpora)
        for protocol in pair.values()
        if (protocol, probe) in found
        for key, corpora in wanted.items()
    }
    return {place: one for place, one in drawn.items() if not np.isnan(one.estimate)}


def _embedding(
    result: RunResult, predictions: PredictionTable, probe: str
) -> dict[tuple[str, str], Replicates]:
    """Layer 0 of the favoured probe, where it stands beside the layers that are chosen from."""
    place = _outside(result), probe
    own = [rows for key, rows in predictions.units() if (key.protocol, key.probe) == place]
    if not own:
        return {}
    found = samples(result, PredictionTable.concat(own), embedding=True)
    if not found:
        return {}
    (sample,) = found.values()
    drawn = resample(sample, get_statistic("qwk"), shared_weights()).draws()
    return {(EMBEDDING_NAME, probe): drawn}


def _shifts(
    result: RunResult, found: Mapping[tuple[str, str], Resampled], probe: str
) -> Iterator[tuple[Rung, tuple[str, ...], Interval]]:
    """QWK from rung to rung, as ``explain`` has it, of what is resampled already."""
    for rung in RUNGS:
        one = found.get((rung.protocol, probe))
        allowed = allowed_corpora(result, rung) if one else set()
        if one and allowed.intersection(one.sample.corpora):
            corpora = tuple(name for name in one.sample.corpora if name in allowed)
            yield rung, corpora, from_draws(one.draws(allowed), get_statistic("qwk"))


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


def as_draws(moves: Moves, value: float) -> Replicates:
    """What the store holds of a score, as the statistics take it; texts by their places."""
    return Replicates(
        estimate=value,
        values=moves.replicates.astype(np.float64),
        luck=moves.luck.astype(np.float64),
        spread=moves.spread,
        doubt=moves.doubt,
        refits=moves.refits.astype(np.float64),
        texts=np.arange(len(moves.influence), dtype=np.uint64),
        influence=moves.influence.astype(np.float64),
        corpora={},
    )


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
