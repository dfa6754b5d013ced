"""The method contract: what stands between features and a probe, against corpus bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from cefrbench.contracts.cards import MethodCard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Source:
    """Training texts, as every method sees them.

    Attributes
    ----------
    X : ndarray of float32, shape (n, dim)
        One layer's features, of mean 0 and deviation 1 over the training texts as they count.
    y : ndarray of int64, shape (n,)
        Classes, 0 to ``n_classes - 1``.
    corpus : ndarray of int64, shape (n,)
        Which corpus a text is of; the numbers mean nothing else.
    family : ndarray of int64, shape (n,)
        Which family of corpora: those are left out together.
    weight : ndarray of float64, shape (n,)
        Weight of each text, of mean 1; the standard's own weights balance corpora and levels.
    few : ndarray of bool, shape (n,)
        The few texts of the scored corpus whose levels a method with ``sees = "labels"`` is given;
        all False for the others.
    length : ndarray of float64, shape (n,), or None
        How long each text is, the natural logarithm of its characters; None unless the card says
        ``length``.
    """

    X: NDArray[np.float32]
    y: NDArray[np.int64]
    corpus: NDArray[np.int64]
    family: NDArray[np.int64]
    weight: NDArray[np.float64]
    few: NDArray[np.bool_]
    length: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """What the harness tells a method when it makes one.

    Attributes
    ----------
    seed : int
        For methods whose card says ``seeded``.
    device : str
        ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    n_classes : int
        Classes of the scale; training texts may lack some.
    strength : float or None
        Value of the hyper-parameter, one of the card's ``strengths``; None where it has none.
    """

    seed: int = 0
    device: str = "cpu"
    n_classes: int = 5
    strength: float | None = None


def same(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Change nothing."""
    return values


def as_predicted(source: NDArray[np.float64], scored: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave predictions as the probe made them."""
    return scored


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the probe is fitted on and what becomes of its predictions, for one training set.

    The probe is the harness's own: it fits ``X``, ``y`` and ``weight`` with every penalty, predicts
    ``transform(rows)``, and ``finish`` is given what came out. A method that sees no unlabelled
    texts has ``transform`` and ``finish`` called on one scored text at a time.

    Attributes
    ----------
    X : ndarray of float32, shape (m, width)
        Features to fit on; ``m`` and ``width`` may differ from the source's.
    y : ndarray of int64, shape (m,)
        Classes.
    weight : ndarray of float64, shape (m,)
    transform : callable
        From features ``[r, dim]`` of texts to predict, or of source texts, to ``[r, width]``. A
        method whose card says ``length`` is handed the texts' lengths ``[r]`` after the features.
    finish : callable
        From the probe's predictions of the source texts ``[n]`` and of the scored texts ``[r]``,
        unrounded, to predictions ``[r]``.
    """

    X: NDArray[np.float32]
    y: NDArray[np.int64]
    weight: NDArray[np.float64]
    transform: Callable[..., NDArray[np.float32]] = same
    finish: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]] = as_predicted


@runtime_checkable
class Method(Protocol):
    """What a plugin implements: from training texts (and unlabelled ones) to what is fitted.

    A method with ``moves = "layers"`` is a :class:`LayerMethod`.
    """

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Prepare one training set.

        Parameters
        ----------
        source : Source
        unlabelled : ndarray of float32, shape (r, dim), or None
            Features of the scored corpus's texts, in the unit of ``source.X``; None unless the
            card says that the method sees them.
        """


@runtime_checkable
class LayerMethod(Protocol):
    """What a plugin implements that puts the predictions of several layers together.

    The probe is fitted on each layer by itself with the same penalty, and what it predicts of a
    text (its continuous scores, where it has them) is averaged. So a method sees no text at all.
    """

    def weigh(self, layers: int) -> NDArray[np.float64]:
        """Say how much each layer counts.

        Parameters
        ----------
        layers : int
            Layers that are fitted up to the one in question, that one included; layer 0 is not
            among them, unless it is the one.

        Returns
        -------
        ndarray of float64, shape (layers,)
            None negative, not all 0; layers that count nothing aren't fitted.
        """


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """What a plugin registers: a card, and how to make the method."""

    card: MethodCard
    make: Callable[[MethodOptions], Method | LayerMethod]

    @property
    def name(self) -> str:
        """Registered name."""
        return self.card.name
