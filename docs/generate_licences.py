"""Writes docs/licences.md: what cefrbench installs, and under which licence each of it stands.

pip-licenses reads what each installed package says of itself. The table is of the machine that it
was made on: on others PyTorch brings other libraries of the maker of the accelerator.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

DOCUMENT = Path(__file__).with_name("licences.md")
PROJECT = DOCUMENT.parents[1] / "pyproject.toml"
#: Extras for those who work on cefrbench; nobody else gets what they bring.
OWN = {"dev", "docs"}
HEAD = """# Licences of what cefrbench installs

cefrbench stands under the Apache License 2.0. What comes with it, by itself or with an extra, and
under which licence, as each package says: `make licences` writes this page with
[pip-licenses](https://github.com/raimon49/pip-licenses). Licences of corpora stand in
[the pages of the corpora](corpora.md), those of models on their cards. `UNKNOWN` and
`Other/Proprietary License` stand where a package names none that the index of packages knows: its
own page says more.

| package | licence | comes with |
|---|---|---|
"""


def name_of(text: str) -> str:
    """A package's name in one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", text).lower()


def needs(package: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What an installed package asks for here, with some of its extras."""
    for line in distribution(package).requires or ():
        asked = Requirement(line)
        marks = [{"extra": extra} for extra in extras or {""}]
        if asked.marker is None or any(asked.marker.evaluate(mark) for mark in marks):
            yield asked


def closure(asked: list[str]) -> set[str]:
    """Names of all that comes with some requirements; of what isn't installed, its own alone."""
    found: set[str] = set()
    waiting = [*map(Requirement, asked)]
    while waiting:
        one = waiting.pop()
        name = name_of(one.name)
        if name in found or name == "cefrbench":
            continue
        found.add(name)
        try:
            waiting += needs(name, frozenset(one.extras))
        except PackageNotFoundError:
            continue
    return found


def table() -> str:
    """The rows, by name."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    own = closure(project["dependencies"])
    homes = dict.fromkeys(own, "cefrbench")
    for extra, asked in sorted(project["optional-dependencies"].items()):
        for name in closure(asked) - own if extra not in OWN else ():
            homes[name] = f"{homes[name]}, `{extra}`" if name in homes else f"`{extra}`"
    command = [
        sys.executable,
        "-m",
        "piplicenses",
        "--format=json",
        "--from=mixed",
        "--with-system",
    ]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    rows = {name_of(one["Name"]): one["License"] for one in listed}
    # Some give the whole text in the place of the licence's name.
    licences = {name: " ".join(text.split()).split(" Copyright")[0] for name, text in rows.items()}
    return "".join(
        f"| {name} | {licences.get(name, 'not installed here')} | {homes[name]} |\n"
        for name in sorted(homes)
    )


if __name__ == "__main__":
    DOCUMENT.write_text(HEAD + table(), "utf-8")
