"""Fill the templates in and write them: all files of a plugin, or none."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection
from importlib import resources
from pathlib import Path
from string import Template

from cefrbench.atomic import write_text
from cefrbench.errors import PluginError
from cefrbench.scaffold.layout import Kind, Layout, Names

_NAME = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
_LONGEST = 60


def parse_name(kind: Kind, name: str, taken: Collection[str]) -> Names:
    """Check the name of a new plugin.

    Parameters
    ----------
    kind : {"corpus", "encoder", "probe"}
    name : str
    taken : collection of str
        Names that are registered already.

    Raises
    ------
    PluginError
        For a name that can't be one of a file, a module and an address, or that is taken.
    """
    module = re.sub(r"[._-]", "_", name)
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or keyword.iskeyword(module):
        raise PluginError(
            f"{name!r} can't be the name of a {kind}: use small letters, digits and single "
            f"hyphens, beginning with a letter and at most {_LONGEST} long, 'letters-sv' say."
        )
    if name in taken:
        raise PluginError(f"There is a {kind} named {name!r} already: choose another name.")
    return Names(name, module, kind)


def write_plugin(names: Names, layout: Layout) -> list[Path]:
    """Write all files of a plugin; nothing is written when one of them is there already.

    Returns
    -------
    list of Path
        What was written, the plugin first.

    Raises
    ------
    PluginError
        When a file is there already.
    CacheError
        When one can't be written.
    """
    files = {
        layout.plugin: f"{names.kind}.py",
        **({layout.sample: "corpus.csv"} if names.kind == "corpus" else {}),
        layout.test: f"test_{names.kind}.py",
        **layout.extra,
    }
    for path in files:
        if path.exists():
            raise PluginError(
                f"{str(path)!r} is there already and is left as it is: remove it first, or choose "
                "another name."
            )
    fields = {
        **names.fields(),
        "before": layout.before,
        "also": layout.also,
        "after": layout.after,
    }
    for path, template in files.items():
        write_text(path, _filled(template, fields))
    return list(files)


def _filled(template: str, fields: dict[str, str]) -> str:
    source = resources.files("cefrbench.scaffold") / "templates" / f"{template}.tmpl"
    return Template(source.read_text("utf-8")).substitute(fields)
