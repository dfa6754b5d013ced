"""The price of a grader by the real command: asked for by name, written down, checked, exported."""

import csv
import io
import json
import random

import pytest
from click.testing import CliRunner

from cefrbench.cli import cli, main
from cefrbench.results.analyses import check_analyses
from cefrbench.results.io import read_result

NAMES = ("recalibrate", "few-shot", "mixed")
LEVELS = ("A1", "A2", "B1", "B2", "C1")


def write(folder, name, count, shift):
    """A corpus whose texts grow with their level; one corpus has longer texts at every level."""
    draw = random.Random(name)
    rows = []
    for number in range(count):
        level = number % 5
        words = ["word" * draw.randint(1, 3) for _ in range(30 * (level + shift + 1))]
        rows.append({"lang": "en", "cefr_level": LEVELS[level], "text": " ".join(words)})
    (folder / f"{name}.json").write_text(json.dumps(rows))


def run(folder, data, corpora, analyses, name="out"):
    words = ["run", "--encoder", "length", "--probe", "ridge", "--refits", "0", "--quiet"]
    words += ["--protocol", "iid", "--protocol", "lofo", "--no-references", "--data-dir", str(data)]
    words += [word for corpus in corpora for word in ("--corpus", corpus)]
    words += [word for analysis in analyses for word in ("--analysis", analysis)]
    words += ["--output", str(folder / name), "--cache-dir", str(folder / "cache")]
    assert main(words) == 0
    return folder / name / "length" / "cefr-v1.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("price")


@pytest.fixture(scope="module")
def path(folder):
    for name, shift in (("cople2", 0), ("zaebuc-ar", 0), ("elle", 2)):
        write(folder, name, 190, shift)
    return run(folder, folder, ("cople2", "zaebuc-ar", "elle"), NAMES)


def test_figures_of_all_stand_in_the_result_and_pass_its_check(path):
    result = read_result(path)
    assert {record.analysis for record in result.analyses} == set(NAMES)
    assert not result.failures
    assert CliRunner().invoke(cli, ["results", "check", str(path)]).exit_code == 0
    found = {
        (one.analysis, one.corpus, one.amount, one.measure): one
        for one in result.analyses
        if one.target is None
    }
    # Every text of "elle" is as long as those two levels up: two numbers set that right.
    assert found["recalibrate", "elle", 0, "qwk"].value < 0.7
    assert found["recalibrate", "elle", 32, "qwk"].value > 0.85
    assert found["recalibrate", "elle", 0, "recut"].value > 0.85
    band = found["few-shot", "elle", 8, "qwk_over_recalibrated"]
    assert band.low <= band.value <= band.high
    assert {key[2] for key in found if key[0] == "mixed"} == {1, 2}


def test_bands_stand_in_the_export(path):
    shown = CliRunner().invoke(cli, ["results", "export", str(path), "--format", "analyses"])
    rows = list(csv.DictReader(io.StringIO(shown.output)))
    (row,) = [
        r
        for r in rows
        if (r["analysis"], r["corpus"], r["amount"], r["measure"])
        == ("recalibrate", "elle", "8", "qwk_gain")
    ]
    assert float(row["low"]) < float(row["value"]) < float(row["high"])
    assert row["draws"] == "20"


def test_a_second_run_gives_the_same_figures(path, folder):
    again = run(folder, folder, ("cople2", "zaebuc-ar", "elle"), NAMES, "again")
    assert read_result(again).analyses == read_result(path).analyses


def test_one_small_corpus_gives_notes_and_no_failure(folder, tmp_path):
    write(tmp_path, "cople2", 60, 0)
    result = read_result(run(tmp_path, tmp_path, ("cople2",), (*NAMES, "learning-curve")))
    assert not result.failures
    notes = {note.analysis: note.cause for note in result.analysis_notes if note.protocol == "lofo"}
    assert set(notes) == {*NAMES, "learning-curve"}
    assert "no corpus is unseen" in notes["recalibrate"]
    assert {record.target for record in result.analyses} == {"all"}


@pytest.mark.parametrize(
    "change", [{"low": -1.5}, {"high": float("inf")}, {"low": 0.9, "high": 0.1}]
)
def test_the_check_refuses_a_band_that_can_be_none(path, change):
    result = read_result(path)
    (first, *rest) = result.analyses
    wrong = result.model_copy(update={"analyses": (first.model_copy(update=change), *rest)})
    assert not list(check_analyses(result))
    assert list(check_analyses(wrong))


def test_the_check_refuses_a_gain_that_is_none_of_its_scores(path):
    result = read_result(path)
    wrong = tuple(
        one.model_copy(update={"value": one.value + 0.1}) if one.measure == "qwk_gain" else one
        for one in result.analyses
    )
    found = list(check_analyses(result.model_copy(update={"analyses": wrong})))
    assert len(found) == sum(one.measure == "qwk_gain" for one in wrong) > 10
