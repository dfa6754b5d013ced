"""Encoder × corpus, and source × target: two tables of QWK on unseen corpora."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.charts.palette import STRONG, step_of
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.links import way_links
from cefrbench_leaderboard.page import Page, Rendered
from cefrbench_leaderboard.pages.encoder import anchor
from cefrbench_leaderboard.render import number, render, short
from cefrbench_leaderboard.standing import Made


@dataclass(frozen=True, slots=True)
class Square:
    """One cell: what it says and how it is painted."""

    text: str
    look: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """A table of squares with names on both sides; rows may lead to a page."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Square, ...]], ...]


def matrix_page(suite: SuiteResults, cohort: Sequence[Made]) -> Rendered:
    """Render both tables of a cohort."""
    page = Page(
        f"ways/{suite.slug}/matrix.html",
        "Every model on every corpus",
        "index.html",
        f"QWK of each encoder on each unseen corpus of {short(suite.name)}, and from corpus to "
        "corpus.",
    )
    entries = [one.entry for one in cohort]
    return render(
        "matrix.html",
        page,
        suite=suite,
        corpora=_by_corpus(suite, entries),
        transfers=_transfers(entries),
        links=way_links(suite),
    )


def _by_corpus(suite: SuiteResults, entries: Sequence[Entry]) -> Matrix:
    """Encoders down, best mean first; corpora across, in the results' order."""
    rows = []
    columns = entries[0].covered
    for entry in entries:
        cell = entry.cell(suite.main, entry.favoured)
        if cell is None:
            continue
        found = {part.corpus: part.qwk.value for part in cell.corpora}
        squares = tuple(_square(found.get(name)) for name in columns)
        href = f"{entry.page}#{anchor(suite.main, entry.favoured)}"
        rows.append((-(cell.qwk.value or 0.0), entry.encoder, href, squares))
    rows.sort(key=lambda row: row[:3])
    return Matrix(columns, tuple((name, href, squares) for _, name, href, squares in rows))


def _transfers(entries: Sequence[Entry]) -> Matrix | None:
    """Corpus trained on down, corpus scored across: the mean over candidates that have both."""
    values: dict[tuple[str, str], list[float]] = {}
    for entry in entries:
        for one in entry.transfers if entry.reference is None else ():
            if one.qwk is not None:
                values.setdefault((one.trained, one.scored), []).append(one.qwk)
    if not values:
        return None
    names = [name for name in entries[0].covered if any(name in pair for pair in values)]
    means = {pair: sum(found) / len(found) for pair, found in values.items()}
    rows = [(a, "", tuple(_square(means.get((a, b))) for b in names)) for a in names]
    return Matrix(tuple(names), tuple(rows))


def _square(value: float | None) -> Square:
    if value is None:
        return Square(number(None), "")
    step = step_of(value)
    return Square(number(value, 2), f"p{step}{' strong' if step >= STRONG else ''}")
