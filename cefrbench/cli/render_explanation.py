"""An explanation as a page in a terminal: sentences, and the tables that they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cefrbench.cli.notes import plain
from cefrbench.results.explanation import (
    PARTS,
    Claim,
    Decomposition,
    Explanation,
    Figure,
    SideScores,
)
from cefrbench.results.model import AnalysisRecord
from cefrbench.results.wording import HEADINGS, METHOD_WORDS

_MEAN = "mean"
#: Of drift, what is shown of each corpus too; the rest is in the JSON.
_BY_CORPUS = ("bias", "spread")


def render_explanation(explanation: Explanation, console: Console) -> None:
    """Print an explanation: under each heading its sentences, then its table."""
    head = f"{explanation.encoder} under {explanation.suite}, probe {explanation.probe}"
    console.print(Text(plain(head), style="bold"))
    tables = {
        "claim": _claim_tables(explanation.claim),
        "decomposition": [_parts_table(explanation)],
        "layers": [_layers_table(explanation)],
        "drift": [_drift_table(explanation), _residual_table(explanation)],
        "label shift": [_label_shift_table(explanation)],
        "shifts": [_shifts_table(explanation)],
        "readings": [_readings_table(explanation)],
        "limits": [],
    }
    for topic, heading in HEADINGS.items():
        said = [one.text for one in explanation.sentences if one.topic == topic]
        filled = [table for table in tables[topic] if table.row_count]
        if said or filled:
            console.print(Text(f"\n{heading}", style="bold underline"))
        for text in said:
            console.print(Text(plain(text)))
        for table in filled:
            console.print(table)
    for note in explanation.notes:
        console.print(Text(plain(f"Note: {note}"), style="dim"))


def _table(title: str, names: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(
        title=f"\n{title}" if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in names:
        table.add_column(name, overflow="fold", vertical="top")
    for name in figures:
        table.add_column(name, justify="right")
    return table


def _add(table: Table, cells: Iterable[str | Text]) -> None:
    table.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in cells))


def _cell(figure: Figure | None) -> Text:
    """A figure, and below it its interval; bold where that leaves out 0."""
    if figure is None:
        return Text("–")
    if figure.value is None:
        return Text("undefined", style="italic")
    cell = Text(f"{figure.value:.3f}", style="bold" if figure.shown else "")
    if figure.low is not None and figure.high is not None:
        cell.append(f"\n{figure.low:.2f} to {figure.high:.2f}", style="dim not bold")
    return cell


def _value(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _claim_tables(claim: Claim | None) -> list[Table]:
    if claim is None:
        return []
    title = f"QWK under {claim.protocol} less that of each rung, and p after Holm's correction"
    table = _table(plain(title), ("rung", "reference", ""), ("QWK", "difference", "p"))
    for rung in claim.rungs:
        said = rung.status if not rung.reason else f"{rung.status}: {rung.reason}"
        who = " ".join(filter(None, (rung.reference, rung.probe and f"({rung.probe})")))
        _add(table, [rung.name, who or "–", said, _value(rung.qwk), _cell(rung.difference),
                     "–" if rung.p_holm is None else _p(rung.p_holm)])  # fmt: skip
    return [table]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _parts_table(explanation: Explanation) -> Table:
    table = _table(
        "The gap in QWK and its parts, with 95 % intervals", ("probe", "corpus"), ("n", *PARTS)
    )
    own = [one for one in explanation.decompositions if _shown(explanation, one)]
    for one in own:
        names = [one.probe, one.corpus or _MEAN, f"{one.texts:,}"]
        _add(table, [*names, *(_cell(one.parts.get(name)) for name in PARTS)])
    return table


def _shown(explanation: Explanation, one: Decomposition) -> bool:
    """Corpora of the probe that sentences speak of, means of all."""
    return one.probe == explanation.probe or one.corpus is None


def _layers_table(explanation: Explanation) -> Table:
    names = ("QWK", "located", "scaled", "recut")
    sides = [f"{n}\n{side}" for side in ("in", "out") for n in names]
    table = _table("Mean over corpora, no errors", ("layer",), (*sides, "gap", "direction"))
    for one in explanation.layers:
        if one.probe == explanation.probe:
            parts = [_value(one.parts.get(name)) for name in ("gap", "direction")]
            _add(table, [str(one.layer), *_steps(one.inside), *_steps(one.outside), *parts])
    return table


def _steps(side: SideScores) -> list[str]:
    return [_value(value) for value in (side.qwk, side.located, side.scaled, side.recut)]


def _drift_table(explanation: Explanation) -> Table:
    table = _table("", ("measure", "corpus"), ("in", "out", "change"))
    for one in explanation.drifts:
        if one.probe == explanation.probe:
            if one.corpus is not None and one.measure not in _BY_CORPUS:
                continue
            figures = (one.inside, one.outside, one.change)
            _add(table, [one.measure, one.corpus or _MEAN, *map(_cell, figures)])
    return table


def _residual_table(explanation: Explanation) -> Table:
    table = _table(
        "Prediction less truth by true level, all corpora pooled: mean (standard deviation)",
        ("level",),
        ("texts", *filter(None, (explanation.inside, explanation.outside))),
    )
    cells: dict[str, dict[str, str]] = {}
    counts: dict[str, int] = {}
    for one in explanation.residuals:
        if one.probe == explanation.probe and one.corpus is None and one.mean is not None:
            cells.setdefault(one.level, {})[one.protocol] = f"{one.mean:+.2f} ({one.sd:.2f})"
            counts[one.level] = max(counts.get(one.level, 0), one.n)
    for level, found in cells.items():
        pair = [found.get(p, "–") for p in (explanation.inside, explanation.outside) if p]
        _add(table, [level, f"{counts[level]:,}", *pair])
    return table


def _label_shift_table(explanation: Explanation) -> Table:
    columns = ("off by", "classes\nQWK", "\ngain", "continuous\nQWK", "\ngain")
    table = _table("", ("corpus", "level shares"), columns)
    for one in explanation.label_shifts:
        if one.probe == explanation.probe:
            figures = (one.qwk, one.gain, one.cut, one.cut_gain)
            words = METHOD_WORDS[one.method]
            _add(table, [one.corpus, words, f"{one.distance:.2f}", *map(_cell, figures)])
    return table


def _shifts_table(explanation: Explanation) -> Table:
    table = _table("", ("shift", "score", "corpora"), ("texts", "value", "step"))
    for one in explanation.shifts:
        words = f"{one.words} ({one.protocol})"
        corpora, texts = ", ".join(one.corpora), f"{one.texts:,}"
        _add(table, [words, one.score, corpora, texts, _cell(one.figure), _cell(one.step)])
    return table


def _readings_table(explanation: Explanation) -> Table:
    """Analyses of all texts, the lowest and highest value over layers; the rest is in the JSON."""
    columns = ("least", "most", "chance", "texts")
    names = ("analysis", "of", "protocol", "probe", "amount", "measure")
    table = _table("Over layers, all corpora", names, columns)
    found: dict[tuple[str, ...], list[AnalysisRecord]] = {}
    for one in explanation.analyses:
        if one.corpus is None and one.value is not None:
            amount = "" if one.amount is None else f"{one.amount:,}"
            key = one.analysis, one.target or "", one.protocol or "", one.probe or "", amount
            found.setdefault((*key, one.measure), []).append(one)
    for words, own in found.items():
        values = [one.value for one in own if one.value is not None]
        figures = [_value(min(values)), _value(max(values)), _value(own[0].chance)]
        _add(table, [*words, *figures, f"{own[0].n:,}"])
    return table
