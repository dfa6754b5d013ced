"""From replicates to a 95 % interval.

The interval is normal on a scale where the score's distribution nearly is (Fisher's z for QWK, the
logarithm for MAE, …), centred at the estimate less its bootstrap bias: QWK is biased in small
corpora, and a mean over nine of them keeps the bias while its error shrinks to a third, so that
percentile intervals cover the truth in 84 to 93 % of cases only (``docs/statistics.md``). Its width
comes from the error of the whole procedure (:mod:`.errors`) and Student's quantile; of the texts'
error, the bootstrap's or the jackknife's, whichever is larger, because the former falls short
where a level has few texts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cefrbench.statistics.draws import Replicates
from cefrbench.statistics.errors import quantile
from cefrbench.statistics.scoring import Link, Statistic

#: Fewest replicates, as a share, that have to be defined for an interval to be given.
_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """A score and its 95 % interval.

    Attributes
    ----------
    estimate : float or None
        None where the score is undefined.
    low, high : float or None
        Ends; None where there is no interval, and :attr:`note` says why.
    error : float or None
        Standard error.
    texts : int
        Different texts.
    replicates : int
        0 for an interval from the jackknife alone.
    undefined : int
        Replicates without a score (one gold level was left), which the interval leaves out.
    refits : int
        Refits on resampled training texts whose spread is in it; 0 where it holds the fits fixed.
    """

    estimate: float | None
    low: float | None
    high: float | None
    error: float | None
    texts: int
    replicates: int
    undefined: int = 0
    refits: int = 0

    @property
    def covers(self) -> str:
        """What would differ in the draws that it stands for, and what would not, in words."""
        varied = f"other texts scored, other texts trained on ({self.refits} refits); not"
        if not self.refits:
            varied = "other texts scored, with the fits held fixed; not other texts trained on,"
        return f"{varied} other corpora, nor another choice of layer and penalty"

    @property
    def note(self) -> str:
        """What has to be said about it; mostly nothing."""
        if self.estimate is None:
            return "undefined: the texts have one level only, or no ranks among their predictions"
        share = f"{self.undefined:,} of {self.replicates:,} resamples"
        if self.low is None:
            return f"no interval: the texts are too few, {share} leave a corpus with one level"
        if self.undefined:
            return f"{share} leave a corpus with one level and are not counted"
        return ""


def from_draws(draws: Replicates, statistic: Statistic | None = None) -> Interval:
    """Interval of a score (on its own scale) or, without ``statistic``, of a difference."""
    values = draws.values[~np.isnan(draws.values)]
    replicates, refits = len(draws.values), len(draws.refits)
    undefined = replicates - len(values)
    texts = len(draws.texts)
    if np.isnan(draws.estimate):
        return Interval(None, None, None, None, texts, replicates, undefined, refits)
    if len(values) < _ENOUGH * replicates:
        return Interval(draws.estimate, None, None, None, texts, replicates, undefined, refits)
    error, freedom = draws.error()
    centre = 2 * draws.estimate - float(values.mean())
    link: Link = "identity"
    bounds = (-np.inf, np.inf)
    if statistic is not None:
        link, bounds = statistic.link, statistic.bounds
        if statistic.proportion:
            centre, error = _smoothed(draws, error)
    low, high = ends(draws.estimate, centre, error, link, bounds, freedom)
    return Interval(draws.estimate, low, high, error, texts, replicates, undefined, refits)


def _smoothed(draws: Replicates, error: float) -> tuple[float, float]:
    """Centre and error of a mean of proportions that don't vanish when all texts are right.

    Two successes and two failures are spread over the parts (Agresti & Coull 1998, and for means
    of proportions Price & Bonett 2004); the bootstrap's variance grows by as much as theirs.
    """
    n, p = np.array(draws.parts).T
    m = len(n)
    smooth = (n * p + 2 / m) / (n + 4 / m)
    extra = smooth * (1 - smooth) / (n + 4 / m) - p * (1 - p) / n
    return float(smooth.mean()), float(np.sqrt(max(0.0, error**2 + extra.sum() / m**2)))


def ends(
    estimate: float,
    centre: float,
    error: float,
    link: Link,
    bounds: tuple[float, float],
    freedom: float = np.inf,
) -> tuple[float, float]:
    """Ends of the interval ``centre ± t error``, taken on the scale of ``link``.

    ``t`` is Student's 97.5 % quantile with so many degrees of freedom: 1.96 without end.
    """
    if error <= 1e-12:
        return estimate, estimate
    # A bias is not corrected by more than half the way to the end of the score's range.
    centre = min(max(centre, (estimate + bounds[0]) / 2), (estimate + bounds[1]) / 2)
    # At its very end a score's own scale has no slope: a perfect one that refits would lose.
    there, slope, back = _LINKS["identity" if estimate in bounds else link]
    half = float(quantile(freedom)) * error * slope(centre)
    low, high = float(back(there(centre) - half)), float(back(there(centre) + half))
    # A reader who sees an estimate outside its interval learns nothing from either.
    return max(min(low, estimate), bounds[0]), min(max(high, estimate), bounds[1])


Scalar = Callable[[float], float]
#: Of each scale: the way there, its slope, and the way back.
_LINKS: dict[Link, tuple[Scalar, Scalar, Scalar]] = {
    "fisher": (np.arctanh, lambda c: 1 / (1 - c * c), np.tanh),
    "logit": (
        lambda c: np.log(c / (1 - c)),
        lambda c: 1 / (c * (1 - c)),
        lambda x: 1 / (1 + np.exp(-x)),
    ),
    "log": (np.log, lambda c: 1 / c, np.exp),
    "log1m": (lambda c: -np.log1p(-c), lambda c: 1 / (1 - c), lambda x: -np.expm1(-x)),
    "identity": (lambda c: c, lambda _: 1.0, lambda x: x),
}
