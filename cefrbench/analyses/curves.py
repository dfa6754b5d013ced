"""Scores along a curve: one figure a draw, and the band that the draws make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cefrbench.essays import EssayTable, Ints
from cefrbench.statistics.listing import STATISTICS
from cefrbench.statistics.scoring import outcomes

Doubles = NDArray[np.float64]

#: What is read along a curve. The last two know an order alone, which no line changes.
MEASURES = ("qwk", "recut", "spearman")
#: Ends of a band, as shares of the draws.
BAND = (0.1, 0.9)


def score(
    table: EssayTable, rows: Ints, values: Doubles, scores: Doubles | None
) -> dict[str, float]:
    """Scores of one corpus's texts, by measure; NaN where undefined.

    Parameters
    ----------
    table : EssayTable
    rows : ndarray of int
        In the order of their texts' keys, which decides between equal scores.
    values : ndarray of float64, shape (len(rows),)
        Predictions, unrounded; NaN where a fit is missing, which leaves no score.
    scores : ndarray of float64, shape (len(rows),), optional
        Continuous scores; NaN or None where the probe has none.
    """
    if not np.isfinite(values).all():
        return dict.fromkeys(MEASURES, float("nan"))
    known = scores if scores is not None and np.isfinite(scores).all() else None
    seen = outcomes(values, table.low[rows], table.high[rows], len(table.scale), known)
    return {name: float(STATISTICS[name].scores([seen])[0]) for name in MEASURES}


def qwk(table: EssayTable, rows: Ints, values: Doubles) -> float:
    """QWK of one corpus's texts; NaN where undefined."""
    seen = outcomes(values, table.low[rows], table.high[rows], len(table.scale))
    return float(STATISTICS["qwk"].scores([seen])[0])


def by_key(table: EssayTable, rows: Ints) -> Ints:
    """Rows in the order of their texts' keys."""
    return rows[np.argsort([table.key[row] for row in rows], kind="stable")]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a curve.

    Attributes
    ----------
    corpus : str or None
        None: the mean over corpora.
    amount : int
        Labels, training texts or families.
    measure : str
    value : float
        Mean over draws.
    sd : float or None
        Standard deviation over draws; None with one draw. It says how much depends on which
        texts were drawn, and is not the error of the mean.
    low, high : float or None
        Tenth and ninetieth percentile of the draws.
    n : int
        Scored texts, the mean over draws; of a mean over corpora their sum.
    draws : int
        Draws in which the score is defined.
    """

    corpus: str | None
    amount: int
    measure: str
    value: float
    sd: float | None
    low: float | None
    high: float | None
    n: int
    draws: int


@dataclass(slots=True)
class Curve:
    """Figures by corpus, amount and measure, one a draw."""

    figures: dict[tuple[str, int, str], list[float]] = field(default_factory=dict)
    texts: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def add(self, corpus: str, amount: int, n: int, figures: dict[str, float]) -> None:
        """Take one draw's figures of one corpus; draws come in their order."""
        self.texts.setdefault((corpus, amount), []).append(n)
        for measure, value in figures.items():
            self.figures.setdefault((corpus, amount, measure), []).append(value)

    def points(self, mean_over: Sequence[str] = (), *, paired: bool = True) -> Iterator[CurvePoint]:
        """All points, corpus by corpus, then the mean over some corpora.

        Parameters
        ----------
        mean_over : sequence of str
            Corpora that have all amounts. A mean is over those where the score is defined, if
            those are two or more.
        paired : bool
            Whether the draws of one number are one draw of all corpora; then a mean is taken draw
            by draw. Else it is one of means, and has no band.
        """
        for (corpus, amount, measure), values in self.figures.items():
            n = round(float(np.mean(self.texts[corpus, amount])))
            yield from _point(corpus, amount, measure, np.array(values), n)
        if len(mean_over) < 2:
            return
        for amount, measure in dict.fromkeys(key[1:] for key in self.figures):
            keys = [(corpus, amount, measure) for corpus in mean_over]
            keys = [key for key in keys if np.isfinite(self.figures.get(key, [])).any()]
            if len(keys) < 2:
                continue
            own = [self.figures[key] for key in keys]
            n = sum(round(float(np.mean(self.texts[key[:2]]))) for key in keys)
            if paired:
                yield from _point(None, amount, measure, np.mean(own, axis=0), n)
            else:
                means = np.array([np.mean([*map(_mean, own)])])
                for point in _point(None, amount, measure, means, n):
                    yield replace(point, draws=sum(map(len, own)))


def _mean(values: Sequence[float]) -> float:
    """Mean of the figures that are defined; NaN of none."""
    defined = np.array(values)[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def _point(
    corpus: str | None, amount: int, measure: str, values: Doubles, n: int
) -> Iterator[CurvePoint]:
    values = values[np.isfinite(values)]
    if not len(values):
        return
    several = len(values) > 1
    low, high = np.quantile(values, BAND).tolist() if several else (None, None)
    yield CurvePoint(
        corpus,
        amount,
        measure,
        value=float(values.mean()),
        sd=float(values.std(ddof=1)) if several else None,
        low=low,
        high=high,
        n=n,
        draws=len(values),
    )
