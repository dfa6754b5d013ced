"""What the checks of a method look at: invented corpora, and fits through the harness."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cefrbench.check.fresh import Packed
from cefrbench.check.table import NotApplicableError
from cefrbench.contracts.cards import Penalty, ProbeCard
from cefrbench.contracts.method import LayerMethod, MethodOptions, MethodSpec, Prepared, Source
from cefrbench.contracts.probe import Estimator, FoldRows, Origin, ProbeOptions, ProbeSpec
from cefrbench.errors import ProbeError
from cefrbench.probing.fit import FitFailure, fit_paths
from cefrbench.probing.wrapped import wrap

CLASSES, WIDTH = 5, 6
#: Texts of each corpus; the first two are one family, the last is scored.
SIZES = (70, 60, 50, 40)
SCORED = len(SIZES) - 1
#: Labels of the scored corpus that a method with ``sees = "labels"`` is given.
FEW = 10
#: Predictions that differ by less, in levels and on average, are the same but for the optimiser.
SLACK = 0.02


@dataclass(frozen=True, slots=True)
class Invented:
    """Corpora with one direction of levels, and a place of their own each.

    Attributes
    ----------
    X : ndarray of float32, shape (n, WIDTH)
    y, corpus : ndarray of int64, shape (n,)
    length : ndarray of float64, shape (n,)
    """

    X: NDArray[np.float32]
    y: NDArray[np.int64]
    corpus: NDArray[np.int64]
    length: NDArray[np.float64]

    def layers(self) -> list[NDArray[np.float32]]:
        """Two layers: an early one that says less, and the features themselves."""
        return [self.X[:, ::-1] + np.roll(self.X, 1, axis=0), self.X]

    def rows(self, scored: int = SCORED, *, few: int = 0, every: int = 1) -> FoldRows:
        """Train on all but one corpus, and a few texts of it; predict (some of) its others."""
        own = np.flatnonzero(self.corpus == scored)
        train = np.concatenate([np.flatnonzero(self.corpus != scored), own[:few]])
        corpus = self.corpus[train]
        predict, one = own[few::every], np.ones(len(train))
        origin = Origin(
            *(corpus, np.maximum(corpus, 1), self.corpus[predict]),
            length=self.length[train],
            scored_length=self.length[predict],
        )
        return FoldRows(train, predict, one, one, np.arange(len(train)), origin)


def invented(seed: int) -> Invented:
    """Draw texts of all corpora."""
    layout, rng = np.random.default_rng(0), np.random.default_rng(seed)
    direction, places = layout.normal(size=WIDTH), 2 * layout.normal(size=(len(SIZES), WIDTH))
    corpus = np.repeat(np.arange(len(SIZES)), SIZES)
    y = np.concatenate([rng.permutation(np.arange(size) % CLASSES) for size in SIZES])
    noise = 1.5 * rng.normal(size=(len(corpus), WIDTH))
    X = (y[:, None] - 2) * direction + places[corpus] + noise
    length = 5 + 0.2 * y + 0.3 * rng.normal(size=len(y))
    return Invented(X.astype(np.float32), y.astype(np.int64), corpus, length)


def _ridge(options: ProbeOptions) -> Estimator:
    from cefrbench.engines.linear.ridge import RidgeProbe

    return RidgeProbe(alpha=options.penalty or 1.0, device=options.device)


RIDGE = ProbeSpec(
    ProbeCard(
        name="ridge",
        description="The probe that methods are checked around.",
        kind="regressor",
        penalty=Penalty(name="alpha", values=(100.0, 1.0), strongest="largest"),
    ),
    _ridge,
)


def predicted(
    spec: MethodSpec, data: Invented, rows: FoldRows, *, seed: int = 0, strength: int = 0
) -> NDArray[np.float64]:
    """What the harness predicts with a method, at one of its strengths by its place.

    Raises
    ------
    ProbeError
        What the harness says of a fit that failed.
    """
    if spec.card.strengths:
        card = spec.card.model_copy(update={"strengths": (spec.card.strengths[strength],)})
        spec = replace(spec, card=card)
    wrapped = wrap(spec, RIDGE)
    axis = wrapped.card.penalty
    value = axis.values[-1] if axis is not None else 1.0
    X: Any = data.layers() if wrapped.reads == "layers" else data.X
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        ((path,),) = fit_paths(
            *(wrapped, ProbeOptions(n_classes=CLASSES), X, data.y, [rows]),
            penalties=(value,),
            seeds=(seed,),
        )
    (fit,) = path
    if isinstance(fit, FitFailure):
        raise ProbeError(fit.message)
    return fit.predictions


class MethodSubject:
    """One method under test."""

    def __init__(self, spec: MethodSpec) -> None:
        self.spec = spec
        self.packed = Packed.of(spec, spec.make)
        self.data = invented(1)

    @property
    def few(self) -> int:
        """Labels of the scored corpus in training."""
        return FEW if self.spec.card.sees == "labels" else 0

    @property
    def rows(self) -> FoldRows:
        """The fold that all checks look at."""
        return self.data.rows(few=self.few)

    def predicted(self, *, seed: int = 0, strength: int = 0) -> NDArray[np.float64]:
        """Predictions of that fold."""
        return predicted(self.spec, self.data, self.rows, seed=seed, strength=strength)

    def prepared(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """What a new method makes of some texts."""
        strengths = self.spec.card.strengths
        options = MethodOptions(n_classes=CLASSES, strength=strengths[0] if strengths else None)
        method = self.spec.make(options)
        if isinstance(method, LayerMethod):
            raise NotApplicableError("it puts layers together, and is handed no text")
        return method.prepare(source, unlabelled)

    def source(self) -> tuple[Source, NDArray[np.float32] | None]:
        """Texts as the harness hands them over, in arrays that can be written to."""
        data, rows = self.data, self.rows
        train = rows.train
        corpus = data.corpus[train]
        source = Source(
            X=data.X[train],
            y=data.y[train],
            corpus=corpus,
            family=np.maximum(corpus, 1),
            weight=np.ones(len(train)),
            few=(corpus == SCORED) & (self.spec.card.sees == "labels"),
            length=data.length[train] if self.spec.card.length else None,
        )
        return source, None if self.spec.card.sees == "source" else data.X[rows.predict]


def apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Mean absolute difference of two predictions, in levels."""
    return float(np.abs(one - other).mean())
