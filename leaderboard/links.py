"""Links of the ways into a suite's results: what can be chosen, and the page of each choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cefrbench.contracts.cards import PLUS
from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.standing import Made
from cefrbench_leaderboard.ways import Kind, Way, language_name, ways

#: One link: label, and address below the root.
Link = tuple[str, str]
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("language", "By language"),
    ("family", "By family of corpora"),
    ("corpus", "By corpus"),
)


@dataclass(frozen=True, slots=True)
class Links:
    """Ways into one suite.

    Attributes
    ----------
    ways : tuple of Way
        Those that some result has a score for.
    groups : tuple of (str, tuple of Link)
        Links under a heading each.
    """

    ways: tuple[Way, ...]
    groups: tuple[tuple[str, tuple[Link, ...]], ...]


def cohort_of(suite: SuiteResults) -> tuple[Made, ...]:
    """The results that ways lead into: full ones, or else those on most corpora."""
    return suite.full or suite.partial[0]


def way_links(suite: SuiteResults) -> Links:
    """All ways into a suite."""
    found = tuple(_found(suite, cohort_of(suite)))
    base = f"ways/{suite.slug}"
    groups = [
        (heading, tuple((_label(way), f"{base}/{way.page}") for way in found if way.kind == kind))
        for kind, heading in _KINDS
    ]
    others = [
        ("By question", f"{base}/questions.html"),
        ("By size", f"{base}/size.html"),
        ("Encoder × corpus, source × target", f"{base}/matrix.html"),
    ]
    if any(_has_methods(one.entry) for one in cohort_of(suite)):
        others.append(("Methods against corpus bias", f"{base}/methods.html"))
    groups.append(("In other ways", tuple(others)))
    return Links(found, tuple((heading, links) for heading, links in groups if links))


def _found(suite: SuiteResults, cohort: Sequence[Made]) -> Iterator[Way]:
    """Ways that some candidate has a score for."""
    entries = [one.entry for one in cohort if one.entry.reference is None]
    known = {
        key
        for entry in entries
        for key, one in entry.subsets.get(suite.main, {}).items()
        if one.low is not None
    }
    cards = [record.card for record in cohort[0].entry.corpora]
    return (way for way in ways(cards) if way.key in known)


def _has_methods(entry: Entry) -> bool:
    """Whether some probe has a method before it, and stands there without one too."""
    known = {card.name for card in entry.probes}
    return any(PLUS in name and name.partition(PLUS)[2] in known for name in known)


def _label(way: Way) -> str:
    return language_name(way.name) if way.kind == "language" else way.name
