"""The page that puts two to four encoders side by side, and the data that it works on."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.entry import VALIDATED, Estimate
from cefrbench_leaderboard.page import Page
from cefrbench_leaderboard.pairs import MOST, Contestant, Field, Pair, compared_pairs, fields
from cefrbench_leaderboard.render import render

#: Entries whose pairs stand on the page itself, for readers without JavaScript.
_SHOWN = 4
#: Unit of the errors in the data: 16 bits reach to 0.65.
_QUANTUM = 1e-5


@dataclass(frozen=True, slots=True)
class DataSet:
    """One script of data: the entries of a suite under one probe."""

    suite: str
    probe: str
    path: str


@dataclass(frozen=True, slots=True)
class ShownField:
    """The first entries of one cohort, in pairs."""

    suite: str
    full: bool
    corpora: tuple[str, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class CompareContext:
    """All that the template ``compare.html`` shows."""

    page: Page
    sets: tuple[DataSet, ...]
    shown: tuple[ShownField, ...]
    most: int


def compare_pages(suites: Sequence[SuiteResults]) -> dict[str, str]:
    """Render the page and write its data, by path."""
    files: dict[str, str] = {}
    sets: list[DataSet] = []
    shown: list[ShownField] = []
    for suite in suites:
        for probe in (VALIDATED, *suite.probes):
            found = fields(suite, probe)
            if not found:
                continue
            path = f"compare/{suite.slug}/{probe}.js"
            files[path] = _script(found)
            sets.append(DataSet(suite.name, probe, path))
            if probe == VALIDATED:
                shown += [_shown(field) for field in found]
    page = Page(
        "compare.html", "Compare", "compare.html", "Encoders side by side, tested in pairs."
    )
    context = CompareContext(page, tuple(sets), tuple(shown), MOST)
    files[page.path] = render("compare.html", {"it": context, "page": page})
    return files


def _shown(field: Field) -> ShownField:
    return ShownField(field.suite, field.full, field.corpora, tuple(compared_pairs(field, _SHOWN)))


def _script(found: Sequence[Field]) -> str:
    """Data as a script that hands itself over: it works from ``file://`` too, where fetching fails.

    JSON in ASCII is a subset of JavaScript's expressions, whatever a name holds.
    """
    data = json.dumps([_data(field) for field in found], ensure_ascii=True, separators=(",", ":"))
    return f"cefrbenchCompare({data});\n"


def _data(field: Field) -> dict[str, object]:
    return {
        "suite": field.suite,
        "probe": field.probe,
        "full": field.full,
        "protocols": field.protocols,
        "corpora": field.corpora,
        "quantum": _QUANTUM,
        "tested": len(next(iter(field.errors.values()))),
        "entries": [_entry(one, field) for one in field.contestants],
        "errors": {protocol: _pack(errors) for protocol, errors in field.errors.items()},
    }


def _entry(one: Contestant, field: Field) -> dict[str, object]:
    entry = one.made.entry
    return {
        "slug": entry.slug,
        "name": entry.encoder[:120],
        "page": entry.page,
        "probe": one.probe,
        "reference": entry.reference,
        "parameters": entry.parameters,
        "width": entry.width,
        "licence": entry.licence,
        "scores": {protocol: _numbers(score) for protocol, score in one.scores.items()},
        "corpora": {
            protocol: [_round(values.get(name)) for name in field.corpora]
            for protocol, values in one.corpora.items()
        },
    }


def _numbers(estimate: Estimate) -> list[float | None]:
    return [_round(estimate.value), _round(estimate.low), _round(estimate.high)]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def _pack(errors: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> str:
    """Upper triangle, row by row, as 16-bit multiples of the quantum; the largest for unknown."""
    above = errors[np.triu_indices(len(errors), 1)]
    units = np.rint(np.nan_to_num(above, nan=1.0) / _QUANTUM)
    return base64.b64encode(np.minimum(units, 65535).astype("<u2").tobytes()).decode()
