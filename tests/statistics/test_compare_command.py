"""`cefrbench compare` from the command line."""

import json
from pathlib import Path

import pytest
from result_factory import write_made

from cefrbench.cli import main
from cefrbench.cli.shared import SCORES
from cefrbench.statistics.listing import STATISTICS


@pytest.fixture
def pair(tmp_path: Path) -> list[str]:
    return [
        str(write_made(tmp_path, name, skill=skill, seeds=range(5), refits=10))
        for name, skill in (("strong", 0.9), ("weak", 0.2))
    ]


def test_a_table_and_a_verdict_are_printed(
    pair: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["compare", *pair, "--protocol", "loco"]) == 0
    printed = capsys.readouterr().out
    assert "strong − weak" in printed
    assert "• strong is better than weak out of distribution on these 3 corpora" in printed
    assert "Suite cefr-v1, probe ridge, 3 corpora (alpha, beta, gamma)." in printed


def test_json_holds_every_figure_and_nothing_else(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *pair, "--json", "--probe", "mlp-classifier", "--seed", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["probe"], found["seed"]) == ("mlp-classifier", 3)
    assert [one["label"] for one in found["results"]] == ["strong", "weak"]
    assert [one["protocol"] for one in found["comparisons"]] == ["iid", "loco", "gap"]
    assert found["comparisons"][1]["verdict"].startswith("strong is better than weak")


def test_the_same_command_prints_the_same_bytes(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    printed = []
    for _ in range(2):
        main(["compare", *pair, "--json"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_markdown_has_both_tables_and_escapes_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(write_made(tmp_path, name)) for name in ("a|b<img src=x>", "other")]
    assert main(["compare", *paths, "--markdown", "--protocol", "iid"]) == 0
    printed = capsys.readouterr().out
    assert "| result | iid |\n| --- | --- |" in printed
    assert "a\\|b&lt;img" in printed
    assert "<img" not in printed


def test_a_folder_stands_for_the_results_below_it(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(tmp_path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["results"]) == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "two or more"),
        (["--probe", "rigde"], "two or more"),
    ],
)
def test_one_result_is_refused(
    pair: list[str], arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", pair[0], *arguments]) == 1
    assert reason in capsys.readouterr().err


def test_what_is_not_comparable_is_refused(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_made(tmp_path, "third", corpora=("alpha", "beta"))
    assert main(["compare", pair[0], str(other)]) == 1
    assert "only one of them was run on gamma" in capsys.readouterr().err


def test_missing_predictions_are_named(pair: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path(pair[1]).with_name("cefr-v1.predictions.parquet").unlink()
    assert main(["compare", *pair]) == 1
    assert "cefr-v1.predictions.parquet" in capsys.readouterr().err


def test_json_and_markdown_exclude_each_other(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *pair, "--json", "--markdown"]) == 1
    assert "name one of them" in capsys.readouterr().err


def test_the_scores_of_the_option_are_all_there_are() -> None:
    assert tuple(STATISTICS) == SCORES
