"""What evaluating one encoder gives: a result and the predictions that go beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cefrbench.errors import UserError
from cefrbench.results.export import UNIT_SCORES, unit_fits
from cefrbench.results.io import write_result
from cefrbench.results.model import CorpusScore, RunResult, UnitRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import run_of
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
            Columns ``encoder``, ``suite``, those that name a unit, ``n``, one a score,
            ``penalty`` (NaN where the probe has its own alone), ``chosen`` (whether the layer was
            chosen for the fold) and ``oracle`` (whether it is best on the scored texts); an
            undefined score is NaN, and the seed of a probe that no seed changes is NA.

        Raises
        ------
        UserError
            When pandas isn't installed.
        """
        pd = _pandas()
        fitted = unit_fits(self.result)
        naming = [name for name in UnitRecord.model_fields if name not in _PARTS]
        table = pd.DataFrame(
            [
                [
                    *(getattr(unit, name) for name in naming),
                    *(getattr(unit.scores, name) for name in UNIT_SCORES),
                    *fitted[(*run_of(unit), unit.layer)],
                ]
                for unit in self.result.units
            ],
            columns=[*naming, *UNIT_SCORES, "penalty", "chosen", "oracle"],
        )
        kinds = {"seed": "Int64", "penalty": "float64", "chosen": "bool", "oracle": "bool"}
        return self._named(table).astype(kinds)

    def corpora(self) -> pd.DataFrame:
        """Give the scores of whole corpora as a table, the texts of all folds together.

        Returns
        -------
        DataFrame
            Columns ``encoder``, ``suite``, ``protocol``, ``corpus``, ``probe``, ``layer``,
            ``seed``, ``n`` and one a score; the layer is NA where each fold has the one that was
            chosen for it. Spearman and recut stand where all predictions are stored.

        Raises
        ------
        UserError
            When pandas isn't installed.
        """
        pd = _pandas()
        naming = [name for name in CorpusScore.model_fields if name not in _PARTS]
        table = pd.DataFrame(
            [
                [*(getattr(one, name) for name in naming), *one.scores.model_dump().values()]
                for one in self.result.scores
            ],
            columns=[*naming, *Scores.model_fields],
        )
        return self._named(table).astype({"seed": "Int64", "layer": "Int64"})

    def _named(self, table: pd.DataFrame) -> pd.DataFrame:
        table.insert(0, "encoder", self.result.encoder.name)
        table.insert(1, "suite", self.result.suite)
        return table

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


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise UserError(
            "A table of scores needs pandas, which isn't installed: run `pip install "
            "'cefrbench[notebook]'`, or read `result.units` and `result.scores`."
        ) from error
    return pd
