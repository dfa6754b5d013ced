"""With --data-dir, a corpus that the folder lacks is read from its own source."""

import json

import pytest

from cefrbench.cli import main

PLUGIN = """
from pathlib import Path
from cefrbench import Corpus, CorpusCard, CorpusError, Rows, hookimpl

class Own(Corpus):
    card = CorpusCard(
        name="own", title="Invented texts of an owner", languages=("de",), licence="CC0",
        source="https://example.org/own", rated_by="nobody: invented", citation="none",
        task="none",
    )

    def rows(self, access):
        path = Path(__file__).with_name("own-rows.txt")
        if not path.is_file():
            raise CorpusError("The owner's rows are not here: fetch own-rows.txt.")
        lines = path.read_text("utf-8").splitlines()
        return Rows(
            {"lang": "de", "cefr_level": level, "text": text}
            for level, text in (line.split(" ", 1) for line in lines)
        )

@hookimpl
def register_corpora(register):
    register(Own())
"""
LEVELS = ("A1", "A2", "B1", "B2")


@pytest.fixture
def run(tmp_path, capsys):
    plugins, data = tmp_path / "plugins", tmp_path / "data"
    plugins.mkdir()
    data.mkdir()
    (plugins / "own.py").write_text(PLUGIN)
    rows = [
        {"lang": "de", "cefr_level": LEVELS[i % 4], "text": f"Ein erfundener Satz Nummer {i}."}
        for i in range(40)
    ]
    (data / "merlin-de.json").write_text(json.dumps(rows))
    own = [f"{LEVELS[i % 4]} Noch ein erfundener Satz {i}." for i in range(40)]
    (plugins / "own-rows.txt").write_text("\n".join(own))

    def call(*words):
        command = ["--plugins-dir", str(plugins), "run", "--encoder", "surface", "--probe", "ridge"]
        command += ["--data-dir", str(data), "--offline", "--no-references", "--no-analyses"]
        command += ["--cache-dir", str(tmp_path / "cache"), "--output", str(tmp_path / "out")]
        status = main([*command, *words])
        return status, capsys.readouterr()

    return call


def test_an_owners_corpus_and_a_local_file_are_run_together(run, tmp_path):
    status, streams = run("--corpus", "own", "--corpus", "merlin-de", "--refits", "2")
    assert status == 0, streams.err
    (path,) = (tmp_path / "out").rglob("cefr-v1*.json")
    result = json.loads(path.read_text())
    assert {c["card"]["name"]: c["source"] for c in result["corpora"]} == {
        "own": "file",
        "merlin-de": "file",
    }
    assert "own, merlin-de (from files)" in streams.out


def test_a_corpus_that_is_nowhere_says_both(run, tmp_path):
    (tmp_path / "plugins" / "own-rows.txt").unlink()
    status, streams = run("--corpus", "own", "--quiet")
    assert status == 1
    assert streams.err == (
        f"Error: There is no file of 'own' in '{tmp_path / 'data'}', and its own source fails: "
        "The owner's rows are not here: fetch own-rows.txt.\n"
    )


def test_offline_the_hub_is_not_asked(run, tmp_path):
    status, streams = run("--corpus", "merlin-cs", "--quiet")
    assert status == 1
    assert f"There is no file of 'merlin-cs' in '{tmp_path / 'data'}'" in streams.err
    assert "offline" in streams.err
    assert streams.err.count("\n") == 1


def test_languages_that_a_name_does_not_tell_come_from_the_rows(tmp_path, capsys):
    rows = [
        {"lang": ("et", "fi")[i % 2], "cefr_level": LEVELS[i % 4], "text": f"Sõnad {i}."}
        for i in range(8)
    ]
    (tmp_path / "exams.json").write_text(json.dumps(rows))
    assert main(["corpora", "describe", "universalcefr:exams", "--data-dir", str(tmp_path)]) == 0
    assert "et, fi" in capsys.readouterr().out
