"""Openings: the features behind a result, at the layers that a nonce and its choices name.

One safetensors file beside the result, a tensor a corpus and layer. A reader trusts none of it: the
rows must give the Merkle roots that the result published before the nonce was known.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.atomic import atomic_path
from cefrbench.doors import FileKind, open_file, unbounded_json
from cefrbench.errors import ResultError
from cefrbench.features.compute import FeatureSet
from cefrbench.results.commitments import merkle_root
from cefrbench.results.model import CommitmentRecord, RunResult
from cefrbench.results.selection import kept_units
from cefrbench.verification.draw import draw

#: Features by corpus, then layer: distinct texts in rows.
Opened = dict[str, dict[int, NDArray[np.float32]]]
#: Layers that a nonce draws beside those that count.
DRAWN_LAYERS = 2
KIND = "cefrbench-openings"

_OPENINGS = FileKind(
    "The openings",
    64 * 1024**3,
    "ask for the file that `cefrbench results open` writes",
    ResultError,
)


def openings_path(path: Path) -> Path:
    """Where the openings of a result lie, beside it."""
    return path.with_name(f"{path.stem}.openings.safetensors")


def layers_to_open(result: RunResult, nonce: str) -> tuple[int, ...]:
    """Layers whose predictions are kept, and some more that the nonce draws."""
    kept = {unit.layer for unit in kept_units(result)}
    fitted = {fit.layer for fit in result.fits}
    drawn = draw(nonce, result.checksum, "layers", sorted(fitted - kept), DRAWN_LAYERS)
    return tuple(sorted(kept | set(drawn)))


def commitments_of(result: RunResult) -> dict[str, CommitmentRecord]:
    """Commitments by corpus.

    Raises
    ------
    ResultError
        When a result has none.
    """
    if not result.commitments:
        raise ResultError(
            "The result commits to no features (it is older than schema 2.2, or merged of parts): "
            "nothing can be opened; `cefrbench reproduce` makes all of it again."
        )
    return {one.corpus: one for one in result.commitments}


def write_openings(
    result: RunResult, features: FeatureSet, nonce: str, path: Path
) -> tuple[int, ...]:
    """Open the features of a result's own cache; give the layers that were opened.

    Raises
    ------
    ResultError
        When the features here aren't those that the result commits to.
    """
    from safetensors.numpy import save_file

    layers = layers_to_open(result, nonce)
    committed = commitments_of(result)
    tensors: dict[str, NDArray[Any]] = {}
    for one in features.corpora:
        corpus = one.index.corpus
        for layer in layers:
            rows = one.distinct(layer)
            _check_root(committed, corpus, layer, rows, "The features in the cache")
            tensors[_tensor(result, corpus, layer)] = rows
    header = {"kind": KIND, "checksum": result.checksum, "nonce": nonce}
    with atomic_path(path) as part:
        save_file(tensors, part, metadata={"cefrbench": json.dumps(header)})
    return layers


def read_openings(result: RunResult, nonce: str, path: Path) -> Opened:
    """Read the openings of a result, and see that they are what it committed to.

    Raises
    ------
    ResultError
        When the file can't be read, is of another result or nonce, or other features stand in it.
    """
    from safetensors import SafetensorError

    committed = commitments_of(result)
    layers = layers_to_open(result, nonce)
    with open_file(path, _OPENINGS):
        pass  # a regular file of a size that can be
    try:
        with _safe(path) as file:
            text = file.metadata()["cefrbench"]
            if why := unbounded_json(text):
                raise ValueError(f"its header {why}")
            header = json.loads(text)
            said = (header["kind"], header["checksum"], header["nonce"])
            if said != (KIND, result.checksum, nonce):
                raise ResultError(
                    f"The openings {str(path)!r} are of another result or nonce: ask for those "
                    f"that `cefrbench results open --nonce {nonce}` writes."
                )
            return {
                corpus: {
                    layer: _read(file, result, one, layer, result.encoder.width) for layer in layers
                }
                for corpus, one in committed.items()
            }
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise _OPENINGS.refuse(path, f"can't be read ({error})") from error


def _safe(path: Path) -> AbstractContextManager[Any]:
    from safetensors import safe_open

    opened: AbstractContextManager[Any] = safe_open(path, framework="numpy")
    return opened


def _read(
    file: Any, result: RunResult, one: CommitmentRecord, layer: int, width: int
) -> NDArray[np.float32]:
    name = _tensor(result, one.corpus, layer)
    shape = tuple(file.get_slice(name).get_shape())
    if shape != (one.texts, width) or file.get_slice(name).get_dtype() != "F32":
        raise ResultError(
            f"The openings of {one.corpus} at layer {layer} have the shape {shape}, not "
            f"({one.texts}, {width}) of float32: they aren't those of the result."
        )
    rows: NDArray[np.float32] = file.get_tensor(name)
    _check_root({one.corpus: one}, one.corpus, layer, rows, "The openings")
    return rows


def _check_root(
    committed: dict[str, CommitmentRecord],
    corpus: str,
    layer: int,
    rows: NDArray[np.float32],
    whose: str,
) -> None:
    one = committed.get(corpus)
    roots = dict(zip(one.layers, one.roots, strict=True)) if one else {}
    if merkle_root(rows) != roots.get(layer):
        raise ResultError(
            f"{whose} of {corpus} at layer {layer} are not those that the result commits to: its "
            "Merkle root is another."
        )


def _tensor(result: RunResult, corpus: str, layer: int) -> str:
    number = [one.card.name for one in result.corpora].index(corpus)
    return f"corpus.{number:03d}.layer.{layer:03d}"
