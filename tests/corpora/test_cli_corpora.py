"""`cefrbench corpora` from the command line: tables, JSON, exit statuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from corpus_files import row, rows, write

from cefrbench.cli import main


def cs(*levels: str) -> list[dict[str, Any]]:
    return [one | {"lang": "cs"} for one in rows(*levels)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sound corpora and a broken one."""
    write(tmp_path / "merlin-cs.json", cs("A1", "A1", "B1", "B1"))
    texts = [row(f"una breve lettera numero {n}", "A2+" if n % 2 else "B2") for n in range(6)]
    write(tmp_path / "merlin-it.json", [one | {"lang": "it"} for one in texts])
    write(tmp_path / "elle.json", "[{")
    return tmp_path


def test_describe_prints_json_alone_on_standard_output(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["--corpus", "merlin-cs", "--corpus", "merlin-it"]
    status = main(["corpora", "describe", "--data-dir", str(folder), *names, "--json"])
    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    described = json.loads(out)["corpora"]
    assert [one["name"] for one in described] == ["merlin-cs", "merlin-it"]
    assert described[1]["levels"]["A2"] == 3


def test_describe_prints_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "describe", "--data-dir", str(folder), "--corpus", "merlin-cs"]) == 0
    out = capsys.readouterr().out
    assert "merlin-cs" in out
    assert "CC BY-SA 4.0" in out


def test_a_corpus_that_fails_is_told_of_and_the_others_go_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["--corpus", "elle", "--corpus", "merlin-cs"]
    status = main(["corpora", "describe", "--data-dir", str(folder), *names, "--json"])
    out, err = capsys.readouterr()
    assert status == 3
    assert "cut short" in err
    assert len(err.splitlines()) == 1
    assert [one["name"] for one in json.loads(out)["corpora"]] == ["merlin-cs"]
    assert json.loads(out)["failures"][0]["corpus"] == "elle"


def test_the_only_corpus_that_fails_is_an_error_of_the_user(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpora", "audit", "--data-dir", str(folder), "--corpus", "elle"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert "Traceback" not in err


def test_all_that_fail_are_an_error_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "describe", "--data-dir", str(tmp_path)]) == 1
    assert "None of the 9 corpora can be read" in capsys.readouterr().err


def test_an_unknown_corpus_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["corpora", "audit", "--sample", "--corpus", "merlin-dk"]) == 1
    assert "merlin-de" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "Caes", "a/b", "é"])
def test_a_name_that_no_repository_can_have(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "fetch", "--corpus", f"universalcefr:{name}"]) == 1
    assert "universalcefr:NAME" in capsys.readouterr().err


def test_audit_exits_0_where_nothing_would_bias_a_score(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpora", "audit", "--data-dir", str(folder), "--corpus", "merlin-cs"]) == 0
    assert "Findings that would bias a score: 0." in capsys.readouterr().out


def test_audit_exits_3_where_something_would(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "merlin-cs.json", cs("A1", "A1", "B1"))
    status = main(
        ["corpora", "audit", "--data-dir", str(folder), "--corpus", "merlin-cs", "--json"]
    )
    assert status == 3
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [found["code"] for found in findings] == ["lonely-level"]


def test_notes_alone_do_not_fail_an_audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "merlin-cs.json", cs("A1", "A1", "B1", "B1", "EMPTY"))
    assert main(["corpora", "audit", "--data-dir", str(folder), "--corpus", "merlin-cs"]) == 0
    assert "Notes: 1." in capsys.readouterr().out


def test_all_samples_are_described_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "describe", "--sample", "--json"]) == 0
    described = json.loads(capsys.readouterr().out)["corpora"]
    assert len(described) >= 9
    assert {"elle", "zaebuc-ar"} <= {one["name"] for one in described}


def test_a_local_file_stands_for_a_corpus_of_a_family(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "caes_es.json", [one | {"lang": "es"} for one in rows("A1", "B1")])
    where = ["--data-dir", str(tmp_path), "--corpus", "universalcefr:caes_es"]
    assert main(["corpora", "describe", *where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["corpora"][0]["licence_rows"] == "CC0"
