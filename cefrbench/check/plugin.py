"""Checks of a plugin as a whole: it loads, registers something under free names, stays light."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark
from cefrbench.plugins import ENTRY_POINT_GROUP, PluginHost, built_in_module
from cefrbench.registry import Plugin

#: Packages that take a second or more to import.
HEAVY = (
    "datasets",
    "pandas",
    "pyarrow",
    "scipy",
    "sentence_transformers",
    "sklearn",
    "tensorflow",
    "torch",
    "transformers",
    "xgboost",
)

#: Imports one plugin, calls its hooks, and prints which of the given packages that imported.
_IMPORT_AND_REGISTER = """
import importlib, json, sys
from pathlib import Path
from cefrbench.plugins import HOOKS, load_file
target, heavy = sys.argv[1], set(json.loads(sys.argv[2]))
module = load_file(Path(target)) if target.endswith(".py") else importlib.import_module(target)
for hook in HOOKS:
    if hook != "register_commands" and hasattr(module, hook):
        getattr(module, hook)(lambda item: None)
print(json.dumps(sorted(heavy & sys.modules.keys())))
"""


@dataclass(frozen=True, slots=True)
class PluginSubject:
    """One plugin under test, in the host that found it."""

    host: PluginHost
    plugin: Plugin

    @property
    def target(self) -> str:
        """What to import: a module, or the path of a file."""
        if self.plugin.origin == "built-in":
            return built_in_module(self.plugin)
        for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
            if point.name == self.plugin.name and self.plugin.origin.startswith("package"):
                return point.module
        return self.plugin.origin


CHECKS: CheckTable[PluginSubject] = CheckTable()


@CHECKS.add(
    "plugin-loads",
    "It loads, and all its hooks exist",
    "A plugin that can't be loaded is left out, and everything it registers is missing.",
)
def check_loads(subject: PluginSubject) -> Iterator[Problem | Remark]:
    """Load it, call its hooks, and look for an error."""
    subject.host.broken()
    if subject.plugin.error:
        yield Problem(subject.plugin.error, "mend what the error names; --debug shows where it is")
    yield Remark(", ".join(subject.plugin.hooks))


@CHECKS.add(
    "plugin-registers",
    "It registers something, under names that are free",
    "A name that is registered twice stops every run, because nobody can say which one is meant.",
    needs="plugin-loads",
)
def check_registers(subject: PluginSubject) -> Iterator[Problem | Remark]:
    """Look for collisions that name this plugin."""
    for sentence in subject.host.collisions():
        if repr(subject.plugin.name) in sentence:
            yield Problem(sentence, "choose another name on the card")
    if not subject.plugin.registered and "register_commands" not in subject.plugin.hooks:
        yield Problem("it registers nothing", "call register(…) in the hook")
    yield Remark(", ".join(subject.plugin.registered))


@CHECKS.add(
    "plugin-light",
    "Loading it imports nothing heavy",
    "`cefrbench --help` and `list` load every plugin: one that imports torch slows them down.",
    needs="plugin-loads",
)
def check_light(subject: PluginSubject) -> Iterator[Problem]:
    """Import it in a new process and call its hooks there."""
    command = [sys.executable, "-c", _IMPORT_AND_REGISTER, subject.target, json.dumps(HEAVY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise NotApplicableError(f"it can't be imported by itself: {last[0]}")
    heavy = json.loads(done.stdout.strip().splitlines()[-1])
    if heavy:
        yield Problem(
            f"loading it imports {', '.join(heavy)}",
            "import what is heavy inside the functions that use it",
        )
