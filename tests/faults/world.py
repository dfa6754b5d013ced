"""A command run in this process and judged, a tally of what was tried, and files to damage."""

from __future__ import annotations

import contextlib
import io
import json
import resource
import shutil
import signal
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from faults.judge import STUCK, Ended
from result_factory import make_result, write_made

from cefrbench.cli import main
from cefrbench.results.io import write_result

HERE = Path(__file__).parent


class TooLate(BaseException):
    """A call that takes longer than it may."""


@dataclass
class Tally:
    """What was tried under one name.

    Attributes
    ----------
    name : str
    tried, lost : int
    refused : int
        Of those tried, by a sentence; the others did their work.
    told : list of str
        What went wrong, once a kind.
    seconds, mebibytes : float
        Most that one took.
    """

    name: str
    tried: int = 0
    lost: int = 0
    refused: int = 0
    told: list[str] = field(default_factory=list)
    seconds: float = 0.0
    mebibytes: float = 0.0

    def count(self, ended: Ended, wrong: list[str]) -> None:
        """Count one more."""
        self.tried += 1
        self.lost += bool(wrong)
        self.refused += ended.status in (1, 2)
        self.told += wrong
        self.seconds = max(self.seconds, ended.seconds)
        self.mebibytes = max(self.mebibytes, ended.mebibytes)


def call(words: list[str]) -> Ended:
    """Run a command in this process, with its streams apart, no longer than it may take."""

    def late(*_: object) -> None:
        raise TooLate

    out, err = io.StringIO(), io.StringIO()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    old = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, STUCK)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(words)
            except TooLate:
                status = 99
            except BaseException as error:  # noqa: BLE001 - whatever comes out is what is looked for
                status = 98
                err.write("".join(traceback.format_exception(error)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    seconds = time.process_time() - begun
    return Ended(status, out.getvalue(), err.getvalue(), seconds, max(0.0, grown))


class World:
    """Files that are whole, and a place for damaged copies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scratch = folder / "scratch"
        small = {"texts": 12, "layers": (1, 2), "seeds": (0,), "probes": ("ridge",)}
        reference, _ = make_result(
            "length",
            role="reference",
            layers=(1,),
            **{key: value for key, value in small.items() if key != "layers"},
        )
        made = make_result("planted", references=(reference,), **small)
        self.result = write_result(*made, folder / "results")
        self.other = write_made(folder / "results", "other", skill=0.4, **small)
        rows = json.loads((HERE / "rows.json").read_text("utf-8"))
        self.rows = folder / "elle.json"
        self.rows.write_text(json.dumps(rows))

    @property
    def predictions(self) -> Path:
        """What lies beside the result."""
        return self.result.with_name(json.loads(self.result.read_text())["predictions"]["file"])

    def fresh(self) -> Path:
        """An empty folder."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        return self.scratch
