"""The level whose mean features are nearest: an estimator of one's own, with weights."""

from __future__ import annotations

from cefrbench import Estimator, ProbeCard, ProbeOptions

CARD = ProbeCard(
    name="sample-nearest",
    description="Nearest weighted mean of a level, on standardised features",
    kind="classifier",
    source="sklearn.neighbors.NearestCentroid, with sample weights",
)


def make(options: ProbeOptions) -> Estimator:
    """Make a new estimator; scikit-learn is imported here, not when the plugin is loaded."""
    from cefrbench_sample.nearest import NearestMean

    return NearestMean()
