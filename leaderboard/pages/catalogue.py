"""Pages of corpora, probes and protocols: what they are, and who does best on or with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cefrbench.contracts.cards import CorpusCard, ProbeCard, ProtocolCard
from cefrbench.results.selection import GAP
from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.charts.chart import Chart
from cefrbench_leaderboard.charts.heat import transfer_chart
from cefrbench_leaderboard.charts.levels import levels_chart
from cefrbench_leaderboard.descriptions import Described
from cefrbench_leaderboard.entry import CorpusCell, Entry, Estimate
from cefrbench_leaderboard.page import Page
from cefrbench_leaderboard.pages.encoder import anchor
from cefrbench_leaderboard.render import render
from cefrbench_leaderboard.standing import Made

#: Lines of a "who does best" table.
_MOST = 10


@dataclass(frozen=True, slots=True)
class BestLine:
    """One encoder's score in a "who does best" table, and the units that it comes from."""

    entry: Entry
    probe: str
    estimate: Estimate
    href: str


@dataclass(frozen=True, slots=True)
class BestTable:
    """Who does best in one cohort under one protocol."""

    suite: str
    protocol: str
    full: bool
    lines: tuple[BestLine, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """Rows of a corpus as some results had them."""

    fingerprint: str
    source: str
    revision: str | None
    texts: int
    units: int
    dropped: dict[str, int]
    results: int
    described: Described | None


@dataclass(frozen=True, slots=True)
class Retained:
    """What is left of a corpus's score when it is not trained on, in one cohort."""

    suite: str
    full: bool
    results: int
    inside: float
    outside: float


@dataclass(frozen=True, slots=True)
class CorpusContext:
    """All that the template ``corpus.html`` shows."""

    page: Page
    card: CorpusCard
    versions: tuple[Version, ...]
    charts: tuple[Chart, ...]
    best: tuple[BestTable, ...]
    retained: tuple[Retained, ...]


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """One line of the list of corpora."""

    card: CorpusCard
    texts: int
    units: int
    results: int


@dataclass(frozen=True, slots=True)
class CardContext:
    """All that the templates ``probe.html`` and ``protocol.html`` show."""

    page: Page
    card: ProbeCard | ProtocolCard
    best: tuple[BestTable, ...]


@dataclass(frozen=True, slots=True)
class ListContext:
    """All that the template ``list.html`` shows."""

    page: Page
    kind: str
    corpora: tuple[CorpusRow, ...] = ()
    cards: tuple[ProbeCard | ProtocolCard, ...] = ()


Files = dict[str, str]


def catalogue_pages(suites: Sequence[SuiteResults], described: dict[str, Described]) -> Files:
    """Render all pages of corpora, probes and protocols, and their charts' CSV, by path."""
    made = [one for suite in suites for one in suite.made]
    corpora: dict[str, CorpusCard] = {}
    probes: dict[str, ProbeCard] = {}
    protocols: dict[str, ProtocolCard] = {}
    for one in made:
        for record in one.entry.corpora:
            corpora.setdefault(record.card.name, record.card)
        for probe in one.entry.probes:
            probes.setdefault(probe.name, probe)
        for protocol in one.entry.protocols:
            protocols.setdefault(protocol.name, protocol)
    files: Files = {}
    for card in corpora.values():
        files |= _corpus_files(card, suites, described)
    for probe in probes.values():
        files |= _card_file("probes", probe, _best_with_probe(suites, probe.name))
    for protocol in protocols.values():
        files |= _card_file("protocols", protocol, _best_under(suites, protocol.name))
    files |= _list_file("corpora", corpora=tuple(_corpus_row(c, made) for c in corpora.values()))
    files |= _list_file("probes", cards=tuple(probes.values()))
    files |= _list_file("protocols", cards=tuple(protocols.values()))
    return files


# -- corpora -----------------------------------------------------------------------------------


def _corpus_files(
    card: CorpusCard, suites: Sequence[SuiteResults], described: dict[str, Described]
) -> Files:
    name = card.name
    made = [one for suite in suites for one in suite.made if name in one.entry.covered]
    versions = _versions(name, made, described)
    charts = [levels_chart(name, _levels(name, made))]
    transfers = [t for one in made for t in one.entry.transfers if name in (t.trained, t.scored)]
    if transfers:
        charts.append(transfer_chart(name, transfers))
    context = CorpusContext(
        page=Page(
            f"corpora/{name}.html",
            f"Corpus {name}",
            "corpora/index.html",
            f"{card.title}: levels, audit, who does best on it, how it transfers.",
        ),
        card=card,
        versions=versions,
        charts=tuple(charts),
        best=tuple(_best_on(suites, name)),
        retained=tuple(_retained(suites, name)),
    )
    files = {context.page.path: render("corpus.html", {"it": context, "page": context.page})}
    return files | {f"corpora/{name}/{chart.key}.csv": chart.table.csv() for chart in charts}


def _versions(
    name: str, made: Sequence[Made], described: dict[str, Described]
) -> tuple[Version, ...]:
    """Each fingerprint once, the most used first."""
    records = [r for one in made for r in one.entry.corpora if r.card.name == name]
    counts: dict[str, int] = {}
    for record in records:
        counts[record.fingerprint] = counts.get(record.fingerprint, 0) + 1
    first = {record.fingerprint: record for record in reversed(records)}
    return tuple(
        Version(
            fingerprint=key,
            source=first[key].source,
            revision=first[key].revision,
            texts=first[key].texts,
            units=first[key].units,
            dropped=first[key].cleaning.dropped,
            results=counts[key],
            described=described.get(key),
        )
        for key in sorted(counts, key=lambda key: (-counts[key], key))
    )


def _levels(name: str, made: Sequence[Made]) -> dict[str, dict[str, int]]:
    """Texts by level, by where the rows came from; the first of each."""
    found: dict[str, dict[str, int]] = {}
    for one in made:
        for record in one.entry.corpora:
            if record.card.name == name:
                found.setdefault(record.source, record.levels)
    return found


def _corpus_row(card: CorpusCard, made: Sequence[Made]) -> CorpusRow:
    records = [r for one in made for r in one.entry.corpora if r.card.name == card.name]
    largest = max(records, key=lambda record: record.texts)
    return CorpusRow(card, largest.texts, largest.units, len(records))


def _best_on(suites: Sequence[SuiteResults], corpus: str) -> Iterable[BestTable]:
    def pick(entry: Entry, protocol: str) -> tuple[str, Estimate] | None:
        part = _part(entry, protocol, corpus)
        return None if part is None else (entry.validated, part.qwk)

    return _best(suites, pick)


def _part(entry: Entry, protocol: str, corpus: str) -> CorpusCell | None:
    cell = entry.cell(protocol, entry.validated)
    parts = cell.corpora if cell else ()
    return next((part for part in parts if part.corpus == corpus), None)


def _retained(suites: Sequence[SuiteResults], corpus: str) -> Iterable[Retained]:
    """Mean over candidates of the corpus's QWK, trained on it and not."""
    for suite in suites:
        for index, cohort in enumerate((suite.full, *suite.partial)):
            pairs = []
            for one in cohort:
                if one.entry.reference is None:
                    inside, outside = (_part(one.entry, p, corpus) for p in GAP)
                    if inside and outside and None not in (inside.qwk.value, outside.qwk.value):
                        pairs.append((inside.qwk.value or 0.0, outside.qwk.value or 0.0))
            if pairs:
                means = [sum(side) / len(pairs) for side in zip(*pairs, strict=True)]
                yield Retained(suite.name, index == 0, len(pairs), means[0], means[1])


# -- probes and protocols ----------------------------------------------------------------------


def _best_with_probe(suites: Sequence[SuiteResults], probe: str) -> Iterable[BestTable]:
    def pick(entry: Entry, protocol: str) -> tuple[str, Estimate] | None:
        cell = entry.cell(protocol, probe)
        return None if cell is None else (probe, cell.qwk)

    return _best(suites, pick)


def _best_under(suites: Sequence[SuiteResults], protocol: str) -> Iterable[BestTable]:
    def pick(entry: Entry, asked: str) -> tuple[str, Estimate] | None:
        cell = entry.cell(protocol, entry.validated) if asked == protocol else None
        return None if cell is None else (entry.validated, cell.qwk)

    return _best(suites, pick)


#: From an entry and a protocol to the probe and the score that a table shows, if there is one.
Pick = Callable[[Entry, str], tuple[str, Estimate] | None]


def _best(suites: Sequence[SuiteResults], pick: Pick) -> Iterable[BestTable]:
    """The ten best of each cohort, by suite and protocol, references among them."""
    for suite in suites:
        for index, cohort in enumerate((suite.full, *suite.partial)):
            for protocol in suite.protocols:
                lines = [line for one in cohort if (line := _line(one.entry, protocol, pick))]
                lines.sort(key=lambda line: (-(line.estimate.value or 0.0), line.entry.slug))
                if lines:
                    yield BestTable(suite.name, protocol, index == 0, tuple(lines[:_MOST]))


def _line(entry: Entry, protocol: str, pick: Pick) -> BestLine | None:
    found = pick(entry, protocol)
    if found is None or found[1].value is None:
        return None
    probe, estimate = found
    return BestLine(entry, probe, estimate, f"{entry.page}#{anchor(protocol, probe)}")


def _card_file(kind: str, card: ProbeCard | ProtocolCard, best: Iterable[BestTable]) -> Files:
    word = kind.removesuffix("s")
    page = Page(
        f"{kind}/{card.name}.html",
        f"{word.capitalize()} {card.name}",
        f"{kind}/index.html",
        card.description,
    )
    context = CardContext(page, card, tuple(best))
    return {page.path: render(f"{word}.html", {"it": context, "page": page})}


def _list_file(
    kind: str,
    corpora: tuple[CorpusRow, ...] = (),
    cards: tuple[ProbeCard | ProtocolCard, ...] = (),
) -> Files:
    path = f"{kind}/index.html"
    page = Page(path, kind.capitalize(), path, f"All {kind} of the leaderboard.")
    context = ListContext(page, kind, corpora, cards)
    return {path: render("list.html", {"it": context, "page": page})}
