"""Tables of an explanation, as text: terminal, page and LaTeX show the same cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cefrbench.results.explanation import Explanation, Figure, ShiftScore
from cefrbench.results.model import AnalysisRecord
from cefrbench.results.wording import METHOD_WORDS, residual_words
from cefrbench_leaderboard.render import MINUS, NONE, between, grouped, number
from cefrbench_leaderboard.report.gap import name, there


@dataclass(frozen=True, slots=True)
class ReportCell:
    """What stands in a cell: a text, the ends of its interval, and whether that leaves out 0."""

    text: str
    ends: str = ""
    strong: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table.

    Attributes
    ----------
    key : str
        Anchor on the page, and name of its LaTeX file.
    topic : str
        Of the sentences that it stands below.
    title, note : str
        What it holds, and how to read it.
    columns : tuple of str
    rows : tuple of tuple of ReportCell
        As long as ``columns``.
    """

    key: str
    topic: str
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[ReportCell, ...], ...]


_INTERVALS = (
    "95\N{NO-BREAK SPACE}% intervals of the whole procedure below; what is bold has one that "
    "leaves out 0. Corpora are fixed."
)


def tables(explanation: Explanation) -> list[ReportTable]:
    """All tables that have a row, in the order of the page."""
    made = (_claim, _parts, _layers, _drift, _residuals, _label_shift, _shifts, _readings)
    return [table for make in made if (table := make(explanation)).rows]


def _table(
    key: str, topic: str, title: str, note: str, columns: str, rows: Iterable[Iterable[object]]
) -> ReportTable:
    """Make a table; names of columns are split by bars."""
    cells = tuple(tuple(map(_cell, row)) for row in rows)
    return ReportTable(key, topic, title, note, tuple(columns.split("|")), cells)


def _cell(value: object) -> ReportCell:
    if isinstance(value, ReportCell):
        return value
    if isinstance(value, Figure):
        return ReportCell(number(value.value), between(value.low, value.high), value.shown, True)
    if isinstance(value, int):
        return ReportCell(grouped(value), number=True)
    if isinstance(value, float):
        return ReportCell(number(value), number=True)
    return ReportCell(NONE if value is None else str(value))


def _claim(explanation: Explanation) -> ReportTable:
    claim = explanation.claim
    rows = (
        (
            rung.name,
            f"{rung.reference} ({rung.probe})" if rung.reference and rung.probe else rung.reference,
            f"{rung.status}: {rung.reason}" if rung.reason else rung.status,
            rung.qwk,
            rung.difference,
            ReportCell(_p(rung.p_holm), number=True),
        )
        for rung in (claim.rungs if claim else ())
    )
    title = f"The claim ladder under {claim.protocol}" if claim else ""
    note = (
        "QWK of what each rung stands for, the encoder's less that, and p after Holm's correction "
        f"over the rungs that are tested. {_INTERVALS}"
    )
    columns = "Rung|Reference|Outcome|QWK|Difference|p"
    return _table("claim-table", "claim", title, note, columns, rows)


def _p(value: float | None) -> str:
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else number(value)


def _parts(explanation: Explanation) -> ReportTable:
    """Corpora of the probe that sentences speak of, and the means of all probes."""
    shown = [one for one in explanation.decompositions
             if one.probe == explanation.probe or one.corpus is None]  # fmt: skip
    parts = there(shown)
    rows = (
        (one.probe, name(one), one.texts, one.inside.qwk, one.outside.qwk,
         *(one.parts.get(part) for part in parts))
        for one in shown
    )  # fmt: skip
    title = "The gap in QWK, in parts that sum to it"
    note = f"In and out of distribution on the same texts. {_INTERVALS}"
    columns = "|".join(("Probe", "Corpus", "Texts", "In", "Out", *map(str.capitalize, parts)))
    return _table("parts-table", "decomposition", title, note, columns, rows)


def _layers(explanation: Explanation) -> ReportTable:
    rows = (
        (str(one.layer), one.inside.qwk, one.inside.recut, one.outside.qwk, one.outside.recut,
         *(one.parts.get(part) for part in ("gap", "direction", "thresholds")))
        for one in explanation.layers if one.probe == explanation.probe
    )  # fmt: skip
    title = f"The gap by layer, {explanation.probe}, mean over corpora"
    note = "Without intervals: few layers keep their predictions. Layer 0 is no layer to choose."
    columns = "Layer|QWK in|Recut in|QWK out|Recut out|Gap|Direction|Thresholds"
    return _table("layers-table", "layers", title, note, columns, rows)


def _drift(explanation: Explanation) -> ReportTable:
    rows = (
        (one.measure.replace("_", " "), one.corpus or "mean", one.inside, one.outside, one.change)
        for one in explanation.drifts if one.probe == explanation.probe
    )  # fmt: skip
    title = f"What levels {explanation.probe} predicts"
    note = (
        "Bias: mean of predicted less true level. Spread: their standard deviations, predicted "
        "over true. Slope: of predicted on true level. Evenness: entropy over that of uniform. To "
        f"uniform: total-variation distance. {_INTERVALS}"
    )
    return _table("drift-table", "drift", title, note, "Measure|Corpus|In|Out|Change", rows)


def _residuals(explanation: Explanation) -> ReportTable:
    sides = [name for name in (explanation.inside, explanation.outside) if name]
    cells: dict[str, dict[str, ReportCell]] = {}
    counts: dict[str, int] = {}
    for one in explanation.residuals:
        if one.probe == explanation.probe and one.corpus is None and one.n:
            text = residual_words(one).replace("-", MINUS)
            cells.setdefault(one.level, {})[one.protocol] = ReportCell(text, number=True)
            counts[one.level] = max(counts.get(one.level, 0), one.n)
    rows = ((level, counts[level], *map(found.get, sides)) for level, found in cells.items())
    title = f"Prediction of {explanation.probe} less truth, by true level"
    note = "Mean (standard deviation) in levels, the texts of all corpora together."
    columns = "|".join(("Level", "Texts", *sides))
    return _table("residuals-table", "drift", title, note, columns, rows)


def _label_shift(explanation: Explanation) -> ReportTable:
    rows = (
        (one.corpus, METHOD_WORDS[one.method], one.distance, one.misfit, one.qwk, one.gain, one.cut,
         one.cut_gain)
        for one in explanation.label_shifts if one.probe == explanation.probe
    )  # fmt: skip
    title = f"Predictions of {explanation.probe} corrected to other level shares"
    note = (
        "Off by: total-variation distance of the shares from the corpus's own. Misfit: how far "
        "predicted levels lie from what label shift would give. Gains are over no correction. "
        + _INTERVALS
    )
    columns = "Corpus|Shares|Off by|Misfit|QWK of classes|Gain|QWK of continuous|Its gain"
    return _table("label-shift-table", "label shift", title, note, columns, rows)


def _shifts(explanation: Explanation) -> ReportTable:
    rows = (
        (f"{one.words} ({one.protocol})", one.score, ", ".join(one.corpora), one.texts, one.figure,
         one.step, _from(one))
        for one in explanation.shifts if one.probe == explanation.probe
    )  # fmt: skip
    note = (
        f"A step is the difference from the rung named, on the texts that both score. {_INTERVALS}"
    )
    columns = "Shift|Score|Corpora|Texts|Value|Step|From"
    return _table("shifts-table", "shifts", "The ladder of shifts", note, columns, rows)


def _from(one: ShiftScore) -> str:
    return f"{one.before}, {grouped(one.shared_texts)} texts" if one.step and one.before else NONE


def _readings(explanation: Explanation) -> ReportTable:
    title = "What analyses found, all texts or the mean of corpora"
    note = "The lowest and the highest value over layers; docs/analyses.md says what each measures."
    columns = "Analysis|Of|Protocol|Probe|Amount|Measure|Least|Most|Chance|Texts"
    return _table("readings-table", "readings", title, note, columns, _ranges(explanation))


def _ranges(explanation: Explanation) -> Iterator[tuple[object, ...]]:
    found: dict[tuple[object, ...], list[AnalysisRecord]] = {}
    for one in explanation.analyses:
        if one.corpus is None and one.value is not None and one.probe in (None, explanation.probe):
            key = one.analysis, one.target, one.protocol, one.probe, one.amount, one.measure
            found.setdefault(key, []).append(one)
    for (analysis, target, protocol, probe, amount, measure), own in found.items():
        values = [one.value for one in own if one.value is not None]
        yield (analysis, target, protocol, probe, amount, str(measure).replace("_", " "),
               min(values), max(values), own[0].chance, own[0].n)  # fmt: skip
