"""How much each training text says: the weights of a fold's fit, and the unit of its features.

Every corpus sums to the same; inside it a text of a level with n texts weighs ``1 / (n + 10)``, so
that the level shares of the sources, which are no knowledge of an unseen corpus, say little. All
is normalised to a mean of 1 a text, so that a penalty means the same in every training set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench.essays import EssayTable, Ints

Doubles = NDArray[np.float64]

#: Texts that every level of a corpus is given beside its own: a rare level must not weigh all.
SMOOTHING = 10.0


@dataclass(frozen=True, slots=True)
class Weighting:
    """Weights of one training set; both arrays are parallel to its rows.

    Attributes
    ----------
    weight : ndarray of float64, shape (n,)
        Weight of each row in the loss.
    count : ndarray of float64, shape (n,)
        How often each row counts as a text: its share of a text that stands in several rows of
        its corpus, times how often a resample drew it.
    """

    weight: Doubles
    count: Doubles


def balanced(table: EssayTable, train: Ints, drawn: Doubles | None = None) -> Weighting:
    """Balance a training set over corpora and, inside each, over levels.

    Parameters
    ----------
    table : EssayTable
    train : ndarray of int
        Rows of the table.
    drawn : ndarray of float64, shape (len(train),), optional
        How often a resample drew each row's text; none means once. A level's n is then counted
        as drawn.

    Raises
    ------
    ValueError
        When nothing was drawn.
    """
    corpus, level = table.corpus[train], table.label[train]
    unit = table.unit[train]
    place = corpus * (unit.max(initial=0) + 1) + unit
    count = 1.0 / np.bincount(place)[place]
    if drawn is not None:
        count = count * drawn
    if not count.any():
        raise ValueError("No training text was drawn.")
    cell = corpus * len(table.scale) + level
    texts = np.bincount(cell, weights=count)
    weight = count / (texts[cell] + SMOOTHING)
    of_corpus = np.bincount(corpus, weights=weight)
    # A corpus of which nothing was drawn has no weight to share.
    weight = np.divide(weight, of_corpus[corpus], out=np.zeros_like(weight), where=weight > 0)
    return Weighting(weight * (count.sum() / weight.sum()), count)
