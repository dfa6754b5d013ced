"""The page of one result: an encoder under a suite, from its figures down to their units."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from cefrbench.config import as_command
from cefrbench.results.model import RunResult, UnitRecord
from cefrbench.results.selection import GAP, counted_units
from cefrbench.statistics.intervals import Interval
from cefrbench_leaderboard.charts.chart import Chart
from cefrbench_leaderboard.entry import Cell, Entry, Estimate
from cefrbench_leaderboard.page import Page
from cefrbench_leaderboard.render import protocol_label, render, short
from cefrbench_leaderboard.views import result_charts


@dataclass(frozen=True, slots=True)
class Headline:
    """One large number at the top, and the units it comes from."""

    label: str
    estimate: Estimate
    anchor: str
    note: str


@dataclass(frozen=True, slots=True)
class UnitGroup:
    """All units that one number is the mean of."""

    anchor: str
    cell: Cell
    units: tuple[UnitRecord, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a list of facts."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class EncoderContext:
    """All that the template ``encoder.html`` shows."""

    page: Page
    entry: Entry
    result: RunResult
    folder: str
    headlines: tuple[Headline, ...]
    charts: tuple[Chart, ...]
    groups: tuple[UnitGroup, ...]
    facts: tuple[Fact, ...]
    command: str
    digest: str
    bibtex: str


def encoder_page(
    result: RunResult, entry: Entry, bands: dict[tuple[str, str, int], Interval]
) -> tuple[str, dict[str, str]]:
    """Render the page of one result.

    Returns
    -------
    html : str
    files : dict of str to str
        Texts of the files beside it, by name: a CSV for each chart.
    """
    charts = result_charts(result, entry, bands)
    context = EncoderContext(
        page=Page(
            path=entry.page,
            title=f"{short(entry.encoder)} · {entry.suite}",
            section="index.html",
            description=f"What probes read from {short(entry.encoder)} under {entry.suite}.",
        ),
        entry=entry,
        result=result,
        folder=entry.suite_slug,
        headlines=_headlines(entry),
        charts=charts,
        groups=_groups(result, entry),
        facts=_facts(result),
        command=as_command(result.config.model_copy(update={"encoders": (entry.encoder,)})),
        digest=result.checksum,
        bibtex=_bibtex(entry),
    )
    html = render("encoder.html", {"it": context, "page": context.page})
    return html, {f"{chart.key}.csv": chart.table.csv() for chart in charts}


def anchor(protocol: str, probe: str) -> str:
    """Anchor of the units of one probe under one protocol."""
    return f"{protocol}-{probe}"


def _headlines(entry: Entry) -> tuple[Headline, ...]:
    """In distribution, out of it, and the gap, for the probe that validation favours."""
    probe = entry.validated
    found = []
    for card in entry.protocols:
        cell = entry.cell(card.name, probe)
        if cell is not None:
            note = f"{card.title}, mean over {len(_means(cell, entry))} corpora"
            found.append(
                Headline(
                    f"{protocol_label(card.name)} QWK", cell.qwk, anchor(card.name, probe), note
                )
            )
    if probe in entry.gaps:
        note = "what is lost on a corpus never seen"
        found.append(Headline("Gap", entry.gaps[probe], anchor(GAP[1], probe), note))
    return tuple(found)


def _means(cell: Cell, entry: Entry) -> tuple[str, ...]:
    return tuple(part.corpus for part in cell.corpora if part.corpus in entry.covered)


def _groups(result: RunResult, entry: Entry) -> tuple[UnitGroup, ...]:
    units = list(counted_units(result))
    return tuple(
        UnitGroup(
            anchor(cell.protocol, cell.probe),
            cell,
            tuple(u for u in units if (u.protocol, u.probe) == (cell.protocol, cell.probe)),
        )
        for cell in entry.cells
    )


def _facts(result: RunResult) -> tuple[Fact, ...]:
    encoder, provenance = result.encoder, result.provenance
    facts = [
        Fact("Model", encoder.model),
        Fact("Revision", encoder.revision or "not recorded"),
        Fact("Pooling", encoder.pooling or "none"),
        Fact("Instruction", encoder.instruction or "none"),
        Fact("Longest input", f"{encoder.max_length} tokens" if encoder.max_length else "no limit"),
        Fact("Forward pass", encoder.dtype),
        Fact("Model's own code", "was run" if encoder.remote_code else "not run"),
        *(Fact(name, value) for name, value in sorted(encoder.details.items())),
        Fact("cefrbench", provenance.cefrbench),
        Fact("Started", provenance.started),
        Fact("Python", provenance.python),
        Fact("Platform", provenance.platform),
        *(Fact(name, _plain(value)) for name, value in sorted(provenance.hardware.items())),
        *(Fact(f"Plugin for {name}", value) for name, value in sorted(provenance.plugins.items())),
        Fact("Packages", ", ".join(f"{k} {v}" for k, v in sorted(provenance.packages.items()))),
    ]
    return tuple(fact for fact in facts if fact.value)


def _plain(value: object) -> str:
    if isinstance(value, str | int | float) or value is None:
        return "" if value is None else str(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _bibtex(entry: Entry) -> str:
    """Entry for this result; braces in a name would break out of the field."""
    name = entry.encoder.translate({ord(c): None for c in "{}\\%\n"})
    key = hashlib.sha256(entry.encoder.encode()).hexdigest()[:6]
    return (
        f"@misc{{cefrbench-{key},\n"
        f"  title = {{cefrbench {entry.suite} result of {short(name)}}},\n"
        f"  author = {{{{The cefrbench authors}}}},\n"
        f"  year = {{2026}},\n"
        f"  note = {{Result {entry.cohort}, https://github.com/cefrbench/cefrbench}}\n"
        "}"
    )
