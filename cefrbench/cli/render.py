"""One result as tables in a terminal."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cefrbench.border import plain
from cefrbench.cli.notes import notes
from cefrbench.contracts.cards import Agreement
from cefrbench.results.agreement import share_of_agreement
from cefrbench.results.model import CorpusRecord, CorpusScore, RunResult, SummaryRecord
from cefrbench.results.references import Reference, references
from cefrbench.results.selection import TITLES, Rule, counted_scores, favoured_probe, sides
from cefrbench.statistics.scores import Scores, mean_scores

if TYPE_CHECKING:
    from cefrbench.results.intervals import ResultIntervals
    from cefrbench.statistics.intervals import Interval

UNDEFINED = "undefined"

_LEGEND = (
    "IID: in distribution, OOD: out of distribution; gap: IID less OOD. Below a score: ± its "
    "standard deviation over seeds; L: the layers that were chosen inside the training parts, "
    "and behind them the penalties."
)
_LEGEND_OF_STUDY = (
    "IID: in distribution, OOD: out of distribution; gap: IID less OOD. L: the oracle's layer, "
    "the best on the scored texts themselves, for no layer was chosen on others."
)
_LEGEND_BESIDE = (
    "layer 0: subwords without context, never chosen; oracle: the best layer and penalty of each "
    "fold on its scored texts themselves, which nobody knows beforehand; all layers: their mean."
)
_LEGEND_BESIDE_OF_STUDY = "all layers: their mean."
_LEGEND_OF_AGREEMENT = (
    "of human: the score as a share of the agreement between people that the corpus's card states "
    "(--json has its measure and source)."
)
_LEGEND_OF_RANKS = (
    "recut: QWK with the scores cut so that levels are as frequent as the raters gave them; rank: "
    "Spearman of score and level."
)
#: Why it is this probe of which the corpora are shown.
_REASONS: dict[Rule, str] = {
    "inner": "best inside the training part",
    "oracle": "an oracle: best on the scored texts",
}


def render_result(
    result: RunResult, console: Console, intervals: ResultIntervals | None = None
) -> None:
    """Print the tables of one result: head, probes, corpora of the favoured probe, notes.

    With ``intervals``, the leading scores carry their 95 % interval.
    """
    console.print(_head(result))
    shown = _sides(result)
    if shown:
        console.print(_probe_table(result, shown, intervals))
        console.print(_beside_table(result, shown))
    others = [record for record in result.summary if record.protocol not in shown.values()]
    if others:
        console.print(_other_protocols(others))
    if shown:
        console.print(_reference_table(result, shown))
        for side, protocol in shown.items():
            console.print(_corpus_table(result, side, protocol))
    for line in notes(result):
        console.print(line)


def _head(result: RunResult) -> Table:
    encoder, corpora = result.encoder, result.corpora
    layers = sorted({fit.layer for fit in result.fits})
    about = [f"{encoder.pooling} pooling"] if encoder.pooling else []
    about += [f"{encoder.parameters:,} parameters"] if encoder.parameters else []
    about += [f"{encoder.width:,} wide", f"layers {_ranges(layers)}" if layers else "no layer"]
    texts = sum(corpus.texts for corpus in corpora)
    units = sum(corpus.units for corpus in corpora)
    seconds = sum(timing.seconds for timing in result.provenance.timings)
    memory = result.provenance.peak_memory_bytes / 2**20
    lines = {
        "encoder": f"{encoder.name} ({', '.join(about)})",
        "suite": result.suite + ("" if result.complete else ", in part: not all of it was run"),
        "corpora": _by_source(corpora),
        "texts": f"{texts:,} rows, {units:,} different texts",
        "took": f"{seconds:,.0f} s, at most {memory:,.0f} MiB of memory",
    }
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, line in lines.items():
        grid.add_row(Text(name, style="dim"), Text(plain(line)))
    return grid


def _by_source(corpora: Sequence[CorpusRecord]) -> str:
    """Names of corpora, and behind them where their rows were read."""
    words = {"hub": "from the hub", "file": "from files", "sample": "invented samples"}
    names: dict[str, list[str]] = {}
    for corpus in corpora:
        names.setdefault(corpus.source, []).append(corpus.card.name)
    return "; ".join(f"{', '.join(each)} ({words[source]})" for source, each in names.items())


def _table(title: str, *names: str) -> Table:
    """Make a table that begins with columns of names; the others hold figures."""
    table = Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in names:
        table.add_column(name, overflow="fold", vertical="top")
    return table


def _sides(result: RunResult) -> dict[str, str]:
    """Protocols that stand for in (``IID``) and out of distribution (``OOD``), by those titles."""
    done = {record.protocol for record in result.summary}
    return {TITLES[side]: name for side, name in sides(result.protocols, done).items()}


def _probe_table(
    result: RunResult, shown: dict[str, str], intervals: ResultIntervals | None
) -> Table:
    """QWK of each probe at the chosen layers, or the oracle's, in and out."""
    named = ", ".join(f"{side}: {protocol}" for side, protocol in shown.items())
    table = _table(f"QWK, mean over corpora ({escape(plain(named))})", "probe")
    chosen = bool(result.choices)
    _explain(table, _LEGEND if chosen else _LEGEND_OF_STUDY)
    covered = {one["qwk"].covers for one in intervals.means.values()} if intervals else set()
    if covered:
        _explain(
            table, f"Below each, its 95 % interval; it covers {', or '.join(sorted(covered))}."
        )
    for name in [*shown, *(["gap"] if len(shown) == 2 else [])]:
        table.add_column(name, justify="right")
    for probe, pair in _by_probe(result, shown):
        cells = [_main_cell(record) for record in pair]
        for cell, protocol in zip(cells, shown.values(), strict=True):
            _add_interval(cell, intervals.means.get((protocol, probe)) if intervals else None)
        if len(shown) == 2:
            cells.append(_gap_cell(*map(_main_scores, pair)))
            _add_interval(cells[-1], intervals.gaps.get(probe) if intervals else None)
        for cell, record in zip(cells, pair, strict=False):
            _add_choice(cell, record)
        table.add_row(Text(plain(probe)), *cells)
    return table


def _beside_table(result: RunResult, shown: dict[str, str]) -> Table:
    """What the scores stand beside: layer 0, the oracle and the mean over layers."""
    table = _table("Beside them: QWK, mean over corpora", "\nprobe")
    groups = ("layer 0", "oracle", "all layers") if result.choices else ("all layers",)
    _explain(table, _LEGEND_BESIDE if result.choices else _LEGEND_BESIDE_OF_STUDY)
    for group in groups:
        for side in shown:
            table.add_column(f"{group}\n{side}", justify="right")
    for probe, pair in _by_probe(result, shown):
        cells = [_value(_beside(record, group)) for group in groups for record in pair]
        table.add_row(Text(plain(probe)), *cells)
    return table


def _by_probe(
    result: RunResult, shown: dict[str, str]
) -> Iterator[tuple[str, list[SummaryRecord | None]]]:
    """Each probe with its record under each of the protocols."""
    records = {(record.protocol, record.probe): record for record in result.summary}
    for probe in dict.fromkeys(record.probe for record in result.summary):
        yield probe, [records.get((protocol, probe)) for protocol in shown.values()]


def _explain(table: Table, legend: str) -> None:
    table.caption = f"{table.caption} {legend}" if table.caption else legend
    table.caption_justify = "left"


def _main_scores(record: SummaryRecord | None) -> Scores | None:
    """Scores at what was chosen or, in the study's form, at the oracle's layer."""
    return None if record is None else record.chosen or record.oracle


def _main_cell(record: SummaryRecord | None) -> Text:
    scores = _main_scores(record)
    return Text("–") if scores is None else _score(scores.qwk)


def _add_choice(cell: Text, record: SummaryRecord | None) -> None:
    """Write the spread over seeds, layers and penalties below a score."""
    if record is None or _main_scores(record) is None:
        return
    if record.chosen_qwk_sd is not None:
        cell.append(f"\n±{record.chosen_qwk_sd:.3f}", style="dim")
    layers = _span(record.chosen_layers) if record.chosen else record.oracle_layer
    penalties = f", {_span(record.chosen_penalties)}" if record.chosen_penalties else ""
    cell.append(f"\nL{layers}{penalties}", style="dim")


def _beside(record: SummaryRecord | None, group: str) -> float | None:
    if record is None:
        return None
    if group == "oracle":
        return record.oracle_qwk
    scores = record.embedding if group == "layer 0" else record.layer_mean
    return scores.qwk if scores else None


def _value(value: float | None) -> Text:
    return Text("–") if value is None else _score(value)


def _add_interval(cell: Text, found: dict[str, Interval] | None) -> None:
    """Write the 95 % interval of a QWK, where there is one, below it."""
    interval = found.get("qwk") if found else None
    if interval is not None and interval.low is not None and interval.high is not None:
        cell.append(f"\n{interval.low:.2f} to {interval.high:.2f}", style="dim")


def _gap_cell(inside: Scores | None, outside: Scores | None) -> Text:
    if inside is None or outside is None or inside.qwk is None or outside.qwk is None:
        return Text("–")
    return Text(f"{inside.qwk - outside.qwk:.3f}", style="bold")


def _other_protocols(records: Sequence[SummaryRecord]) -> Table:
    table = _table("Further protocols: QWK, mean over corpora", "protocol", "probe")
    chosen = any(record.chosen for record in records)
    groups = ("layer 0", "oracle", "all layers") if chosen else ("all layers",)
    for name in ("chosen" if chosen else "oracle", *groups):
        table.add_column(name, justify="right")
    for record in records:
        cell = _main_cell(record)
        _add_choice(cell, record)
        rest = [_value(_beside(record, group)) for group in groups]
        table.add_row(Text(plain(record.protocol)), Text(plain(record.probe)), cell, *rest)
    return table


def meaning(result: RunResult, path: Path) -> str:
    """Say in a sentence what the numbers come to beside the references, and what to run next."""
    command = f"`cefrbench explain {shlex.quote(str(path))}`"
    protocol = sides(result.protocols, {r.protocol for r in result.summary}).get("out")
    own = _own(result)
    qwk = None if protocol is None else own.scores.get(protocol, Scores.undefined()).qwk
    if qwk is None:
        return f"{command} says more of it."
    beside = [
        (score.qwk, line)
        for line in references(result)
        if (score := line.scores.get(protocol or "")) is not None and score.qwk is not None
    ]
    best, line = max(beside, key=lambda one: one[0])
    lead = f"{abs(qwk - best):.3f} {'above' if qwk >= best else 'below'}"
    named = f"{line.name} with {line.probe}" if line.probe else line.name
    return plain(
        f"Out of distribution ({protocol}) {own.name} has a QWK of {qwk:.3f} with {own.probe}: "
        f"{lead} {named}, the best of what it is read against. {command} says whether that is more "
        "than noise, and why scores fall."
    )


def _own(result: RunResult) -> Reference:
    """The result itself, with its favoured probe, as a line beside its references."""
    favoured = favoured_probe(result).probe
    scores = {
        r.protocol: found
        for r in result.summary
        if r.probe == favoured and (found := _main_scores(r)) is not None
    }
    return Reference(result.encoder.name, favoured, scores)


def _reference_table(result: RunResult, shown: dict[str, str]) -> Table:
    """Say what the favoured probe's scores are to be read against."""
    table = _table("Read against (mean over corpora)", "\nencoder, probe")
    for side in shown:
        for name in ("QWK", "recut", "rank"):
            table.add_column(f"{side}\n{name}", justify="right")
    _explain(table, _LEGEND_OF_RANKS)
    own = _own(result)
    for line in (*references(result), own):
        cells = [
            _value(value)
            for protocol in shown.values()
            for score in (line.scores.get(protocol, Scores.undefined()),)
            for value in (score.qwk, score.recut, score.spearman)
        ]
        first = Text(plain(line.name))
        if line.probe:
            first.append(f"\n{plain(line.probe)}", style="dim")
        table.add_row(first, *cells)
    return table


def _corpus_table(result: RunResult, side: str, protocol: str) -> Table:
    """Scores of the favoured probe on each corpus, at its chosen layers or the oracle's."""
    favoured = favoured_probe(result)
    found: dict[str, list[CorpusScore]] = defaultdict(list)
    for score in counted_scores(result):
        if (score.probe, score.protocol) == (favoured.probe, protocol):
            found[score.corpus].append(score)
    reason = _REASONS[favoured.rule]
    title = f"{side} by corpus: {escape(plain(favoured.probe))}, {reason}"
    table = _table(title, "corpus")
    for name in ("texts", "QWK", "recut", "rank", "MAE", "±1 level"):
        table.add_column(name, justify="right")
    stated = {c.card.name: c.card.agreement for c in result.corpora}
    beside = any(stated.values())
    if beside:
        table.add_column("of human", justify="right")
        _explain(table, _LEGEND_OF_AGREEMENT)
    for corpus in [*stated, *(one for one in found if one not in stated)]:
        own = found.get(corpus, [])
        cells = [*_corpus_cells(own), *([_share(stated.get(corpus), own)] if beside else [])]
        table.add_row(Text(plain(corpus)), *cells, style="" if corpus in stated else "dim")
    return table


def _share(agreement: Agreement | None, found: Sequence[CorpusScore]) -> Text:
    mean = mean_scores([score.scores for score in found]) if found else Scores.undefined()
    share = share_of_agreement(agreement, mean)
    return Text("–") if share is None else Text(f"{share:.0%}")


def _corpus_cells(found: Sequence[CorpusScore]) -> list[Text]:
    if not found:
        return [Text("–")] * 6
    mean = mean_scores([score.scores for score in found])
    share = Text("–") if mean.adjacent is None else Text(f"{mean.adjacent:.0%}")
    ranks = [_value(mean.recut), _value(mean.spearman)]
    return [Text(f"{found[0].n:,}"), _score(mean.qwk), *ranks, _score(mean.mae), share]


def _score(value: float | None) -> Text:
    return Text(UNDEFINED, style="italic") if value is None else Text(f"{value:.3f}")


def _ranges(layers: Iterable[int]) -> str:
    """Write layers shortly: 1, 2, 3, 7 as ``1–3,7``."""
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _span(values: Sequence[float]) -> str:
    """Write the lowest and the highest of some layers or penalties."""
    ends = sorted({*values[:1], *values[-1:]})
    return "–".join(f"{end:g}" for end in ends)
