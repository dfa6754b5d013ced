"""Methods × encoders: what methods against corpus bias do to the probe that they wrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cefrbench.contracts.cards import PLUS, ProbeCard
from cefrbench.results.selection import sides
from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import Replicates
from cefrbench.statistics.errors import Errors
from cefrbench.statistics.pairs import PairedTest, corrected, these_corpora
from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.figures import as_draws, read_moves
from cefrbench_leaderboard.links import way_links
from cefrbench_leaderboard.page import Page, Rendered
from cefrbench_leaderboard.render import render, short
from cefrbench_leaderboard.standing import Made


@dataclass(frozen=True, slots=True)
class TrackRow:
    """One method on one encoder.

    Attributes
    ----------
    entry : Entry
    method, probe, sees : str
    sweeps : int
        How many times the fits of its probe it costs: one a strength.
    qwk : float or None
        Out of distribution.
    outside, inside : (float or None, PairedTest or None)
        Difference to its probe on both sides, with the test, Holm's correction over the methods
        of the encoder.
    """

    entry: Entry
    method: str
    probe: str
    sees: str
    sweeps: int
    qwk: float | None
    outside: tuple[float | None, PairedTest | None]
    inside: tuple[float | None, PairedTest | None]


def wrapped_cards(entry: Entry) -> list[ProbeCard]:
    """Cards of an entry's probes that have a method before them, beside the probe itself."""
    known = {card.name for card in entry.probes}
    return [
        card for card in entry.probes if PLUS in card.name and card.name.partition(PLUS)[2] in known
    ]


def track_page(suite: SuiteResults, cohort: Sequence[Made]) -> Rendered | None:
    """Render the track of a cohort; None where no result holds a method."""
    rows = [row for one in cohort for row in _rows(suite, one)]
    if not rows:
        return None
    rows.sort(key=lambda row: (row.method, row.probe, -(row.outside[0] or 0.0)))
    page = Page(
        f"ways/{suite.slug}/methods.html",
        "Methods against corpus bias",
        "index.html",
        f"What each method does to its probe on unseen corpora of {short(suite.name)}.",
    )
    return render("methods.html", page, suite=suite, rows=rows, links=way_links(suite))


def _rows(suite: SuiteResults, made: Made) -> list[TrackRow]:
    entry = made.entry
    cards = wrapped_cards(entry)
    pair = sides(entry.protocols, suite.protocols)
    found = {side: _effects(made, cards, protocol) for side, protocol in pair.items()}
    rows = []
    for card in cards:
        method, _, probe = card.name.partition(PLUS)
        cell = entry.cell(suite.main, card.name)
        nothing = (None, None)
        rows.append(
            TrackRow(
                *(entry, method, probe, str(card.params.get("sees", ""))),
                max(1, len(str(card.params.get("strengths", "")).split())),
                None if cell is None else cell.qwk.value,
                found.get("out", {}).get(card.name, nothing),
                found.get("in", {}).get(card.name, nothing),
            )
        )
    return rows


def _effects(
    made: Made, cards: Sequence[ProbeCard], protocol: str
) -> dict[str, tuple[float | None, PairedTest | None]]:
    """Difference of each method to its probe, and its test."""
    pairs: dict[str, tuple[Replicates, Replicates]] = {}
    for card in cards:
        own, base = (
            _draws_of(made, protocol, name) for name in (card.name, card.name.partition(PLUS)[2])
        )
        if own is not None and base is not None:
            pairs[card.name] = own, base
    if not pairs:
        return {}
    errors = [errors_of(pair) for pair in pairs.values()]
    tests = corrected(
        these_corpora(
            np.array([own.estimate - base.estimate for own, base in pairs.values()]),
            Errors(
                np.array([one.error[0, 1] for one in errors]),
                np.array([one.freedom[0, 1] for one in errors]),
            ),
        )
    )
    return {
        name: (own.estimate - base.estimate, tests.one(place))
        for place, (name, (own, base)) in enumerate(pairs.items())
    }


def _draws_of(made: Made, protocol: str, probe: str) -> Replicates | None:
    cell = made.entry.cell(protocol, probe)
    if cell is None or cell.qwk.value is None or not cell.texts:
        return None
    return as_draws(read_moves(made.folder, protocol, probe), cell.qwk.value)
