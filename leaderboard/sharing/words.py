"""Titles, descriptions and pictures of pages, with their scores: what a preview says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from cefrbench.results.selection import sides
from cefrbench_leaderboard.boards import Board, Line
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.page import Shown
from cefrbench_leaderboard.render import between, number, short

_NAME = 40
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


class Told(TypedDict):
    """What a page takes for its preview; see :class:`cefrbench_leaderboard.page.Page`."""

    headline: str
    description: str
    shown: tuple[Shown, ...]


def encoder_told(entry: Entry, beside: Sequence[Shown] = ()) -> Told:
    """Say how one result did; ``beside`` it the references that were run with it."""
    own = entry_shown(entry, entry.favoured)
    scope = f"{short(entry.suite, 30)}, {_count(len(entry.corpora), 'corpus', 'corpora')}"
    kind = "A full result" if entry.complete else "A partial result"
    return {
        "headline": f"{own.name}: {scores(own)} ({scope})",
        "description": f"{_agree(own)} {kind} of {scope}, with all that it follows from.",
        "shown": (own, *beside),
    }


def model_card(entry: Entry) -> str:
    """Address of the model's card on the hub; empty where the model is none of the hub's.

    A model of the hub is named ``ORG/NAME`` and has a revision.
    """
    known = _HUB_NAME.fullmatch(entry.model) and entry.revision
    return f"https://huggingface.co/{entry.model}" if known else ""


def board_told(board: Board, title: str, description: str) -> Told:
    """Say who stands first on a board: of its full results, or else of the widest partial ones."""
    lines = board.sections[0].lines if board.sections else ()
    shown = tuple(_line_shown(board, line) for line in lines)
    first = _first([line.entry for line in lines])
    if first is None:
        return {"headline": title, "description": description, "shown": shown}
    if board.sections[0].ranked:
        kind, told = "full", f"{shown[first].name} stands first, {scores(shown[first])}"
    else:
        kind, told = "partial", f"{shown[first].name}, {scores(shown[first])}"
    among = f"{_count(len(lines), f'{kind} result', f'{kind} results')} of {short(board.suite, 30)}"
    return {
        "headline": f"{title}: {told}",
        "description": f"{_agree(shown[first])} Of {among}. {description}",
        "shown": shown,
    }


def best_told(title: str, tables: Sequence[Mapping[str, Any]], description: str) -> Told:
    """Say who does best in the tables of a corpus, a probe or a protocol."""
    shown, entries = _best_shown(tables)
    first = _first(entries)
    if first is None:
        return {"headline": title, "description": description, "shown": shown}
    told = f"best is {shown[first].name}, {scores(shown[first])}"
    return {
        "headline": f"{title}: {told}",
        "description": f"{told[0].upper()}{told[1:]}. {description}",
        "shown": shown,
    }


def scores(shown: Shown) -> str:
    """QWK unseen and seen, as far as there is any."""
    pairs = ((shown.unseen, "unseen"), (shown.seen, "seen"))
    said = [f"{number(value, 2)} {word}" for value, word in pairs if value is not None]
    return f"QWK {', '.join(said)}" if said else "no QWK"


def _agree(shown: Shown) -> str:
    if shown.unseen is None:
        return f"{shown.name}: {scores(shown)}."
    interval = between(shown.low, shown.high)
    unseen = f"{number(shown.unseen, 2)}{f' ({interval})' if interval else ''}"
    seen = "" if shown.seen is None else f" and at {number(shown.seen, 2)} on those they have"
    return (
        f"Probes on {shown.name} agree with raters at QWK {unseen} on corpora they have never "
        f"seen{seen}."
    )


def entry_shown(entry: Entry, probe: str) -> Shown:
    """One result with one probe, under the protocols that stand for seen and unseen."""
    found = sides(entry.protocols, {card.name for card in entry.protocols})
    cells = {side: entry.cell(protocol, probe) for side, protocol in found.items()}
    inside, outside = cells.get("in"), cells.get("out")
    return Shown(
        short(entry.encoder, _NAME),
        outside.qwk.value if outside else None,
        inside.qwk.value if inside else None,
        outside.qwk.low if outside else None,
        outside.qwk.high if outside else None,
    )


def _line_shown(board: Board, line: Line) -> Shown:
    return entry_shown(line.entry, line.probe)


def _best_shown(tables: Sequence[Mapping[str, Any]]) -> tuple[tuple[Shown, ...], list[Entry]]:
    """Lines of the first table out of distribution, with what they have in it; else of the first.

    A slug has one page a suite, so it stands in one cohort of it.
    """
    outside = [table for table in tables if _side(table) == "out"]
    usual = [table for table in outside if table["protocol"] in _sides(table).values()]
    table = next(iter(usual or outside or tables), None)
    if table is None:
        return (), []
    inside = {
        line["entry"].slug: line["estimate"].value
        for other in tables
        if other["suite"] == table["suite"] and other["protocol"] == _sides(table).get("in")
        for line in other["lines"]
    }
    out = _side(table) == "out"
    shown = tuple(
        Shown(
            short(line["entry"].encoder, _NAME),
            line["estimate"].value if out else None,
            inside.get(line["entry"].slug) if out else line["estimate"].value,
            line["estimate"].low if out else None,
            line["estimate"].high if out else None,
        )
        for line in table["lines"]
    )
    return shown, [line["entry"] for line in table["lines"]]


def _sides(table: Mapping[str, Any]) -> Mapping[Any, str]:
    cards = table["lines"][0]["entry"].protocols
    return sides(cards, {card.name for card in cards})


def _side(table: Mapping[str, Any]) -> str:
    entry: Entry = table["lines"][0]["entry"]
    found = [card.distribution for card in entry.protocols if card.name == table["protocol"]]
    return found[0]


def _first(entries: Sequence[Entry]) -> int | None:
    """Place of the first that is no reference; None without any."""
    return next((i for i, entry in enumerate(entries) if entry.reference is None), None)


def _count(number_of: int, one: str, many: str) -> str:
    return f"{number_of} {one if number_of == 1 else many}"
