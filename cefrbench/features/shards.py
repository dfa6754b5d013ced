"""One shard of features: a safetensors file with a tensor a layer, checksummed.

A shard holds ``rows`` (int64, which of the corpus's distinct texts) and ``layer.000``,
``layer.001``, … (float32, shape ``(len(rows), width)``), so that one layer is read without the
others. A layer whose numbers are all bfloat16's (a model's own, in that precision) is kept as their
upper halves (uint16), which is lossless. The header carries the SHA-256 of every tensor and the key
of the features.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.atomic import atomic_path
from cefrbench.doors import unbounded_json

Features = NDArray[np.float32]
RowIndex = NDArray[np.int64]
#: The half of a float32 that bfloat16 leaves out.
_LOWER = np.uint32(0xFFFF)


class DamagedShardError(Exception):
    """A shard that is absent, torn, of another key, or whose checksum is wrong."""


def tensor_name(layer: int) -> str:
    """Name of a layer's tensor."""
    return f"layer.{layer:03d}"


def write_shard(
    path: Path, key: str, rows: RowIndex, features: Features, layers: tuple[int, ...]
) -> None:
    """Write one shard whole or not at all.

    Parameters
    ----------
    path : Path
    key : str
        Names encoder and corpus; a reader refuses a shard of another key.
    rows : ndarray of int64, shape (n,)
    features : ndarray of float32, shape (n, len(layers), width)
    layers : tuple of int

    Raises
    ------
    CacheError
        When the folder can't be written or the disk is full.
    """
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {"rows": np.ascontiguousarray(rows)}
    for index, layer in enumerate(layers):
        tensors[tensor_name(layer)] = _halved(np.ascontiguousarray(features[:, index]))
    header = {"key": key, "sha256": {name: _sha256(t) for name, t in tensors.items()}}
    data = save(tensors, metadata={"cefrbench": json.dumps(header, sort_keys=True)})
    with atomic_path(path) as part:
        part.write_bytes(data)


def check_shard(path: Path, key: str, rows: RowIndex, layers: tuple[int, ...]) -> None:
    """Check every tensor of a shard against its checksum, and rows and layers against the plan.

    Raises
    ------
    DamagedShardError
        With the reason; the shard is to be computed again.
    """
    with _opened(path) as file:
        header = _header(file)
        if header.get("key") != key:
            raise DamagedShardError("is of another encoder or corpus")
        if set(header["sha256"]) != {"rows", *map(tensor_name, layers)}:
            raise DamagedShardError("holds other layers")
        if not np.array_equal(_verified(file, header, "rows"), rows):
            raise DamagedShardError("holds other texts")
        for layer in layers:
            _verified(file, header, tensor_name(layer))


def verify_shard(path: Path) -> None:
    """Check every tensor of a shard against its checksum, whatever it holds.

    Raises
    ------
    DamagedShardError
        With the reason.
    """
    with _opened(path) as file:
        header = _header(file)
        for name in header["sha256"]:
            _verified(file, header, name)


def read_layer(path: Path, layer: int) -> tuple[RowIndex, Features]:
    """Read rows and one layer of a shard; the other layers stay on disk.

    Raises
    ------
    DamagedShardError
        When the file is gone or torn since it was checked.
    """
    with _opened(path) as file:
        return file.get_tensor("rows"), _whole(file.get_tensor(tensor_name(layer)))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a safetensors file, with all that can be wrong with it as one error."""
    from safetensors import SafetensorError, safe_open

    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise DamagedShardError("is no regular file")
        with safe_open(path, framework="numpy") as file:
            yield file
    except FileNotFoundError as error:
        raise DamagedShardError("is missing") from error
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedShardError(f"can't be read ({error})") from error


def _header(file: Any) -> dict[str, Any]:
    text = file.metadata()["cefrbench"]
    if unbounded_json(text):
        raise ValueError("its header is not ours")
    header: dict[str, Any] = json.loads(text)
    if not isinstance(header["sha256"], dict):
        raise TypeError("its header names no checksums")
    return header


def _verified(file: Any, header: dict[str, Any], name: str) -> NDArray[Any]:
    tensor: NDArray[Any] = file.get_tensor(name)
    if _sha256(tensor) != header["sha256"][name]:
        raise DamagedShardError(f"has a wrong checksum at {name}")
    # The checksum is of bytes alone: the same bytes in another shape are other features.
    if name == "rows":
        good = tensor.dtype == np.int64 and tensor.ndim == 1
    else:
        good = tensor.dtype in (np.float32, np.uint16) and tensor.ndim == 2
        good = good and len(tensor) == file.get_slice("rows").get_shape()[0]
    if not good:
        raise DamagedShardError(f"has another type or shape at {name}")
    return tensor


def _halved(values: Features) -> NDArray[np.float32] | NDArray[np.uint16]:
    """Give the upper halves of numbers whose lower halves are empty; else the numbers."""
    bits = values.view(np.uint32)
    # Few numbers tell in most cases.
    if (bits[:1] & _LOWER).any() or (bits & _LOWER).any():
        return values
    return (bits >> 16).astype(np.uint16)


def _whole(values: NDArray[Any]) -> Features:
    """Give numbers of which the upper halves were kept, or all."""
    if values.dtype != np.uint16:
        return values
    return (values.astype(np.uint32) << 16).view(np.float32)


def _sha256(tensor: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(tensor).data).hexdigest()
