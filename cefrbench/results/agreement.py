"""Scores beside human agreement: what share of it a model reaches."""

from __future__ import annotations

from cefrbench.contracts.cards import Agreement
from cefrbench.statistics.scores import Scores

#: Measures of agreement that are scores too, so that one can be divided by the other.
MEASURES = ("qwk", "spearman", "accuracy", "adjacent")


def share_of_agreement(agreement: Agreement | None, scores: Scores) -> float | None:
    """Divide a corpus's score by the agreement of people on it, where both are of one measure.

    More than 1 is no error: raters agree with each other less than with what was made of all their
    ratings, which is what a model is scored against.

    Returns
    -------
    float or None
        None where no source states the agreement, where it is in another measure, or where the
        score is undefined.
    """
    if agreement is None or agreement.measure not in MEASURES:
        return None
    value: float | None = getattr(scores, agreement.measure)
    return None if value is None else value / agreement.value
