"""The probe contract: a scikit-learn estimator, with an optional fit over many folds at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from cefrbench.contracts.cards import ProbeCard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """What the harness tells a probe when it makes one.

    Attributes
    ----------
    seed : int or None
        ``random_state`` of probes whose card says ``seeded``.
    device : str
        ``cpu``, ``cuda``, ``cuda:N`` or ``mps``: where batched fits may run.
    n_classes : int
        Classes of the scale; a training fold may lack some.
    penalty : float or None
        Value of the parameter that the card's ``penalty`` names; None means the card's own value.
        None for probes whose card has no ``penalty``.
    """

    seed: int | None = None
    device: str = "cpu"
    n_classes: int = 5
    penalty: float | None = None


class Estimator(Protocol):
    """The part of scikit-learn's estimator contract that every probe keeps."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fit on ``X [n, dim]`` and classes ``y [n]``."""

    def predict(self, X: Any) -> Any:
        """Predict ``[n]`` values (regressors) or classes (classifiers)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of one fold are from: what a method against corpus bias is told, or kept from.

    Attributes
    ----------
    corpus, family : ndarray of int64, shape (len(train),)
        Corpus and family of each training row, by number.
    scored : ndarray of int64, shape (len(predict),)
        Corpus of each row to predict, by the same numbers.
    drawn : ndarray of float64, shape (len(train),), optional
        How often a resample drew each training row's text; None means once.
    length, scored_length : ndarray of float64, shape (len(train),) and (len(predict),), optional
        How long each text is: the natural logarithm of its characters.
    """

    corpus: NDArray[np.int64]
    family: NDArray[np.int64]
    scored: NDArray[np.int64]
    drawn: NDArray[np.float64] | None = None
    length: NDArray[np.float64] | None = None
    scored_length: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class FoldRows:
    """One fold as a probe sees it: row indices into the ``X`` of a layer.

    Attributes
    ----------
    train : ndarray of int
        Rows to fit on.
    predict : ndarray of int
        Rows to predict: scored ones, and those that inner cuts hold out.
    weight : ndarray of float64, shape (len(train),), optional
        Weight of each training row; stands in place of ``sample_weight``.
    count : ndarray of float64, shape (len(train),), optional
        How often each training row counts in the unit of a feature. When given, a probe reads
        features of mean 0 and population deviation 1 over the training rows so counted, constant
        columns 0 (:func:`cefrbench.engines.standardise.standardise`); else the features as they
        are.
    groups : ndarray of int64, shape (len(train),), optional
        Text unit of each training row: what a probe holds out by itself it holds out by unit.
        None means that each row is one.
    origin : Origin, optional
        Where the rows are from; no probe needs it, methods that wrap one do.
    """

    train: NDArray[np.intp]
    predict: NDArray[np.intp]
    weight: NDArray[np.float64] | None = None
    count: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None
    origin: Origin | None = None


@dataclass(slots=True)
class FoldFit:
    """What one fit gave.

    Attributes
    ----------
    predictions : ndarray of float64, shape (len(fold.predict),)
        Unrounded, unclipped.
    iterations : int or None
    converged : bool
    message : str
        Why it did not converge; empty when it did.
    scores : ndarray of float64, shape (len(fold.predict),), optional
        Continuous score of each row, from which ranks are taken; None where the probe has none.
    """

    predictions: NDArray[np.float64]
    iterations: int | None = None
    converged: bool = True
    message: str = ""
    scores: NDArray[np.float64] | None = None


@runtime_checkable
class FitsFolds(Protocol):
    """A probe that fits many folds of one layer, and many seeds, at once.

    The results must be those of :meth:`Estimator.fit` on each fold alone.
    """

    def fit_folds(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        sample_weight: NDArray[np.float64] | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[FoldFit]]:
        """Fit all folds with all seeds.

        Parameters
        ----------
        X : ndarray of float32, shape (n, dim)
            One layer's features of all rows.
        y : ndarray of int64, shape (n,)
            Classes.
        folds : sequence of FoldRows
        sample_weight : ndarray of float64, shape (n,), optional
            Weight of each row; none means all 1.
        seeds : sequence of int or None

        Returns
        -------
        list of list of FoldFit
            ``[fold][seed]``.
        """


@runtime_checkable
class FitsPaths(Protocol):
    """A probe that fits many folds of one layer with many penalties at once.

    The results must be those of :meth:`Estimator.fit` on each fold alone, by an estimator made
    with that penalty.
    """

    def fit_paths(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        penalties: Sequence[float],
        sample_weight: NDArray[np.float64] | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[list[FoldFit]]]:
        """Fit all folds with all penalties and all seeds.

        Parameters
        ----------
        X : ndarray of float32, shape (n, dim)
            One layer's features of all rows.
        y : ndarray of int64, shape (n,)
            Classes.
        folds : sequence of FoldRows
        penalties : sequence of float
            Values of the parameter that the card's ``penalty`` names. They stand in place of the
            estimator's own, and come from the strongest to the weakest.
        sample_weight : ndarray of float64, shape (n,), optional
            Weight of each row; none means all 1.
        seeds : sequence of int or None

        Returns
        -------
        list of list of list of FoldFit
            ``[fold][penalty][seed]``.
        """


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """What a plugin registers: a card, how to make the estimator, and what that reads.

    Attributes
    ----------
    card : ProbeCard
    make : callable
    reads : {"features", "texts", "layers"}
        What stands for ``X``: a layer of an encoder's features, or the texts themselves, an array
        of str of shape ``(n,)``. A probe that reads texts is fitted like any other (on the
        training rows of each fold, with their weights, with each penalty on its card), needs no
        encoder, and is run by its name where an encoder's stands: ``--encoder NAME``. ``layers``
        is what a method with ``moves="layers"`` makes of a probe: a sequence of layers, the one
        that is fitted last.
    """

    card: ProbeCard
    make: Callable[[ProbeOptions], Estimator]
    reads: Literal["features", "texts", "layers"] = "features"

    @property
    def name(self) -> str:
        """Registered name."""
        return self.card.name
