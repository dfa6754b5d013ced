"""One probe on several layers, whose predictions are averaged as a method says.

Each layer's fits are the probe's own, so nothing about a scored text is handed to the method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import FoldFit, FoldRows
from cefrbench.errors import ProbeError
from cefrbench.probing.fit import FitFailure, fit_paths
from cefrbench.probing.method_probe import MethodProbe

if TYPE_CHECKING:
    from cefrbench.features.compute import FeatureSet

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LayerStack(Sequence[NDArray[np.float32]]):
    """Layers of features, each read when it is asked for.

    Attributes
    ----------
    features : FeatureSet
    layers : tuple of int
    """

    features: FeatureSet
    layers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, place: Any) -> Any:
        return self.features.layer(self.layers[place])


def stacked_layers(layers: Sequence[int], layer: int) -> tuple[int, ...]:
    """Layers that are put together at one of those that are fitted; layer 0 stands alone."""
    return tuple(one for one in layers if 0 < one <= layer) or (layer,)


@dataclass(slots=True)
class _Mean:
    """A weighted mean of fits of several layers, as it grows."""

    total: Doubles
    converged: bool = True
    message: str = ""

    def add(self, fit: FoldFit, weight: float) -> None:
        """Take in what a layer predicts."""
        self.total += weight * (fit.predictions if fit.scores is None else fit.scores)
        self.converged &= fit.converged
        self.message = self.message or fit.message

    def fit(self) -> FoldFit:
        """Give the mean as a fit."""
        return FoldFit(
            self.total, converged=self.converged, message=self.message, scores=self.total.copy()
        )


class LayerProbe(MethodProbe):
    """The estimator of ``METHOD+PROBE`` where the method puts layers together."""

    def _fit(
        self,
        X: Sequence[NDArray[np.float32]],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        settings: Sequence[float | None],
        sample_weight: Doubles | None,
        seeds: Sequence[int | None],
    ) -> list[list[list[FoldFit]]]:
        pairs = [self.settings.pair(value) for value in settings]
        penalties = tuple(dict.fromkeys(penalty for penalty, _ in pairs))
        share = {strength: self._weights(strength, len(X)) for _, strength in pairs}
        found = [
            [[_Mean(np.zeros(len(rows.predict))) for _ in seeds] for _ in pairs] for rows in folds
        ]
        for place in range(len(X)):
            if not any(weights[place] for weights in share.values()):
                continue
            paths = fit_paths(
                *(self.probe, replace(self.options, penalty=None), X[place], y, folds),
                penalties=penalties,
                sample_weight=sample_weight,
                seeds=seeds,
            )
            for path, means in zip(paths, found, strict=True):
                for (penalty, strength), into in zip(pairs, means, strict=True):
                    if share[strength][place]:
                        fits = path[penalties.index(penalty)]
                        for fit, mean in zip(fits, into, strict=True):
                            if isinstance(fit, FitFailure):
                                raise ProbeError(fit.message)
                            mean.add(fit, share[strength][place])
        return [[[mean.fit() for mean in into] for into in means] for means in found]

    def _weights(self, strength: float | None, layers: int) -> Doubles:
        """What a method says of so many layers, of sum 1.

        Raises
        ------
        ProbeError
            When it breaks, or gives what can't be weights.
        """
        method = self.method_at(self.options.seed, strength)
        weights = np.asarray(self.of_method(lambda: method.weigh(layers)), dtype=np.float64)
        if weights.shape != (layers,) or not np.isfinite(weights).all():
            raise ProbeError(
                f"weigh of method {self.method.name!r} gave weights of shape {weights.shape}, "
                f"expected ({layers},), all finite."
            )
        if weights.min() < 0 or weights.sum() == 0:
            raise ProbeError(
                f"weigh of method {self.method.name!r} gave a weight below zero, or nothing but "
                "zeros."
            )
        scaled: Doubles = weights / weights.sum()
        return scaled
