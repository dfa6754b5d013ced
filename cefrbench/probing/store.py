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
            if header["sha256"] != _digest([values], [scores], header["folds"]):
                return None
            return _unflatten(values, scores, header["folds"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            # Damaged: fitted again and written over, never served.
            return None

    def save(self, key: str, fits: Sequence[Sequence[FoldFit]]) -> None:
        """Write the fits ``[fold][seed]`` of a key, whole or not at all.

        The file is what safetensors writes, which wants all of a tensor in one piece: as many
        bytes again as the fits take.
        """
        flat = [fit for fold in fits for fit in fold]
        values = [np.ascontiguousarray(fit.predictions, "<f8") for fit in flat]
        scores = [np.ascontiguousarray(s.scores, "<f8") for s in flat if s.scores is not None]
        folds = [[_describe(fit) for fit in fold] for fold in fits]
        header = {"sha256": _digest(values, scores, folds), "folds": folds}
        sizes = [8 * sum(map(len, parts)) for parts in (values, scores)]
        ends = {"predictions": (0, sizes[0]), "scores": (sizes[0], sum(sizes))}
        says: dict[str, Any] = {"__metadata__": {"fits": json.dumps(header)}} | {
            name: {"dtype": "F64", "shape": [(end - begin) // 8], "data_offsets": [begin, end]}
            for name, (begin, end) in ends.items()
        }
        head = json.dumps(says, separators=(",", ":")).encode()
        head += b" " * (-len(head) % 8)
        with atomic_path(self._path(key)) as part, part.open("wb") as file:
            file.write(len(head).to_bytes(8, "little") + head)
            for one in (*values, *scores):
                file.write(one.data)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"


def fit_key(parts: Mapping[str, Any]) -> str:
    """Hash all that predictions depend on: features, splits, probe, seeds, layer, versions."""
    versions = {name: metadata.version(name) for name in _NUMERIC}
    text = json.dumps({**parts, "format": FORMAT, "versions": versions}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(values: Sequence[NDArray[Any]], scores: Sequence[NDArray[Any]], folds: Any) -> str:
    """SHA-256 over all that a file says: numbers, types, shapes, and what describes them."""
    says: list[Any] = []
    for parts in (values, scores):
        first = parts[0] if parts else np.empty(0)
        says += [first.dtype.str, (sum(map(len, parts)), *first.shape[1:])]
    digest = hashlib.sha256(json.dumps([*says, folds], sort_keys=True).encode() + b"\0")
    for one in (*values, *scores):
        digest.update(one.data)
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
