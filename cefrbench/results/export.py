"""Results as CSV, and the means as LaTeX or Markdown tables.

One CSV has a row per unit, one a row per corpus, one a row per figure of an analysis.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import TypeVar

from cefrbench.results.model import (
    AnalysisRecord,
    CorpusScore,
    RunResult,
    SummaryRecord,
    UnitRecord,
)
from cefrbench.results.selection import USUAL, protocol_title, run_of
from cefrbench.statistics.scores import DIRECTIONS, Scores

#: Scores that one unit has; those of ranks are of whole corpora.
UNIT_SCORES = tuple(name for name in DIRECTIONS if name not in ("spearman", "recut"))

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
    *UNIT_SCORES,
    "penalty",
    "chosen",
)

#: Columns of the CSV of whole corpora, in order.
CORPUS_HEADER = (
    "encoder",
    "suite",
    "protocol",
    "corpus",
    "layer",
    "probe",
    "seed",
    "n",
    *Scores.model_fields,
)

#: Scores in the columns of tables, as the study shows them, with their titles.
SHOWN = {"qwk": "QWK", "macro_f1": "F1", "mae": "MAE", "r2": "R²"}
#: Those of ranks beside them, which the study has not.
SHOWN |= {"recut": "recut", "spearman": "Spearman"}


def to_csv(results: Sequence[RunResult]) -> str:
    """Tidy CSV: a row per unit, every figure in full precision, undefined scores empty.

    Results stand as given; rows of one by protocol, corpus, layer, probe and seed, in the order
    that the result lists them in, groups behind corpora. ``penalty`` is that of the unit's fit,
    ``chosen`` is 1 at the layer that was chosen for its fold.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    # The same few names stand in thousands of rows.
    cell = cache(_cell)
    scores = attrgetter(*UNIT_SCORES)
    for result in results:
        encoder = cell(result.encoder.name), cell(result.suite)
        fitted = unit_fits(result)
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
                penalty,
                int(chosen),
            )
            for unit in _in_order(result, result.units)
            for penalty, chosen in (fitted[(*run_of(unit), unit.layer)],)
        )
    return buffer.getvalue()


def to_corpus_csv(results: Sequence[RunResult]) -> str:
    """Tidy CSV: a row per corpus, the texts of all folds together, in the order of the other one.

    ``layer`` is empty where each fold has the layer that was chosen for it. Scores of
    continuous predictions stand at every layer, in results of schema 2.0 at those that are stored.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CORPUS_HEADER)
    cell = cache(_cell)
    scores = attrgetter(*Scores.model_fields)
    for result in results:
        encoder = cell(result.encoder.name), cell(result.suite)
        writer.writerows(
            (
                *encoder,
                cell(one.protocol),
                cell(one.corpus),
                one.layer,
                cell(one.probe),
                one.seed,
                one.n,
                *scores(one.scores),
            )
            for one in _in_order(result, result.scores)
        )
    return buffer.getvalue()


def to_analyses_csv(results: Sequence[RunResult]) -> str:
    """Tidy CSV: a row per figure of an analysis, as results have them; undefined ones empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("encoder", "suite", *AnalysisRecord.model_fields))
    for result in results:
        encoder = _cell(result.encoder.name), _cell(result.suite)
        for one in result.analyses:
            values = (value for _, value in one)
            cells = (_cell(value) if isinstance(value, str) else value for value in values)
            writer.writerow((*encoder, *cells))
    return buffer.getvalue()


def unit_fits(result: RunResult) -> dict[tuple[object, ...], tuple[float | None, bool]]:
    """Penalty of each fit, and whether its layer was chosen for its fold.

    By protocol, fold, probe, seed and layer.
    """
    chosen = {(*run_of(choice), choice.layer) for choice in result.choices}
    places = (((*run_of(fit), fit.layer), fit.penalty) for fit in result.fits)
    return {place: (penalty, place in chosen) for place, penalty in places}


R = TypeVar("R", UnitRecord, CorpusScore)


def _in_order(result: RunResult, records: Sequence[R]) -> list[R]:
    protocols = _places([card.name for card in result.protocols], (r.protocol for r in records))
    probes = _places([card.name for card in result.probes], (r.probe for r in records))
    corpora = _places([one.card.name for one in result.corpora], (r.corpus for r in records))
    return sorted(
        records,
        key=lambda one: (
            protocols[one.protocol],
            corpora[one.corpus],
            -1 if one.layer is None else one.layer,
            probes[one.probe],
            -1 if one.seed is None else one.seed,
            getattr(one, "fold", ""),
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
    "corpora": to_corpus_csv,
    "analyses": to_analyses_csv,
    "latex": to_latex,
    "markdown": to_markdown,
}

_CAPTION = (
    "Mean over corpora and seeds. chosen: layer and penalty chosen inside the training part of "
    "each fold; layer 0: the embedding output; layers: mean over the other layers; oracle: the "
    "best on the scored texts themselves, of each fold or, in the study's form, one layer."
)


def _rows(result: RunResult, protocols: Sequence[str]) -> Iterator[list[str]]:
    """Rows of one result: for each probe what was chosen, and what it stands beside.

    A row without any figure is left out.
    """
    records = {(record.probe, record.protocol): record for record in result.summary}
    for probe in dict.fromkeys(record.probe for record in result.summary):
        own = [records.get((probe, protocol)) for protocol in protocols]
        for title, scores in _LINES.items():
            cells = [_number(scores(one) if one else None, name) for one in own for name in SHOWN]
            if any(cell != _NONE for cell in cells):
                yield [result.encoder.name, result.suite, probe, title, *cells]


def _oracle(record: SummaryRecord) -> Scores | None:
    """Scores of the study's oracle; of the folds' own oracles the QWK is known alone."""
    if record.oracle is not None or record.oracle_qwk is None:
        return record.oracle
    return Scores.undefined().model_copy(update={"qwk": record.oracle_qwk})


_NONE = "–"
#: Lines of one probe, by their titles.
_LINES: dict[str, Callable[[SummaryRecord], Scores | None]] = {
    "chosen": lambda record: record.chosen,
    "layer 0": lambda record: record.embedding,
    "oracle": _oracle,
    "layers": lambda record: record.layer_mean,
}


def _number(scores: Scores | None, name: str) -> str:
    value = getattr(scores, name, None)
    return _NONE if value is None else f"{value:.3f}".replace("-", "−")


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
