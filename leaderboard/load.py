"""Find results in a folder and read them; a broken one is reported and left out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cefrbench.errors import ResultError
from cefrbench.results.checked import check_file
from cefrbench.results.findings import Mismatch
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable

#: Largest extents that are drawn; far above any suite, far below what would hold up a build.
LIMITS = {
    "corpora": 200,
    "probes": 40,
    "protocols": 40,
    "units": 400_000,
    "scores": 400_000,
    "layers": 512,
}


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One result file and what identifies its bytes without reading them.

    Attributes
    ----------
    path : Path
    name : str
        Path below the results folder, with forward slashes.
    stamp : tuple of int
        Size and time of change, of the file and of its predictions.
    """

    path: Path
    name: str
    stamp: tuple[int, ...]

    @property
    def predictions(self) -> Path:
        """Where its predictions lie."""
        return self.path.with_name(f"{self.path.stem}.predictions.parquet")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not on the site, and why."""

    file: str
    cause: str


def find_files(folder: Path) -> list[ResultFile]:
    """List the JSON files below a folder, by name; hidden folders are left alone.

    Links are not followed: what a contributor adds must not make the build read elsewhere.

    Raises
    ------
    ResultError
        When there is no such folder.
    """
    if not folder.is_dir():
        raise ResultError(
            f"The results folder {str(folder)!r} is no folder: name the one that was given to "
            "`cefrbench run --output`, with --results."
        )
    try:
        found = list(folder.rglob("*.json"))
    except OSError as error:  # it changes meanwhile, or may not be read
        raise ResultError(
            f"The results folder {str(folder)!r} can't be looked through "
            f"({error.strerror or error}): name one that holds results alone."
        ) from error
    paths = sorted(found, key=lambda path: path.relative_to(folder).as_posix())
    return [_file(folder, path) for path in paths if _is_meant(folder, path)]


def _file(folder: Path, path: Path) -> ResultFile:
    file = ResultFile(path, path.relative_to(folder).as_posix(), ())
    stamp: list[int] = []
    for part in (path, file.predictions):
        if part.is_file() and not part.is_symlink():
            status = part.stat()
            stamp += [status.st_size, status.st_mtime_ns]
    return ResultFile(path, file.name, tuple(stamp))


def _is_meant(folder: Path, path: Path) -> bool:
    below = [path, *path.parents]
    own = below[: below.index(folder)]
    return path.is_file() and not any(p.is_symlink() or p.name.startswith(".") for p in own)


def digest(file: ResultFile) -> str:
    """SHA-256 of a result and its predictions."""
    total = hashlib.sha256()
    for path in (file.path, file.predictions):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def load(file: ResultFile) -> tuple[RunResult, PredictionTable]:
    """Read one result and its predictions, and recompute every figure.

    Raises
    ------
    ResultError
        When anything is wrong with it, in one sentence that names no folder of this machine.
    """
    try:
        return _load(file)
    except ResultError as error:
        told = str(error).replace(str(file.path), file.name)
        raise ResultError(told.replace(f"{file.path.parent}/", "")) from error


def _load(file: ResultFile) -> tuple[RunResult, PredictionTable]:
    def first(result: RunResult) -> None:
        _check_extent(result)
        if result.predictions is None or result.predictions.file != file.predictions.name:
            raise ResultError(f"Its predictions must lie beside it as {file.predictions.name!r}.")
        if file.predictions.is_symlink():
            raise ResultError("Its predictions are a link: put the file itself there.")

    checked = check_file(file.path, first=first)
    if checked.result is None or checked.predictions is None:
        raise ResultError(checked.findings[-1].found)
    _refuse(checked.findings)
    return checked.result, checked.predictions


def _check_extent(result: RunResult) -> None:
    sizes = {"layers": len(result.encoder.layers)}
    sizes |= {name: len(getattr(result, name)) for name in LIMITS if name != "layers"}
    for name, most in LIMITS.items():
        if not 0 < sizes[name] <= most:
            raise ResultError(f"It has {sizes[name]:,} {name}; expected 1 to {most:,}.")
    if not 2 <= len(result.scale) <= 12:
        raise ResultError(f"Its scale has {len(result.scale)} levels; expected 2 to 12.")


def _refuse(findings: Sequence[Mismatch]) -> None:
    if findings:
        first = findings[0]
        if first.where == "checksum":
            raise ResultError("Its checksum is wrong: the file was changed or damaged.")
        raise ResultError(
            f"{len(findings)} of its figures don't agree, first {first.where or 'the file'}: "
            f"{json.dumps(first.found)[:200]}, expected {json.dumps(first.expected)[:200]}; "
            "see `cefrbench results check`."
        )
