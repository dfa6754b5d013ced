"""The table of a paper: encoders in and out of distribution, their gap, intervals, references.

Terminal, boards and this table say one thing: the figures are those of
:func:`cefrbench.results.intervals.summary_intervals`, at the layers that were chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cefrbench.results.checked import read_for_use
from cefrbench.results.claims import find_references
from cefrbench.results.explanation import Figure
from cefrbench.results.gold import check_agreement, gold_digests
from cefrbench.results.intervals import summary_intervals
from cefrbench.results.markup import escape_latex, escape_markdown
from cefrbench.results.model import ReferenceRecord, RunResult, SummaryRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import favoured_probe, gap_of, headline, protocol_title
from cefrbench.results.verdicts import SCORE_WORDS
from cefrbench.statistics.resampling import REPLICATES, TextWeights

#: Name of the column that a gap stands in, as of a protocol.
GAP = "gap"
#: Layers that are listed one by one; of more the first and the last are named.
_LISTED = 3


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One line of the table.

    Attributes
    ----------
    suite, encoder, probe : str
    reference : bool
        Stands below the encoders that it is there for.
    layers : str
        Those that were chosen under the protocols shown, or the oracle's.
    figures : dict of str to Figure
        By protocol, and ``gap``; without an interval where there are no predictions.
    """

    suite: str
    encoder: str
    probe: str
    reference: bool
    layers: str
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class PaperTable:
    """Rows with what has to be said of them.

    Attributes
    ----------
    score : str
    rows : tuple of PaperRow
        Encoders in the order given, then references.
    columns : tuple of str
        Protocols, then ``gap`` where there is one.
    caption : str
    """

    score: str
    rows: tuple[PaperRow, ...]
    columns: tuple[str, ...]
    caption: str

    @property
    def suites(self) -> bool:
        """Whether the suite has to be told of each row."""
        return len({row.suite for row in self.rows}) > 1

    def title(self, column: str) -> str:
        """Heading of a column."""
        return column if column == GAP else protocol_title(column)


def read_table(
    paths: Sequence[Path], *, score: str = "qwk", favoured: bool = False, unchecked: bool = False
) -> PaperTable:
    """Make the table of some results and of the references beside them.

    A result without its predictions file has figures and no intervals.

    Parameters
    ----------
    paths : sequence of Path
        Of result files.
    score : str
    favoured : bool
        Of each encoder the probe alone that its inner cuts favour; else all.
    unchecked : bool
        Take results that don't pass their check too; the caption names them.

    Raises
    ------
    ResultError
        When a file is no result, or one that doesn't pass its check.
    """
    weights = TextWeights(REPLICATES)
    rows: list[PaperRow] = []
    results: list[RunResult] = []
    doubts: list[str] = []
    golds: list[dict[str, str]] = []
    for path in paths:
        read = read_for_use(path, unchecked=unchecked, alone=True)
        results.append(read.result)
        doubts += [f"UNCHECKED: {read.doubt}."] if read.doubt else []
        predictions = None if read.doubt else read.predictions
        golds.append(gold_digests(read.result, predictions) if predictions else {})
        rows += _rows(read.result, predictions, score, weights, favoured=favoured)
    check_agreement([str(path) for path in paths], golds)
    given = {(row.suite, row.encoder) for row in rows}
    for result, path in zip(results, paths, strict=True):
        for row in _beside(result, path, score, weights):
            if (row.suite, row.encoder) not in given:
                given.add((row.suite, row.encoder))
                rows.append(row)
    rows.sort(key=lambda row: row.reference)
    used = {name: None for row in rows for name in row.figures}
    usual = [name for name in headline(used) if name in used]
    others = [name for name in used if name not in (*usual, GAP)]
    columns = (*usual, *others, *((GAP,) if GAP in used else ()))
    caption = " ".join([*doubts, _caption(results, score, rows)])
    return PaperTable(score, tuple(rows), columns, caption)


def _rows(
    result: RunResult,
    predictions: PredictionTable | None,
    score: str,
    weights: TextWeights,
    *,
    favoured: bool,
) -> Iterator[PaperRow]:
    """Rows of one result, a probe each."""
    done = dict.fromkeys(record.protocol for record in result.summary)
    shown = headline(done) or tuple(done)
    probes = dict.fromkeys(record.probe for record in result.summary)
    reference = result.encoder.role != "candidate"
    if favoured or reference:
        probes = {favoured_probe(result).probe: None}
    found = (
        summary_intervals(result, predictions, scores=(score,), weights=weights)
        if predictions
        else None
    )
    for probe in probes:
        own = {r.protocol: r for r in result.summary if r.probe == probe and r.protocol in shown}
        figures = _values(own.values(), score)
        if found:
            for protocol in own:
                interval = found.means.get((protocol, probe), {}).get(score)
                if interval is not None:
                    figures[protocol] = Figure(
                        value=interval.estimate, low=interval.low, high=interval.high
                    )
            gap = found.gaps.get(probe, {}).get(score)
            if gap is not None:
                figures[GAP] = Figure(value=gap.estimate, low=gap.low, high=gap.high)
        if any(one.value is not None for one in figures.values()):
            encoder = result.encoder.name
            layers = _layers(own.values())
            yield PaperRow(result.suite, encoder, probe, reference, layers, figures)


def _beside(result: RunResult, path: Path, score: str, weights: TextWeights) -> Iterator[PaperRow]:
    """References of a result: those whose own results lie beside it, then what it says itself."""
    if result.encoder.role != "candidate":
        return
    there = find_references(result, path).results
    for reference, predictions in there:
        for row in _rows(reference, predictions, score, weights, favoured=True):
            yield PaperRow(row.suite, row.encoder, row.probe, True, row.layers, row.figures)
    named = {reference.encoder.name for reference, _ in there}
    for record in result.references:
        if record.encoder.name not in named:
            yield _record(result.suite, record, score)


def _record(suite: str, record: ReferenceRecord, score: str) -> PaperRow:
    done = [one.protocol for one in record.summary]
    shown = headline(done) or done
    own = [r for r in record.summary if r.probe == record.favoured and r.protocol in shown]
    figures = _values(own, score)
    return PaperRow(suite, record.encoder.name, record.favoured, True, _layers(own), figures)


def _values(summary: Iterable[SummaryRecord], score: str) -> dict[str, Figure]:
    """Scores without intervals, by protocol; a gap is one on the same corpora alone."""
    found, corpora = {}, {}
    for record in summary:
        scores = record.chosen or record.oracle
        found[record.protocol] = Figure(value=getattr(scores, score, None))
        corpora[record.protocol] = set(record.corpora)
    pair = gap_of(found)
    if pair is not None and corpora[pair[0]] == corpora[pair[1]]:
        inside, outside = (found[name].value for name in pair)
        if inside is not None and outside is not None:
            found[GAP] = Figure(value=inside - outside)
    return found


def _layers(summary: Iterable[SummaryRecord]) -> str:
    """Layers that were chosen, in words; of an oracle's, that they are."""
    layers: set[int] = set()
    oracle = False
    for record in summary:
        if record.chosen is not None:
            layers |= set(record.chosen_layers)
        elif record.oracle_layer is not None:
            layers.add(record.oracle_layer)
            oracle = True
    names = [str(layer) for layer in sorted(layers)]
    text = ", ".join(names) if len(names) <= _LISTED else f"{names[0]}–{names[-1]}"
    return f"{text} (oracle)" if oracle else text


def _caption(results: Sequence[RunResult], score: str, rows: Sequence[PaperRow]) -> str:
    """What the table shows, in the words of a paper."""
    corpora = {tuple(one.card.name for one in result.corpora): result for result in results}
    over = "; ".join(
        ", ".join(names) + ("" if len(corpora) == 1 else f" ({result.encoder.name})")
        for names, result in corpora.items()
    )
    refits = sorted({result.config.refits for result in results})
    fits = (
        "the fits held fixed"
        if refits == [0]
        else f"texts trained on too ({', '.join(map(str, refits))} refits)"
    )
    said = [
        f"{SCORE_WORDS[score]}, mean over corpora ({over}), {_which_layers(results)}.",
        f"In brackets: 95 % intervals over texts scored, {fits}; corpora are held fixed.",
    ]
    if any(GAP in row.figures for row in rows):
        said.append("Gap: in less out of distribution.")
    if any(row.reference for row in rows):
        said.append("Below the line: references, with the probe that their inner cuts favour.")
    return " ".join(said)


def _which_layers(results: Sequence[RunResult]) -> str:
    words = {
        "corrected": "at the layers that were chosen inside the training part (never layer 0)",
        "study": "at the layer that is best on the scored texts themselves (an oracle)",
    }
    return ", or ".join(words[form] for form in dict.fromkeys(r.config.form for r in results))


def to_markdown(table: PaperTable) -> str:
    """Write the table as Markdown, its caption below."""
    head = [*(["suite"] if table.suites else []), "encoder", "probe", "layers"]
    names = len(head)
    words = SCORE_WORDS[table.score]
    titles = [f"{words} gap" if c == GAP else f"{table.title(c)} {words}" for c in table.columns]
    lines = [[*head, *map(escape_markdown, titles)]]
    lines.append(["---"] * names + ["---:"] * len(titles))
    for row in table.rows:
        name = f"{row.encoder} (reference)" if row.reference else row.encoder
        cells = [*([row.suite] if table.suites else []), name, row.probe, row.layers]
        lines.append([*map(escape_markdown, cells), *(_cell(row, c) for c in table.columns)])
    caption = table.caption.replace("Below the line: references", "References stand last")
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{caption}\n"


def _cell(row: PaperRow, column: str) -> str:
    one = row.figures.get(column)
    if one is None or one.value is None:
        return "–"
    ends = "" if one.low is None else f" [{one.low:.3f}, {one.high:.3f}]"
    return f"{one.value:.3f}{ends}".replace("-", "−")


def to_latex(table: PaperTable) -> str:
    """Write the table as a float for booktabs and siunitx, as it goes into a paper."""
    head = [*(["Suite"] if table.suites else []), "Encoder", "Probe", "Layers"]
    columns = "l" * len(head) + "".join(" S[table-format=-1.3] @{\\,} l" for _ in table.columns)
    titles = [rf"\multicolumn{{2}}{{c}}{{{escape_latex(table.title(column))}}}"
              for column in table.columns]  # fmt: skip
    lines = [
        r"% Written by cefrbench results export; needs \usepackage{booktabs,siunitx}",
        r"\begin{table}",
        r"  \centering\small",
        rf"  \caption{{{escape_latex(table.caption)}}}",
        r"  \label{tab:cefrbench}",
        rf"  \begin{{tabular}}{{{columns}}}",
        r"    \toprule",
        rf"    {' & '.join([*head, *titles])} \\",
        r"    \midrule",
    ]
    for before, row in zip((None, *table.rows), table.rows, strict=False):
        if before is not None and row.reference and not before.reference:
            lines.append(r"    \midrule")
        names = [*([row.suite] if table.suites else []), row.encoder, row.probe, row.layers]
        cells = [*map(escape_latex, names), *(_columns(row, column) for column in table.columns)]
        lines.append(rf"    {' & '.join(cells)} \\")
    lines += [r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _columns(row: PaperRow, column: str) -> str:
    """Two cells: the value, which siunitx aligns, and its interval."""
    one = row.figures.get(column)
    if one is None or one.value is None:
        return "{--} &"
    ends = "" if one.low is None else rf"[\num{{{one.low:.3f}}}, \num{{{one.high:.3f}}}]"
    return f"{one.value:.3f} & {ends}"
