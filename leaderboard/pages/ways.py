"""Pages of ways in: by language, family and corpus, ranked anew; by size; a matrix; questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cefrbench.results.selection import sides
from cefrbench.statistics.ranks import Rank
from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.charts.dumbbells import DumbbellRow, ReferenceLine, plot
from cefrbench_leaderboard.entry import Entry, Estimate
from cefrbench_leaderboard.finding import LinkedFigure, counted, plain
from cefrbench_leaderboard.links import cohort_of, way_links
from cefrbench_leaderboard.page import Page, Rendered
from cefrbench_leaderboard.pages.matrix import matrix_page
from cefrbench_leaderboard.pages.questions import questions_page
from cefrbench_leaderboard.pages.size import size_page
from cefrbench_leaderboard.pages.track import track_page
from cefrbench_leaderboard.pictures import Picture, picture_files
from cefrbench_leaderboard.render import number, render, short, span
from cefrbench_leaderboard.standing import (
    Contestant,
    RankedMatch,
    beside_each_other,
    match_on,
    standings,
)
from cefrbench_leaderboard.ways import Way, language_name

#: Most rows of a page; the others stand on the board.
_MOST = 100


@dataclass(frozen=True, slots=True)
class Placed:
    """One candidate on the corpora of a way, with its rank there."""

    entry: Entry
    qwk: Estimate
    rank: Rank


def ways_pages(suites: Sequence[SuiteResults]) -> list[Rendered]:
    """Render all ways into each suite's first cohort."""
    pages: list[Rendered] = []
    for suite in suites:
        cohort = cohort_of(suite)
        ways = way_links(suite).ways
        # A language with one corpus is that corpus.
        first = {way.key: way for way in reversed(ways)}
        ranked = beside_each_other(partial(match_on, cohort, suite.main), first.values())
        matches = dict(zip(first, ranked, strict=True))
        pages += [page for way in ways if (page := _page(suite, way, matches[way.key]))]
        pages += [matrix_page(suite, cohort), size_page(suite, cohort)]
        pages.append(questions_page(suite, cohort))
        if (track := track_page(suite, cohort)) is not None:
            pages.append(track)
    return pages


def _page(suite: SuiteResults, way: Way, found: RankedMatch | None) -> Rendered | None:
    if found is None:
        return None
    ranks = standings(found)
    own = [
        Placed(one.made.entry, one.qwk, ranks[one.made.entry.slug])
        for one in found.contestants
        if one.made.entry.slug in ranks
    ]
    title = f"{_words(way)}: who reads it unseen"
    picture = _picture(suite, way, own, found.contestants)
    said = plain(picture.title) if picture else "No model has a score here."
    page = Page(f"ways/{suite.slug}/{way.page}", title, "index.html", f"{said}.")
    links = way_links(suite)
    rendered = render("way.html", page, suite=suite, way=way, picture=picture, links=links)
    return replace(rendered, files=picture_files([picture] if picture else []))


def _words(way: Way) -> str:
    """What a way is of, in words."""
    if way.kind == "language":
        return language_name(way.name)
    return f"{way.kind.capitalize()} {short(way.name, 40)}"


def _picture(
    suite: SuiteResults, way: Way, own: Sequence[Placed], contestants: Sequence[Contestant]
) -> Picture | None:
    if not own:
        return None
    rows = [_row(one, suite, way) for one in own]
    references = [
        ReferenceLine(f"{short(c.made.entry.encoder, 22)} {number(c.qwk.value, 2)}", c.qwk.value)
        for c in contestants
        if c.made.entry.reference is not None and c.qwk.value is not None
    ]
    refits = min(one.qwk.refits for one in own)
    covers = "over texts scored and trained on" if refits else "over texts scored"
    caption = (
        f"QWK, {'mean over ' if len(way.corpora) > 1 else 'on '}{', '.join(way.corpora)}; "
        f"{counted(len(own), 'model')}, each with the probe that its own training texts favour. "
        f"Whiskers: 95 % intervals, {covers}. Unseen: {suite.main}. Rank: how many are shown to "
        "be better here, plus one, after Holm’s correction, and its 95 % set. Lines: references, "
        "unseen."
    )
    return Picture("ranked", tuple(_title(own)), caption, plot(rows, references, _MOST))


def _title(own: Sequence[Placed]) -> Iterator[str | LinkedFigure]:
    first = own[0]
    yield LinkedFigure(first.entry.encoder, first.entry.page)
    yield f" reads it best, at {number(first.qwk.value, 2)}"
    tied = first.rank.high - 1
    if tied:
        yield f"; {counted(tied, 'other')} can’t be told from it"


def _row(one: Placed, suite: SuiteResults, way: Way) -> DumbbellRow:
    pair = sides(one.entry.protocols, suite.protocols)
    seen = one.entry.subsets.get(pair.get("in", ""), {}).get(way.key, Estimate(value=None))
    note = f"rank {span(one.rank.low, one.rank.high)}"
    return DumbbellRow(one.entry.encoder, one.entry.page, (("in", seen), ("out", one.qwk)), note)
