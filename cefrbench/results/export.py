"""Results as CSV (a row per unit) and as LaTeX or Markdown tables (a row per probe)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from operator import attrgetter

from cefrbench.results.model import RunResult, SummaryRecord, UnitRecord
from cefrbench.results.selection import USUAL, protocol_title
from cefrbench.statistics.scores import DIRECTIONS, Scores

#: Columns of the tidy CSV, in order.
HEADER = (
    "encoder",
    "suite",
    "protocol",
    "fold",
    "corpus",
    "layer",
    "probe",
    "seed",
    "n",
    *DIRECTIONS,
)

#: Scores in the columns of tables, as the study shows them, with their titles.
SHOWN = {"qwk": "QWK", "macro_f1": "F1", "mae": "MAE", "r2": "R²"}


def to_csv(results: Sequence[RunResult]) -> str:
    """Tidy CSV: a row per unit, every figure in full precision, undefined scores empty.

    Results stand as given; rows of one by protocol, corpus, layer, probe and seed, in the order
    that the result lists them in, groups behind corpora.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    # The same few names stand in thousands of rows.
    cell = cache(_cell)
    scores = attrgetter(*DIRECTIONS)
    for result in results:
        encoder = cell(result.encoder.name), cell(result.suite)
        writer.writerows(
            (
                *encoder,
                cell(unit.protocol),
                cell(unit.fold),
                cell(unit.corpus),
                unit.layer,
                cell(unit.probe),
                unit.seed,
                unit.n,
                *scores(unit.scores),
            )
            for unit in _in_order(result)
        )
    return buffer.getvalue()


def _in_order(result: RunResult) -> list[UnitRecord]:
    units = result.units
    protocols = _places([card.name for card in result.protocols], (u.protocol for u in units))
    probes = _places([card.name for card in result.probes], (u.probe for u in units))
    corpora = _places([record.card.name for record in result.corpora], (u.corpus for u in units))
    return sorted(
        units,
        key=lambda unit: (
            protocols[unit.protocol],
            corpora[unit.corpus],
            unit.layer,
            probes[unit.probe],
            -1 if unit.seed is None else unit.seed,
            unit.fold,
        ),
    )


def _places(listed: Sequence[str], used: Iterable[str]) -> dict[str, int]:
    """Number the names that a result lists in its order, and behind them others in use."""
    others = sorted(set(used) - set(listed))
    return {name: i for i, name in enumerate([*listed, *others])}


def _cell(name: str) -> str:
    """Make a name one line, and safe for spreadsheets, which run what begins like a formula."""
    line = re.sub(r"[\x00-\x1f\x7f]+", " ", name).strip()
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def to_markdown(results: Sequence[RunResult]) -> str:
    """Markdown table: a row per encoder and probe, see :func:`_rows`."""
    protocols = _protocols(results)
    titles = [f"{protocol_title(p)} {score}" for p in protocols for score in SHOWN.values()]
    head = ["encoder", "suite", "probe", "layer", *map(escape_markdown, titles)]
    lines = [head, ["---"] * 4 + ["---:"] * len(titles)]
    for result in results:
        lines += [[*map(escape_markdown, row[:4]), *row[4:]] for row in _rows(result, protocols)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{_CAPTION}\n"


def to_latex(results: Sequence[RunResult]) -> str:
    """LaTeX table for the package booktabs: a row per encoder and probe, see :func:`_rows`."""
    protocols = _protocols(results)
    size = len(SHOWN)
    groups = [rf"\multicolumn{{{size}}}{{c}}{{{_latex(protocol_title(p))}}}" for p in protocols]
    rules = "".join(
        rf"\cmidrule(lr){{{5 + size * i}-{4 + size * (i + 1)}}}" for i in range(len(protocols))
    )
    scores = ["$R^2$" if title == "R²" else title for title in SHOWN.values()] * len(protocols)
    rows = [[*map(_latex, row[:4]), *row[4:]] for r in results for row in _rows(r, protocols)]
    lines = [
        rf"% {_CAPTION}",
        rf"\begin{{tabular}}{{llll{'r' * len(scores)}}}",
        r"\toprule",
        " & ".join(["", "", "", "", *groups]) + r" \\",
        rules,
        " & ".join(["Encoder", "Suite", "Probe", "Layer", *scores]) + r" \\",
        r"\midrule",
        *(" & ".join(cell.replace("−", "$-$") for cell in row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(line for line in lines if line) + "\n"


#: What ``--format`` takes.
FORMATS: dict[str, Callable[[Sequence[RunResult]], str]] = {
    "csv": to_csv,
    "latex": to_latex,
    "markdown": to_markdown,
}

_CAPTION = (
    "Mean over corpora and seeds. chosen: the layer chosen inside the training part; oracle: the "
    "layer with the best mean QWK on the scored texts themselves, in brackets the mean over layers."
)


def _rows(result: RunResult, protocols: Sequence[str]) -> Iterator[list[str]]:
    """Rows of one result: for each probe the chosen layers, where there are, and the oracle's."""
    records = {(record.probe, record.protocol): record for record in result.summary}
    for probe in dict.fromkeys(record.probe for record in result.summary):
        row = [records.get((probe, protocol)) for protocol in protocols]
        head = [result.encoder.name, result.suite, probe]
        if any(record and record.chosen for record in row):
            yield [*head, "chosen", *chain(*map(_chosen_cells, row))]
        yield [*head, "oracle", *chain(*map(_oracle_cells, row))]


def _chosen_cells(record: SummaryRecord | None) -> list[str]:
    scores = record.chosen if record else None
    return [_number(scores, name) for name in SHOWN]


def _oracle_cells(record: SummaryRecord | None) -> list[str]:
    if record is None:
        return [_number(None, name) for name in SHOWN]
    return [f"{_number(record.oracle, n)} ({_number(record.layer_mean, n)})" for n in SHOWN]


def _number(scores: Scores | None, name: str) -> str:
    value = getattr(scores, name, None)
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


def _protocols(results: Sequence[RunResult]) -> list[str]:
    """Protocols of all results, those that stand for in and out of distribution first."""
    names = dict.fromkeys(record.protocol for result in results for record in result.summary)
    first = [name for usual in USUAL.values() for name in usual if name in names]
    return [*first, *(name for name in names if name not in first)]


def escape_markdown(text: str) -> str:
    """Escape what Markdown or HTML would read as markup."""
    text = re.sub(r"\s+", " ", text).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", text)


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
}


def _latex(text: str) -> str:
    """Escape what LaTeX would read as a command."""
    return "".join(_LATEX.get(char, char) for char in re.sub(r"\s+", " ", text))
