"""Results without gold levels, to pass on where a corpus's licence keeps its levels back.

The JSON stays as it is, with the hash of the whole predictions file: who has the texts puts the
gold back, and gets that very file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cefrbench.atomic import atomic_path
from cefrbench.errors import ResultError
from cefrbench.results.io import predictions_path, read_bytes
from cefrbench.results.model import RunResult
from cefrbench.results.predictions_file import (
    decode_stripped,
    encode_predictions,
    read_predictions_bytes,
    without_gold,
)


def write_stripped(result: RunResult, path: Path, folder: Path) -> Path:
    """Copy the result at ``path`` to ``folder/<its folder>/``, its predictions without gold.

    Raises
    ------
    ResultError
        When it has no predictions; it is its reader who checks it.
    """
    own, _ = predictions_path(result, path)
    target = folder / path.absolute().parent.name / path.name
    if target.absolute() == path.absolute():
        raise ResultError(
            f"The copy would lie in the place of {str(path)!r} itself: name another --output."
        )
    data = without_gold(read_predictions_bytes(own))
    with atomic_path(target) as part:
        part.write_bytes(read_bytes(path))
        with atomic_path(target.with_name(own.name)) as beside:
            beside.write_bytes(data)
    return target


def restore_gold(result: RunResult, path: Path, gold: Mapping[str, tuple[int, int]]) -> None:
    """Put gold levels back beside the result at ``path``.

    Parameters
    ----------
    result : RunResult
    path : Path
    gold : mapping of str to (int, int)
        Lowest and highest class that count as right, by the key of a text.

    Raises
    ------
    ResultError
        When a text isn't among them, or what comes out isn't the file that the result names.
    """
    beside, described = predictions_path(result, path)
    table = decode_stripped(read_predictions_bytes(beside), beside, gold)
    data = encode_predictions(table)
    if hashlib.sha256(data).hexdigest() != described.sha256:
        raise ResultError(
            f"With the gold levels of these texts {str(beside)!r} isn't the file that the result "
            "names: its predictions or levels were others, or another version of pyarrow wrote it "
            f"(here: {_pyarrow()})."
        )
    with atomic_path(beside) as part:
        part.write_bytes(data)


def _pyarrow() -> str:
    from importlib import metadata

    return metadata.version("pyarrow")


def gold_by_key(
    keys: tuple[str, ...], low: NDArray[np.int64], high: NDArray[np.int64]
) -> dict[str, tuple[int, int]]:
    """Gold levels of texts by their keys; of equal keys the first counts."""
    found: dict[str, tuple[int, int]] = {}
    for key, lowest, highest in zip(keys, low.tolist(), high.tolist(), strict=True):
        found.setdefault(key, (lowest, highest))
    return found
