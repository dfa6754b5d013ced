"""From what a user names to what is checked: a registered name, a plugin, a file, a package."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cefrbench.contracts.corpus import CorpusFamily
from cefrbench.doors import PYPROJECT, read_toml
from cefrbench.errors import PluginError, unknown_name
from cefrbench.plugins import ENTRY_POINT_GROUP, PluginHost, built_in_module
from cefrbench.registry import Plugin


@dataclass(slots=True)
class Target:
    """What is to be checked, each thing by kind and full name, and the host that it lives in."""

    host: PluginHost
    plugins: list[Plugin]
    things: list[tuple[str, str, Any]]


def resolve(host: PluginHost, wanted: str) -> Target:
    """Find what ``wanted`` names.

    Parameters
    ----------
    host : PluginHost
    wanted : str
        The name of a corpus, encoder, probe, method or protocol (``elle``, ``hf:ORG/MODEL``), of a
        plugin or of an installed package; the path of a plugin file; or a package's folder.

    Raises
    ------
    UserError
        When nothing goes by that name.
    """
    path = Path(wanted)
    if wanted.endswith(".py"):
        return _file(host, path)
    if (path / "pyproject.toml").is_file():
        return _folder(host, path)
    names = _plugins_of_package(wanted)
    plugins = [p for p in host.plugins if p.name == wanted or p.name in names]
    if plugins:
        return _whole(host, plugins)
    return _named(host, wanted)


def _file(host: PluginHost, path: Path) -> Target:
    if not path.is_file():
        raise PluginError(f"There is no file {str(path)!r}: give the path of a plugin's .py file.")
    path = path.resolve()
    for plugin in host.plugins:
        if _path_of(plugin) == path:
            return _whole(host, [plugin])
    own = PluginHost(host.plugins_dir, host.load, host.built_ins, files=(path,))
    return _whole(own, [plugin for plugin in own.plugins if _path_of(plugin) == path])


def _path_of(plugin: Plugin) -> Path | None:
    """The file that a built-in or loose plugin was loaded from."""
    if plugin.origin == "built-in":
        package, _, name = built_in_module(plugin).rpartition(".")
        (folder, *_) = sys.modules[package].__path__
        return (Path(folder) / f"{name}.py").resolve()
    return Path(plugin.origin).resolve() if plugin.origin.endswith(".py") else None


def _folder(host: PluginHost, folder: Path) -> Target:
    """A package's folder: its plugins are known once it is installed."""
    project = read_toml(folder / "pyproject.toml", PYPROJECT).get("project", {})
    points = project.get("entry-points", {}).get(ENTRY_POINT_GROUP, {})
    if not points:
        raise PluginError(
            f"The package in {str(folder)!r} has no entry point in the group "
            f"{ENTRY_POINT_GROUP!r}: add [project.entry-points.{ENTRY_POINT_GROUP}] to its "
            "pyproject.toml."
        )
    plugins = [plugin for plugin in host.plugins if plugin.name in points]
    if not plugins:
        raise PluginError(
            f"The package in {str(folder)!r} is not installed here: run "
            f"`pip install --editable {folder}` first."
        )
    return _whole(host, plugins)


def _plugins_of_package(name: str) -> set[str]:
    """Names of the entry points of an installed package."""
    return {
        point.name
        for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
        if point.dist and _normal(point.dist.name) == _normal(name)
    }


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _whole(host: PluginHost, plugins: Sequence[Plugin]) -> Target:
    """All that some plugins registered, but for families of corpora, which hold no rows."""
    owners = {plugin.name for plugin in plugins}
    things = [
        (registry.kind, name, item)
        for registry in host.registries
        for name, item in registry.items.items()
        if registry.owners[name] in owners
        and not isinstance(item, CorpusFamily)
        and not _is_a_probe(host, registry.kind, name)
    ]
    return Target(host, list(plugins), things)


def _is_a_probe(host: PluginHost, kind: str, name: str) -> bool:
    """Whether an encoder is but the place of a probe that reads texts, which is what is checked."""
    return kind == "encoder" and host.text_probe(name) is not None


def _named(host: PluginHost, name: str) -> Target:
    """One registered name, in whichever kinds it is registered, and its plugins."""
    prefix = name.partition(":")[0] + ":" if ":" in name else name
    things: list[tuple[str, str, Any]] = []
    owners = set()
    for registry, key, get in (
        (host.corpora, prefix, host.get_corpus),
        (host.encoders, prefix, host.get_encoder),
        (host.probes, name, host.get_probe),
        (host.methods, name, host.get_method),
        (host.protocols, name, host.get_protocol),
    ):
        if key in registry.items and not _is_a_probe(host, registry.kind, key):
            things.append((registry.kind, name, get(name)))
            owners.add(registry.owners[key])
    if not things and Path(name).is_dir():
        things.append(("encoder", name, host.get_encoder(name)))
    elif not things:
        return Target(host, _out_of_use(host, name), [])
    return Target(host, [plugin for plugin in host.plugins if plugin.name in owners], things)


def _out_of_use(host: PluginHost, name: str) -> list[Plugin]:
    """The plugins that would register a name, were they not broken; their reports say why.

    They are told by their own name, or by the name in their source.
    """
    broken = host.broken()
    for is_meant in (_is_called, _writes):
        if meant := [plugin for plugin in broken if is_meant(plugin, name)]:
            return meant
    error = unknown_name("plugin", name, _known(host))
    if not broken:
        raise error
    causes = "; ".join(f"{plugin.name}: {plugin.error}" for plugin in broken)
    raise PluginError(f"{error} What it names may be in a plugin that is out of use ({causes}).")


def _is_called(plugin: Plugin, name: str) -> bool:
    return _normal(plugin.name.removesuffix(".py")) == _normal(name)


def _writes(plugin: Plugin, name: str) -> bool:
    """Whether the module of a plugin holds a name as a string."""
    file = _source_of(plugin)
    text = file.read_text("utf-8", "replace") if file is not None and file.is_file() else ""
    return any(f"{quote}{name}{quote}" in text for quote in "'\"")


def _source_of(plugin: Plugin) -> Path | None:
    """The file of an external plugin's own module, found without importing it."""
    if plugin.origin.endswith(".py"):
        return Path(plugin.origin)
    points = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP, name=plugin.name)
    for point in points:
        top, *rest = point.module.split(".")
        spec = importlib.util.find_spec(top)
        if spec is not None and spec.origin and not rest:
            return Path(spec.origin)
        for folder in (spec and spec.submodule_search_locations) or ():
            module = Path(folder, *rest)
            return module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    return None


def _known(host: PluginHost) -> Iterator[str]:
    yield from (plugin.name for plugin in host.plugins if plugin.origin != "built-in")
    for registry in host.registries:
        yield from registry.items
