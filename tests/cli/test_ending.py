"""How a process ends that is told to while it is ending."""

import subprocess
import sys

ENDS = """
import atexit, os, signal, sys

atexit.register(lambda: os.kill(os.getpid(), signal.SIGTERM))
sys.argv = ["cefrbench", "--version"]

from cefrbench.__main__ import run

run()
"""


def test_sigterm_at_the_very_end_leaves_at_once_and_says_nothing():
    done = subprocess.run(
        [sys.executable, "-c", ENDS], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.startswith("cefrbench")
    assert (done.returncode, done.stderr) == (143, "")
