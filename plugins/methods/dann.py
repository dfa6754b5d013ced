"""`dann` and `dann-sources`: a network trained to tell levels and not corpora."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cefrbench import MethodCard, MethodOptions, MethodSpec, Prepared, Register, Source, hookimpl

DANN = MethodCard(
    name="dann",
    title="Domain-adversarial training",
    description="A network of one hidden layer is trained on levels while an adversary, behind "
    "a reversed gradient, tells the corpora apart, the unseen one among them. The probe reads "
    "the one number of its level head: in the hidden layer it would find what the adversary has "
    "left there. Own code: skada's DANN tells two domains apart, and takes no weights.",
    sees="unlabelled",
    strengths=(1.0, 0.1),
    seeded=True,
    moves="features",
    paper="Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand and Lempitsky "
    "(2016), Domain-Adversarial Training of Neural Networks, JMLR 17",
    url="https://arxiv.org/abs/1505.07818",
    library="torch",
)
SOURCES = DANN.model_copy(
    update={
        "name": "dann-sources",
        "title": "Domain-adversarial training, training corpora alone",
        "description": "As `dann`, but the adversary tells the training corpora apart, so that "
        "nothing is seen of the unseen one (Gulrajani and Lopez-Paz 2021).",
        "sees": "source",
    }
)


@dataclass(frozen=True, slots=True)
class DomainAdversary:
    """A network whose hidden layer an adversary can't tell the corpus from."""

    options: MethodOptions
    strength: float

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Train the network, and bring what it says to mean 0 and deviation 1."""
        from cefrbench.engines.methods.adversary import pool, read_level, train
        from cefrbench.engines.standardise import in_unit, standardise

        texts = pool(source.X, source.y, source.corpus, source.weight, unlabelled)
        network = train(texts, self.strength, self.options.seed, self.options.device)
        level = read_level(network, source.X)
        unit = standardise(level, np.arange(len(level)), source.weight)

        def read(values: NDArray[np.float32]) -> NDArray[np.float32]:
            return in_unit(values, np.arange(len(values)), *unit, dtype=np.float32)

        return Prepared(
            read(level),
            source.y,
            source.weight,
            transform=lambda X: read(read_level(network, X)),
        )


def make(options: MethodOptions, *, card: MethodCard) -> DomainAdversary:
    """Make the method."""
    strength = card.strengths[0] if options.strength is None else options.strength
    return DomainAdversary(options, strength)


@hookimpl
def register_methods(register: Register) -> None:
    for card in (DANN, SOURCES):
        made: Callable[[MethodOptions], DomainAdversary] = partial(make, card=card)
        register(MethodSpec(card, made))
