"""Reading is checking: the one way from a result's file to its figures.

What can't be recomputed (a run's time, a model's size) is under the checksum; what can is
recomputed whatever the checksum says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cefrbench.errors import NoGoldError, ResultError
from cefrbench.results.check import check_figures
from cefrbench.results.check_predictions import check_predictions
from cefrbench.results.findings import Mismatch, diff
from cefrbench.results.io import (
    checksum,
    parse_json,
    parse_result,
    predictions_path,
    read_bytes,
    read_predictions_of,
)
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable


@dataclass(frozen=True, slots=True)
class Checked:
    """A result file as it was read, once, and what is wrong with it.

    Attributes
    ----------
    result : RunResult or None
        None where the file can't be read, is no result or doesn't keep to the schema.
    predictions : PredictionTable or None
        None where those that the result names can't be read.
    findings : tuple of Mismatch
        None of them means that all agrees.
    """

    result: RunResult | None
    predictions: PredictionTable | None
    findings: tuple[Mismatch, ...]


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A result that somebody is about to use.

    Attributes
    ----------
    result : RunResult
    predictions : PredictionTable or None
        None where it was passed on alone, or (unchecked) they can't be read.
    doubt : str
        Why it isn't to be trusted, in one sentence; empty where all that can be checked agrees.
    """

    result: RunResult
    predictions: PredictionTable | None
    doubt: str = ""

    def pair(self) -> tuple[RunResult, PredictionTable]:
        """Give the result and its predictions, for what can't do without them.

        Raises
        ------
        ResultError
            When there are none.
        """
        if self.predictions is None:
            raise ResultError(self.doubt or _NO_PREDICTIONS)
        return self.result, self.predictions


_NO_PREDICTIONS = "The result has no predictions beside it: put the file of the same run there."


def check_file(path: Path, *, first: Callable[[RunResult], None] | None = None) -> Checked:
    """Read one result file and the predictions beside it, and recompute every figure.

    Parameters
    ----------
    path : Path
    first : callable, optional
        Looks at the result before anything is recomputed; what it raises is raised.
    """
    return _check(path, first=first)


def _check(
    path: Path, *, first: Callable[[RunResult], None] | None = None, alone: bool = False
) -> Checked:
    try:
        data = read_bytes(path)
        raw = parse_json(data, path)
        result = parse_result(data, path)
        expected = checksum(raw)
    except ResultError as error:
        return Checked(None, None, (Mismatch("", str(error), "a result that can be read"),))
    if first is not None:
        first(result)
    figures = check_figures(result)
    findings = [*diff("checksum", raw.get("checksum"), expected), *figures]
    if alone and result.predictions is None:
        return Checked(result, None, tuple(findings))
    try:
        if alone and not predictions_path(result, path)[0].is_file():
            return Checked(result, None, tuple(findings))
        predictions = read_predictions_of(result, path)
    except ResultError as error:
        if alone and isinstance(error, NoGoldError):
            return Checked(result, None, tuple(findings))
        findings.append(Mismatch("predictions", str(error), "the predictions of this result"))
        return Checked(result, None, tuple(findings))
    # Ranks are computed of figures that hold: of others they might overflow.
    findings += check_predictions(result, predictions, ranked=not figures)
    return Checked(result, predictions, tuple(findings))


def check_result(path: Path) -> list[Mismatch]:
    """Check one result file and the predictions beside it; no finding means that all agrees.

    A file that can't be read, is no result or doesn't keep to the schema is one finding.
    """
    return list(check_file(path).findings)


def read_checked(
    path: Path, *, first: Callable[[RunResult], None] | None = None
) -> tuple[RunResult, PredictionTable]:
    """Read a result and its predictions, if all figures agree; ``first`` as in `check_file`.

    Raises
    ------
    ResultError
        With the first finding, when there is one.
    """
    checked = check_file(path, first=first)
    if checked.result is None or checked.predictions is None or checked.findings:
        raise ResultError(f"{_doubt(path, checked)}.")
    return checked.result, checked.predictions


def read_for_use(path: Path, *, unchecked: bool = False, alone: bool = False) -> ReadResult:
    """Read a result for whoever shows, compares or exports it.

    Parameters
    ----------
    path : Path
    unchecked : bool
        Give a result that doesn't pass its check too, with its doubt.
    alone : bool
        Take one whose predictions, or their gold levels, aren't there: its figures are checked all
        the same.

    Raises
    ------
    ResultError
        When it can't be read; when it doesn't pass its check, with the first finding.
    """
    checked = _check(path, alone=alone)
    if checked.result is None:
        raise ResultError(checked.findings[0].found)
    doubt = _doubt(path, checked)
    if doubt and not unchecked:
        raise ResultError(f"{doubt}, or look at it all the same with --unchecked.")
    return ReadResult(checked.result, checked.predictions, doubt)


def _doubt(path: Path, checked: Checked) -> str:
    if not checked.findings:
        return ""
    one = checked.findings[0]
    others = len(checked.findings) - 1
    more = f", and {others} more" if others else ""
    return (
        f"{str(path)!r} doesn't pass its check ({one.where or 'file'}: {one.found[:200]}, "
        f"expected {one.expected[:200]}{more}): see `cefrbench results check`"
    )
