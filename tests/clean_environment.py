"""A new environment that holds built wheels, and nothing from this checkout.

Dependencies are lent by the environment of the tests, so that no index has to be asked.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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


def make_clean(folder, *sources):
    """A clean environment below a folder with the wheels of some sources installed."""
    for source in sources:
        build(source, folder)
    environment = Clean(folder)
    wheels = sorted(map(str, (folder / "wheels").glob("*.whl")))
    assert len(wheels) == len(sources)
    pip = [sys.executable, "-m", "pip", "--python", str(environment.bin / "python")]
    words = ["install", "--quiet", "--no-deps", "--no-index", *wheels]
    subprocess.run([*pip, *words], check=True)
    return environment
