"""`centre` and `adabn`: every corpus has mean 0, and with `adabn` deviation 1, in each feature."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cefrbench import MethodCard, MethodOptions, MethodSpec, Register, hookimpl
from cefrbench_plugins.methods._by_corpus import ByCorpus, Doubles

PAPER = (
    "Li, Wang, Shi, Hou and Liu (2018), Adaptive Batch Normalization for practical domain "
    "adaptation, Pattern Recognition 80"
)
CENTRE = MethodCard(
    name="centre",
    title="Centring",
    description="Every corpus's features are moved to mean 0, the unseen one's too: takes away "
    "all that shifts a corpus as a whole, and with it how far its writers are on the average.",
    sees="unlabelled",
    moves="features",
    paper=f"{PAPER} (means alone)",
    url="https://arxiv.org/abs/1603.04779",
)
ADABN = CENTRE.model_copy(
    update={
        "name": "adabn",
        "title": "Adaptive batch normalisation",
        "description": "Every corpus's features are moved to mean 0 and deviation 1, the unseen "
        "one's too, as a network's batch normalisation would be that is told again on it.",
        "paper": PAPER,
    }
)


def centred(X: Doubles, weight: Doubles) -> Callable[[Doubles], Doubles]:
    """Take the mean away."""
    mean = np.average(X, axis=0, weights=weight)
    return lambda rows: rows - mean


def normalised(X: Doubles, weight: Doubles) -> Callable[[Doubles], Doubles]:
    """Take the mean away and divide by the deviation; constant features become 0."""
    mean = np.average(X, axis=0, weights=weight)
    spread = np.sqrt(np.average(np.square(X - mean), axis=0, weights=weight))
    varies = spread > np.finfo(np.float32).eps * np.abs(X).max(axis=0)
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=varies)
    return lambda rows: (rows - mean) * scale


def make_centre(options: MethodOptions) -> ByCorpus:
    """Make `centre`."""
    return ByCorpus(centred)


def make_adabn(options: MethodOptions) -> ByCorpus:
    """Make `adabn`."""
    return ByCorpus(normalised)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CENTRE, make_centre))
    register(MethodSpec(ADABN, make_adabn))
