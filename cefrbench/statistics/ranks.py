"""Ranks that say how sure they are: from the tests of all pairs, and from nothing else.

The 95 % confidence set of a rank is ``[1 + shown to be better, n - shown to be worse]``, where
"shown" is a paired test after Holm's correction over all pairs: with a probability of 95 % *all*
sets hold their true ranks (Mogstad, Romano, Shaikh & Wilhelm 2024, two-sided and by Holm's steps).
The rank itself is the set's lower end, the best place that the tests leave open, so it can't lie
outside; entries of one rank are tied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cefrbench.statistics.pairs import PairedTests


@dataclass(frozen=True, slots=True)
class Rank:
    """Where one of ``n`` stands.

    Attributes
    ----------
    rank : int
        One more than how many are shown to be better.
    low, high : int
        95 % confidence set of the rank; ``low`` is ``rank``.
    tied : int
        How many have this rank, itself included.
    better_than, worse_than : int
        From how many it is told apart, on either side.
    """

    rank: int
    low: int
    high: int
    tied: int
    better_than: int
    worse_than: int


def ranks(scores: ArrayLike, tests: PairedTests, *, more_is_better: bool = True) -> list[Rank]:
    """Rank scores by the tests of all their pairs, in the order given.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
    tests : PairedTests
        Of :func:`cefrbench.statistics.pairs.pair_tests`; what it doesn't test is not shown.
    more_is_better : bool
    """
    values = np.asarray(scores, dtype=np.float64) * (1.0 if more_is_better else -1.0)
    shown = tests.p_holm < 0.05
    ahead = shown & (values[:, None] > values[None, :])
    better_than, worse_than = ahead.sum(1), ahead.sum(0)
    found = 1 + worse_than
    return [
        Rank(
            rank=int(found[i]),
            low=int(found[i]),
            high=len(values) - int(better_than[i]),
            tied=int((found == found[i]).sum()),
            better_than=int(better_than[i]),
            worse_than=int(worse_than[i]),
        )
        for i in range(len(values))
    ]
