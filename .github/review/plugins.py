"""Run the conformance kit on the plugins that a pull request adds or changes, and on no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from changes import base_of, changed, tell

#: Seconds that a check may take.
LIMIT = 1200
#: Status of a check that did not come to an end.
FAILED = 3
#: Stands in every report of the kit.
REPORT = "### "


def main(base: str) -> int:
    """Report on each plugin; the status is the worst of all."""
    plugins = [path for path in changed(base, "plugins") if is_plugin(path)]
    if not plugins:
        tell("No plugin is added or changed.")
        return 0
    return max(check(path) for path in plugins)


def is_plugin(path: Path) -> bool:
    """Whether a file is a plugin: neither a sample nor a module that plugins share."""
    return path.suffix == ".py" and len(path.parts) == 3 and not path.name.startswith("_")


def check(path: Path) -> int:
    """Check one plugin, in a process of its own, and tell what was found."""
    command = [sys.executable, "-m", "cefrbench", "check", str(path), "--markdown", "-"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        tell(f"`{path}`: its check had no end after {LIMIT // 60} minutes.")
        return FAILED
    if REPORT not in done.stdout:
        # A plugin can end the process that checks it, with whatever status it likes.
        tell(f"`{path}`: its check gave no report (status {done.returncode}). {done.stderr}")
        return done.returncode or FAILED
    tell(done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(base_of(sys.argv[1:])))
