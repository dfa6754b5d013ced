"""`cefrbench new`: what it writes works at once."""

import csv
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from cefrbench import load_essays
from cefrbench.cli import cli, main
from cefrbench.errors import CorpusError
from cefrbench.plugins import load_file

KINDS = ("corpus", "encoder", "probe", "method")


def new(*words):
    outcome = CliRunner().invoke(cli, ["new", *map(str, words)])
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Something that looks like a checkout of cefrbench."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "cefrbench"\n')
    (tmp_path / "plugins" / "corpora").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("kind", KINDS)
def test_a_loose_plugin_passes_the_kit_and_its_own_test(kind, tmp_path):
    new(kind, "box-maker", "--plugins-dir", tmp_path)
    outcome = CliRunner().invoke(
        cli, ["--plugins-dir", str(tmp_path), "check", "box-maker", "--sample"]
    )
    assert outcome.exit_code == 0, outcome.output
    assert "as the template left them on the card" in outcome.output
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


RULES = ["--isolated", "--config", "line-length=100"]


@pytest.mark.parametrize("place", ["--package", "--plugins-dir"])
def test_what_is_written_is_formatted_and_linted(place, tmp_path):
    for kind in KINDS:
        new(kind, f"box-{kind}", place, tmp_path)
        if place == "--package":
            (tmp_path / "pyproject.toml").unlink()
            (tmp_path / "README.md").unlink()
    for command in (["format", "--check"], ["check", "--select", "E,F,W,I,UP,B,A,C4,SIM,RUF,D101"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *RULES, "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_what_is_written_is_typed(tmp_path, request):
    for kind in KINDS:
        new(kind, f"box-{kind}", "--plugins-dir", tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            # As `make types` does, whose cache is used where there is one.
            "--strict",
            *tmp_path.glob("*.py"),
        ],
        cwd=request.config.rootpath,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_checkout_gets_the_plugin_its_sample_and_its_test(checkout):
    for kind in KINDS:
        new(kind, f"{kind}.one")
    assert written(checkout) == [
        "plugins/corpora/corpus_one.py",
        "plugins/corpora/samples/corpus.one.csv",
        "plugins/encoders/encoder_one.py",
        "plugins/methods/method_one.py",
        "plugins/probes/probe_one.py",
        "pyproject.toml",
        "tests/corpora/test_corpus_one.py",
        "tests/encoders/test_encoder_one.py",
        "tests/methods/test_method_one.py",
        "tests/probes/test_probe_one.py",
    ]
    test = (checkout / "tests/probes/test_probe_one.py").read_text()
    assert "from cefrbench_plugins.probes import probe_one as plugin" in test


def test_a_checkout_is_found_from_a_folder_inside_it(checkout, monkeypatch):
    monkeypatch.chdir(checkout / "plugins" / "corpora")
    new("probe", "deep")
    assert (checkout / "plugins" / "probes" / "deep.py").is_file()


def test_a_package_has_an_entry_point_that_names_its_module(tmp_path):
    new("encoder", "box-maker", "--package", tmp_path / "own")
    project = tomllib.loads((tmp_path / "own" / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["cefrbench"] == {"box-maker": "cefrbench_box_maker.encoder"}
    assert (tmp_path / "own/src/cefrbench_box_maker/encoder.py").is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_the_next_three_steps(kind, tmp_path):
    steps = [
        line.strip() for line in new(kind, "box", "--package", tmp_path / "own").splitlines()[-3:]
    ]
    assert steps[0].startswith("1. pip install --editable")
    assert steps[1].startswith("2. cefrbench check box")
    assert steps[2].startswith("3. cefrbench run --suite quickstart")


def test_nothing_is_written_over_and_nothing_half_written(tmp_path, capsys):
    test = tmp_path / "tests" / "test_box.py"
    test.parent.mkdir()
    test.write_text("mine")
    assert main(["new", "probe", "box", "--plugins-dir", str(tmp_path)]) == 1
    assert "is there already and is left as it is" in capsys.readouterr().err
    assert written(tmp_path) == ["tests/test_box.py"]
    assert test.read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["Kelly", "1a", "a b", "../a", "a--b", "é", "class", "-a", "a" * 61, ""]
)
def test_a_name_that_can_not_be_one_is_refused_with_an_example(name, tmp_path, capsys):
    assert main(["new", "probe", "--plugins-dir", str(tmp_path), "--", name]) == 1
    error = capsys.readouterr().err
    assert repr(name) in error
    assert "'letters-sv' say" in error
    assert written(tmp_path) == []


def test_a_name_that_is_taken_is_refused(tmp_path, capsys):
    assert main(["new", "probe", "ridge", "--plugins-dir", str(tmp_path)]) == 1
    assert "There is a probe named 'ridge' already" in capsys.readouterr().err


def test_outside_a_checkout_it_says_what_else_can_be_done(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "probe", "box"]) == 1
    error = capsys.readouterr().err
    assert "--package DIR" in error
    assert "--plugins-dir DIR" in error


def test_a_package_and_a_loose_file_at_once_are_refused(tmp_path):
    assert main(["new", "probe", "b", "--package", "x", "--plugins-dir", "y"]) == 2


def sample_of(folder):
    """Words of the texts of a sample, by level."""
    with (folder / "samples" / "box.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["text"] != "(missing)"]
    return rows, {r["level"]: len(r["text"].split()) for r in rows}


def test_texts_of_the_sample_say_that_they_are_invented_and_are_as_long_as_learners_texts(tmp_path):
    new("corpus", "box", "--plugins-dir", tmp_path)
    rows, words = sample_of(tmp_path)
    assert all(row["text"].startswith("This text is invented. ") for row in rows)
    assert len({row["text"] for row in rows}) == 24
    # Between MERLIN's quartiles of words a text, over its three languages.
    merlin = {"A1": (28, 50), "A2": (42, 118), "B1": (82, 204), "B2": (164, 230), "C1": (193, 253)}
    assert all(low <= words[level] <= high for level, (low, high) in merlin.items())
    assert list(words.values()) == sorted(words.values())
    assert words["C2"] < 250


def test_a_corpus_in_another_language_says_where_its_texts_are_to_be_invented(tmp_path):
    new("corpus", "box", "--plugins-dir", tmp_path, "--language", "sv")
    rows, _ = sample_of(tmp_path)
    assert re.match(
        r"Replace: text 1 at A1 in the language 'sv', of some 3\d words", rows[0]["text"]
    )
    words = ["--plugins-dir", str(tmp_path), "check", "box", "--sample"]
    outcome = CliRunner().invoke(cli, words)
    assert outcome.exit_code == 0, outcome.output
    assert "corpus-languages" in outcome.output
    assert "(sv 24)" in " ".join(outcome.output.split())
    assert "24 texts of the sample are as the template left them" in outcome.output
    module = load_file(tmp_path / "box.py")
    assert load_essays(module.Box(), sample=True).languages == ("sv",) * 24


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["corpus", "box", "--language", "Swedish"], "'Swedish' is no code of a language"),
        (["probe", "box", "--language", "sv"], "--language is said of a corpus alone"),
    ],
)
def test_a_language_that_is_no_code_or_no_corpus_s_is_refused(words, sentence, tmp_path, capsys):
    assert main(["new", *words, "--plugins-dir", str(tmp_path)]) in (1, 2)
    assert sentence in capsys.readouterr().err
    assert written(tmp_path) == []


def test_a_corpus_may_be_a_file_a_folder_or_a_pattern_of_files(tmp_path, monkeypatch):
    new("corpus", "box", "--plugins-dir", tmp_path)
    box = load_file(tmp_path / "box.py")
    folder = tmp_path / "essays [all]"
    for name, level in (("b", "B1"), ("a", "Beginners 2"), ("deep/c", "C1")):
        path = folder / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"id,level,text\n{name},{level},A text of {name}.\n", "utf-8-sig")
    monkeypatch.setattr(box, "LEVELS", {"Beginners 2": "A2"})

    def texts(place):
        monkeypatch.setenv(box.VARIABLE, str(place))
        essays = load_essays(box.Box())
        return [(t[-2], level.name) for t, level in zip(essays.texts, essays.levels, strict=True)]

    assert texts(folder / "b.csv") == [("b", "B1")]
    assert texts(tmp_path / "essays*" / "*.csv") == [("a", "A2"), ("b", "B1")]
    assert texts(tmp_path / "essays*" / "**" / "*.csv") == [("a", "A2"), ("b", "B1"), ("c", "C1")]
    assert texts(folder) == [("a", "A2"), ("b", "B1")]
    monkeypatch.setenv(box.VARIABLE, str(tmp_path / "*.tsv"))
    with pytest.raises(CorpusError, match=r"names no file: set BOX_CSV to the path of a CSV file"):
        load_essays(box.Box())


def test_the_sample_is_raw_and_says_that_it_is_invented(tmp_path):
    new("corpus", "box", "--plugins-dir", tmp_path)
    rows = Path(tmp_path / "samples" / "box.csv").read_text().splitlines()[1:]
    assert len(rows) == 25
    assert all(row.startswith("invented-") for row in rows)
    assert os.linesep not in rows[0]
