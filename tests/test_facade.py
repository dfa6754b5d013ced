"""`from cefrbench import NAME`: the one import of plugins and notebooks, and it costs nothing."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cefrbench

ROOT = Path(__file__).resolve().parent.parent
NAMES = [name for name in cefrbench.__all__ if name != "__version__"]
HEAVY = {"torch", "transformers", "sklearn", "scipy", "pandas", "pyarrow", "datasets"}
#: Names behind which arrays stand: all others are had without numpy.
WITH_ARRAYS = {
    *("FOLDS", "Cut", "EssayTable", "Evaluation"),
    *("across", "by_corpus", "evaluate", "five_folds", "in_turn", "load_essays"),
    *("parts_by_group", "stratified_cut", "study_cut"),
}
#: What authors read, copy and begin from.
SHOWN = [
    *(ROOT / "cefrbench" / "scaffold").rglob("*.tmpl"),
    *(ROOT / "docs" / "examples").rglob("*.py"),
    *(ROOT / "tests" / "sample_package").rglob("*.py"),
    *(ROOT / "docs").glob("*.md"),
    *ROOT.glob("*.md"),
]
IMPORT = re.compile(r"\b(?:from|import)\s+(cefrbench(?:\.[\w.]+)?)(?=\s)")


def imported_after(statement):
    """Top-level modules that a fresh Python has after a statement."""
    code = f"{statement}\nimport sys; print(*{{m.partition('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_none_of_what_it_is_built_on():
    assert not imported_after("import cefrbench") & {*HEAVY, "numpy", "pydantic", "pluggy"}


def test_all_that_plugins_build_on_is_had_without_arrays_or_models():
    names = ", ".join(sorted(set(NAMES) - WITH_ARRAYS))
    assert not imported_after(f"from cefrbench import {names}") & {*HEAVY, "numpy"}


def test_the_rest_is_had_without_models():
    names = ", ".join(sorted(WITH_ARRAYS))
    assert not imported_after(f"from cefrbench import {names}") & HEAVY


@pytest.mark.parametrize("path", sorted((ROOT / "cefrbench" / "contracts").glob("*.py")), ids=str)
def test_a_contract_is_imported_without_arrays_or_models(path):
    module = f"cefrbench.contracts.{path.stem}"
    assert not imported_after(f"import {module}") & {*HEAVY, "numpy"}


def test_every_name_is_the_one_that_type_checkers_see():
    tree = ast.parse(Path(cefrbench.__file__).read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and not node.orelse][:1]
    seen = {alias.name: statement.module for statement in block.body for alias in statement.names}
    assert sorted(seen) == sorted(NAMES)
    for name, module in seen.items():
        assert getattr(cefrbench, name) is getattr(importlib.import_module(module), name), name


def test_a_notebook_completes_every_name():
    code = "import cefrbench; print(*dir(cefrbench))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(cefrbench.__all__) <= set(done.stdout.split())


def test_a_name_that_is_not_there_is_said_to_be_missing():
    with pytest.raises(ImportError, match="Corpsu"):
        from cefrbench import Corpsu  # noqa: F401
    assert not hasattr(cefrbench, "Corpsu")


def modules_of_ours(text):
    return set(IMPORT.findall(text))


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_authors_begin_from_has_one_import(path):
    allowed = {"cefrbench", "cefrbench.testing", "cefrbench.testing.tiny"}
    assert modules_of_ours(path.read_text("utf-8")) <= allowed


def test_another_import_would_be_noticed():
    text = "    from cefrbench.errors import UserError\nimport cefrbench.plugins as plugins\n"
    assert modules_of_ours(text) == {"cefrbench.errors", "cefrbench.plugins"}
