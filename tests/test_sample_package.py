"""A third party's package, beside the built wheel, is checked, tested and run to a site."""

import json
from pathlib import Path

import pytest
from clean_environment import ROOT, make_clean

SAMPLE = ROOT / "tests" / "sample_package"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return make_clean(tmp_path_factory.mktemp("clean"), ROOT, SAMPLE)


def test_the_code_that_runs_is_the_wheel(clean):
    for package in ("cefrbench", "cefrbench_plugins", "cefrbench_leaderboard", "cefrbench_sample"):
        code = f"import {package}; print({package}.__file__)"
        assert Path(clean.run("python", "-c", code)).is_relative_to(clean.site)


def test_the_package_is_found_by_its_entry_point(clean):
    plugins = json.loads(clean.run("cefrbench", "plugins", "--json"))["plugins"]
    (found,) = [plugin for plugin in plugins if plugin["name"] == "sample"]
    assert found["origin"] == "package cefrbench-sample 0.1.0"
    assert found["registered"] == [
        "corpus sample-notes",
        "encoder sample-letters",
        "probe sample-nearest",
    ]
    assert not [plugin["error"] for plugin in plugins if plugin["error"]]


@pytest.mark.parametrize("name", ["cefrbench-sample", "sample", "package"])
def test_the_kit_passes_it_by_the_name_of_package_plugin_or_folder(clean, name):
    wanted = str(SAMPLE) if name == "package" else name
    reports = json.loads(clean.run("cefrbench", "check", wanted, "--json"))
    assert reports["passed"]
    kinds = [report["kind"] for report in reports["reports"]]
    assert kinds == ["plugin", "corpus", "encoder", "probe"]


def test_its_own_tests_pass_with_our_fixtures(clean):
    folder = clean.folder / SAMPLE.name
    clean.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder))


def test_the_wheel_holds_what_new_writes_from(clean):
    clean.run("cefrbench", "new", "corpus", "made-here", "--plugins-dir", "loose")
    words = ["--plugins-dir", "loose", "check", "made-here", "--sample", "--json"]
    assert json.loads(clean.run("cefrbench", *words))["passed"]


def test_a_run_with_it_ends_in_a_site(clean):
    corpora = ["--corpus", "sample-notes", "--corpus", "merlin-cs", "--corpus", "merlin-it"]
    names = ["--encoder", "sample-letters", "--probe", "sample-nearest", "--probe", "ridge"]
    clean.run("cefrbench", "run", "--suite", "quickstart", *names, *corpora, "--quiet")
    result = json.loads((clean.work / "out/sample-letters/quickstart.json").read_text())
    assert result["provenance"]["plugins"]["sample-nearest"] == (
        "sample (package cefrbench-sample 0.1.0)"
    )
    clean.run("cefrbench", "results", "check", "out")
    index = clean.run("cefrbench", "leaderboard", "build", "--results", "out", "--quiet")
    assert "sample-letters" in Path(index.splitlines()[-1]).read_text("utf-8")
