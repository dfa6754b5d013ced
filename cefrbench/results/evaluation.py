"""What evaluating one encoder gives: a result and the predictions that go beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cefrbench.errors import UserError
from cefrbench.results.io import write_result
from cefrbench.results.model import RunResult, UnitRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.statistics.scores import Scores

if TYPE_CHECKING:
    import pandas as pd

#: Fields of a unit that are no single figure.
_PARTS = ("confusion", "sums", "scores")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One encoder under one suite.

    Attributes
    ----------
    result : RunResult
        As in the result's file: ``result.summary``, ``result.units``, ``result.failures``, …
    predictions : PredictionTable
        Of each scored text, at the layers that are kept.
    """

    result: RunResult
    predictions: PredictionTable

    def units(self) -> pd.DataFrame:
        """Give the scores as a table: a row a layer, probe, protocol, scored corpus and seed.

        Returns
        -------
        DataFrame
            Columns ``encoder``, ``suite``, those that name a unit, ``n`` and one a score; an
            undefined score is NaN, and the seed of a probe that no seed changes is NA.

        Raises
        ------
        UserError
            When pandas isn't installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise UserError(
                "A table of units needs pandas, which isn't installed: run `pip install "
                "'cefrbench[notebook]'`, or read `result.units`."
            ) from error
        naming = [name for name in UnitRecord.model_fields if name not in _PARTS]
        table = pd.DataFrame(
            [
                [*(getattr(unit, name) for name in naming), *unit.scores.model_dump().values()]
                for unit in self.result.units
            ],
            columns=[*naming, *Scores.model_fields],
        )
        table.insert(0, "encoder", self.result.encoder.name)
        table.insert(1, "suite", self.result.suite)
        return table.astype({"seed": "Int64"})

    def save(self, folder: str | Path) -> Path:
        """Write ``<folder>/<encoder>/<suite>.json`` and the predictions beside it.

        Returns
        -------
        Path
            Of the JSON file, which `show`, `compare` and `leaderboard build` take.

        Raises
        ------
        CacheError
            When the folder can't be written; what was there before stays.
        """
        return write_result(self.result, self.predictions, Path(folder))
