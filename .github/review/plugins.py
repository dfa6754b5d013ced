"""Run the conformance kit on the plugins that a pull request adds or changes, and on no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from changes import base_of, changed, tell


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
    """Check one plugin and tell what was found."""
    command = [sys.executable, "-m", "cefrbench", "check", str(path), "--markdown", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    tell(done.stdout or f"`{path}`: {done.stderr}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(base_of(sys.argv[1:])))
