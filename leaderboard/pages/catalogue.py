"""Pages of corpora, probes and protocols: what they are, and who does best on or with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from cefrbench.contracts.cards import CorpusCard, ProbeCard, ProtocolCard
from cefrbench.results.agreement import share_of_agreement
from cefrbench.results.model import CorpusRecord
from cefrbench.statistics.scores import Scores
from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.charts.heat import transfer_chart
from cefrbench_leaderboard.charts.levels import levels_chart
from cefrbench_leaderboard.descriptions import Described
from cefrbench_leaderboard.entry import Entry, Estimate
from cefrbench_leaderboard.page import Page, Rendered
from cefrbench_leaderboard.pages.corpus import part_of, retained, standings
from cefrbench_leaderboard.pages.encoder import anchor
from cefrbench_leaderboard.render import render
from cefrbench_leaderboard.sharing.cite import corpora_bibtex
from cefrbench_leaderboard.sharing.words import best_told

#: Lines of a "who does best" table.
_MOST = 10

Files = dict[str, str | Rendered]
#: What a template reads of one table or line, by name.
ShownRow = dict[str, Any]
#: From an entry and a protocol to the probe and the score that a table shows, if there is one.
Pick = Callable[[Entry, str], tuple[str, Estimate] | None]
C = TypeVar("C", CorpusCard, ProbeCard, ProtocolCard)


def catalogue_pages(suites: Sequence[SuiteResults], described: dict[str, Described]) -> Files:
    """Render all pages of corpora, probes and protocols, and their charts' CSV, by path."""
    entries = [one.entry for suite in suites for one in suite.made]
    corpora = _by_name(record.card for entry in entries for record in entry.corpora)
    probes = _by_name(probe for entry in entries for probe in entry.probes)
    protocols = _by_name(protocol for entry in entries for protocol in entry.protocols)
    files: Files = {}
    for card in corpora:
        files |= _corpus_files(card, suites, _records(card.name, entries), described)
    for probe in probes:
        files |= _card_file("probes", probe, _best_with_probe(suites, probe.name))
    for protocol in protocols:
        files |= _card_file("protocols", protocol, _best_under(suites, protocol.name))
    rows = [_corpus_row(card, _records(card.name, entries)) for card in corpora]
    files |= _list_file("corpora", rows)
    return files | _list_file("probes", probes) | _list_file("protocols", protocols)


def _by_name(cards: Iterable[C]) -> list[C]:
    """Cards in the order in which they come, the first of each name."""
    found: dict[str, C] = {}
    for card in cards:
        found.setdefault(card.name, card)
    return list(found.values())


def _records(corpus: str, entries: Sequence[Entry]) -> list[CorpusRecord]:
    """Say what each result was run on of one corpus."""
    return [r for entry in entries for r in entry.corpora if r.card.name == corpus]


# -- corpora -----------------------------------------------------------------------------------


def _corpus_files(
    card: CorpusCard,
    suites: Sequence[SuiteResults],
    records: Sequence[CorpusRecord],
    described: dict[str, Described],
) -> Files:
    name = card.name
    # Texts by level, by where the rows came from: the first of each.
    levels = {record.source: record.levels for record in reversed(records)}
    charts = [levels_chart(name, dict(reversed(levels.items())))]
    made = [one for suite in suites for one in suite.made if name in one.entry.covered]
    transfers = [t for one in made for t in one.entry.transfers if name in (t.trained, t.scored)]
    if transfers:
        charts.append(transfer_chart(name, transfers))
    best = list(_best_on(suites, card))
    about = f"{card.title}: who rated whom for what, who does well on it and why."
    page = Page(
        f"corpora/{name}.html",
        f"Corpus {name}",
        "corpora/index.html",
        **best_told(f"Corpus {name}", best, about),
    )
    html = render(
        "corpus.html",
        page,
        card=card,
        versions=_versions(records, described),
        charts=charts,
        bibtex=corpora_bibtex([card]),
        best=best,
        retained=list(retained(suites, name)),
        standings=list(standings(suites, card)),
    )
    files: Files = {f"corpora/{name}/{chart.key}.csv": chart.table.csv() for chart in charts}
    files |= {f"corpora/{name}/{chart.key}.svg": chart.drawing.alone() for chart in charts}
    return {page.path: html, **files}


def _versions(records: Sequence[CorpusRecord], described: dict[str, Described]) -> list[ShownRow]:
    """Rows of a corpus as results had them: each fingerprint once, the most used first."""
    counts = Counter(record.fingerprint for record in records)
    first = {record.fingerprint: record for record in reversed(records)}
    return [
        {"record": first[key], "results": counts[key], "described": described.get(key)}
        for key in sorted(counts, key=lambda key: (-counts[key], key))
    ]


def _corpus_row(card: CorpusCard, records: Sequence[CorpusRecord]) -> ShownRow:
    """One line of the list of corpora."""
    largest = max(records, key=lambda record: record.texts)
    return {"card": card, "record": largest, "results": len(records)}


def _best_on(suites: Sequence[SuiteResults], card: CorpusCard) -> Iterator[ShownRow]:
    def pick(entry: Entry, protocol: str) -> tuple[str, Estimate] | None:
        part = part_of(entry, protocol, card.name)
        return None if part is None else (entry.favoured, part.qwk)

    for table in _best(suites, pick):
        for line in table["lines"]:
            scores = Scores.undefined().model_copy(update={"qwk": line["estimate"].value})
            line["share"] = share_of_agreement(card.agreement, scores)
        yield table


# -- probes and protocols ----------------------------------------------------------------------


def _best_with_probe(suites: Sequence[SuiteResults], probe: str) -> Iterator[ShownRow]:
    def pick(entry: Entry, protocol: str) -> tuple[str, Estimate] | None:
        cell = entry.cell(protocol, probe)
        return None if cell is None else (probe, cell.qwk)

    return _best(suites, pick)


def _best_under(suites: Sequence[SuiteResults], protocol: str) -> Iterator[ShownRow]:
    def pick(entry: Entry, asked: str) -> tuple[str, Estimate] | None:
        cell = entry.cell(protocol, entry.favoured) if asked == protocol else None
        return None if cell is None else (entry.favoured, cell.qwk)

    return _best(suites, pick)


def _best(suites: Sequence[SuiteResults], pick: Pick) -> Iterator[ShownRow]:
    """The ten best of each cohort, by suite and protocol, references among them."""
    for suite in suites:
        for index, cohort in enumerate((suite.full, *suite.partial)):
            for protocol in suite.protocols:
                lines = [line for one in cohort if (line := _line(one.entry, protocol, pick))]
                lines.sort(key=lambda line: (-line["estimate"].value, line["entry"].slug))
                if lines:
                    place = {"suite": suite.name, "protocol": protocol, "full": index == 0}
                    yield {**place, "lines": lines[:_MOST]}


def _line(entry: Entry, protocol: str, pick: Pick) -> ShownRow | None:
    """One encoder's score in such a table, and the units that it comes from."""
    probe, estimate = pick(entry, protocol) or ("", Estimate(value=None))
    if estimate.value is None:
        return None
    href = f"{entry.page}#{anchor(protocol, probe)}"
    return {"entry": entry, "probe": probe, "estimate": estimate, "href": href}


def _card_file(kind: str, card: ProbeCard | ProtocolCard, best: Iterable[ShownRow]) -> Files:
    word = kind.removesuffix("s")
    title, best = f"{word.capitalize()} {card.name}", list(best)
    page = Page(
        f"{kind}/{card.name}.html",
        title,
        f"{kind}/index.html",
        **best_told(title, best, card.description),
    )
    return {page.path: render(f"{word}.html", page, card=card, best=best)}


def _list_file(kind: str, items: Sequence[Any]) -> Files:
    path = f"{kind}/index.html"
    names = ", ".join(item["card"].name if isinstance(item, dict) else item.name for item in items)
    page = Page(
        path,
        kind.capitalize(),
        path,
        f"All {len(items)} {kind} of the leaderboard: {names or 'none yet'}.",
    )
    return {path: render("list.html", page, kind=kind, items=items)}
