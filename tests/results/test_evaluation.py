"""Tables of an evaluation: each cell is the result's own figure."""

import sys

import pandas as pd
import pytest
from result_factory import make_result

from cefrbench.errors import UserError
from cefrbench.results.checked import check_result
from cefrbench.results.evaluation import Evaluation
from cefrbench.results.export import UNIT_SCORES
from cefrbench.statistics.scores import Scores

SMALL = {"corpora": ("alpha", "beta"), "texts": 15, "layers": (1, 2)}
CORRECTED = Evaluation(*make_result(probes=("ridge", "mlp-classifier"), **SMALL))
UNIT = ["protocol", "fold", "corpus", "probe", "layer", "seed", "n"]


def same(value, cell):
    return (value is None and pd.isna(cell)) or value == cell


def test_a_row_a_unit_with_its_scores_and_what_was_chosen():
    table, result = CORRECTED.units(), CORRECTED.result
    assert list(table.columns[:2]) == ["encoder", "suite"]
    assert sorted(table.columns[2:9]) == sorted(UNIT)
    assert list(table.columns[9:]) == [*UNIT_SCORES, "penalty", "chosen", "oracle"]
    assert [str(table.dtypes[name]) for name in ("seed", "penalty", "chosen", "oracle")] == [
        "Int64",
        "float64",
        "bool",
        "bool",
    ]
    assert set(table["encoder"]) == {"planted"}
    assert set(table["suite"]) == {"cefr-v1"}
    assert len(table) == len(result.units)
    fits = {(f.protocol, f.fold, f.probe, f.seed, f.layer): f.penalty for f in result.fits}
    chosen = {(c.protocol, c.fold, c.probe, c.seed): c for c in result.choices}
    for unit, (_, row) in zip(result.units, table.iterrows(), strict=True):
        assert all(same(getattr(unit, name), row[name]) for name in UNIT)
        assert all(same(getattr(unit.scores, name), row[name]) for name in UNIT_SCORES)
        run = (unit.protocol, unit.fold, unit.probe, unit.seed)
        assert same(fits[(*run, unit.layer)], row["penalty"])
        assert row["chosen"] == (chosen[run].layer == unit.layer)
        assert row["oracle"] == (chosen[run].oracle_layer == unit.layer)
    assert 0 < table["chosen"].sum() < len(table)


def test_a_row_a_corpus_with_the_scores_of_all_its_texts():
    table, result = CORRECTED.corpora(), CORRECTED.result
    naming = ["protocol", "corpus", "probe", "layer", "seed", "n"]
    assert list(table.columns[:2]) == ["encoder", "suite"]
    assert sorted(table.columns[2:8]) == sorted(naming)
    assert list(table.columns[8:]) == list(Scores.model_fields)
    assert [str(table.dtypes[name]) for name in ("seed", "layer")] == ["Int64", "Int64"]
    for score, (_, row) in zip(result.scores, table.iterrows(), strict=True):
        assert all(same(getattr(score, name), row[name]) for name in naming)
        assert all(same(value, row[name]) for name, value in score.scores)
    assert table["layer"].isna().any()


def test_what_is_saved_passes_its_check(tmp_path):
    path = CORRECTED.save(str(tmp_path))
    assert path == tmp_path / "planted" / "cefr-v1.json"
    assert check_result(path) == []


@pytest.mark.parametrize("table", [CORRECTED.units, CORRECTED.corpora])
def test_without_pandas_the_way_to_a_table_is_said(monkeypatch, table):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserError) as caught:
        table()
    assert str(caught.value) == (
        "A table of scores needs pandas, which isn't installed: run `pip install "
        "'cefrbench[notebook]'`, or read `result.units` and `result.scores`."
    )
