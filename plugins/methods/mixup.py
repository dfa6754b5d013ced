"""`lisa` and `c-mixup`: texts mixed with texts of other corpora, at equal levels or near ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl
from cefrbench.engines.methods.mixing import between, even_at_levels, partners

#: Mixtures made of each text, and the parameter of the beta distribution of their shares.
DRAWN, BETA = 2, 2.0

LISA = MethodCard(
    name="lisa",
    title="Mixup across corpora at equal levels",
    description="Each text is mixed with texts of the same level from other corpora, so that "
    "what tells corpora tells nothing of levels; the probe is fitted on the mixtures. Own code: "
    "the authors' is no package.",
    sees="source",
    seeded=True,
    moves="features",
    paper="Yao, Wang, Li, Zhang, Liang, Zou and Finn (2022), Improving Out-of-Distribution "
    "Robustness via Selective Augmentation, ICML (intra-label LISA)",
    url="https://arxiv.org/abs/2201.00299",
)
C_MIXUP = LISA.model_copy(
    update={
        "name": "c-mixup",
        "title": "C-Mixup across corpora",
        "description": "Each text is mixed with texts of other corpora, drawn the more often "
        "the nearer their level; the strength is the bandwidth in levels. Labels are mixed too. "
        "Own code: the authors' is no package.",
        "strengths": (1.0, 0.5),
        "paper": "Yao, Wang, Zhang, Zou and Finn (2022), C-Mixup: Improving Generalization in "
        "Regression, NeurIPS (partners from other corpora alone)",
        "url": "https://arxiv.org/abs/2210.05775",
    }
)


@dataclass(frozen=True, slots=True)
class Mixup:
    """Mixtures of two texts of different corpora."""

    bandwidth: float
    seed: int
    n_classes: int

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Mix, with corpora even at each level; a text without a partner stays as it is."""
        rng = np.random.default_rng(self.seed)
        weight = even_at_levels(source.y, source.corpus, source.weight)
        rows = np.tile(np.arange(len(source.y)), DRAWN)
        other = np.concatenate(
            [partners(source.y, source.corpus, weight, self.bandwidth, rng) for _ in range(DRAWN)]
        )
        share = rng.beta(BETA, BETA, len(rows))
        X = share[:, None] * source.X[rows] + (1 - share)[:, None] * source.X[other]
        label = source.y[other] + share * (source.y[rows] - source.y[other])
        mixed = between(X.astype(np.float32), label, weight[rows] / DRAWN, self.n_classes)
        return Prepared(*mixed)


def make(options: MethodOptions, *, card: MethodCard) -> Mixup:
    """Make the method."""
    bandwidth = card.strengths[0] if card.strengths else 0.0
    bandwidth = bandwidth if options.strength is None else options.strength
    return Mixup(bandwidth, options.seed, options.n_classes)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(LISA, partial(make, card=LISA)))
    register(MethodSpec(C_MIXUP, partial(make, card=C_MIXUP)))
