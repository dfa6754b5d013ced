"""What a pull request changes, by path, and where its reports go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def changed(base: str, *places: str, kinds: str = "AMR") -> list[Path]:
    """Files below ``places`` that were added, changed or renamed since ``base``.

    Paths come from a pull request: they are split at NUL, and never pass through a shell.
    """
    command = ["git", "diff", "--name-only", "-z", f"--diff-filter={kinds}", f"{base}...HEAD", "--"]
    done = subprocess.run([*command, *places], capture_output=True, check=True)
    return [Path(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]


def tell(markdown: str) -> None:
    """Print a report, and put it on the page of the pull request's run."""
    print(markdown)
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(markdown + "\n")


def base_of(arguments: list[str]) -> str:
    """The commit to compare with, from the command line."""
    if len(arguments) != 1:
        sys.exit("usage: python FILE BASE-COMMIT")
    return arguments[0]
