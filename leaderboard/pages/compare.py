"""The page that puts two to four encoders side by side, and the data that it works on."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cefrbench.statistics.pairs import PairedTests
from cefrbench.statistics.scoring import Floats
from cefrbench_leaderboard.boards import Board, Section
from cefrbench_leaderboard.entry import FAVOURED, Estimate
from cefrbench_leaderboard.figures import GAP_NAME
from cefrbench_leaderboard.page import Page, Rendered
from cefrbench_leaderboard.pairs import compared_pairs, difference
from cefrbench_leaderboard.render import protocol_label, render
from cefrbench_leaderboard.standing import Contestant, Match

#: Entries whose pairs stand on the page itself, for readers without JavaScript.
_SHOWN = 4
#: Unit of the numbers of pairs: 16 bits reach to 3.2767, and a difference in QWK to 2.
_UNIT = 1e-4
_UNKNOWN = -32768


def compare_pages(boards: Sequence[Board]) -> dict[str, str | Rendered]:
    """Render the page and write its data, by path."""
    files: dict[str, str | Rendered] = {}
    sets: list[dict[str, str]] = []
    shown: list[dict[str, Any]] = []
    for board in boards:
        sections = [section for section in board.sections if len(_entries(section)) > 1]
        if not sections:
            continue
        path = f"compare/{board.suite_slug}/{board.probe}.js"
        files[path] = _script(board, sections)
        sets.append({"suite": board.suite, "probe": board.probe, "path": path})
        if board.probe == FAVOURED:
            shown += [_shown(board, section) for section in sections]
    said = [sentence for one in shown for _, sentence in one["pairs"][:1]]
    about = " ".join(["Encoders side by side, tested in pairs.", *said[:1]])
    page = Page("compare.html", "Compare", "compare.html", about)
    files[page.path] = render(page.path, page, sets=sets, shown=shown)
    return files


def _shown(board: Board, section: Section) -> dict[str, Any]:
    """The first entries of one cohort, in pairs."""
    pairs = compared_pairs(board, section, _SHOWN)
    place = {"suite": board.suite, "full": section.ranked, "corpora": section.corpora}
    return {**place, "pairs": pairs}


def _entries(section: Section) -> dict[str, dict[str, Contestant]]:
    """What is known of each entry whose pairs are kept, by slug and protocol, best first."""
    found: dict[str, dict[str, Contestant]] = {}
    kept = {one.made.entry.slug for match in section.matches for one in match.contestants}
    for slug in (line.entry.slug for line in section.lines if line.entry.slug in kept):
        places = [(match, match.place(slug)) for match in section.matches]
        found[slug] = {m.protocol: m.contestants[i] for m, i in places if i is not None}
    return found


def _script(board: Board, sections: Sequence[Section]) -> str:
    """Data as a script that hands itself over: it works from ``file://`` too, where fetching fails.

    JSON in ASCII is a subset of JavaScript's expressions, whatever a name holds.
    """
    fields = [_data(board, section) for section in sections]
    data = json.dumps(fields, ensure_ascii=True, separators=(",", ":"))
    return f"cefrbenchCompare({data});\n"


def _data(board: Board, section: Section) -> dict[str, object]:
    entries = _entries(section)
    return {
        "suite": board.suite,
        "probe": board.probe,
        "full": section.ranked,
        "gap": (section.lines[0].entry.gap_protocols or ("", ""))[1],
        "protocols": [match.protocol for match in section.matches],
        "labels": {m.protocol: _label(m.protocol) for m in section.matches},
        "inside": _inside(section),
        "corpora": section.corpora,
        "of": len(section.lines),
        "unit": _UNIT,
        "entries": [_entry(found, section) for found in entries.values()],
        "tests": {match.protocol: _pack(match, list(entries)) for match in section.matches},
    }


def _label(protocol: str) -> str:
    return protocol if protocol == GAP_NAME else protocol_label(protocol)


def _inside(section: Section) -> list[str]:
    """Protocols that score in distribution."""
    cards = [card for line in section.lines for card in line.entry.protocols]
    return sorted({card.name for card in cards if card.distribution == "in"})


def _entry(found: Mapping[str, Contestant], section: Section) -> dict[str, object]:
    first = next(iter(found.values()))
    entry = first.made.entry
    return {
        "slug": entry.slug,
        "name": entry.encoder[:120],
        "page": entry.page,
        "probe": first.probe,
        "reference": entry.reference,
        "parameters": entry.parameters,
        "width": entry.width,
        "licence": entry.licence,
        "scores": {protocol: _numbers(one.qwk) for protocol, one in found.items()},
        "corpora": {
            protocol: [_round(one.corpora.get(name)) for name in section.corpora]
            for protocol, one in found.items()
        },
    }


def _numbers(estimate: Estimate) -> list[float | None]:
    return [_round(estimate.value), _round(estimate.low), _round(estimate.high)]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def _pack(match: Match, slugs: Sequence[str]) -> str:
    """All pairs of the entries, each once: row by row of the upper triangle, seven numbers a pair.

    The difference; its corrected interval and p on these corpora; the same beyond them. As 16-bit
    multiples of the unit. p is rounded down: it is then below 0.05 exactly where it was before.
    """
    n = len(slugs)
    table = np.full((n, n, 7), np.nan)
    at = [slugs.index(one.made.entry.slug) for one in match.contestants]
    rows = np.ix_(at, at)
    table[rows] = np.stack([_differences(match), *_columns(match.these), *_columns(match.beyond)],
                           axis=-1)  # fmt: skip
    units = table[np.triu_indices(n, 1)] / _UNIT
    units[:, [3, 6]] = np.floor(units[:, [3, 6]])
    whole = np.clip(np.rint(units), -32767, 32767)
    packed = np.where(np.isnan(whole), _UNKNOWN, whole).astype("<i2")
    return base64.b64encode(packed.tobytes()).decode()


def _differences(match: Match) -> Floats:
    return np.array([[difference(a, b) for b in match.contestants] for a in match.contestants])


def _columns(tests: PairedTests) -> tuple[Floats, Floats, Floats]:
    return tests.low_holm, tests.high_holm, tests.p_holm
