"""The mutation run: which faults it puts where, and that it leaves the tree alone."""

import hashlib
from pathlib import Path

import mutants
import pytest

ROOT = Path(__file__).resolve().parents[2]

#: What every figure of a result passes through.
CORE = (
    *("essays.py", "folds.py", "levels.py", "layers.py", "protocols/*.py", "probing/*.py"),
    *("features/*.py", "results/*.py", "statistics/*.py"),
)


def test_every_module_of_the_core_has_tests_and_every_entry_a_module():
    table = mutants.read_table()
    known = set(mutants.core_modules(table))
    for pattern in CORE:
        modules = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(f"cefrbench/{pattern}")}
        assert modules
        assert modules <= known
    for pattern, tests in table.items():
        assert list(ROOT.glob(pattern)), pattern
        assert tests
        for test in tests:
            assert (ROOT / test).exists(), test


def test_the_first_pattern_that_matches_counts():
    table = {"a/b.py": ["near"], "a/*.py": ["far"]}
    assert mutants.tests_of("a/b.py", table) == ("near",)
    assert mutants.tests_of("a/c.py", table) == ("far",)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("def f(x: int | None) -> int | float: return x", ["int | None", "int | float"]),
        ("x: int | None = 1 | 2", ["int | None"]),
        ("if TYPE_CHECKING: a = 1", ["if TYPE_CHECKING: a = 1"]),
        ("pairs = zip(a, b, strict=True)", ["strict=True"]),
        ("total = sum(a, start=1)", []),
    ],
)
def test_what_no_run_looks_at_is_left_alone(tmp_path, line, text):
    (tmp_path / "x.py").write_text(line)
    spans = sorted(mutants.harmless_spans(tmp_path / "x.py"))
    assert [line[start[1] : end[1]] for start, end in spans] == text


def tree():
    files = [path for name in ("cefrbench", "tests") for path in (ROOT / name).rglob("*.py")]
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in files}


@pytest.mark.slow
def test_a_sample_is_tried_on_copies_and_not_again(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(mutants, "SESSIONS", tmp_path)
    monkeypatch.chdir(tmp_path)
    before = tree()
    words = ["--sample", "1", "--seed", "5", "--only", "cefrbench/layers.py", "--workers", "1"]
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
