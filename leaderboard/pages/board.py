"""The leaderboard itself: one table of full results, one a group of partial ones, one reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cefrbench.results.selection import TITLES, gap_of, sides
from cefrbench_leaderboard.boards import Board, Line, Section, SuiteResults
from cefrbench_leaderboard.entry import FAVOURED, Entry, Estimate
from cefrbench_leaderboard.finding import Finding, plain, reported_finding, section_finding
from cefrbench_leaderboard.links import way_links
from cefrbench_leaderboard.page import Page, Rendered, Shown
from cefrbench_leaderboard.pages.encoder import anchor
from cefrbench_leaderboard.pictures import (
    Picture,
    dumbbells,
    ladder,
    picture_files,
    reported_dumbbells,
)
from cefrbench_leaderboard.published import Published, Reported
from cefrbench_leaderboard.render import protocol_label, render, short
from cefrbench_leaderboard.sharing.words import board_told

#: Pixels of the dot-and-whisker strip, for scores from 0 to 1, and of its margin; see style.css.
_STRIP = 120
_MARGIN = 5
#: Where its two lines are.
_ROWS = {"in": 5, "out": 12}


#: Lines of a table whose numbers lead to what they come from: a link is as long as ten numbers.
_MOST_LINKED = 200

#: One link of a choice between boards: label, address, whether it is this one.
Choice = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class FindingBlock:
    """A finding with its pictures; the label says whose it is."""

    label: str
    finding: Finding
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the tables.

    Attributes
    ----------
    key : str
        Name in the page's address.
    label, title : str
        Head of the column, and its explanation.
    numeric : bool
    shown : bool
        Whether it is shown before anybody chooses; without JavaScript all are.
    protocol : str
        Protocol that it belongs to; empty for none.
    reference : str
        Slug of the reference that it compares with; empty for none.
    ranks : bool
        Whether only tables that rank have it.
    """

    key: str
    label: str
    title: str
    numeric: bool = True
    shown: bool = True
    protocol: str = ""
    reference: str = ""
    ranks: bool = False


def board_page(
    board: Board,
    suites: Sequence[SuiteResults],
    front: Board,
    totals: dict[str, int],
    published: Published | None,
    left_out: int,
) -> Rendered:
    """Render one board; the front page is one of them."""
    is_front = board is front
    path = "index.html" if is_front else board.page
    told = _told(board, published, front=is_front)
    page = _page(board, path, told["lead"] if is_front else None)
    lines = [line for section in board.sections for line in section.lines]

    def href(line: Line, protocol: str) -> str:
        """Address of the units that a number comes from."""
        return f"{page.root}{line.entry.page}#{anchor(protocol, line.probe)}"

    pictures = [one for block in told.values() if block for one in block.pictures]
    rendered = render(
        "board.html",
        page,
        front=is_front,
        board=board,
        suites=_suites(board, suites, front),
        probes=_probes(board, suites, front),
        columns=_columns(board),
        totals=totals,
        published=published,
        reported=_reported(board, published),
        left_out=left_out,
        licences=sorted({line.entry.licence or "not recorded" for line in lines}),
        has_full=any(section.ranked for section in board.sections),
        href=href,
        most_linked=_MOST_LINKED,
        many_lines=any(len(section.lines) > _MOST_LINKED for section in board.sections),
        headline=headline(board),
        links=next((way_links(suite) for suite in suites if suite.name == board.suite), None),
        **told,
        strip=line_strip,
        reported_strip=reported_strip,
    )
    return replace(rendered, files=picture_files(pictures))


def _told(
    board: Board, published: Published | None, *, front: bool
) -> dict[str, FindingBlock | None]:
    """What leads the page, and what stands below it: full results, or else what is reported."""
    own = next((told for section in board.sections if (told := _tell(board, section))), None)
    full = any(section.ranked for section in board.sections)
    if full or not front or published is None:
        return {"lead": own, "second": None}
    rows = published.with_probe(None)
    found = reported_finding(published, rows)
    if found is None:
        return {"lead": own, "second": None}
    return {
        "lead": FindingBlock(_REPORTED, found, (reported_dumbbells(rows, found),)),
        "second": own,
    }


def _tell(board: Board, section: Section) -> FindingBlock | None:
    found = section_finding(board, section)
    if found is None:
        return None
    pictures = dumbbells(board, section, found), ladder(section)
    label = f"All of {short(board.suite)}, run, every figure recomputed"
    if not section.ranked:
        label = f"Run, every figure recomputed, on a part of {short(board.suite)}"
    return FindingBlock(label, found, tuple(one for one in pictures if one is not None))


_REPORTED = "Reported by the study’s authors, not run here"
_DESCRIPTION = (
    "Do embedding models know how well somebody writes, or only which corpus a text is from? "
    "Probes on learner texts, in and out of distribution, with 95 % intervals."
)


def _page(board: Board, path: str, lead: FindingBlock | None) -> Page:
    """The page; the front page's preview says what was found."""
    if lead is not None:
        said = f"{plain(lead.finding.headline)} {lead.label}. {_DESCRIPTION}"
        shown = tuple(_shown(lead.pictures[0])) if lead.pictures else ()
        return Page(path, "Leaderboard", path, said, plain(lead.finding.headline), shown)
    probe = "each encoder’s own probe" if board.probe == FAVOURED else board.probe
    title = f"Leaderboard: {board.suite}, {probe}"
    if path == "index.html":
        title = "Leaderboard"
    return Page(path, title, "index.html", **board_told(board, title, _DESCRIPTION))


def _shown(picture: Picture) -> Iterator[Shown]:
    for row, _ in picture.plot.rows:
        found = dict(row.estimates)
        seen, unseen = found["in"], found["out"]
        yield Shown(row.label, unseen.value, seen.value, unseen.low, unseen.high)


def _where(suite_slug: str, probe: str, front: Board) -> str:
    if (suite_slug, probe) == (front.suite_slug, front.probe):
        return "index.html"
    return f"boards/{suite_slug}/{probe}.html"


def _suites(board: Board, suites: Sequence[SuiteResults], front: Board) -> list[Choice]:
    return [
        (
            suite.name,
            _where(suite.slug, board.probe if board.probe in suite.probes else FAVOURED, front),
            suite.name == board.suite,
        )
        for suite in suites
    ]


def _probes(board: Board, suites: Sequence[SuiteResults], front: Board) -> list[Choice]:
    return [
        (
            "each encoder’s own" if probe == FAVOURED else probe,
            _where(suite.slug, probe, front),
            probe == board.probe,
        )
        for suite in suites
        if suite.name == board.suite
        for probe in (FAVOURED, *suite.probes)
    ]


def _columns(board: Board) -> tuple[Column, ...]:
    """Columns in their order; those that are shown stand before those on demand."""
    main, first = protocol_label(board.main), headline(board)
    ranks = [
        Column(f"rank-{p}", f"{protocol_label(p)} rank", f"Rank by {p}, 95 % set of the rank",
               shown=False, protocol=p, ranks=True)
        for p in first if p != board.main
    ]  # fmt: skip
    own = "That the numbers are of"
    layer = f"Layers behind {main} QWK, and how many there are"
    gap = "Seen less unseen: what is lost on corpora never seen"
    return (
        Column("rank", "Rank", f"By {main} QWK, 95 % set of the rank", ranks=True),
        Column("encoder", "Encoder", "Name that it was run under", numeric=False),
        Column("size", "Param.", "Number of weights"),
        *(_score_column(board, p) for p in first[::-1]),
        Column("kept", "Kept", "Unseen QWK as a share of seen QWK"),
        _rank_correlation(board.main, "Rank corr.", shown=True),
        Column("claim", "Claims", _CLAIMS),
        Column("strip", "0 to 1", "Dots with 95 % whiskers", numeric=False),
        Column("gap", "Gap", gap, shown=False),
        *(_score_column(board, p) for p in board.protocols if p not in first),
        Column("probe", "Probe", own, numeric=False, shown=False),
        Column("layer", "Layer", layer, numeric=False, shown=False),
        Column("penalty", "Penalty", f"Behind {main} QWK", numeric=False, shown=False),
        Column("width", "Width", "Numbers in an embedding", shown=False),
        _recut(board.main),
        *(c for p in first if p != board.main for c in (_rank_correlation(p), _recut(p))),
        Column("layer-0", "Layer 0", f"{main} QWK at layer 0, the embedding output, which no "
               "choice may take", shown=False, protocol=board.main),
        *_reference_columns(board),
        *ranks,
        Column("licence", "Licence", "Of the weights", numeric=False, shown=False),
    )  # fmt: skip


_CLAIMS = (
    "Rungs of the claim ladder passed from the lowest, out of distribution: better than one level "
    "for all, an untrained model, its own layer 0, text length, surface, complexity, parses"
)


def headline(board: Board) -> list[str]:
    """Protocols whose columns are shown before anybody chooses: in and out of distribution."""
    return list(dict.fromkeys([*(gap_of(board.protocols) or board.protocols[:2]), board.main]))


def _score_column(board: Board, p: str) -> Column:
    first = headline(board)
    label = f"{_side(board, p)} QWK"
    return Column(p, label, f"Under {p}, 95 % interval", True, p in first, p)


def _side(board: Board, p: str) -> str:
    """What a column's head calls a protocol: by its side, where it stands for that."""
    pair = gap_of(board.protocols)
    return protocol_label(p) if pair is None or p not in pair else ("Seen", "Unseen")[pair.index(p)]


def _rank_correlation(p: str, label: str = "", *, shown: bool = False) -> Column:
    what = "rank correlation: Spearman’s, of the probe’s continuous score, mean over corpora"
    side = protocol_label(p)
    return Column(f"spearman-{p}", label or f"{side} rank corr.", f"{side} {what}", True, shown, p)


def _recut(p: str) -> Column:
    what = "QWK of that score cut at each corpus’s own shares of levels: of the order alone"
    side = protocol_label(p)
    return Column(f"recut-{p}", f"{side} recut", f"{side} {what}", True, False, p)


def _reference_columns(board: Board) -> Iterator[Column]:
    main = protocol_label(board.main)
    for entry in _compared_with(board):
        yield Column(
            f"over-{entry.slug}",
            f"Over {short(entry.encoder, 24)}",
            f"{main} QWK less that of the {entry.reference}, paired by text, 95 % interval",
            shown=False,
            reference=entry.slug,
        )


def _compared_with(board: Board) -> list[Entry]:
    """References and controls that some line is compared with, by role and slug."""
    lines = [line for section in board.sections for line in section.lines]
    used = {reference for line in lines for reference in line.above}
    found = {line.entry.slug: line.entry for line in lines if line.entry.slug in used}
    return sorted(found.values(), key=lambda entry: (entry.role != "reference", entry.slug))


def _reported(board: Board, published: Published | None) -> tuple[Reported, ...]:
    if published is None:
        return ()
    return published.with_probe(None if board.probe == FAVOURED else board.probe)


def strip(inside: Estimate | None, outside: Estimate | None) -> tuple[str, str]:
    """Paths of the dot and whisker: a circle in distribution, a diamond out of it."""
    return _mark(inside, "in"), _mark(outside, "out")


def _mark(estimate: Estimate | None, side: str) -> str:
    if estimate is None or estimate.value is None:
        return ""
    x, y = _at(estimate.value), _ROWS[side]
    low = x if estimate.low is None else _at(estimate.low)
    high = x if estimate.high is None else _at(estimate.high)
    whisker = f"M{low} {y}H{high}"
    if side == "in":
        return f"{whisker}M{x - 3} {y}a3 3 0 1 0 6 0 3 3 0 1 0-6 0z"
    return f"{whisker}M{x - 4} {y}l4-4 4 4-4 4z"


def _at(score: float) -> int:
    return _MARGIN + round(_STRIP * min(1.0, max(0.0, score)))


def line_strip(line: Line) -> tuple[str, str]:
    """Strip of a line: what stands for in and out of distribution."""
    found = sides(line.entry.protocols, line.cells)
    inside, outside = (line.cells[found[s]].qwk if s in found else None for s in TITLES)
    return strip(inside, outside)


def reported_strip(row: Reported) -> tuple[str, str]:
    """Strip of a reported row: dots without whiskers."""
    return strip(Estimate(value=row.iid), Estimate(value=row.ood))
