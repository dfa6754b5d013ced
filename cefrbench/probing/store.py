"""Fits on disk: the predictions of one probe on one layer, so that a killed run goes on.

One safetensors file a (layer, probe), named by a hash of all that the predictions depend on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.atomic import atomic_path
from cefrbench.claims import Claims
from cefrbench.contracts.probe import FoldFit
from cefrbench.doors import unbounded_json
from cefrbench.probing.fit import FitFailure

#: What a file holds; another number leaves all older files unread.
FORMAT = 3
#: Packages whose version can change a prediction.
_NUMERIC = ("cefrbench", "numpy", "scipy", "scikit-learn", "torch")


class FitStore:
    """Fits by key, below ``cache_dir/fits``."""

    def __init__(self, cache_dir: Path) -> None:
        self.folder = cache_dir / "fits"
        self.claims = Claims(cache_dir)

    def has(self, key: str) -> bool:
        """Whether there are fits of a key, whole or not."""
        return self._path(key).is_file()

    def load(self, key: str) -> list[list[FoldFit | FitFailure]] | None:
        """Read the fits ``[fold][seed]`` of a key; none when absent or damaged."""
        from safetensors import SafetensorError, safe_open

        path = self._path(key)
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                text = file.metadata()["fits"]
                if unbounded_json(text):
                    return None
                header = json.loads(text)
                values = file.get_tensor("predictions")
                scores = file.get_tensor("scores")
            if header["sha256"] != _digest(values, scores, header["folds"]):
                return None
            return _unflatten(values, scores, header["folds"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            # Damaged: fitted again and written over, never served.
            return None

    def save(self, key: str, fits: Sequence[Sequence[FoldFit]]) -> None:
        """Write the fits ``[fold][seed]`` of a key, whole or not at all."""
        from safetensors.numpy import save_file

        flat = [fit for fold in fits for fit in fold]
        values = np.concatenate([fit.predictions for fit in flat]) if flat else np.empty(0)
        scored = [fit.scores for fit in flat if fit.scores is not None]
        scores = np.concatenate(scored) if scored else np.empty(0)
        folds = [[_describe(fit) for fit in fold] for fold in fits]
        header = {"sha256": _digest(values, scores, folds), "folds": folds}
        with atomic_path(self._path(key)) as part:
            tensors = {"predictions": values, "scores": scores}
            save_file(tensors, part, metadata={"fits": json.dumps(header)})

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"


def fit_key(parts: Mapping[str, Any]) -> str:
    """Hash all that predictions depend on: features, splits, probe, seeds, layer, versions."""
    versions = {name: metadata.version(name) for name in _NUMERIC}
    text = json.dumps({**parts, "format": FORMAT, "versions": versions}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(values: NDArray[Any], scores: NDArray[Any], folds: Any) -> str:
    """SHA-256 over all that a file says: numbers, types, shapes, and what describes them."""
    says = [values.dtype.str, values.shape, scores.dtype.str, scores.shape, folds]
    digest = hashlib.sha256(json.dumps(says, sort_keys=True).encode() + b"\0")
    digest.update(values.tobytes())
    digest.update(scores.tobytes())
    return digest.hexdigest()


def _describe(fit: FoldFit) -> dict[str, Any]:
    return {
        "n": len(fit.predictions),
        "scored": fit.scores is not None,
        "iterations": fit.iterations,
        "converged": fit.converged,
        "message": fit.message,
    }


def _unflatten(
    values: NDArray[np.float64], scores: NDArray[np.float64], folds: list[list[dict[str, Any]]]
) -> list[list[FoldFit | FitFailure]]:
    fits: list[list[FoldFit | FitFailure]] = []
    start = first = 0
    for fold in folds:
        fits.append([])
        for entry in fold:
            n = entry.pop("n")
            own = scores[first : first + n] if entry.pop("scored") else None
            fits[-1].append(FoldFit(values[start : start + n], scores=own, **entry))
            start += n
            first += 0 if own is None else n
    return fits
