"""Progress of long work: rate and time left on a terminal, silence everywhere else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import ProgressColumn, Task, TaskID
    from rich.text import Text


class Progress(Protocol):
    """What long work reports to; phases follow each other, one at a time."""

    def start(self, phase: str, total: int, unit: str) -> None:
        """Begin a phase of about ``total`` units (``"tokens"``, ``"fits"``, ...)."""

    def advance(self, n: int, total: int | None = None) -> None:
        """Count ``n`` more units as done; ``total`` mends the first estimate."""

    def finish(self) -> None:
        """End the phase."""


class Silent:
    """Says nothing."""

    def start(self, phase: str, total: int, unit: str) -> None:
        """Begin a phase."""

    def advance(self, n: int, total: int | None = None) -> None:
        """Count units."""

    def finish(self) -> None:
        """End the phase."""


class Terminal:
    """A bar on standard error with rate and time left; it vanishes when the phase ends."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def start(self, phase: str, total: int, unit: str) -> None:
        """Begin a phase, ending the one before if it is still open."""
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.finish()
        columns: list[ProgressColumn] = [
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            _rate_column(),
            TimeRemainingColumn(),
        ]
        self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True)
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


def make_progress(quiet: bool = False) -> Progress:
    """Give a bar when standard error is a terminal and ``quiet`` isn't asked for."""
    return Silent() if quiet or not sys.stderr.isatty() else Terminal()
