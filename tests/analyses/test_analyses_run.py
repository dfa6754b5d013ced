"""Analyses inside a run: asked for by name, written down, checked, exported, and never its end."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cefrbench.analyses import registry
from cefrbench.cli import cli, main
from cefrbench.config import as_command, merge
from cefrbench.results.analyses import check_analyses
from cefrbench.results.io import read_result

WORDS = ["run", "--suite", "quickstart", "--encoder", "surface", "--probe", "ridge"]
WORDS += ["--corpus", "merlin-cs", "--corpus", "merlin-it", "--corpus", "cople2"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def run(cache, out, *more):
    places = ["--cache-dir", str(cache), "--output", str(out), "--no-references", "--quiet"]
    return main([*WORDS, *places, *more])


@pytest.fixture(scope="module")
def path(cache, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert run(cache, out, "--analysis", "identity") == 0
    return out / "surface" / "quickstart.json"


def test_what_was_asked_for_stands_in_the_result_with_chance_beside_it(path):
    result = read_result(path)
    found = {(one.target, one.corpus): one for one in result.analyses}
    assert found["corpus", None].chance == pytest.approx(1 / 3)
    assert found["family", None].chance == 1 / 2
    assert {one.layer for one in result.analyses} == set(result.encoder.layers)
    assert {one.draws for one in result.analyses} == {5}
    assert "analyses" in [timing.phase for timing in result.provenance.timings]
    assert "--analysis identity" in result.provenance.command


def test_what_cant_be_read_is_a_note_and_no_failure(path):
    result = read_result(path)
    assert {(note.target, note.corpus) for note in result.analysis_notes} >= {("task", "cople2")}
    assert not result.failures
    shown = CliRunner().invoke(cli, ["show", str(path)])
    assert "identity task cople2" in shown.output


def test_the_check_accepts_it_and_refuses_what_is_out_of_bounds(path):
    assert CliRunner().invoke(cli, ["results", "check", str(path)]).exit_code == 0
    result = read_result(path)
    first = result.analyses[0]
    changes = [{"value": 1.5}, {"chance": -0.1}, {"sd": -1.0}, {"layer": 7}, {"protocol": "loco"}]
    changes += [{"analysis": "other"}, {"probe": "mlp"}, {"n": -1}, {"draws": 0}]
    for change in changes:
        bad = result.model_copy(update={"analyses": (first.model_copy(update=change),)})
        assert list(check_analyses(bad)), change
    twice = result.model_copy(update={"analyses": (first, first)})
    assert [finding.where for finding in check_analyses(twice)] == ["analyses"]
    assert not list(check_analyses(result))


def test_the_export_has_a_row_a_figure(path):
    done = CliRunner().invoke(cli, ["results", "export", str(path), "--format", "analyses"])
    rows = list(csv.DictReader(io.StringIO(done.output)))
    result = read_result(path)
    assert len(rows) == len(result.analyses)
    assert [float(row["value"]) for row in rows] == [one.value for one in result.analyses]
    assert {row["encoder"] for row in rows} == {"surface"}


def test_none_is_run_where_none_is_asked_for(cache, tmp_path):
    assert run(cache, tmp_path) == 0
    result = read_result(tmp_path / "surface" / "quickstart.json")
    assert result.analyses == result.analysis_notes == ()


def test_an_unknown_name_is_one_sentence_with_the_nearest(cache, tmp_path, capsys):
    assert run(cache, tmp_path, "--analysis", "idendity") == 1
    error = capsys.readouterr().err
    assert "no analysis named 'idendity': did you mean 'identity'?" in error
    assert not list(tmp_path.iterdir())


def test_the_studys_form_has_none(capsys):
    words = ["run", "--suite", "paper", "--encoder", "surface", "--analysis", "identity"]
    assert main(words) == 1
    assert "study's form" in capsys.readouterr().err


def test_one_that_breaks_is_written_down_and_the_scores_stay(cache, tmp_path, monkeypatch):
    monkeypatch.setitem(registry.ANALYSES, "identity", "json:loads")
    assert run(cache, tmp_path, "--analysis", "identity") == 3
    result = json.loads((tmp_path / "surface" / "quickstart.json").read_text("utf-8"))
    (failure,) = result["failures"]
    assert (failure["stage"], failure["name"]) == ("analysis", "identity")
    assert failure["cause"].startswith("TypeError: ")
    assert result["summary"]
    assert not result["complete"]
    with pytest.raises(TypeError):
        run(cache, tmp_path, "--analysis", "identity", "--fail-fast")


def test_the_command_says_what_is_left_out():
    config = merge({"encoders": ["minilm"], "analyses": (), "references": ()}, {})
    assert as_command(config).endswith("--no-references --no-analyses")


def test_the_list_says_what_the_docs_say(capsys):
    assert main(["list", "analyses", "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert list(found) == list(registry.ANALYSES)
    page = (Path(__file__).parents[2] / "docs" / "analyses.md").read_text("utf-8")
    rows = re.findall(r"^\| \[`(.+?)`\]\(.*?\) \| (.+?) \| (yes|no) \|$", page, re.MULTILINE)
    assert sorted(rows) == sorted(
        (name, one["description"], "yes" if "cefr-v1" in one["suites"] else "no")
        for name, one in found.items()
    )
