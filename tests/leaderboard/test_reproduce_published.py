"""`cefrbench reproduce published`: a run of the study's suite beside the study's own table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from result_factory import make_result

from cefrbench.cli import main
from cefrbench.results.io import write_result

HEAD = "encoder,role,probe,iid_qwk_best_layer,iid_qwk_layer_mean,iid_mae_best_layer,"
HEAD += "iid_mae_layer_mean,ood_qwk_best_layer,ood_qwk_layer_mean"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A result of the study's form, and a table that says of it what is so, but for one figure."""
    monkeypatch.chdir(tmp_path)
    result, predictions = make_result(
        "planted", form="study", texts=20, layers=(1, 2), probes=("ridge",), seeds=(0,)
    )
    write_result(result, predictions, tmp_path)
    records = {one.protocol: one for one in result.summary}
    inside, outside = records["iid"], records["loco"]
    assert inside.oracle is not None
    assert outside.oracle is not None
    figures = (
        *(inside.oracle.qwk, inside.layer_mean.qwk, inside.oracle.mae, inside.layer_mean.mae),
        *(outside.oracle.qwk, (outside.layer_mean.qwk or 0) + 0.1),
    )
    line = ",".join(["planted", "candidate", "ridge", *(f"{value:.3f}" for value in figures)])
    table = f"# source: a study\n{HEAD}\n{line}\nElse/where,candidate,ridge,0.5,,0.5,,0.5,\n"
    (tmp_path / "published.csv").write_text(table, "utf-8")
    return tmp_path


def test_each_figure_stands_beside_the_studys(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", "published", "--results", str(results), "--json"]) == 3
    told = {one["where"]: one for one in json.loads(capsys.readouterr().out)}
    assert len(told) == 6
    off = told.pop("planted ridge ood qwk layer mean")
    assert not off["agrees"]
    assert off["drift"] == pytest.approx(-0.1, abs=1e-3)
    assert all(one["agrees"] and abs(one["drift"]) < 1e-3 for one in told.values())
    assert main(["reproduce", "published", "--results", str(results)]) == 3
    text = capsys.readouterr().out
    assert "Not run here: Else/where." in text
    assert "5 of 6 figures lie within 0.05 of a study." in text


def test_without_a_run_or_a_table_one_sentence_says_what_to_do(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "planted").rename(results / ".away")
    (results / ".away" / "paper.json").unlink()
    assert main(["reproduce", "published", "--results", str(results)]) == 1
    assert "--suite paper --encoder hf:Else/where" in capsys.readouterr().err
    (results / "published.csv").unlink()
    assert main(["reproduce", "published", "--results", str(results)]) == 1
    assert "isn't here" in capsys.readouterr().err
