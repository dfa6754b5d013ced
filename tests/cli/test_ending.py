"""How a process ends that is told to while it is ending."""

import subprocess
import sys

import pytest

ENDS = """
import atexit, os, signal, sys

atexit.register(lambda: os.kill(os.getpid(), signal.{}))
sys.argv = ["cefrbench", "--version"]

from cefrbench.__main__ import run

run()
"""


@pytest.mark.parametrize(("number", "status"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_at_the_very_end_leaves_at_once_and_says_nothing(number, status):
    done = subprocess.run(
        [sys.executable, "-c", ENDS.format(number)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.startswith("cefrbench")
    assert (done.returncode, done.stderr) == (status, "")
