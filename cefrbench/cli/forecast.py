"""What a run will cost, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table as RichTable

from cefrbench.border import in_bytes
from cefrbench.progress import duration

if TYPE_CHECKING:
    from rich.console import Console

    from cefrbench.forecast import Forecast


def render_forecast(found: Sequence[Forecast], console: Console) -> None:
    """Print a table an encoder, and what all of them come to."""
    for one in found:
        table = RichTable(
            title=f"{one.encoder}: {one.texts:,} texts, {one.layers} layers of {one.width} "
            f"numbers, on {one.device}",
            title_justify="left",
        )
        table.add_column("phase")
        for name in ("to do", "in the cache", "time, about"):
            table.add_column(name, justify="right")
        for phase in one.phases:
            table.add_row(
                phase.phase,
                f"{phase.count:,} {phase.unit}",
                f"{phase.cached:,}" if phase.cached else "",
                duration(phase.seconds),
            )
        console.print(table)
        console.print(
            f"{duration(one.seconds)} in all, {in_bytes(one.feature_bytes)} more on disk, "
            f"{in_bytes(one.peak_memory_bytes)} of memory at most; "
            f"said after {duration(one.calibration_seconds)} of samples."
        )
    if len(found) > 1:
        console.print(f"All {len(found)} encoders: {duration(sum(o.seconds for o in found))}.")
