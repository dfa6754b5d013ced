"""The mutation run: which faults it puts where, and that it leaves the tree alone."""

import hashlib
from itertools import chain
from pathlib import Path

import forks
import mutants
import pytest
from reach import Reach, Tracer

ROOT = Path(__file__).resolve().parents[2]

#: What every figure of a result passes through.
CORE = (
    *("essays.py", "folds.py", "levels.py", "layers.py", "protocols/*.py", "probing/*.py"),
    *("features/*.py", "results/*.py", "statistics/*.py"),
)


def test_every_module_of_the_core_is_mutated_and_every_pattern_finds_something():
    table = mutants.read_table()
    known = {*mutants.files_of(table["modules"])}
    for pattern in CORE:
        modules = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(f"cefrbench/{pattern}")}
        assert modules
        assert modules <= known
    for pattern in chain.from_iterable(table.values()):
        assert list(ROOT.glob(pattern)), pattern


def test_the_nearest_file_comes_first_and_in_it_what_runs_the_line():
    seconds = {"a::slow": 3.0, "a::quick": 1.0, "a::other": 0.5, "b::far": 0.1, "c::top": 2.0}
    lines = {"m.py": {1: [], 2: ["a::slow", "a::quick"], 3: ["c::top"], 4: ["a::quick"]}}
    found = Reach(seconds, lines)
    assert found.nearest("m.py", 2, 2, 60) == [["a::quick", "a::slow", "a::other"]]
    assert found.nearest("m.py", 2, 3, 60) == [["a::quick", "a::slow", "a::other"], ["c::top"]]
    assert found.nearest("m.py", 2, 3, 3) == [["a::quick", "a::other"], ["c::top"]]
    assert found.nearest("m.py", 2, 2, 0) == [["a::quick"]]
    # A file of many seconds is farther than a quick one that runs as much.
    far = Reach(seconds | {"c::slow": 9.0}, {"m.py": {2: ["a::quick", "c::top"]}})
    assert [part[0] for part in far.nearest("m.py", 2, 2, 60)] == ["a::quick", "c::top"]
    named = Reach(
        seconds | {"c/test_n_m.py::slow": 9.0}, {"m.py": {2: ["a::quick", "c/test_n_m.py::slow"]}}
    )
    assert named.nearest("m.py", 2, 2, 60)[0] == ["c/test_n_m.py::slow"]
    # What runs on import is seen by all that reach the module; what nothing reaches, by none.
    assert found.nearest("m.py", 1, 1, 60) == found.nearest("m.py", 2, 4, 60)
    assert found.nearest("n.py", 1, 1, 60) == []


SHARES = """
def share(a, b):
    return a / b
"""
ASKS = """
import shares

def test_a_half():
    assert shares.share(1, 2) == 0.5

def test_nothing():
    assert True
"""


def test_a_trace_says_which_test_runs_a_line(tmp_path, monkeypatch):
    (tmp_path / "shares.py").write_text(SHARES)
    (tmp_path / "test_asks.py").write_text(ASKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    target = tmp_path / "found.json"
    run = forks.run(["test_asks.py"], 5, lambda: [Tracer(["shares.py"], target)])
    assert run.status == 0, run.output
    found = Reach.read([target])
    assert found.lines["shares.py"] == {3: ["test_asks.py::test_a_half"]}
    assert {*found.seconds} == {"test_asks.py::test_a_half", "test_asks.py::test_nothing"}


@pytest.mark.parametrize(("body", "status"), [("1 / 0", 1), ("raise SystemExit(0)", 1)])
def test_a_run_that_fails_says_so(tmp_path, monkeypatch, body, status):
    (tmp_path / "test_it.py").write_text(f"def test_it():\n    {body}\n")
    monkeypatch.chdir(tmp_path)
    assert forks.run(["test_it.py"], 5).status == status


def test_a_run_without_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(forks, "COLLECTED", 3.0)
    monkeypatch.setattr(forks, "LATER", 1.0)
    (tmp_path / "test_it.py").write_text("import time\n\ndef test_it():\n    time.sleep(600)\n")
    monkeypatch.chdir(tmp_path)
    assert forks.run(["test_it.py"], 0).status is None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("def f(x: int | None) -> int | float: return x", ["int | None", "int | float"]),
        ("x: int | None = 1 | 2", ["int | None"]),
        ("if TYPE_CHECKING: a = 1", ["if TYPE_CHECKING: a = 1"]),
        ("pairs = zip(a, b, strict=True)", ["strict=True"]),
        ("total = sum(a, start=1)", []),
        ("try: f()\nexcept (a.B, C): g()", ["a.B"]),
    ],
)
def test_what_no_run_looks_at_is_left_alone(tmp_path, line, text):
    (tmp_path / "x.py").write_text(line)
    spans = sorted(mutants.harmless_spans(tmp_path / "x.py"))
    lines = line.splitlines()
    assert [lines[row - 1][start : end[1]] for (row, start), end in spans] == text


def tree():
    files = [path for name in ("cefrbench", "tests") for path in (ROOT / name).rglob("*.py")]
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in files}


@pytest.mark.slow
def test_a_sample_is_tried_on_copies_and_not_again(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(mutants, "SESSIONS", tmp_path)
    monkeypatch.chdir(tmp_path)
    before = tree()
    words = ["--sample", "1", "--seed", "5", "--only", "cefrbench/layers.py"]
    words += ["--tests", "tests/test_layers.py", "--workers", "1"]
    assert mutants.main(words) == 0
    first = capfd.readouterr()
    assert "1 of 1 mutants" in first.err
    # `layers.py` is small and well tested; a run that tested the tree itself would catch none.
    assert "| cefrbench/layers.py |" in first.out
    assert "| 1 | 1 (100 %) |  |" in first.out
    assert mutants.main(words) == 0
    again = capfd.readouterr()
    assert again.out == first.out
    assert "mutants" not in again.err
    assert tree() == before
