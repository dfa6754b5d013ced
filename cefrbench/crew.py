"""Other processes that fill the same cache: on this machine, on a SLURM cluster, on Ray.

Each is the same command as the run itself, told that it only helps. It goes through features and
fits, takes what is neither there nor claimed (:mod:`cefrbench.claims`), and puts it into the cache;
names and keys travel, no tensors. The run that called them works beside them, reads everything
from the cache in its own order, and so gives what it would have given alone. A helper that dies
costs what it was at: its claims end with it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from cefrbench.config import RunConfig, as_command
from cefrbench.errors import UserError

Executor = Literal["local", "submitit", "ray"]
EXECUTORS: tuple[Executor, ...] = ("local", "submitit", "ray")
#: Seconds that a helper on this machine gets to end by itself.
PATIENCE = 5.0


class Helpers(Protocol):
    """Starts helpers somewhere, and ends them."""

    def start(self, commands: Sequence[Sequence[str]]) -> None:
        """Start one helper a command, and don't wait for them."""

    def end(self) -> None:
        """End those that still run."""


@dataclass(slots=True)
class Crew:
    """Helpers of one run, called when there is something to do.

    Attributes
    ----------
    helpers : Helpers or None
        None for a run that is a helper itself, or has none.
    commands : sequence of sequence of str
        One a helper.
    number, size : int
        This process among all that work, itself included: where in the work it begins.
    """

    helpers: Helpers | None = None
    commands: Sequence[Sequence[str]] = ()
    number: int = 0
    size: int = 1
    _called: bool = field(default=False, init=False)

    def call(self) -> None:
        """Start the helpers, the first time that there is work."""
        if self.helpers is not None and not self._called:
            self._called = True
            self.helpers.start(self.commands)

    def dismiss(self) -> None:
        """End the helpers."""
        if self.helpers is not None and self._called:
            self.helpers.end()

    def turned(self, work: Sequence[Any]) -> list[Any]:
        """Give the work in the order of this process: each begins at another place."""
        start = len(work) * self.number // self.size
        return [*work[start:], *work[:start]]


def helper_command(config: RunConfig, cache_dir: Path, number: int, size: int) -> list[str]:
    """Write the command of one helper."""
    here = config.model_copy(
        update={"data_dir": config.data_dir and str(Path(config.data_dir).resolve())}
    )
    words = shlex.split(as_command(here))[1:]
    words += ["--cache-dir", str(cache_dir.resolve()), "--helper", f"{number}/{size}", "--quiet"]
    return [sys.executable, "-m", "cefrbench", *words]


def make_helpers(
    executor: Executor, folder: Path, options: Sequence[str], ray_address: str | None = None
) -> Helpers:
    """Choose where helpers run.

    Parameters
    ----------
    executor : {"local", "submitit", "ray"}
    folder : Path
        For logs.
    options : sequence of str
        ``NAME=VALUE``: parameters of submitit's executor, or of ``ray.init``.
    ray_address : str, optional
        The cluster of Ray to join.

    Raises
    ------
    UserError
        When the package isn't installed, an option can't be read, or Ray can't be joined.
    """
    given = dict(map(_option, options))
    if ray_address is not None and given.setdefault("address", ray_address) != ray_address:
        raise UserError(
            f"Two addresses of Ray are given, {given['address']!r} and {ray_address!r}: leave "
            "--executor-option address= out."
        )
    if executor == "local":
        if given:
            raise UserError("--executor-option is for submitit and ray: leave it out.")
        return LocalHelpers(folder)
    try:
        if executor == "submitit":
            return SubmititHelpers(folder, given)
        return RayHelpers(given)
    except ImportError as error:
        raise UserError(
            f"--executor {executor} needs a package that isn't installed ({error.name}): "
            f"pip install 'cefrbench[{executor}]'."
        ) from error


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (name.isidentifier() and equals):
        raise UserError(f"--executor-option {text!r} can't be read: write NAME=VALUE.")
    for read in (int, float):
        with suppress(ValueError):
            return name, read(value)
    return name, value


class LocalHelpers:
    """Processes of this machine; what they say goes into a file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, commands: Sequence[Sequence[str]]) -> None:
        """See :class:`Helpers`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for number, command in enumerate(commands, start=1):
            with (self.folder / f"helper-{number}.log").open("wb") as log:
                self.running.append(
                    subprocess.Popen(
                        command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
                    )
                )

    def end(self) -> None:
        """See :class:`Helpers`."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class SubmititHelpers:
    """Jobs of submitit: SLURM where there is one, else its local executor."""

    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        import submitit

        self._executor = submitit.AutoExecutor(folder, cluster=options.pop("cluster", None))
        self._command = submitit.helpers.CommandFunction
        try:
            self._executor.update_parameters(**{"timeout_min": 24 * 60, **options})
        except (NameError, TypeError, ValueError) as error:
            raise UserError(f"submitit doesn't take these --executor-option: {error}") from error
        self.jobs: list[Any] = []

    def start(self, commands: Sequence[Sequence[str]]) -> None:
        """See :class:`Helpers`."""
        self.jobs = [
            self._executor.submit(self._command(list(command), verbose=False))
            for command in commands
        ]

    def end(self) -> None:
        """See :class:`Helpers`."""
        for job in self.jobs:
            job.cancel()


class RayHelpers:
    """Tasks of Ray, one CPU each unless said otherwise; one whose worker dies is not sent again."""

    def __init__(self, options: dict[str, Any]) -> None:
        import ray

        resources = {key: options.pop(key) for key in ("num_cpus", "num_gpus") if key in options}
        self._ray = ray
        self._began = not ray.is_initialized()
        if self._began:
            if "RAY_ADDRESS" not in os.environ:
                # Else Ray joins whatever cluster was begun here last, even one that is gone.
                options.setdefault("address", "local")
            try:
                ray.init(**{"log_to_driver": False, "include_dashboard": False, **options})
            except (ConnectionError, RuntimeError, TypeError, ValueError) as error:
                told = str(error).partition("\n")[0]
                raise UserError(
                    f"Ray can't be started or joined ({told}): look at --ray-address and "
                    "--executor-option, and whether `ray status` knows the cluster."
                ) from error
        self._work = ray.remote(_run_command).options(max_retries=0, **resources)
        self.tasks: list[Any] = []

    def start(self, commands: Sequence[Sequence[str]]) -> None:
        """See :class:`Helpers`."""
        self.tasks = [self._work.remote(list(command)) for command in commands]

    def end(self) -> None:
        """See :class:`Helpers`."""
        for task in self.tasks:
            self._ray.cancel(task, force=True)
        if self._began:
            self._ray.shutdown()


def _run_command(command: list[str]) -> int:
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode
