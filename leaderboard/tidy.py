"""The leaderboard as one tidy table: what its CSV and JSON hold."""

from __future__ import annotations

from collections.abc import Iterable

from cefrbench_leaderboard.boards import Board, Line, Section
from cefrbench_leaderboard.charts.chart import Table, Value
from cefrbench_leaderboard.entry import VALIDATED

_COLUMNS = (
    "suite",
    "section",
    "corpora",
    "encoder",
    "role",
    "parameters",
    "width",
    "licence",
    "probe",
    "protocol",
    "layers",
    "qwk",
    "qwk_low",
    "qwk_high",
    "gap",
    "gap_low",
    "gap_high",
    "rank",
    "rank_low",
    "rank_high",
    "page",
)


def leaderboard_table(found: Iterable[Board]) -> Table:
    """All boards as one tidy table: a row an encoder, suite, probe and protocol."""
    rows = [
        _row(board, section, line, protocol)
        for board in found
        if board.probe != VALIDATED
        for section in board.sections
        for line in section.lines
        if line.probe == board.probe
        for protocol in board.protocols
        if protocol in line.scores
    ]
    return Table(_COLUMNS, tuple(rows))


def _row(board: Board, section: Section, line: Line, protocol: str) -> tuple[Value, ...]:
    entry, score, gap = line.entry, line.scores[protocol], line.gap
    standing = line.standings.get(protocol)
    return (
        board.suite,
        "full" if section.ranked else "partial",
        " ".join(section.corpora),
        entry.encoder,
        entry.role,
        entry.parameters,
        entry.width,
        entry.licence,
        line.probe,
        protocol,
        " ".join(map(str, line.layers[protocol])),
        score.value,
        score.low,
        score.high,
        gap.value,
        gap.low,
        gap.high,
        None if standing is None else standing.rank,
        None if standing is None else standing.low,
        None if standing is None else standing.high,
        entry.page,
    )
