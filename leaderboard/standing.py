"""All pairs of a board under one protocol, tested once: ranks, references and pages read it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cefrbench.cores import usable_cores
from cefrbench.statistics.differences import difference_errors
from cefrbench.statistics.errors import Errors
from cefrbench.statistics.pairs import PairedTests, pair_tests, pair_tests_beyond
from cefrbench.statistics.ranks import Rank, ranks
from cefrbench_leaderboard.entry import Cell, Entry, Estimate
from cefrbench_leaderboard.figures import GAP_NAME, read_moves, together
from cefrbench_leaderboard.trust import UNRECORDED, Trust
from cefrbench_leaderboard.ways import Way

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Made:
    """An entry, the folder of the store that holds the rest of it, and how far it is trusted."""

    entry: Entry
    folder: Path
    trust: Trust = UNRECORDED


@dataclass(frozen=True, slots=True)
class Contestant:
    """One entry's QWK (or gap) under one probe and protocol, in all and by corpus."""

    made: Made
    probe: str
    qwk: Estimate
    corpora: dict[str, float]
    texts: str


@dataclass(frozen=True, slots=True, eq=False)
class RankedMatch:
    """Contestants of one protocol and the tests of all their pairs, best first.

    Holm's correction is over all pairs of the board under this protocol, references included,
    however few of them are kept: one pair has one p-value wherever it is shown.

    Attributes
    ----------
    protocol : str
    contestants : tuple of Contestant
    these : PairedTests
        On these corpora, shape ``(n, n)``.
    """

    protocol: str
    contestants: tuple[Contestant, ...]
    these: PairedTests


@dataclass(frozen=True, slots=True, eq=False)
class Match(RankedMatch):
    """The same with the tests beyond these corpora, of the same shape, which no rank asks for."""

    beyond: PairedTests

    def keep(self, slugs: Sequence[str]) -> Match:
        """Keep some contestants, and the tests as they are."""
        wanted = set(slugs)
        at = [i for i, one in enumerate(self.contestants) if one.made.entry.slug in wanted]
        contestants = tuple(self.contestants[i] for i in at)
        return Match(self.protocol, contestants, self.these.take(at), self.beyond.take(at))

    def place(self, slug: str) -> int | None:
        """Where an entry stands among the contestants; None where it is none of them."""
        slugs = [one.made.entry.slug for one in self.contestants]
        return slugs.index(slug) if slug in slugs else None


def match(made: Sequence[Made], probe: str, protocol: str) -> Match | None:
    """Test all entries that have a probe and protocol (or the gap) in pairs.

    A reference that lacks the probe stands with its own. Entries that lack texts which most were
    scored on (a fold failed) are left out: they were asked another question. None without any.
    """
    found = _usual([_contestant(m, probe, protocol) for m in made], protocol)
    if not found:
        return None
    values, errors = _moved(found, protocol)
    beyond = pair_tests_beyond(values, errors, _by_corpus(found))
    return Match(protocol, tuple(found), pair_tests(values, errors), beyond)


def match_on(made: Sequence[Made], protocol: str, way: Way) -> RankedMatch | None:
    """Test all entries in pairs on some corpora alone, each with its favoured probe."""
    found = _usual([_contestant_on(m, protocol, way) for m in made], protocol)
    return (
        RankedMatch(protocol, tuple(found), pair_tests(*_moved(found, way.key))) if found else None
    )


def beside_each_other(make: Callable[[T], R], given: Iterable[T]) -> list[R]:
    """Call what tests pairs for each, in threads: it is matrix products and sorting.

    A product has one thread, for those of several would wait for each other.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(make, given))


def _usual(all_found: Sequence[Contestant | None], protocol: str) -> list[Contestant]:
    """Those that were scored on the most usual texts, best first."""
    found = [one for one in all_found if one is not None]
    texts = [one.texts for one in found]
    common = max(sorted(set(texts)), key=texts.count, default="")
    found = [one for one in found if one.texts == common]
    # The smallest gap is best.
    sign = 1.0 if protocol == GAP_NAME else -1.0
    found.sort(key=lambda one: (sign * (one.qwk.value or 0.0), one.made.entry.slug))
    return found


def _moved(found: Sequence[Contestant], name: str) -> tuple[NDArray[np.float64], Errors]:
    """Scores and the errors of all their differences; ``name`` is the store's of how they move."""
    moves = [read_moves(one.made.folder, name, one.probe) for one in found]
    errors = difference_errors(together(moves, [one.qwk.value for one in found]))
    return np.array([one.qwk.value for one in found], dtype=np.float64), errors


def _contestant(made: Made, probe: str, protocol: str) -> Contestant | None:
    entry = made.entry
    name = entry.probe(probe)
    if entry.reference is not None and not any(cell.probe == name for cell in entry.cells):
        name = entry.favoured
    protocols = entry.gap_protocols or () if protocol == GAP_NAME else (protocol,)
    cells = [entry.cell(p, name) for p in protocols]
    known = [cell for cell in cells if cell is not None and cell.texts]
    if not known or len(known) < len(cells):
        return None
    corpora = [_corpora(cell, entry) for cell in known]
    qwk, by_corpus = known[0].qwk, corpora[0]
    if protocol == GAP_NAME:
        inside, outside = corpora
        qwk = entry.gaps.get(name, Estimate(value=None))
        by_corpus = {c: inside[c] - outside[c] for c in inside if c in outside}
    if qwk.value is None:
        return None
    return Contestant(made, name, qwk, by_corpus, " ".join(cell.texts for cell in known))


def _contestant_on(made: Made, protocol: str, way: Way) -> Contestant | None:
    entry = made.entry
    cell = entry.cell(protocol, entry.favoured)
    qwk = entry.subsets.get(protocol, {}).get(way.key)
    if cell is None or not cell.texts or qwk is None or qwk.value is None:
        return None
    own = {name: v for name, v in _corpora(cell, entry).items() if name in way.corpora}
    return Contestant(made, entry.favoured, qwk, own, cell.texts)


def _corpora(cell: Cell, entry: Entry) -> dict[str, float]:
    return {
        part.corpus: part.qwk.value
        for part in cell.corpora
        if part.corpus in entry.covered and part.qwk.value is not None
    }


def _by_corpus(contestants: Sequence[Contestant]) -> NDArray[np.float64]:
    names = list(dict.fromkeys(name for one in contestants for name in one.corpora))
    rows = [[one.corpora.get(name, np.nan) for name in names] for one in contestants]
    return np.array(rows, dtype=np.float64)


def standings(match: RankedMatch) -> dict[str, Rank]:
    """Rank the candidates, by slug; references are left out, scores without an interval too."""
    at = [
        i
        for i, one in enumerate(match.contestants)
        if one.made.entry.reference is None and one.qwk.low is not None
    ]
    own = [match.contestants[i] for i in at]
    found = ranks(
        [one.qwk.value for one in own],  # type: ignore[arg-type]
        match.these.take(at),
        more_is_better=match.protocol != GAP_NAME,
    )
    return {one.made.entry.slug: rank for one, rank in zip(own, found, strict=True)}


def differences(match: Match) -> dict[str, dict[str, Estimate]]:
    """Paired difference of each entry from each reference, with its 95 % interval.

    Returns
    -------
    dict
        By slug of the reference, then by slug.
    """
    found: dict[str, dict[str, Estimate]] = {}
    for r, reference in enumerate(match.contestants):
        if reference.made.entry.reference is not None:
            tests = match.these.at((slice(None), r))
            found[reference.made.entry.slug] = {
                one.made.entry.slug: _difference(one, reference, float(low), float(high))
                for one, low, high in zip(match.contestants, tests.low, tests.high, strict=True)
                if one.made.entry.reference is None
            }
    return found


def _difference(one: Contestant, other: Contestant, low: float, high: float) -> Estimate:
    if one.qwk.value is None or other.qwk.value is None:
        return Estimate(value=None)
    apart = one.qwk.value - other.qwk.value
    return Estimate(value=apart) if math.isnan(low) else Estimate(value=apart, low=low, high=high)
