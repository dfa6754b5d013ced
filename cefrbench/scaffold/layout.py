"""Where the files of a new plugin go: into a checkout, a package of its own, or a loose folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cefrbench.doors import PYPROJECT, read_toml
from cefrbench.errors import PluginError
from cefrbench.scaffold.sample import INVENTED

Kind = Literal["corpus", "encoder", "probe", "method"]

#: Folder of each kind, below ``plugins/`` and ``tests/``.
FOLDERS: dict[Kind, str] = {
    "corpus": "corpora",
    "encoder": "encoders",
    "probe": "probes",
    "method": "methods",
}


@dataclass(frozen=True, slots=True)
class Names:
    """The forms that the name of a plugin takes.

    Attributes
    ----------
    name : str
        As registered: ``letters-sv``.
    module : str
        ``letters_sv``.
    kind : {"corpus", "encoder", "probe", "method"}
    language : str
        ISO 639-1 code of a corpus's texts.
    """

    name: str
    module: str
    kind: Kind
    language: str = "en"

    def fields(self) -> dict[str, str]:
        """What templates may use."""
        words = self.module.split("_")
        return {
            "name": self.name,
            "module": self.module,
            "kind": self.kind,
            "package": f"cefrbench_{self.module}",
            "distribution": f"cefrbench-{self.name.replace('.', '-').replace('_', '-')}",
            "cls": "".join(word.capitalize() for word in words),
            "title": " ".join(word.capitalize() for word in words),
            "language": self.language,
            "begins": INVENTED if self.language == "en" else "Replace: ",
            "variable": f"{self.module.upper()}_CSV",
        }


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the files go, and what follows from it.

    Attributes
    ----------
    plugin, test : Path
    sample : Path
        Used by corpora only.
    extra : dict of Path to str
        Further files, by the name of their template.
    before, also, after : str
        How the test gets at the plugin's module: lines before its imports, further names from
        cefrbench, lines after.
    options : str
        What `cefrbench` needs to find the plugin.
    """

    plugin: Path
    test: Path
    sample: Path
    extra: dict[Path, str] = field(default_factory=dict)
    before: str = ""
    also: str = ""
    after: str = ""
    options: str = ""


def in_checkout(names: Names, start: Path) -> Layout:
    """Lay a plugin out among the built-ins, for a pull request.

    Raises
    ------
    PluginError
        When ``start`` is not inside a checkout of cefrbench.
    """
    root = _checkout(start)
    folder = FOLDERS[names.kind]
    return Layout(
        plugin=root / "plugins" / folder / f"{names.module}.py",
        test=root / "tests" / folder / f"test_{names.module}.py",
        sample=root / "plugins" / folder / "samples" / f"{names.name}.csv",
        before=f"from cefrbench_plugins.{folder} import {names.module} as plugin\n\n",
    )


def as_package(names: Names, folder: Path) -> Layout:
    """Lay a plugin out as a package of its own, found through its entry point."""
    fields = names.fields()
    source = folder / "src" / fields["package"]
    return Layout(
        plugin=source / f"{names.kind}.py",
        test=folder / "tests" / f"test_{names.module}.py",
        sample=source / "samples" / f"{names.name}.csv",
        after=f"\nfrom {fields['package']} import {names.kind} as plugin\n",
        extra={
            folder / "pyproject.toml": "package.toml",
            folder / "README.md": "package.md",
            source / "__init__.py": "package_init.py",
        },
    )


def as_file(names: Names, folder: Path) -> Layout:
    """Lay a plugin out as a loose file, found through ``--plugins-dir``."""
    return Layout(
        plugin=folder / f"{names.module}.py",
        test=folder / "tests" / f"test_{names.module}.py",
        sample=folder / "samples" / f"{names.name}.csv",
        before="from pathlib import Path\n\n",
        also=", load_file",
        after=f'\nplugin = load_file(Path(__file__).parents[1] / "{names.module}.py")\n',
        options=f"--plugins-dir {folder} ",
    )


def _checkout(start: Path) -> Path:
    """The checkout that a folder is in."""
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and (folder / "plugins" / "corpora").is_dir():
            name = read_toml(file, PYPROJECT).get("project", {}).get("name")
            if name == "cefrbench":
                return folder
    raise PluginError(
        f"{str(start)!r} is in no checkout of cefrbench: go to one, or write a package of your own "
        "with --package DIR, or a loose file with --plugins-dir DIR."
    )
