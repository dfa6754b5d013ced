"""Records of analyses: what names one, and what every one has to keep to."""

from __future__ import annotations

import math

from cefrbench.results.findings import TOLERANCE, Mismatch, Mismatches, unique
from cefrbench.results.model import AnalysisRecord, RunResult

#: Least and most of each measure that has bounds.
BOUNDS = {
    "balanced_accuracy": (0.0, 1.0),
    "qwk": (-1.0, 1.0),
    "recut": (-1.0, 1.0),
    "spearman": (-1.0, 1.0),
    "qwk_gain": (-2.0, 2.0),
    "qwk_over_recalibrated": (-2.0, 2.0),
    "train_texts": (1.0, math.inf),
}


def analysis_key(record: AnalysisRecord) -> tuple[object, ...]:
    """Name one figure."""
    return (
        record.analysis,
        record.protocol,
        record.probe,
        record.corpus,
        record.layer,
        record.target,
        record.amount,
        record.measure,
    )


def check_analyses(result: RunResult) -> Mismatches:
    """Each figure once, of an analysis that was asked for, within the bounds of its measure."""
    yield from unique("analyses", [analysis_key(record) for record in result.analyses])
    known: dict[str, set[object]] = {
        "analysis": set(result.config.analyses),
        "protocol": {None, *(card.name for card in result.protocols)},
        "probe": {None, *(card.name for card in result.probes)},
        "layer": {None, *result.encoder.layers},
    }
    for i, record in enumerate(result.analyses):
        where = f"analyses[{i}]"
        for name, values in known.items():
            if getattr(record, name) not in values:
                yield Mismatch(f"{where}.{name}", str(getattr(record, name)), "one of the run's")
        if record.n < 0 or record.draws < 1:
            yield Mismatch(where, f"n {record.n}, draws {record.draws}", "n from 0, draws from 1")
        yield from _check_figures(where, record)
    yield from _check_gains(result)
    for i, note in enumerate(result.analysis_notes):
        if note.analysis not in known["analysis"]:
            yield Mismatch(f"analysis_notes[{i}]", note.analysis, "one of config.analyses")


def _check_figures(where: str, record: AnalysisRecord) -> Mismatches:
    low, high = BOUNDS.get(record.measure, (-math.inf, math.inf))
    bounds = dict.fromkeys(("value", "chance", "low", "high"), (low, high)) | {
        "sd": (0.0, math.inf)
    }
    for name, (least, most) in bounds.items():
        figure = getattr(record, name)
        if figure is None:
            continue
        if not (math.isfinite(figure) and least <= figure <= most):
            yield Mismatch(f"{where}.{name}", str(figure), f"{least:g} to {most:g}, and finite")
    if record.low is not None and record.high is not None and record.low > record.high:
        yield Mismatch(f"{where}.low", str(record.low), f"at most `high`, {record.high:g}")


def _check_gains(result: RunResult) -> Mismatches:
    """A gain is the QWK at its amount less that at none, where all draws give both."""
    known = {analysis_key(record): record for record in result.analyses}
    for i, record in enumerate(result.analyses):
        if record.measure != "qwk_gain":
            continue
        pair = [
            known.get(analysis_key(record.model_copy(update={"measure": "qwk", "amount": amount})))
            for amount in (record.amount, 0)
        ]
        values = [one.value for one in pair if one and one.draws == record.draws]
        known_values = [value for value in values if value is not None]
        if len(known_values) < 2 or record.value is None:
            continue
        gain = known_values[0] - known_values[1]
        if abs(record.value - gain) > TOLERANCE:
            yield Mismatch(f"analyses[{i}].value", str(record.value), f"{gain:.6f}, from its qwk")
