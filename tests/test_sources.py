"""The digest of code: it changes with what an answer depends on, and with nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from sklearn.dummy import DummyRegressor

import cefrbench
from cefrbench.engines.linear.ridge import RidgeProbe
from cefrbench.plugins import load_file
from cefrbench.sources import source_digest, source_files

#: What each engine's own entry is, and the rooms that it shares with the others.
ENTRIES = {
    "ridge": "cefrbench.engines.linear.ridge",
    "mlp": "cefrbench.engines.mlp.probe",
    "transformer": "cefrbench.engines.transformer.encoder",
}
PRINT = """
import sys
from importlib import import_module
from cefrbench.sources import source_digest
for place in {places!r}:
    module, _, kind = place.partition(":")
    print(source_digest(object.__new__(getattr(import_module(module), kind))))
"""


def digests(folder, *places):
    """Digest objects in a Python of their own, which imports what lies in a folder."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT.format(places=places)],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


def edit(path):
    assert path.is_file()
    path.write_text(path.read_text() + "\nEDITED = True\n")


#: A file of the harness, and whose digests an edit of it changes.
EDITS = {
    "engines/mlp/networks.py": {"mlp"},
    "engines/linear/arrays.py": {"ridge"},
    "engines/transformer/pooling.py": {"transformer"},
    "engines/transformer/loading.py": {"transformer"},
    "engines/checks.py": {"ridge", "mlp"},
    "results/export.py": set(),
    "contracts/probe.py": set(),
}
PRINT_EDITED = """
import json
from importlib import import_module
from pathlib import Path
import cefrbench
from cefrbench.sources import source_digest

def digests():
    return {{
        name: source_digest(object.__new__(getattr(import_module(module), kind)))
        for name, (module, kind) in {entries!r}.items()
    }}

found = {{"": digests()}}
for edited in {edits!r}:
    file = Path(cefrbench.__file__).parent / edited
    kept = file.read_text()
    file.write_text(kept + "\\nEDITED = True\\n")
    found[edited] = digests()
    file.write_text(kept)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def edited_digests(tmp_path_factory):
    """Digests before and after each edit, of a copy of the harness's own sources."""
    folder = tmp_path_factory.mktemp("sources")
    shutil.copytree(Path(cefrbench.__file__).parent, folder / "cefrbench")
    entries = {
        "ridge": (ENTRIES["ridge"], "RidgeProbe"),
        "mlp": (ENTRIES["mlp"], "MLPRegressorProbe"),
        "transformer": (ENTRIES["transformer"], "TransformerEncoder"),
    }
    code = PRINT_EDITED.format(entries=entries, edits=list(EDITS))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("edited", EDITS)
def test_each_engine_stands_by_itself(edited_digests, edited):
    before, after = edited_digests[""], edited_digests[edited]
    assert set(before) == set(ENTRIES)
    assert {name for name in before if before[name] != after[name]} == EDITS[edited]


@pytest.fixture
def package(tmp_path):
    """A plugin's package: an estimator, a helper two rooms off, and a stranger."""
    for name, text in {
        "mine/__init__.py": "",
        "mine/probes/__init__.py": "",
        "mine/probes/probe.py": "class Probe:\n    def fit(self):\n"
        "        from ..shared import helper\n",
        "mine/shared/__init__.py": "",
        "mine/shared/helper.py": "import mine.deep\n",
        "mine/deep.py": "from cefrbench.engines.linear.ridge import RidgeProbe\n",
        "mine/stranger.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_package_counts_as_far_as_it_is_imported(package):
    roots = {"mine": package / "mine", "cefrbench": Path(cefrbench.__file__).parent}
    files = source_files("mine.probes.probe", package / "mine/probes/probe.py", roots)
    own = {str(p.relative_to(package)) for p in files if p.is_relative_to(package)}
    assert own == {
        "mine/probes/__init__.py",
        "mine/probes/probe.py",
        "mine/shared/__init__.py",
        "mine/shared/helper.py",
        "mine/deep.py",
    }
    assert Path(cefrbench.__file__).parent / "engines/linear/design.py" in files


@pytest.mark.parametrize("edited", ["mine/shared/helper.py", "mine/deep.py"])
def test_an_edit_far_off_in_a_package_changes_the_digest(package, edited):
    (before,) = digests(package, "mine.probes.probe:Probe")
    edit(package / edited)
    assert digests(package, "mine.probes.probe:Probe") != [before]


def test_an_edit_of_what_is_not_imported_does_not(package):
    (before,) = digests(package, "mine.probes.probe:Probe")
    edit(package / "mine/stranger.py")
    assert digests(package, "mine.probes.probe:Probe") == [before]


def test_a_helper_of_a_loose_plugin_counts(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "loose_helper.py").write_text("FACTOR = 1\n")
    (tmp_path / "loose_stranger.py").write_text("")
    plugin = tmp_path / "loose_plugin.py"
    plugin.write_text("from loose_helper import FACTOR\n\nclass Probe:\n    pass\n")
    probe = load_file(plugin).Probe()
    before = source_digest(probe)
    edit(tmp_path / "loose_stranger.py")
    assert source_digest(probe) == before
    edit(tmp_path / "loose_helper.py")
    assert source_digest(probe) != before


def test_the_function_that_makes_an_estimator_counts(tmp_path):
    """What it makes may be a class of scikit-learn's, which says nothing of its settings."""
    plugin = tmp_path / "making.py"
    plugin.write_text("def make(factor):\n    return factor\n")
    make = partial(load_file(plugin).make, 1)
    before = source_digest(make, DummyRegressor())
    edit(plugin)
    assert source_digest(make, DummyRegressor()) != before


def test_an_installed_package_counts_by_its_version(monkeypatch):
    before = source_digest(DummyRegressor())
    monkeypatch.setattr("sklearn.__version__", "0.0")
    assert source_digest(DummyRegressor()) != before


def test_two_classes_of_one_file_differ():
    from cefrbench.engines.mlp.probe import MLPClassifierProbe, MLPRegressorProbe

    assert source_digest(MLPClassifierProbe()) != source_digest(MLPRegressorProbe())
    assert source_digest(RidgeProbe()) == source_digest(RidgeProbe(alpha=2.0))


def test_a_class_that_was_typed_in_has_a_digest():
    typed = type("Typed", (), {"__module__": "nowhere"})
    assert len(source_digest(typed())) == 64
