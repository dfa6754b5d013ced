"""Damaged files, odd arguments and faults of the machine, against the real command.

    python tests/faults/harness.py            # all of it, an hour or two
    python tests/faults/harness.py --bounded  # the part of CI

What a command may do, whatever is done to it, stands in ``judge.py``. Exits with 1 when it did
anything else. ``--write`` puts the tally into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults.fuzz import fuzz
from faults.judge import MEBIBYTES, SECONDS
from faults.strikes import strike
from faults.world import Tally

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
PARTS = {"strike": strike, "fuzz": fuzz}
BEGIN, END = "<!-- tally: written by make faults -->", "<!-- end of the tally -->"


def main(words: Sequence[str] | None = None) -> int:
    """Try all that is asked for, and say what was lost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bounded", action="store_true", help="The part of CI.")
    parser.add_argument("--share", type=float, default=1.0, help="Of the whole that is tried.")
    parser.add_argument("--seed", type=int, default=1, help="Of all that is drawn.")
    parser.add_argument("--only", default="", metavar="TEXT", help="Of the names of what is tried.")
    parser.add_argument("--write", action="store_true", help="Put the tally into the docs.")
    options = parser.parse_args(words)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cefrbench-faults-") as place:
        tallies = tried(Path(place), options)
    lost = sum(tally.lost for tally in tallies)
    print(f"{sum(t.tried for t in tallies)} tried, {lost} lost, {time.monotonic() - begun:.0f} s")
    if options.write:
        write(tallies, options)
    return 1 if lost else 0


def tried(folder: Path, options: argparse.Namespace) -> list[Tally]:
    """Every kind of fault that is asked for; both parts side by side, in processes of their own."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        futures = [pool.submit(_part, name, folder / name, options) for name in PARTS]
        return [tally for future in futures for tally in future.result()]


def _part(name: str, folder: Path, options: argparse.Namespace) -> list[Tally]:
    folder.mkdir()
    tallies = []
    share = None if options.bounded else options.share
    for tally in PARTS[name](folder, share=share, number=options.seed, only=options.only):
        told = [f"    {one}" for one in dict.fromkeys(tally.told)]
        print("\n".join([row(tally), *told]), flush=True)
        tallies.append(tally)
    return tallies


def row(tally: Tally) -> str:
    """A line of the table."""
    return (
        f"| {tally.name} | {tally.tried:,} | {tally.tried - tally.lost:,} | {tally.lost} "
        f"| {tally.seconds:.1f} s | {tally.mebibytes:.0f} MiB |"
    )


def write(tallies: Sequence[Tally], options: argparse.Namespace) -> None:
    """Put the tally into the docs, with its day and machine."""
    now = datetime.now(UTC)
    part = "the part of CI" if options.bounded else f"`--share {options.share:g}`"
    total, lost = sum(t.tried for t in tallies), sum(t.lost for t in tallies)
    lines = [
        BEGIN,
        "",
        f"**{now.day} {now:%B %Y}: {total:,} tried, {lost} lost** (seed {options.seed}, {part}; "
        f"Python {platform.python_version()} on {platform.system()}). The bounds are "
        f"{SECONDS:.0f} s of a processor and {MEBIBYTES:,.0f} MiB a command.",
        "",
        "| fault | tried | survived | lost | most time | most memory |",
        "|---|---|---|---|---|---|",
        *map(row, tallies),
        "",
    ]
    text = DOCUMENT.read_text("utf-8")
    head, rest = text.split(BEGIN)
    DOCUMENT.write_text("".join(chain([head], "\n".join(lines) + END, rest.split(END)[1])), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
