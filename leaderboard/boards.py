"""Boards: which results stand together, in what order, with what rank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from cefrbench.results.explanation import Claim
from cefrbench.results.selection import USUAL, gap_of, sides
from cefrbench.statistics.ranks import Rank
from cefrbench_leaderboard.claims import claims
from cefrbench_leaderboard.entry import FAVOURED, Cell, Entry, Estimate, in_reading_order
from cefrbench_leaderboard.figures import GAP_NAME
from cefrbench_leaderboard.means import Mean, make_mean
from cefrbench_leaderboard.standing import (
    Made,
    Match,
    beside_each_other,
    differences,
    match,
    standings,
)
from cefrbench_leaderboard.trust import UNRECORDED, Trust

#: Suites that come first, in this order; the first that has results is the front page.
_SUITES = ("cefr-v1", "paper", "quickstart")
#: What the pairs of one section may take on the page that compares entries, and what one takes:
#: seven numbers of 16 bits, in base 64.
PAIR_BYTES = 800_000
BYTES_A_PAIR = 7 * 2 * 4 / 3


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a board.

    Attributes
    ----------
    entry : Entry
    probe : str
        Probe that the numbers are of.
    cells : dict of str to Cell
        What they are, by protocol; a protocol without a result is absent.
    gap : Estimate
    standings : dict of str to Rank
        By protocol; empty where nothing is ranked.
    above : dict of str to Estimate
        Difference from each reference under the main protocol, by the reference's slug.
    claim : Claim or None
        How far its favoured probe comes up the claim ladder; None for references.
    trust : Trust
        What maintainers made again of it.
    """

    entry: Entry
    probe: str
    cells: dict[str, Cell]
    gap: Estimate
    standings: dict[str, Rank]
    above: dict[str, Estimate]
    claim: Claim | None = None
    trust: Trust = UNRECORDED

    @property
    def kept(self) -> float | None:
        """Share of the QWK in distribution that is left out of it; None where there is none."""
        found = sides(self.entry.protocols, self.cells)
        pair = [self.cells[found[s]].qwk.value for s in ("in", "out") if s in found]
        if len(pair) < 2 or pair[0] is None or pair[1] is None or pair[0] <= 0:
            return None
        return pair[1] / pair[0]

    @property
    def scores(self) -> dict[str, Estimate]:
        """QWK by protocol."""
        return {protocol: cell.qwk for protocol, cell in self.cells.items()}


@dataclass(frozen=True, slots=True)
class Section:
    """Results that were trained and scored on the same texts.

    Attributes
    ----------
    key : str
        Anchor.
    ranked : bool
        Whether these are full results, which alone are ranked.
    corpora : tuple of str
        What they cover.
    lines : tuple of Line
        Best first.
    matches : tuple of Match
        One a protocol and one for the gap, with as many of the first entries as the page that
        compares them has room for.
    overall : Mean or None
        Of the candidates' own probes, on the board of these; None elsewhere, or without any.
    """

    key: str
    ranked: bool
    corpora: tuple[str, ...]
    source: str
    lines: tuple[Line, ...]
    matches: tuple[Match, ...] = ()
    overall: Mean | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """All results of a suite with one probe (or each with its favoured one)."""

    suite: str
    suite_slug: str
    probe: str
    protocols: tuple[str, ...]
    main: str
    sections: tuple[Section, ...]

    @property
    def page(self) -> str:
        """Path of its page."""
        return f"boards/{self.suite_slug}/{self.probe}.html"


@dataclass(frozen=True, slots=True)
class SuiteResults:
    """All results of one suite.

    Attributes
    ----------
    name, slug : str
    full : tuple of Made
        The cohort that is ranked; may be empty.
    partial : tuple of tuple of Made
        Other cohorts, the one with most corpora first.
    probes : tuple of str
        Of any result, in the order of their appearance.
    protocols : tuple of str
        Of any result: those that stand for in and out of distribution, then the others.
    main : str
        Protocol that ranks: the one that stands for out of distribution, or else for in.
    claims : dict of str to Claim
        Of candidates, by slug: each beside the references of its cohort.
    """

    name: str
    slug: str
    full: tuple[Made, ...]
    partial: tuple[tuple[Made, ...], ...]
    probes: tuple[str, ...]
    protocols: tuple[str, ...]
    main: str
    claims: dict[str, Claim]

    @property
    def made(self) -> tuple[Made, ...]:
        """All of them."""
        return (*self.full, *(one for cohort in self.partial for one in cohort))


def by_suite(made: Sequence[Made]) -> list[SuiteResults]:
    """Take results apart by suite and cohort.

    The full cohort of a suite is the largest one of complete results: others, even complete, were
    run on other rows (a newer revision of a corpus, say) and stand apart.
    """
    suites = _in_order(one.entry.suite for one in made)
    return [
        _suite(name, [one for one in made if one.entry.suite == name])
        for name in sorted(suites, key=lambda name: (_place(name), name))
    ]


def _suite(name: str, own: Sequence[Made]) -> SuiteResults:
    cohorts: dict[str, list[Made]] = {}
    for one in own:
        kind = "full" if one.entry.complete else "partial"
        cohorts.setdefault(f"{kind} {one.entry.cohort}", []).append(one)
    complete = [key for key in sorted(cohorts) if key.startswith("full")]
    first = max(complete, key=lambda key: len(cohorts[key])) if complete else None
    rest = [cohorts[key] for key in sorted(cohorts) if key != first]
    rest.sort(key=lambda cohort: -len(cohort[0].entry.corpora))
    cards = {card.name: card for one in own for card in one.entry.protocols}
    pair = sides(cards.values(), cards)
    main = pair.get("out") or pair["in"]
    return SuiteResults(
        name=name,
        slug=own[0].entry.suite_slug,
        full=tuple(cohorts[first]) if first else (),
        partial=tuple(map(tuple, rest)),
        probes=_in_order(card.name for one in own for card in one.entry.probes),
        protocols=in_reading_order(cards.values()),
        main=main,
        claims={k: v for cohort in cohorts.values() for k, v in claims(cohort, main).items()},
    )


def boards(suite: SuiteResults) -> list[Board]:
    """One board of favoured probes, and one a probe."""
    return beside_each_other(partial(make_board, suite), (FAVOURED, *suite.probes))


def make_board(suite: SuiteResults, probe: str) -> Board:
    """Order, rank and compare the results of a suite under one probe."""
    cohorts = [(suite.full, True)] if suite.full else []
    cohorts += [(cohort, False) for cohort in suite.partial]
    sections = (
        _section(suite, cohort, probe, ranked, index)
        for index, (cohort, ranked) in enumerate(cohorts)
    )
    return Board(
        suite=suite.name,
        suite_slug=suite.slug,
        probe=probe,
        protocols=suite.protocols,
        main=suite.main,
        sections=tuple(section for section in sections if section.lines),
    )


def _section(
    suite: SuiteResults, cohort: Sequence[Made], probe: str, ranked: bool, index: int
) -> Section:
    shown = [one for one in cohort if _has(one.entry, probe)]
    ranks: dict[str, dict[str, Rank]] = {}
    above: dict[str, dict[str, Estimate]] = {}
    matches: list[Match] = []
    whole: dict[str, Match] = {}
    first: list[str] | None = None
    protocols = suite.protocols + ((GAP_NAME,) if gap_of(suite.protocols) else ())
    # The main one first: its order says whose pairs are kept.
    for protocol in sorted(protocols, key=lambda name: name != suite.main):
        found = match(shown, probe, protocol)
        if found is None:
            continue
        whole[protocol] = found
        if ranked and protocol != GAP_NAME:
            ranks[protocol] = standings(found)
        if protocol == suite.main:
            above = differences(found)
        if first is None:
            first = [one.made.entry.slug for one in found.contestants][: most_kept(len(protocols))]
        matches.append(found.keep(first))
    matches.sort(key=lambda one: protocols.index(one.protocol))
    lines = [_line(one, suite, probe, ranks, above) for one in shown]
    lines.sort(key=lambda line: _order(line, suite.main))
    entry = cohort[0].entry
    sources = sorted({corpus.source for corpus in entry.corpora})
    return Section(
        key="full" if ranked else f"partial-{index}",
        ranked=ranked,
        corpora=entry.covered,
        source=", ".join(sources),
        lines=tuple(lines),
        matches=tuple(matches),
        overall=make_mean(whole, gap_of(suite.protocols)) if probe == FAVOURED else None,
    )


def most_kept(protocols: int) -> int:
    """How many entries' pairs fit :data:`PAIR_BYTES`, at :data:`BYTES_A_PAIR` a protocol."""
    return int((1 + (1 + 8 * PAIR_BYTES / (BYTES_A_PAIR * protocols)) ** 0.5) / 2)


def _has(entry: Entry, probe: str) -> bool:
    """Whether an entry has the probe; references stand on every board."""
    return entry.reference is not None or any(c.probe == entry.probe(probe) for c in entry.cells)


def _line(
    one: Made,
    suite: SuiteResults,
    probe: str,
    ranks: dict[str, dict[str, Rank]],
    above: dict[str, dict[str, Estimate]],
) -> Line:
    entry = one.entry
    name = entry.probe(probe)
    if not any(cell.probe == name for cell in entry.cells):
        name = entry.favoured
    cells = [c for p in suite.protocols if (c := entry.cell(p, name)) is not None]
    return Line(
        entry=entry,
        probe=name,
        cells={cell.protocol: cell for cell in cells},
        gap=entry.gaps.get(name, Estimate(value=None)),
        standings={p: found[entry.slug] for p, found in ranks.items() if entry.slug in found},
        above={
            reference: found[entry.slug]
            for reference, found in above.items()
            if entry.reference is None and entry.slug in found
        },
        claim=suite.claims.get(entry.slug),
        trust=one.trust,
    )


def _order(line: Line, main: str) -> tuple[float, str]:
    cell = line.cells.get(main)
    value = cell.qwk.value if cell else None
    return (2.0 if value is None else -value), line.entry.slug


def _place(suite: str) -> int:
    return _SUITES.index(suite) if suite in _SUITES else len(_SUITES)


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def empty_board() -> Board:
    """The front page before there is any result."""
    protocols = tuple(usual[0] for usual in USUAL.values())
    return Board(_SUITES[0], _SUITES[0], FAVOURED, protocols, protocols[-1], ())
