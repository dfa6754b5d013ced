"""The page of one result: an encoder under a suite, from its figures down to their units."""

from __future__ import annotations

import json
from collections.abc import Sequence

from markupsafe import Markup

from cefrbench.config import as_command
from cefrbench.results.explanation import Claim, Statement
from cefrbench.results.model import ChoiceRecord, RunResult, UnitRecord
from cefrbench.results.references import Reference, references
from cefrbench.results.selection import Side, counted_units, sides
from cefrbench.statistics.intervals import Interval
from cefrbench.statistics.scores import Scores
from cefrbench_leaderboard.charts.span import span_row
from cefrbench_leaderboard.entry import Cell, CorpusCell, Entry, Estimate, in_reading_order
from cefrbench_leaderboard.page import Page, Rendered, Shown
from cefrbench_leaderboard.render import fill, protocol_label, render, short, side_title
from cefrbench_leaderboard.sharing.cite import bibtex
from cefrbench_leaderboard.sharing.words import encoder_told, model_card
from cefrbench_leaderboard.trust import Trust
from cefrbench_leaderboard.views import result_charts


def encoder_page(
    result: RunResult,
    entry: Entry,
    bands: dict[tuple[str, str, int], Interval],
    story: Sequence[Statement] = (),
) -> tuple[Rendered, dict[str, str]]:
    """Render the page of one result.

    Parameters
    ----------
    result : RunResult
    entry : Entry
    bands : dict
        Intervals by protocol, probe and layer.
    story : sequence of Statement
        What an explanation says of it first.

    Returns
    -------
    page : Rendered
    files : dict of str to str
        Texts of the files beside it, by name: CSV and SVG of each chart.
    """
    charts = result_charts(result, entry, bands)
    page = Page(
        path=entry.page,
        title=f"{short(entry.encoder)} · {entry.suite}",
        section="index.html",
        **encoder_told(entry, _references_shown(result, entry)),
    )
    rendered = render(
        "encoder.html",
        page,
        entry=entry,
        result=result,
        headlines=_headlines(entry),
        story=[one.text.replace(entry.encoder, short(entry.encoder)) for one in story],
        pairs=_pairs(entry),
        beside=_beside(result, entry),
        columns=_beside_columns(entry),
        charts=charts,
        model_card=model_card(entry),
        groups=_groups(result, entry),
        facts=_facts(result),
        command=as_command(result.config),
        bibtex=bibtex((record.card for record in entry.corpora), entry),
    )
    tables = {f"{chart.key}.csv": chart.table.csv() for chart in charts}
    return rendered, tables | {f"{chart.key}.svg": chart.drawing.alone() for chart in charts}


def claim_told(entry: Entry, claim: Claim | None) -> str:
    """Say how far a result comes up the ladder of its board; empty for references."""
    if claim is None:
        return ""
    verdict = claim.verdict.replace(entry.encoder, short(entry.encoder))
    return fill("claim.html", claim=claim, verdict=verdict)


def trust_told(trust: Trust) -> str:
    """Say how far a result can be trusted, with links to what shows it."""
    # A page of a result lies two folders deep.
    return fill("trust.html", trust=trust, root="../../")


def anchor(protocol: str, probe: str) -> str:
    """Anchor of the units of one probe under one protocol."""
    return f"{protocol}-{probe}"


def _headlines(entry: Entry) -> list[tuple[str, Estimate, str, str]]:
    """Label, number, anchor of its units and a note: seen corpora, unseen ones, and the gap.

    They are of the favoured probe, under the protocols that stand for the two.
    """
    probe = entry.favoured
    titles = {card.name: card.title for card in entry.protocols}
    side_titles = _side_titles(entry)
    found = []
    for name in sides(entry.protocols, titles).values():
        cell = entry.cell(name, probe)
        if cell is not None:
            note = f"{titles[name]}, mean over {len(cell.record.corpora)} corpora"
            label = f"{side_titles[name]} QWK"
            found.append((label, cell.qwk, anchor(name, probe), note))
    if probe in entry.gaps and entry.gap_protocols:
        note = "what is lost on corpora never seen"
        found.append(("Gap", entry.gaps[probe], anchor(entry.gap_protocols[1], probe), note))
    return found


def _side_titles(entry: Entry) -> dict[str, str]:
    """What the page calls the protocols that stand for seen and unseen corpora."""
    pair = sides(entry.protocols, {card.name for card in entry.protocols})
    return {name: side_title(side) for side, name in pair.items()}


#: Corpus, texts, and the cells of seen and unseen.
Pair = tuple[str, int, dict[Side, CorpusCell]]


def _pairs(entry: Entry) -> list[tuple[Pair, Markup]]:
    """Each corpus of the favoured probe, seen and unseen, with its picture."""
    pair = sides(entry.protocols, {card.name for card in entry.protocols})
    cells = {side: entry.cell(name, entry.favoured) for side, name in pair.items()}
    found: list[tuple[Pair, Markup]] = []
    for corpus in entry.covered:
        parts = {
            side: part
            for side, cell in cells.items()
            for part in (cell.corpora if cell else ())
            if part.corpus == corpus
        }
        if parts:
            texts = max(part.n for part in parts.values())
            drawn = {side: part.qwk for side, part in parts.items() if part.qwk.value is not None}
            found.append(((corpus, texts, parts), span_row(drawn)))
    return found


def _beside(result: RunResult, entry: Entry) -> list[Reference]:
    """What a result has to be read against, from the humblest, and the result itself."""
    cells = [cell for cell in entry.cells if cell.probe == entry.favoured]
    own = Reference(entry.encoder, entry.favoured, {cell.protocol: cell.scores for cell in cells})
    return [*references(result), own]


def _references_shown(result: RunResult, entry: Entry) -> list[Shown]:
    """What was run beside a result, for the picture of its preview."""
    found = sides(entry.protocols, {card.name for card in entry.protocols})
    none = Scores.undefined()
    return [
        Shown(
            one.name,
            one.scores.get(found.get("out", ""), none).qwk,
            one.scores.get(found.get("in", ""), none).qwk,
        )
        for one in references(result)
        if one.probe
    ]


def _beside_columns(entry: Entry) -> list[tuple[str, str, str]]:
    """Head, protocol and score of the columns of that table."""
    heads = list(sides(entry.protocols, {card.name for card in entry.protocols}).values())
    names = [card for card in in_reading_order(entry.protocols) if card not in heads]
    scores = {"qwk": "QWK", "spearman": "rank correlation", "recut": "recut"}
    titles = _side_titles(entry)
    return [
        *((f"{titles[p]} {word}", p, name) for name, word in scores.items() for p in heads),
        *((f"{protocol_label(p)} QWK", p, "qwk") for p in names),
    ]


#: Anchor, cell, the choices behind its number, and the units.
Group = tuple[str, Cell, list[ChoiceRecord], list[UnitRecord]]


def _groups(result: RunResult, entry: Entry) -> list[Group]:
    """All that each number comes from, protocol by protocol, then probe by probe."""
    units = list(counted_units(result))
    order = in_reading_order(result.protocols)
    return [
        (
            anchor(cell.protocol, cell.probe),
            cell,
            [c for c in result.choices if (c.protocol, c.probe) == (cell.protocol, cell.probe)],
            [u for u in units if (u.protocol, u.probe) == (cell.protocol, cell.probe)],
        )
        for cell in sorted(entry.cells, key=lambda cell: order.index(cell.protocol))
    ]


def _facts(result: RunResult) -> list[tuple[str, str]]:
    encoder, provenance = result.encoder, result.provenance
    facts = [
        ("Model", encoder.model),
        ("Revision", encoder.revision or "not recorded"),
        ("Pooling", encoder.pooling or "none"),
        ("Instruction", encoder.instruction or "none"),
        ("Longest input", f"{encoder.max_length} tokens" if encoder.max_length else "no limit"),
        ("Forward pass", encoder.dtype),
        ("Model's own code", "was run" if encoder.remote_code else "not run"),
        *sorted(encoder.details.items()),
        ("cefrbench", provenance.cefrbench),
        ("Started", provenance.started),
        ("Python", provenance.python),
        ("Platform", provenance.platform),
        *((name, _plain(value)) for name, value in sorted(provenance.hardware.items())),
        *((f"Plugin for {name}", value) for name, value in sorted(provenance.plugins.items())),
        ("Packages", ", ".join(f"{k} {v}" for k, v in sorted(provenance.packages.items()))),
    ]
    return [(name, value) for name, value in facts if value]


def _plain(value: object) -> str:
    if isinstance(value, str | int | float) or value is None:
        return "" if value is None else str(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
