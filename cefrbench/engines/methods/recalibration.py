"""Two numbers from a few labels: the line that moves continuous scores onto an unseen corpus.

The line gives the scores the mean and the spread that the labels have. Least squares would be the
line of the smallest error, but it draws all scores together by the correlation r, and agreement
(QWK) asks for levels that are spread as the gold ones are: on five corpora it lost .04 to .06 of
QWK at each number of labels. The slope is always positive, so no few labels turn an order around,
and it is told from the two spreads alone, which is also told better: with k labels of normal
scores its relative variance is ``(1 − r²) / (k − 1)``, that of least squares ``1 / r²`` times as
much (the "reduced major axis" of Kermack & Haldane 1950, Biometrika 37).

One text more is counted with them, on which the spread of the scores is right. So one label moves
the location alone, labels of one level don't collapse the scale, and of 32 labels it is a 32nd.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rescaling:
    """Where a score lies on the scale of levels: ``location + scale × score``.

    Attributes
    ----------
    location : float
        In levels.
    scale : float
        Levels a unit of the score; above 0.
    """

    location: float
    scale: float

    def __call__(self, score: Doubles) -> Doubles:
        """Move scores onto the scale of levels."""
        moved: Doubles = self.location + self.scale * score
        return moved


def refit_line(score: Doubles, gold: Doubles) -> Rescaling:
    """Find location and scale from labelled texts.

    ``scale² = ((k − 1) · var(gold) / var(score) + 1) / k``, and the means agree. Scores without a
    spread keep the scale 1.

    Parameters
    ----------
    score : ndarray of float64, shape (k,)
        Continuous scores, in levels.
    gold : ndarray of float64, shape (k,)
        Gold levels as class numbers; of a gold interval its middle.

    Raises
    ------
    ValueError
        Without a label.
    """
    k = len(score)
    if k == 0:
        raise ValueError("No label is given, so no line can be found.")
    spread = float(np.square(score - score.mean()).sum())
    # Below the rounding of the scores themselves there is no spread.
    flat = spread <= k * (np.finfo(np.float64).eps * float(np.abs(score).max())) ** 2
    ratio = 1.0 if flat else float(np.square(gold - gold.mean()).sum()) / spread
    scale = float(np.sqrt(((k - 1) * ratio + 1) / k))
    return Rescaling(float(gold.mean() - scale * score.mean()), scale)


def expected_loss(correlation: float, labels: int) -> float:
    """How much QWK k labels cost against knowing location and scale.

    To first order, of normal scores and levels that correlate by r:
    ``r · ((1 − r) / k + (1 − r²) / (2 (k − 1)))``. At mean and spread of the levels, agreement is
    r; a location off by v standard deviations takes ``r v² / 2`` off it, a relative error u of the
    scale ``r u² / 2``; and with k labels v² is ``2 (1 − r) / k`` and u² is ``(1 − r²) / (k − 1)``.

    Parameters
    ----------
    correlation : float
        Of scores and gold levels inside the corpus, above 0.
    labels : int
        Two or more.
    """
    r = correlation
    return r * ((1 - r) / labels + (1 - r**2) / (2 * (labels - 1)))
