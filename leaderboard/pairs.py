"""Pairs of a board for the page that compares them: which entries, and what is said of them."""

from __future__ import annotations

from itertools import combinations

from cefrbench.results.compare import Comparison, Comparisons
from cefrbench.results.selection import protocol_words
from cefrbench.results.verdicts import verdict
from cefrbench.statistics.resampling import REPLICATES
from cefrbench_leaderboard.boards import Board, Section
from cefrbench_leaderboard.standing import Contestant, Match


def compared_pairs(board: Board, section: Section, most: int) -> list[tuple[Comparison, str]]:
    """Test the first few entries of a section in pairs, and say in a sentence what is shown."""
    slugs = [line.entry.slug for line in section.lines][:most]
    pairs = [
        pair
        for first, second in combinations(slugs, 2)
        for match in section.matches
        if (pair := _compare(match, first, second)) is not None
    ]
    done = [match.protocol for match in section.matches]
    report = Comparisons(
        labels=tuple(line.entry.encoder for line in section.lines[:most]),
        suite=board.suite,
        probe=board.probe,
        score="qwk",
        protocols={name: protocol_words(name, done) for name in done},
        corpora=section.corpora,
        intervals={},
        pairs=tuple(pairs),
        replicates=REPLICATES,
        seed=0,
    )
    return [(pair, verdict(pair, report)) for pair in pairs]


def _compare(match: Match, first: str, second: str) -> Comparison | None:
    i, j = match.place(first), match.place(second)
    if i is None or j is None:
        return None
    a, b = match.contestants[i], match.contestants[j]
    return Comparison(
        first=a.made.entry.encoder,
        second=b.made.entry.encoder,
        protocol=match.protocol,
        score="qwk",
        difference=difference(a, b),
        these=match.these.one(i, j),
        beyond=match.beyond.one(i, j),
        corpora=len(a.corpora.keys() & b.corpora.keys()),
        texts=0,
    )


def difference(first: Contestant, second: Contestant) -> float:
    """First less second."""
    return (first.qwk.value or 0.0) - (second.qwk.value or 0.0)
