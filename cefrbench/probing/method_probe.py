"""What all estimators of ``METHOD+PROBE`` have in common."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.cards import PLUS
from cefrbench.contracts.method import MethodOptions, MethodSpec
from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeOptions, ProbeSpec
from cefrbench.errors import ProbeError, UserError
from cefrbench.probing.settings import MethodSettings

Doubles = NDArray[np.float64]
T = TypeVar("T")

#: Modules of this room by which methods are handed things: fits are keyed by their code.
HANDING = ("ensemble", "method_fits", "method_probe", "settings", "withheld")


class MethodProbe(ABC):
    """What all estimators of ``METHOD+PROBE`` are: fitted over folds, with a setting each."""

    def __init__(self, method: MethodSpec, probe: ProbeSpec, options: ProbeOptions) -> None:
        self.method = method
        self.probe = probe
        self.options = options
        self.settings = MethodSettings(probe.card.penalty, method.card.strengths)
        # What can't be made, for want of a package say, is an error before any fit.
        self.inner = probe.make(replace(options, penalty=None))
        self._made = self.method_at(options.seed, self.settings.pair(options.penalty)[1])

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Refuse: rows alone don't say which corpora they are of."""
        raise ProbeError(
            f"{self.method.name}{PLUS}{self.probe.name} is fitted over folds, which say which "
            "corpus each row is of: run it with --probe, or call fit_paths."
        )

    def predict(self, X: Any) -> Any:
        """Refuse, as :meth:`fit`."""
        return self.fit(X, None)

    def sources(self) -> tuple[object, ...]:
        """Objects whose code makes the predictions."""
        return self.method.make, self._made, self.probe.make, self.inner

    def versions(self) -> str:
        """What else the predictions depend on: how methods are handed things, and the library."""
        digest = hashlib.sha256()
        for module in HANDING:
            digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
        library = self.method.card.library
        try:
            version = metadata.version(library) if library else ""
        except metadata.PackageNotFoundError:
            version = ""
        return f"{digest.hexdigest()} {library} {version}"

    def fit_folds(
        self,
        X: Any,
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        sample_weight: Doubles | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[FoldFit]]:
        """Fit all folds with the setting of the options."""
        paths = self._fit(X, y, folds, (self.options.penalty,), sample_weight, seeds)
        return [path[0] for path in paths]

    def fit_paths(
        self,
        X: Any,
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        penalties: Sequence[float],
        sample_weight: Doubles | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[list[FoldFit]]]:
        """Fit all folds with all settings; see :class:`cefrbench.contracts.probe.FitsPaths`."""
        return self._fit(X, y, folds, penalties, sample_weight, seeds)

    @abstractmethod
    def _fit(
        self,
        X: Any,
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        settings: Sequence[float | None],
        sample_weight: Doubles | None,
        seeds: Sequence[int | None],
    ) -> list[list[list[FoldFit]]]:
        """Fit all folds, ``[fold][setting][seed]``."""

    def method_at(self, seed: int | None, strength: float | None) -> Any:
        """Make a fresh method."""
        options = self.options
        return self.method.make(
            MethodOptions(seed or 0, options.device, options.n_classes, strength)
        )

    def of_method(self, call: Callable[[], T]) -> T:
        """Call a method.

        Raises
        ------
        ProbeError
            When it breaks.
        """
        try:
            return call()
        except (UserError, MemoryError):
            raise
        except Exception as error:
            if type(error).__name__ == "OutOfMemoryError":
                raise
            raise ProbeError(
                f"Method {self.method.card.name!r} failed ({type(error).__name__}: {error})."
            ) from error
