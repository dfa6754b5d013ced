"""Progress of long work: a bar on a terminal, a line a minute everywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cefrbench.border import console, plain
from cefrbench.errors import UserError

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import ProgressColumn, Task, TaskID
    from rich.text import Text


class Progress(Protocol):
    """What long work reports to; phases follow each other, one at a time."""

    def say(self, sentence: str) -> None:
        """Say something between two phases."""

    def start(self, phase: str, total: int, unit: str) -> None:
        """Begin a phase of about ``total`` units (``"tokens"``, ``"fits"``, ...)."""

    def advance(self, n: int, total: int | None = None) -> None:
        """Count ``n`` more units as done; ``total`` mends the first estimate."""

    def finish(self) -> None:
        """End the phase."""


class Silent:
    """Says nothing."""

    def say(self, sentence: str) -> None:
        """Say something."""

    def start(self, phase: str, total: int, unit: str) -> None:
        """Begin a phase."""

    def advance(self, n: int, total: int | None = None) -> None:
        """Count units."""

    def finish(self) -> None:
        """End the phase."""


class Lines:
    """A line a minute in a log: what is done, how far, how long it took and will take.

    Parameters
    ----------
    tell : callable
        Gets each line.
    every : float
        Seconds between two lines.
    phases : bool
        Whether the end of every phase is a line too, however short it was.
    clock : callable
        Gives seconds.
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        every: float = 60.0,
        phases: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell, self._every, self._phases, self._clock = tell, every, phases, clock
        self._told = clock()
        self._open = self._spoke = False

    def say(self, sentence: str) -> None:
        """Write it as a line."""
        self._tell(sentence)

    def start(self, phase: str, total: int, unit: str) -> None:
        """Begin a phase, ending the one before if it is still open."""
        self.finish()
        self._phase, self._total, self._unit = phase, total, unit
        self._done, self._began = 0, self._clock()
        self._open = True

    def advance(self, n: int, total: int | None = None) -> None:
        """Count units, and say how far it is when a minute has passed."""
        self._done += n
        self._total = self._total if total is None else total
        now = self._clock()
        if now - self._told < self._every:
            return
        self._told, self._spoke = now, True
        took = now - self._began
        left = took * max(0, self._total - self._done) / max(1, self._done)
        share = min(1.0, self._done / max(1, self._total))
        self._tell(
            f"{self._phase}: {self._done:,} of about {self._total:,} {self._unit}, {share:.0%}; "
            f"{duration(took)} so far, about {duration(left)} left"
        )

    def finish(self) -> None:
        """End the phase, with a line where one was told before or all phases are."""
        if self._open and (self._spoke or self._phases):
            took = duration(self._clock() - self._began)
            self._tell(f"{self._phase}: done, {self._done:,} {self._unit} in {took}")
        self._open = self._spoke = False


def duration(seconds: float) -> str:
    """Write a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class All:
    """Tells several of them, or nobody."""

    def __init__(self, *told: Progress) -> None:
        self._told = told

    def say(self, sentence: str) -> None:
        """Say something."""
        for one in self._told:
            one.say(sentence)

    def start(self, phase: str, total: int, unit: str) -> None:
        """Begin a phase."""
        for one in self._told:
            one.start(phase, total, unit)

    def advance(self, n: int, total: int | None = None) -> None:
        """Count units."""
        for one in self._told:
            one.advance(n, total)

    def finish(self) -> None:
        """End the phase."""
        for one in self._told:
            one.finish()


class Terminal:
    """A bar on standard error with rate and time left; it vanishes when the phase ends."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def say(self, sentence: str) -> None:
        """Write it above the bar that comes."""
        self.finish()
        console(stderr=True).print(plain(sentence), markup=False, highlight=False)

    def start(self, phase: str, total: int, unit: str) -> None:
        """Begin a phase, ending the one before if it is still open."""
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.finish()
        columns: list[ProgressColumn] = [
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            _rate_column(),
            TimeRemainingColumn(),
        ]
        self._bar = RichProgress(*columns, console=console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task(phase, total=total, unit=unit)

    def advance(self, n: int, total: int | None = None) -> None:
        """Count units."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=n, total=total)

    def finish(self) -> None:
        """End the phase and take the bar away."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None


def _rate_column() -> ProgressColumn:
    from rich.progress import ProgressColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Units a second, by the last seconds' speed."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            unit = task.fields["unit"]
            return Text(f"{speed:,.0f} {unit}/s" if speed else f"– {unit}/s")

    return Rate()


def make_progress(
    quiet: bool = False, *, log_file: Path | None = None, verbose: bool = False
) -> Progress:
    """Give a bar where standard error is a terminal, else a line a minute there.

    Parameters
    ----------
    quiet : bool
        Neither.
    log_file : Path, optional
        Gets lines too, with the time of day, after those that it holds.
    verbose : bool
        The end of every phase is a line.

    Raises
    ------
    UserError
        When the file can't be written.
    """
    told: list[Progress] = []
    if not quiet:
        bar = sys.stderr.isatty() and not verbose
        told.append(Terminal() if bar else Lines(_to_stderr, phases=verbose))
    if log_file is not None:
        _append(log_file, "")
        told.append(
            Lines(lambda line: _append(log_file, f"{_now()} {plain(line)}\n"), phases=verbose)
        )
    return told[0] if len(told) == 1 else All(*told)


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _to_stderr(line: str) -> None:
    print(f"{_now()} {plain(line)}", file=sys.stderr, flush=True)


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UserError(
            f"The log {str(path)!r} can't be written ({error.strerror}): name another file with "
            "--log-file."
        ) from error
