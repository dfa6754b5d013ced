"""A third party's package, installed beside the built wheel, is checked, tested and run to a site.

The environment is a new one: it holds the two built wheels, and nothing from this checkout. Their
dependencies are lent by the environment of the tests, so that no index has to be asked.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "tests" / "sample_package"

pytestmark = pytest.mark.slow


class Clean:
    """A clean environment with a folder to work in."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "venv" / "bin"
        self.work = folder / "work"
        self.work.mkdir()
        venv.create(folder / "venv", with_pip=False)
        self.site = Path(self.run("python", "-c", "import site; print(site.getsitepackages()[0])"))
        # A path in a .pth file lends packages; the .pth files beside them, such as that of an
        # editable install, are not read.
        (self.site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def run(self, program, *words, status=0):
        environment = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "CEFRBENCH_CACHE_DIR": str(self.folder / "cache"),
            "HF_HUB_OFFLINE": "1",
        }
        done = subprocess.run(
            [self.bin / program, *words],
            cwd=self.work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout.strip()


def build(source, folder):
    """Build a wheel from a copy, so that nothing is left in the checkout."""
    copy = folder / source.name
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "out", "site")
    shutil.copytree(source, copy, ignore=ignored)
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [
        sys.executable,
        "-m",
        "pip",
        *words,
        "--wheel-dir",
        str(folder / "wheels"),
        str(copy),
    ]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    build(ROOT, folder)
    build(SAMPLE, folder)
    environment = Clean(folder)
    wheels = sorted(map(str, (folder / "wheels").glob("*.whl")))
    assert len(wheels) == 2
    pip = [sys.executable, "-m", "pip", "--python", str(environment.bin / "python")]
    words = ["install", "--quiet", "--no-deps", "--no-index", *wheels]
    subprocess.run([*pip, *words], check=True)
    return environment


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
