"""What `recalibrate` and `few-shot` share: draws, scored texts, what k = 0 gives, and records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cefrbench.analyses.chosen import Chosen, Doubles
from cefrbench.analyses.curves import Curve, qwk, score
from cefrbench.analyses.labels import SIZES, Draw, Drawn, draw_labels
from cefrbench.analyses.studied import Studied
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.engines.methods.recalibration import refit_line
from cefrbench.essays import EssayTable
from cefrbench.results.model import AnalysisNote, AnalysisRecord
from cefrbench.results.selection import favoured_probe

#: The protocol whose predictions both begin from.
PROTOCOL: Final = "lofo"


@dataclass(frozen=True, slots=True)
class DrawnLabels:
    """Draws of labels in every corpus that is left out.

    Attributes
    ----------
    drawn : dict of str to Drawn
        By corpus.
    notes : tuple of AnalysisNote
        What can't be drawn.
    """

    drawn: dict[str, Drawn]
    notes: tuple[AnalysisNote, ...]

    @property
    def whole(self) -> tuple[str, ...]:
        """Corpora that allow every number of labels: those that a mean is over."""
        return tuple(name for name, one in self.drawn.items() if one.sizes == SIZES)


def draw_all(studied: Studied, analysis: str) -> DrawnLabels:
    """Draw labels in every corpus; the same for every encoder, probe and analysis."""
    drawn: dict[str, Drawn] = {}
    notes = []
    for planned in studied.folds:
        if planned.protocol != PROTOCOL:
            continue
        for corpus, rows in planned.fold.scored.items():
            drawn[corpus] = draw_labels(studied.table, rows, seed=studied.seed)
            if cause := drawn[corpus].missing:
                notes.append(_note(analysis, cause, corpus))
    if not drawn:
        notes.append(_note(analysis, f"No fold of {PROTOCOL} was run, so no corpus is unseen."))
    return DrawnLabels(drawn, tuple(notes))


def _note(analysis: str, cause: str, corpus: str | None = None) -> AnalysisNote:
    return AnalysisNote(analysis=analysis, protocol=PROTOCOL, corpus=corpus, cause=cause)


def favoured(studied: Studied) -> ProbeSpec:
    """The probe that stands for the result; where each point costs fits, it alone is fitted."""
    name = favoured_probe(studied.result).probe
    return next(probe for probe in studied.probes if probe.name == name)


def before(table: EssayTable, one: Chosen, draw: Draw) -> dict[str, float]:
    """Scores without any label, of the texts that a draw leaves."""
    return score(table, draw.rest, one.values[draw.rest], one.scores[draw.rest])


def recalibrated(table: EssayTable, one: Chosen, draw: Draw, labels: int) -> Doubles:
    """Predictions of the texts that a draw leaves, moved by what its first labels say."""
    labelled = draw.labelled[:labels]
    gold = (table.low[labelled] + table.high[labelled]) / 2
    return refit_line(one.scores[labelled], gold)(one.scores[draw.rest])


def recalibrated_qwk(table: EssayTable, one: Chosen, draw: Draw, labels: int) -> float:
    """QWK of :func:`recalibrated`; NaN where undefined or the probe has no continuous scores."""
    if not np.isfinite(one.scores[draw.rest]).all():
        return float("nan")
    return qwk(table, draw.rest, recalibrated(table, one, draw, labels))


def records(
    analysis: str,
    protocol: str,
    probe: str,
    curve: Curve,
    mean_over: Sequence[str],
    *,
    target: str | None = None,
    paired: bool = True,
) -> Iterator[AnalysisRecord]:
    """A curve's points as records."""
    for point in curve.points(mean_over, paired=paired):
        yield AnalysisRecord(
            analysis=analysis,
            protocol=protocol,
            probe=probe,
            corpus=point.corpus,
            target=target,
            amount=point.amount,
            measure=point.measure,
            value=point.value,
            sd=point.sd,
            low=point.low,
            high=point.high,
            n=point.n,
            draws=point.draws,
        )
