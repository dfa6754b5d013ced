"""Faults of the machine while the real command runs: it dies, the disk is full, bytes turn over.

Each trial has a cache and an output of its own. After whatever was done to it, the same command is
run again and must end well, with the bytes of a run that nobody disturbed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from faults.judge import STATUSES, Ended, complaints, half_written
from faults.world import Tally

from cefrbench.errors import UserError
from cefrbench.results.checked import check_result

#: What is struck: an encoder, its features, fits of two probes on all layers, the result.
RUN = ["run", "--suite", "quickstart", "--encoder", "random-qwen3-tiny", "--probe", "ridge",
       "--probe", "ordinal", "--corpus", "merlin-cs", "--corpus", "merlin-it", "--layers", "all",
       "--protocol", "iid", "--protocol", "loco", "--no-references", "--no-analyses",
       "--refits", "0", "--quiet"]  # fmt: skip
KEPT = "Interrupted; what was finished is kept, and the same command goes on."
RESULT = "random-qwen3-tiny/quickstart.json"


class Machine:
    """Where commands run, and can be struck."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._answer() == "ready"

    def _answer(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()

    def run(
        self,
        words: list[str],
        *,
        strike: Callable[[int], None] | None = None,
        limits: dict[str, int] | None = None,
        clock: int = 0,
        out: Path | None = None,
    ) -> Ended:
        """Run a command; ``strike`` is called with the number of its process."""
        assert self._server.stdin is not None
        job: dict[str, Any] = {"words": words, "limits": limits or {}, "clock": clock}
        job |= {"out": str(out or self.folder / "stdout"), "err": str(self.folder / "stderr")}
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        process = int(self._answer())
        if strike is not None:
            strike(process)
        status, seconds, mebibytes = json.loads(self._answer())
        said = [Path(str(job[name])) for name in ("out", "err")]
        texts = [one.read_text("utf-8", "replace") if one.is_file() else "" for one in said]
        return Ended(status, texts[0], texts[1], seconds, mebibytes)

    def close(self) -> None:
        """End the server."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()


class Trial:
    """One cache and one output, and what an undisturbed run gives."""

    def __init__(self, machine: Machine, chance: random.Random, whole: Whole) -> None:
        self.machine, self.chance, self.whole = machine, chance, whole
        self.folder = machine.folder / "trial"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.cache, self.out = self.folder / "cache", self.folder / "out"
        self.wrong: list[str] = []
        self.worst = Ended(0, "", "", 0.0, 0.0)

    @property
    def words(self) -> list[str]:
        """The command that is struck."""
        return [*RUN, "--cache-dir", str(self.cache), "--output", str(self.out)]

    def warm(self) -> None:
        """Begin from the cache and output of an undisturbed run."""
        shutil.copytree(self.whole.folder / "cache", self.cache)
        shutil.copytree(self.whole.folder / "out", self.out)

    def run(self, statuses: set[int] = STATUSES, **options: Any) -> Ended:  # type: ignore[assignment]
        """Run the command, struck or not, and judge it."""
        ended = self.machine.run(self.words, **options)
        self.judge(ended, statuses)
        return ended

    def judge(self, ended: Ended, statuses: set[int]) -> None:
        """Note what it did wrong, and that all files that have their names are whole."""
        self.wrong += complaints(ended, statuses)
        if ended.seconds > self.worst.seconds:
            self.worst = ended
        for path in self.out.glob("*/*.json"):
            try:
                self.wrong += [f"{path.name}: {one}" for one in check_result(path)]
            except UserError as error:
                self.wrong.append(str(error))

    def end(self) -> None:
        """Run the command again, undisturbed, and compare with the run that nobody disturbed."""
        self.run({0})
        self.wrong += [f"half written: {one}" for one in half_written(self.folder)]
        if content(self.out) != self.whole.content:
            self.wrong.append("other bytes than those of an undisturbed run")


def content(out: Path) -> dict[str, Any]:
    """What a run wrote, without the time and place of its making."""
    path = out / RESULT
    if not path.is_file():
        return {}
    data = json.loads(path.read_text("utf-8"))
    for key in ("provenance", "checksum"):
        del data[key]
    beside = path.with_name(data["predictions"]["file"])
    return {"result": data, "predictions": beside.read_bytes() if beside.is_file() else b""}


class Whole:
    """An undisturbed run: how long it takes and what it gives."""

    def __init__(self, machine: Machine) -> None:
        self.folder = machine.folder / "whole"
        words = [*RUN, "--cache-dir", str(self.folder / "cache")]
        begun = time.monotonic()
        ended = machine.run([*words, "--output", str(self.folder / "out")])
        assert ended.status == 0, ended.err
        self.seconds = time.monotonic() - begun
        self.content = content(self.folder / "out")


# -- faults --------------------------------------------------------------------------------------


def _signals(number: signal.Signals, status: int) -> Callable[[Trial], None]:
    def strike(trial: Trial) -> None:
        for _ in range(trial.chance.randint(1, 3)):
            wait = trial.chance.uniform(0.02, 1.05 * trial.whole.seconds)

            def hit(process: int, wait: float = wait) -> None:
                time.sleep(wait)
                try:
                    os.kill(process, number)
                except ProcessLookupError:  # it has ended
                    return

            # Before Python is there, a signal ends a process by itself.
            ended = trial.run({0, status, -number}, strike=hit)
            if ended.status > 3 and KEPT not in ended.err:
                trial.wrong.append(f"it doesn't say what is kept: {ended.err}")

    return strike


def _full_disk(trial: Trial) -> None:
    """No file may grow past a size, as on a full disk or under a quota."""
    largest = max(p.stat().st_size for p in trial.whole.folder.rglob("*") if p.is_file())
    limit = int(10 ** trial.chance.uniform(0, len(str(largest)) - 0.5))
    ended = trial.run({0, 1, 3}, limits={"FSIZE": limit})
    if ended.status == 0 and limit < 1000:
        trial.wrong.append(f"status 0 with {limit} bytes a file")


def _few_files(trial: Trial) -> None:
    """No more than a few files may be open."""
    trial.run({0, 1, 3}, limits={"NOFILE": trial.chance.randint(24, 200)})


def _flipped_cache(trial: Trial) -> None:
    """One byte of every file of the cache is another."""
    trial.warm()
    for path in sorted(trial.cache.rglob("*")):
        if path.is_file() and path.stat().st_size:
            data = bytearray(path.read_bytes())
            data[trial.chance.randrange(len(data))] ^= 1 << trial.chance.randrange(8)
            path.write_bytes(data)
    verify = trial.machine.run(["cache", "verify", "--cache-dir", str(trial.cache)])
    trial.judge(verify, {3})


def _torn_cache(trial: Trial) -> None:
    """Every file of the cache is cut short, emptied, or full of zeros."""
    trial.warm()
    for path in sorted(trial.cache.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            keep = trial.chance.choice([0, trial.chance.randint(0, len(data)), len(data)])
            path.write_bytes(data[:keep].ljust(trial.chance.choice([0, len(data)]), b"\0"))


def _lost_cache(trial: Trial) -> None:
    """Half of the cache's files are gone, or are something else than files."""
    trial.warm()
    for path in sorted(trial.cache.rglob("*"), reverse=True):
        if path.is_file() and trial.chance.random() < 0.5:
            path.unlink()
            if trial.chance.random() < 0.3:
                os.mkfifo(path)


def _flipped_output(trial: Trial) -> None:
    """One byte of the result or of its predictions is another: that is told, and mended."""
    trial.warm()
    paths = sorted(path for path in trial.out.rglob("*") if path.is_file())
    path = trial.chance.choice(paths)
    data = bytearray(path.read_bytes())
    data[trial.chance.randrange(len(data))] ^= 1 << trial.chance.randrange(8)
    path.write_bytes(data)
    for command in (["results", "check"], ["show"]):
        ended = trial.machine.run([*command, str(trial.out / RESULT)])
        trial.wrong += complaints(ended, {1})


def _clock(trial: Trial) -> None:
    """The clock jumps by hours and years, and files are from the future and from 1970."""
    if trial.chance.random() < 0.5:
        trial.warm()
        for path in trial.cache.rglob("*"):
            when = trial.chance.choice([0, 1e9, 4e9])
            os.utime(path, (when, when))
    trial.run({0}, clock=trial.chance.randint(1, 10**6))


def _gone_folders(trial: Trial) -> None:
    """Cache or output are removed while the command runs."""

    def hit(_: int) -> None:
        time.sleep(trial.chance.uniform(0.02, trial.whole.seconds))
        shutil.rmtree(trial.chance.choice([trial.cache, trial.out]), ignore_errors=True)

    trial.run({0, 1, 3}, strike=hit)


def _full_stdout(trial: Trial) -> None:
    """Standard output takes nothing."""
    trial.warm()
    for words in (["show", str(trial.out / RESULT)], ["list", "encoders", "--json"]):
        ended = trial.machine.run(words, out=Path("/dev/full"))
        trial.wrong += complaints(ended, {1})


#: Faults by what they are called, and how many trials in the bounded part and in the whole.
FAULTS: dict[str, tuple[Callable[[Trial], None], int, int]] = {
    "SIGKILL at any moment, once to three times": (_signals(signal.SIGKILL, -9), 4, 200),
    "SIGTERM at any moment, once to three times": (_signals(signal.SIGTERM, 143), 2, 100),
    "SIGINT at any moment, once to three times": (_signals(signal.SIGINT, 130), 2, 100),
    "a full disk (no file grows past a size)": (_full_disk, 2, 100),
    "too few files may be open": (_few_files, 1, 60),
    "a byte turned over in every file of the cache": (_flipped_cache, 2, 100),
    "files of the cache cut, emptied or zeroed": (_torn_cache, 1, 60),
    "files of the cache gone, or pipes in their place": (_lost_cache, 1, 60),
    "a byte turned over in the result or its predictions": (_flipped_output, 2, 100),
    "the clock jumps; files from the future": (_clock, 1, 60),
    "cache or output removed during the run": (_gone_folders, 1, 60),
    "standard output is full": (_full_stdout, 1, 10),
}


def strike(folder: Path, *, share: float | None, number: int, only: str = "") -> Iterator[Tally]:
    """Try each fault."""
    machine = Machine(folder)
    try:
        whole = Whole(machine)
        for name, (fault, few, many) in FAULTS.items():
            if only not in name:
                continue
            tally = Tally(name)
            for index in range(few if share is None else max(1, round(share * many))):
                trial = Trial(machine, random.Random(f"{number} {name} {index}"), whole)
                fault(trial)
                trial.end()
                tally.count(trial.worst, [f"trial {index}: {one}" for one in trial.wrong])
            yield tally
    finally:
        machine.close()
