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
from cefrbench.scaffold.sample import sample_csv

_NAME = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
_CODE = re.compile(r"[a-z]{2}")
_LONGEST = 60


def parse_name(kind: Kind, name: str, taken: Collection[str], language: str = "en") -> Names:
    """Check the name of a new plugin.

    Parameters
    ----------
    kind : {"corpus", "encoder", "probe", "method"}
    name : str
    taken : collection of str
        Names that are registered already.
    language : str
        ISO 639-1 code of a corpus's texts.

    Raises
    ------
    PluginError
        For a name that can't be one of a file, a module and an address, or that is taken; for a
        language that is no code.
    """
    module = re.sub(r"[._-]", "_", name)
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or keyword.iskeyword(module):
        raise PluginError(
            f"{name!r} can't be the name of a {kind}: use small letters, digits and single "
            f"hyphens, beginning with a letter and at most {_LONGEST} long, 'letters-sv' say."
        )
    if name in taken:
        raise PluginError(f"There is a {kind} named {name!r} already: choose another name.")
    if not _CODE.fullmatch(language):
        raise PluginError(
            f"{language!r} is no code of a language: give the two small letters of ISO 639-1, 'sv' "
            "say."
        )
    return Names(name, module, kind, language)


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
    fields = {
        **names.fields(),
        "before": layout.before,
        "also": layout.also,
        "after": layout.after,
    }
    templates = {
        layout.plugin: f"{names.kind}.py",
        layout.test: f"test_{names.kind}.py",
        **layout.extra,
    }
    files = {path: _filled(template, fields) for path, template in templates.items()}
    if names.kind == "corpus":
        files[layout.sample] = sample_csv(fields["title"], names.language)
    for path in files:
        if path.exists():
            raise PluginError(
                f"{str(path)!r} is there already and is left as it is: remove it first, or choose "
                "another name."
            )
    for path, text in files.items():
        write_text(path, text)
    return list(files)


def _filled(template: str, fields: dict[str, str]) -> str:
    source = resources.files("cefrbench.scaffold") / "templates" / f"{template}.tmpl"
    return Template(source.read_text("utf-8")).substitute(fields)
