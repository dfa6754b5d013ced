"""`whiten`: every corpus has mean 0 and uncorrelated features of deviation 1."""

from __future__ import annotations

from collections.abc import Callable

from cefrbench import MethodCard, MethodOptions, MethodSpec, Register, hookimpl
from cefrbench.engines.methods.spread import spread_of
from cefrbench_plugins.methods._by_corpus import ByCorpus, Doubles

CARD = MethodCard(
    name="whiten",
    title="Whitening",
    description="Every corpus's features are multiplied by the inverse root of its own shrunk "
    "covariance, the unseen one's too: corpora then differ in nothing that mean and covariance "
    "tell.",
    sees="unlabelled",
    moves="features",
    paper="Roy, Siarohin, Sangineto, Bulò, Sebe and Ricci (2019), Unsupervised Domain "
    "Adaptation using Feature-Whitening and Consensus Loss, CVPR (the whitening alone)",
    url="https://arxiv.org/abs/1903.03215",
)


def whitened(X: Doubles, weight: Doubles) -> Callable[[Doubles], Doubles]:
    """Whiten without a rotation, so that features keep their meaning (ZCA)."""
    spread = spread_of(X, weight)
    return lambda rows: spread.power(rows - spread.mean, -0.5)


def make(options: MethodOptions) -> ByCorpus:
    """Make the method."""
    return ByCorpus(whitened)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
