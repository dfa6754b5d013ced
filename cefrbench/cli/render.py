"""One result as tables in a terminal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cefrbench.results.model import RunResult, SummaryRecord, UnitRecord
from cefrbench.results.selection import TITLES, Rule, counted_units, favoured_probe, sides
from cefrbench.statistics.scores import Scores, mean_scores

if TYPE_CHECKING:
    from cefrbench.results.intervals import ResultIntervals
    from cefrbench.statistics.intervals import Interval

#: Most notes and causes of failure that are listed; the result holds all.
MOST_NOTES = 12

UNDEFINED = "undefined"

_LEGEND = (
    "IID in, OOD out of distribution, at the layer (L) chosen on validation texts, ± over seeds; "
    "gap: IID less OOD; oracle: the best layer on the scored texts themselves; all layers: mean."
)
_LEGEND_OF_STUDY = (
    "IID in, OOD out of distribution; oracle: the best layer (L) on the scored texts themselves, "
    "for no layer was chosen on others; gap: IID less OOD; all layers: mean over layers."
)
#: Why it is this probe of which the corpora are shown.
_REASONS: dict[Rule, str] = {
    "validation": "best on validation texts",
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
    others = [record for record in result.summary if record.protocol not in shown.values()]
    if others:
        console.print(_other_protocols(others))
    if shown:
        console.print(_corpus_table(result, shown))
    for line in _notes(result):
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
        "corpora": ", ".join(corpus.card.name for corpus in corpora),
        "texts": f"{texts:,} rows, {units:,} different texts",
        "took": f"{seconds:,.0f} s, at most {memory:,.0f} MiB of memory",
    }
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, line in lines.items():
        grid.add_row(Text(name, style="dim"), Text(plain(line)))
    return grid


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
    """QWK of each probe at the chosen layer, the oracle's and over layers, in and out."""
    records = {(record.protocol, record.probe): record for record in result.summary}
    chosen = any(record.chosen for record in result.summary)
    named = ", ".join(f"{side}: {protocol}" for side, protocol in shown.items())
    table = _table(f"QWK, mean over corpora ({escape(plain(named))})", "\nprobe")
    table.caption = _LEGEND if chosen else _LEGEND_OF_STUDY
    covered = {one["qwk"].covers for one in intervals.means.values()} if intervals else set()
    if covered:
        table.caption += f" Below each, its 95 % interval, {', or '.join(sorted(covered))}."
    table.caption_justify = "left"
    groups = ("chosen", "oracle", "layers") if chosen else ("oracle", "layers")
    gap = len(shown) == 2
    for group in groups:
        for side in shown:
            table.add_column(_title(side, group), justify="right")
        if gap and group == groups[0]:
            table.add_column("\ngap", justify="right")
    for probe in dict.fromkeys(record.probe for record in result.summary):
        pair = [records.get((protocol, probe)) for protocol in shown.values()]
        cells = [Text(plain(probe))]
        for group in groups:
            side_cells = [_summary_cell(record, group) for record in pair]
            if group == groups[0]:
                for cell, protocol in zip(side_cells, shown.values(), strict=True):
                    _add_interval(
                        cell, intervals.means.get((protocol, probe)) if intervals else None
                    )
            cells += side_cells
            if gap and group == groups[0]:
                cells.append(_gap_cell(*(_main_scores(r, group) for r in pair)))
                _add_interval(cells[-1], intervals.gaps.get(probe) if intervals else None)
        table.add_row(*cells)
    return table


def _title(side: str, group: str) -> str:
    return {"chosen": f"\n{side}", "oracle": f"oracle\n{side}", "layers": f"all layers\n{side}"}[
        group
    ]


def _main_scores(record: SummaryRecord | None, group: str) -> Scores | None:
    if record is None:
        return None
    return {"chosen": record.chosen, "oracle": record.oracle, "layers": record.layer_mean}[group]


def _summary_cell(record: SummaryRecord | None, group: str) -> Text:
    """A score, and below it the layer it comes from and its spread over seeds."""
    scores = _main_scores(record, group)
    if record is None or scores is None:
        return Text("–")
    below = []
    if group == "chosen":
        if record.chosen_qwk_sd is not None:
            below.append(f"±{record.chosen_qwk_sd:.3f}")
        below.append(f"L{_span(record.chosen_layers)}")
    elif group == "oracle":
        below.append(f"L{record.oracle_layer}")
    cell = _score(scores.qwk)
    cell.append("".join(f"\n{line}" for line in below), style="dim")
    return cell


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
    table = _table("Further protocols: QWK", "protocol", "probe")
    for name in ("chosen", "oracle", "all layers"):
        table.add_column(name, justify="right")
    for record in records:
        cells = [_summary_cell(record, group) for group in ("chosen", "oracle", "layers")]
        table.add_row(Text(plain(record.protocol)), Text(plain(record.probe)), *cells)
    return table


def _corpus_table(result: RunResult, shown: dict[str, str]) -> Table:
    """Scores of the favoured probe on each corpus, at its chosen layers or the oracle's."""
    favoured = favoured_probe(result)
    units: dict[tuple[str, str], list[UnitRecord]] = defaultdict(list)
    for unit in counted_units(result):
        if unit.probe == favoured.probe:
            units[unit.protocol, unit.corpus].append(unit)
    reason = _REASONS[favoured.rule]
    table = _table(f"By corpus: {escape(plain(favoured.probe))}, {reason}", "\ncorpus")
    for side in shown:
        for name in ("texts", "QWK", "MAE", "±1 level"):
            table.add_column(f"{side}\n{name}", justify="right")
    corpora = [corpus.card.name for corpus in result.corpora]
    groups = dict.fromkeys(corpus for _, corpus in units if corpus not in corpora)
    for corpus in [*corpora, *groups]:
        cells = [
            cell
            for protocol in shown.values()
            for cell in _corpus_cells(units.get((protocol, corpus), []))
        ]
        table.add_row(Text(plain(corpus)), *cells, style="dim" if corpus in groups else "")
    return table


def _corpus_cells(units: Sequence[UnitRecord]) -> list[Text]:
    if not units:
        return [Text("–")] * 4
    mean = mean_scores([unit.scores for unit in units])
    share = Text("–") if mean.adjacent is None else Text(f"{mean.adjacent:.0%}")
    return [Text(f"{units[0].n:,}"), _score(mean.qwk), _score(mean.mae), share]


def _notes(result: RunResult) -> list[Text]:
    """Everything a reader has to know beside the figures: one line each."""
    lines = [Text(f"Failed: {line}", style="red") for line in _failures(result)]
    for split in result.splits:
        place = f"{split.protocol} {split.fold}"
        if split.skipped:
            lines.append(Text(plain(f"Skipped: {place}: {split.skipped}.")))
        lines += [Text(plain(f"Note: {place}: {note}.")) for note in split.notes]
    lines += [Text(plain(f"Undefined: {line}.")) for line in _undefined(result)]
    stopped = sum(not fit.converged for fit in result.fits)
    if stopped:
        lines.append(Text(f"Note: {stopped} of {len(result.fits)} fits did not converge."))
    if len(lines) > MOST_NOTES:
        rest = len(lines) - MOST_NOTES + 1
        lines[MOST_NOTES - 1 :] = [Text(f"… and {rest} more notes, all in the result.")]
    return lines


def _failures(result: RunResult) -> list[str]:
    """Failures of one cause in one line, with their number."""
    causes = Counter((failure.stage, failure.name, failure.cause) for failure in result.failures)
    return [
        plain(f"{stage} {name}" + (f" ({count} times)" if count > 1 else "") + f": {cause}")
        for (stage, name, cause), count in causes.items()
    ]


def _undefined(result: RunResult) -> list[str]:
    """Scored parts without a QWK, and why."""
    parts = dict.fromkeys(
        (unit.protocol, unit.corpus) for unit in result.units if unit.scores.qwk is None
    )
    return [
        f"QWK of {corpus} under {protocol}: its scored texts have one level only, "
        "so it is in no mean"
        for protocol, corpus in parts
    ]


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


def _span(layers: Sequence[int]) -> str:
    """Write the lowest and the highest of some layers."""
    ends = sorted({*layers[:1], *layers[-1:]})
    return "–".join(map(str, ends))


def plain(text: str) -> str:
    """Give a text without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else "�" for char in text)
