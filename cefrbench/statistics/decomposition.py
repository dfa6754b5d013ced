"""The gap between seen and unseen corpora on the same texts, in parts that sum to it.

With ``Q`` the QWK of the predictions as they are, ``V``, ``L`` and ``S`` that of continuous
predictions levelled, located and scaled (:mod:`.matched`) and ``R`` recut (:mod:`.continuous`), in
distribution (``i``) and out of it (``o``)::

    gap         Qi - Qo
    direction   Ri - Ro                        order of the texts that is lost
    thresholds  (Ro - Qo) - (Ri - Qi)          what better cuts would give back
      decision    (Vo - Qo) - (Vi - Qi)        rounding the continuous prediction, not the class
      location    (Lo - Vo) - (Li - Vi)        moved by one number
      scale       (So - Lo) - (Si - Li)        stretched by another
      spacing     (Ro - So) - (Ri - Si)        the rest: unevenly spaced cuts

So ``gap = direction + thresholds`` and the four below sum to ``thresholds``, corpus by corpus and
in the mean. Each is what a repair gains out of distribution less what it gains in distribution:
a part may be negative. *Decision* is 0 for regressors and for probes whose classes are cuts of
their score: only a classifier's most likely class can differ from the level that it expects.

Errors are those of the whole procedure (:meth:`.draws.Replicates.error`): texts, refits, seeds and
the covariance of texts with refits, all paired. Of all parts but the gap, the error over texts is
the bootstrap's alone: recut and matched scores jump (:class:`.matched.MatchedScore`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from cefrbench.statistics.continuous import RECUT
from cefrbench.statistics.draws import Replicates, Resampled, resample
from cefrbench.statistics.matched import LEVELLED, LOCATED, SCALED
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Sample
from cefrbench.statistics.scoring import SUM_STATISTICS, Statistic

#: Steps from predictions as they are to recut ones; ``True``: read on the scale of levels.
STEPS: Final[dict[str, tuple[Statistic, bool]]] = {
    "qwk": (SUM_STATISTICS["qwk"], False),
    "levelled": (LEVELLED, True),
    "located": (LOCATED, True),
    "scaled": (SCALED, True),
    "recut": (RECUT, False),
}
#: Which step's gain each part of the thresholds is.
GAINS: Final = {
    "thresholds": ("qwk", "recut"),
    "decision": ("qwk", "levelled"),
    "location": ("levelled", "located"),
    "scale": ("located", "scaled"),
    "spacing": ("scaled", "recut"),
}


@dataclass(frozen=True, slots=True)
class Stepped:
    """One probe under one protocol, scored at each step.

    Attributes
    ----------
    steps : dict of str to Resampled
    """

    steps: Mapping[str, Resampled]

    def has(self, corpora: Collection[str]) -> set[str]:
        """Steps that have a score of all of some corpora."""
        return {name for name, one in self.steps.items() if set(corpora) <= _corpora(one)}

    def scores(self, corpora: Collection[str]) -> dict[str, float]:
        """Mean over corpora, by the steps that have one."""
        return {name: self.steps[name].draws(corpora).estimate for name in self.has(corpora)}


def _corpora(one: Resampled) -> set[str]:
    parts = enumerate(one.sample.parts)
    return {part.corpus for p, part in parts if not np.isnan(one.scores[:, p]).all()}


def score_side(sample: Sample, levels: Sample | None, weights: TextWeights) -> Stepped:
    """Score one side at each step.

    Parameters
    ----------
    sample : Sample
        With continuous scores as the probe gave them.
    levels : Sample or None
        The same with scores in levels; without them, the steps that need none.
    weights : TextWeights
    """
    samples = {False: sample, True: levels}
    return Stepped(
        {
            name: resample(own, statistic, weights)
            for name, (statistic, on_levels) in STEPS.items()
            if (own := samples[on_levels]) is not None
        }
    )


def decompose(inside: Stepped, outside: Stepped, corpora: Collection[str]) -> dict[str, Replicates]:
    """Take a gap apart, over corpora that have all the scores that its parts need.

    Parameters
    ----------
    inside, outside : Stepped
        Of the same texts (:func:`.sample.on_same_texts`).
    corpora : collection of str
        One corpus, or those of a mean.

    Returns
    -------
    dict of str to Replicates
        By name of the part; those that any of the corpora leaves undefined are missing.
    """
    able = inside.has(corpora) & outside.has(corpora)
    i = {name: inside.steps[name].draws(corpora) for name in able}
    o = {name: outside.steps[name].draws(corpora) for name in able}
    found: dict[str, Replicates] = {}
    if "qwk" in able:
        found["gap"] = i["qwk"].minus(o["qwk"])
    if "recut" in able:
        found["direction"] = i["recut"].minus(o["recut"])
    for name, (before, after) in GAINS.items():
        if {before, after} <= able:
            gained = o[after].minus(o[before]).minus(i[after].minus(i[before]))
            found[name] = replace(gained, influence=np.zeros_like(gained.influence))
    return found


def split_gap(
    inside: Mapping[str, float | None], outside: Mapping[str, float | None]
) -> dict[str, float]:
    """Take a gap apart from its scores alone, without errors; as :func:`decompose`.

    Parameters
    ----------
    inside, outside : mapping of str to float or None
        By step; what is not there leaves out the parts that need it.
    """
    both = {
        name: (one, other)
        for name in STEPS
        if (one := inside.get(name)) is not None and (other := outside.get(name)) is not None
    }
    lost = {name: one - other for name, (one, other) in both.items()}
    found = {
        part: lost[name] for part, name in (("gap", "qwk"), ("direction", "recut")) if name in lost
    }
    found |= {
        part: lost[before] - lost[after]
        for part, (before, after) in GAINS.items()
        if before in lost and after in lost
    }
    return found
