"""What predicted levels do out of distribution: are they biased, do they drift, do they shrink?

Two things look alike in a confusion matrix and are not. Predictions that *drift to uniform* spread
over all levels whatever the text; predictions that *shrink* gather in the middle. The first raises
the spread and the evenness of predicted levels and lowers their distance from uniform; the second
lowers spread and evenness. Both lower the slope on the true level. All are of predictions rounded
to levels ``p`` against gold levels ``g``, as the confusion matrix counts them::

    bias        mean(p - g)
    spread      sd(p) / sd(g)
    slope       cov(p, g) / var(g)
    evenness    entropy of the shares of p / log C
    to_uniform  ½ Σ |share of p - 1/C|

Each is a function of sums over texts, so errors are as exact as those of QWK.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cefrbench.statistics.scoring import Floats, Outcomes, SumStatistic


def _moments(o: Outcomes) -> Floats:
    g, p = o.gold, o.predicted
    columns = [np.ones(len(g)), p, p * p, g, g * g, p * g]
    return np.stack([np.asarray(one, np.float64) for one in columns], axis=1)


def _shares(o: Outcomes) -> Floats:
    found: Floats = (o.predicted[:, None] == np.arange(o.n_classes)).astype(np.float64)
    return found


def _ratio(above: Floats, below: Floats) -> Floats:
    """NaN where ``below`` is 0; it is a variance times ``n²``, a whole number."""
    full = np.full(below.shape, np.nan)
    found: Floats = np.divide(above, below, out=full, where=below > 0.5)
    return found


def _bias(sums: Floats) -> Floats:
    n, p, _, g, _, _ = np.moveaxis(sums, -1, 0)
    return _ratio(p - g, n)


def _spread(sums: Floats) -> Floats:
    n, p, pp, g, gg, _ = np.moveaxis(sums, -1, 0)
    return np.sqrt(_ratio(np.maximum(n * pp - p * p, 0.0), n * gg - g * g))


def _slope(sums: Floats) -> Floats:
    n, p, _, g, gg, pg = np.moveaxis(sums, -1, 0)
    return _ratio(n * pg - p * g, n * gg - g * g)


def _normed(sums: Floats) -> Floats:
    total = sums.sum(-1, keepdims=True)
    full = np.full(sums.shape, np.nan)
    found: Floats = np.divide(sums, total, out=full, where=total > 0)
    return found


def _evenness(sums: Floats) -> Floats:
    share = _normed(sums)
    logs = np.log(np.where(share > 0, share, 1.0))
    found: Floats = -(share * logs).sum(-1) / np.log(sums.shape[-1])
    return found


def _to_uniform(sums: Floats) -> Floats:
    found: Floats = np.abs(_normed(sums) - 1 / sums.shape[-1]).sum(-1) / 2
    return found


#: By name, in the order of tables.
DRIFTS: Final = {
    one.name: one
    for one in (
        SumStatistic(
            name="bias", columns=_moments, value=_bias, link="identity", bounds=(-np.inf, np.inf)
        ),
        SumStatistic(
            name="spread", columns=_moments, value=_spread, link="identity", bounds=(0.0, np.inf)
        ),
        SumStatistic(
            name="slope", columns=_moments, value=_slope, link="identity", bounds=(-np.inf, np.inf)
        ),
        SumStatistic(
            name="evenness", columns=_shares, value=_evenness, link="identity", bounds=(0.0, 1.0)
        ),
        SumStatistic(
            name="to_uniform",
            columns=_shares,
            value=_to_uniform,
            link="identity",
            bounds=(0.0, 1.0),
        ),
    )
}
