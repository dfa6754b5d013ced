"""`cefrbench show` and `cefrbench results`, as a user calls them."""

import json

import pytest
from result_factory import write_made

from cefrbench.cli import main
from cefrbench.results.io import read_result

SMALL = {"texts": 15, "layers": (1, 2)}


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    write_made(folder, "first", probes=("ridge",), **SMALL)
    write_made(folder, "second", probes=("ridge",), **SMALL)
    return folder


def test_show_prints_tables(out, capsys):
    assert main(["show", str(out / "first/cefr-v1.json")]) == 0
    assert "QWK, mean over corpora" in capsys.readouterr().out


def test_show_json_prints_the_result_alone(out, capsys):
    path = out / "first/cefr-v1.json"
    assert main(["show", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(path.read_text("utf-8"))


def test_show_of_what_is_no_result_is_one_sentence_and_status_1(tmp_path, capsys):
    (tmp_path / "x.json").write_text("{}")
    assert main(["show", str(tmp_path / "x.json")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("argument", ["{0}", "{0}/**/*.json", "{0}/*/cefr-v1.json"])
def test_check_takes_folders_and_patterns(out, capsys, argument):
    assert main(["results", "check", argument.format(out)]) == 0
    assert "2 of 2 results accepted." in capsys.readouterr().out


def test_check_takes_a_file_named_twice_once(out, capsys):
    path = str(out / "first/cefr-v1.json")
    assert main(["results", "check", path, path]) == 0
    assert "1 of 1 results accepted." in capsys.readouterr().out


def test_check_ends_with_1_and_names_figure_found_and_expected(out, capsys):
    path = out / "first/cefr-v1.json"
    data = json.loads(path.read_text("utf-8"))
    data["units"][1]["n"] += 40
    path.write_text(json.dumps(data), "utf-8")
    assert main(["results", "check", str(out)]) == 1
    text = capsys.readouterr().out
    assert "rejected" in text
    assert "units[1].n" in text
    assert "1 of 2 results accepted." in text


def test_check_lists_a_file_that_is_no_result_as_rejected_and_goes_on(out, capsys):
    (out / "notes.json").write_text("[1, 2]")
    assert main(["results", "check", str(out)]) == 1
    assert "2 of 3 results accepted." in capsys.readouterr().out


@pytest.mark.parametrize("argument", ["nowhere", "nowhere/*.json", "."])
def test_nothing_to_check_is_one_sentence_and_status_1(tmp_path, monkeypatch, capsys, argument):
    monkeypatch.chdir(tmp_path)
    assert main(["results", "check", argument]) == 1
    assert capsys.readouterr().err.startswith("Error: There is no")


def test_no_path_is_wrong_usage(capsys):
    assert main(["results", "check"]) == 2
    assert "PATH" in capsys.readouterr().err


def test_merge_writes_a_result_that_passes_its_check(tmp_path, capsys):
    for probe in ("ridge", "logistic"):
        write_made(tmp_path / probe, probes=(probe,), **SMALL)
    merged = tmp_path / "merged" / "whole.json"
    parts = [str(tmp_path / probe) for probe in ("ridge", "logistic")]
    assert main(["results", "merge", *parts, "--output", str(merged)]) == 0
    assert main(["results", "check", str(merged)]) == 0
    assert [card.name for card in read_result(merged).probes] == ["ridge", "logistic"]


def test_merge_refuses_and_writes_nothing(out, tmp_path, capsys):
    merged = tmp_path / "whole.json"
    assert main(["results", "merge", str(out), "--output", str(merged)]) == 1
    error = capsys.readouterr().err
    assert "the encoder is 'first' in one and 'second' in another" in error
    assert not merged.exists()


def test_merge_refuses_a_part_whose_figures_dont_agree(out, tmp_path, capsys):
    path = out / "first/cefr-v1.json"
    path.write_text(path.read_text("utf-8").replace('"converged": true', '"converged": false', 1))
    assert main(["results", "merge", str(path), "--output", str(tmp_path / "whole.json")]) == 1
    assert "doesn't pass its check" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "start"),
    [("csv", "encoder,suite,"), ("latex", "% Written by cefrbench"), ("markdown", "| encoder |")],
)
def test_export_prints_or_writes_the_same_text(out, tmp_path, capsys, kind, start):
    assert main(["results", "export", str(out), "--format", kind]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(start)
    assert "first" in printed
    assert "second" in printed
    file = tmp_path / "tables" / "export.txt"
    assert main(["results", "export", str(out), "--format", kind, "--output", str(file)]) == 0
    assert file.read_text("utf-8") == printed


def test_export_in_an_unknown_format_is_wrong_usage(out, capsys):
    assert main(["results", "export", str(out), "--format", "xlsx"]) == 2
    assert "csv" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a" * 5000, "a/" * 3000, "a\0b"])
def test_a_name_that_no_system_takes_is_one_sentence(capsys, name):
    assert main(["results", "check", name]) == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: ")
    assert told.count("\n") == 1
