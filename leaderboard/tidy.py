"""The leaderboard as one tidy table: what its CSV and JSON hold."""

from __future__ import annotations

from collections.abc import Iterable

from cefrbench_leaderboard.boards import Board, Line, Section
from cefrbench_leaderboard.charts.chart import Table, Value
from cefrbench_leaderboard.entry import FAVOURED

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
    "penalties",
    "qwk",
    "qwk_low",
    "qwk_high",
    "spearman",
    "recut",
    "layer_0_qwk",
    "oracle_qwk",
    "optimism",
    "gap",
    "gap_low",
    "gap_high",
    "rank",
    "rank_low",
    "rank_high",
    "refits",
    "trust",
    "page",
)


def leaderboard_table(found: Iterable[Board]) -> Table:
    """All boards as one tidy table: a row an encoder, suite, probe and protocol."""
    rows = [
        _row(board, section, line, protocol)
        for board in found
        if board.probe != FAVOURED
        for section in board.sections
        for line in section.lines
        if line.probe == board.probe
        for protocol in board.protocols
        if protocol in line.cells
    ]
    return Table(_COLUMNS, tuple(rows))


def _row(board: Board, section: Section, line: Line, protocol: str) -> tuple[Value, ...]:
    entry, cell, gap = line.entry, line.cells[protocol], line.gap
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
        " ".join(map(str, cell.layers)),
        " ".join(map(str, cell.record.chosen_penalties)),
        cell.qwk.value,
        cell.qwk.low,
        cell.qwk.high,
        cell.scores.spearman,
        cell.scores.recut,
        cell.embedding,
        cell.record.oracle_qwk,
        cell.record.optimism,
        gap.value,
        gap.low,
        gap.high,
        None if standing is None else standing.rank,
        None if standing is None else standing.low,
        None if standing is None else standing.high,
        entry.refits,
        line.trust.level,
        entry.page,
    )
