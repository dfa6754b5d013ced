"""Runs of tests in forks of a process that has imported all that no fault changes.

A fault of one line is noticed within milliseconds; a new interpreter takes seconds to import
scikit-learn, torch and the like.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

#: Random examples must not make a mutant die on one day and live on another. What is imported
#: before pytest begins has no rewritten assertions, and needs none.
ARGUMENTS = (
    *("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=ci", "-m", "not slow"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
#: Imported once. It may lack something, which then takes its time in each fork.
IMPORTED = (
    *("numpy", "scipy.stats", "scipy.special", "scipy.sparse.csgraph", "scipy.optimize"),
    *("sklearn.linear_model", "sklearn.model_selection", "sklearn.metrics", "sklearn.utils"),
    *("torch", "transformers", "safetensors.numpy", "pyarrow.parquet", "pydantic", "pluggy"),
    *("rich.table", "click", "hypothesis", "jsonschema", "pandas", "coverage"),
)
#: Times the seconds of tests unharmed after which they have failed, of the processor and by the
#: clock, and seconds to collect them.
SLOWER, LATER, COLLECTED = 4.0, 3.0, 20.0


@dataclass(frozen=True)
class Run:
    """How a run of tests ended: ``status`` is pytest's, or None if it ran out of time."""

    status: int | None
    output: str


def prepare() -> None:
    """Import what every run needs."""
    for name in IMPORTED:
        importlib.import_module(name)


def run(
    tests: Sequence[str], seconds: float, plugins: Callable[[], Sequence[object]] = tuple
) -> Run:
    """Run tests in a fork of this process, from the current folder.

    Parameters
    ----------
    tests : sequence of str
        Files or identifiers.
    seconds : float
        What they take unharmed.
    plugins : callable
        Gives plugins of pytest, in the fork.
    """
    most = COLLECTED + SLOWER * seconds
    with tempfile.TemporaryFile() as log:
        child = os.fork()
        if child == 0:
            _run_here(tests, most, plugins, log.fileno())
        status = _wait(child, LATER * most)
        log.seek(0)
        return Run(status, log.read().decode("utf-8", "replace"))


def _run_here(
    tests: Sequence[str], most: float, plugins: Callable[[], Sequence[object]], log: int
) -> None:
    """Run tests and end this process, whatever happens."""
    status = -1
    try:
        os.setsid()
        os.dup2(log, 1)
        os.dup2(log, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(most), int(most) + 5))
        status = int(pytest.main([*ARGUMENTS, *tests], plugins=list(plugins())))
    except BaseException:  # noqa: BLE001  # this process may not go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()

        os._exit(status & 0xFF)


def _wait(child: int, seconds: float) -> int | None:
    """Wait for a process, end it and all of its own, and give its status."""
    end = time.monotonic() + seconds
    pause = 0.005
    while not (found := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < end:
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
    with suppress(ProcessLookupError):  # it ended, and left nothing behind
        os.killpg(child, signal.SIGKILL)
    if not found[0]:
        os.waitpid(child, 0)
        return None
    status = os.waitstatus_to_exitcode(found[1])
    return None if status in (-signal.SIGXCPU, -signal.SIGKILL) else status


def copied(path: str) -> bool:
    """Whether a module is imported from the current folder, asked in a fork."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            file = importlib.import_module(path).__file__ or ""
            status = int(not Path(file).resolve().is_relative_to(Path.cwd()))
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
