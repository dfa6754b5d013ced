"""The plugin host: finds plugins, keeps the broken ones apart, owns names and order."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar

import pluggy

from cefrbench.contracts import hookspecs
from cefrbench.errors import PluginError, UserError, contained, unknown_name, wrong_fields
from cefrbench.registry import Plugin, Register, Registry

if TYPE_CHECKING:
    import click

    from cefrbench.contracts.corpus import Corpus
    from cefrbench.contracts.encoder import EncoderSpec
    from cefrbench.contracts.method import MethodSpec
    from cefrbench.contracts.probe import ProbeSpec
    from cefrbench.contracts.protocol import Protocol

#: Modules of loose plugin files have names that begin so; no import finds them.
LOOSE = "cefrbench_loose_"
ENTRY_POINT_GROUP = "cefrbench"
BUILT_IN_PACKAGES = (
    "cefrbench_plugins.corpora",
    "cefrbench_plugins.encoders",
    "cefrbench_plugins.probes",
    "cefrbench_plugins.methods",
    "cefrbench.protocols",
)
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("register_"))

#: What was found before it is loaded: name, origin, how to import it.
Candidate: TypeAlias = tuple[str, str, Callable[[], Any]]
T = TypeVar("T")


class PluginHost:
    """All plugins of one process, in an order that never depends on chance.

    Built-ins come first, then installed packages, then loose files, each by name.

    Parameters
    ----------
    plugins_dir : Path, optional
        Folder of loose ``*.py`` plugins; also ``CEFRBENCH_PLUGINS_DIR``.
    load : str, optional
        Comma-separated names of the installed plugins to load, none for all, empty for none;
        also ``CEFRBENCH_LOAD_PLUGINS``.
    built_ins : bool
        Whether the built-in plugins are loaded.
    files : sequence of Path
        Loose plugin files to load beside those of the folder.
    given : sequence of object
        Plugins made in this process: objects with hooks as methods. They come last.
    """

    def __init__(
        self,
        plugins_dir: Path | None = None,
        load: str | None = None,
        built_ins: bool = True,
        files: Sequence[Path] = (),
        given: Sequence[object] = (),
    ) -> None:
        folder = os.environ.get("CEFRBENCH_PLUGINS_DIR")
        self.plugins_dir = plugins_dir or (Path(folder) if folder else None)
        self.load = load if load is not None else os.environ.get("CEFRBENCH_LOAD_PLUGINS")
        self.built_ins = built_ins
        self.files = tuple(files)
        self.given = tuple(given)
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)

    # -- finding and loading -------------------------------------------------------------------

    @property
    def plugins(self) -> list[Plugin]:
        """Every plugin that was found, in order, loaded where it can be."""
        return [*self._built_in, *self._external]

    @cached_property
    def _built_in(self) -> list[Plugin]:
        return self._load_all(_built_ins()) if self.built_ins else []

    @cached_property
    def _external(self) -> list[Plugin]:
        return self._load_all(chain(self._installed(), self._loose(), self._given()))

    def _load_all(self, candidates: Iterable[Candidate]) -> list[Plugin]:
        found: list[Plugin] = []
        for name, origin, load in candidates:
            plugin = Plugin(name, origin)
            found.append(plugin)
            try:
                with contained():
                    self._enter(plugin, load())
            except Exception as error:  # noqa: BLE001 - a plugin breaks alone
                _mark_broken(plugin, error)
        return found

    def _installed(self) -> Iterator[Candidate]:
        wanted = None if self.load is None else {n.strip() for n in self.load.split(",")}
        for candidate in sorted(_entry_points(), key=lambda one: one[:2]):
            if wanted is None or candidate[0] in wanted:
                yield candidate

    def _loose(self) -> Iterator[Candidate]:
        for path in (*self._in_folder(), *self.files):
            yield path.name, str(path), partial(load_file, path)

    def _given(self) -> Iterator[Candidate]:
        for number, plugin in enumerate(self.given, start=1):
            yield f"given-{number}", "this process", partial(_itself, plugin)

    def _in_folder(self) -> list[Path]:
        if self.plugins_dir is None:
            return []
        if not self.plugins_dir.is_dir():
            raise PluginError(
                f"The plugins folder {str(self.plugins_dir)!r} is no folder: "
                "name an existing one with --plugins-dir or CEFRBENCH_PLUGINS_DIR."
            )
        return sorted(self.plugins_dir.glob("*.py"))

    def _enter(self, plugin: Plugin, module: Any) -> None:
        """Hand one loaded module to pluggy and see that all its hooks exist."""
        if self._manager.has_plugin(plugin.name):
            raise PluginError(
                f"Two plugins are named {plugin.name!r}: rename the entry point or the file."
            )
        self._manager.register(module, name=plugin.name)
        callers = self._manager.get_hookcallers(module) or []
        plugin.hooks = tuple(sorted(caller.name for caller in callers))
        wrong = [name for name in plugin.hooks if name not in HOOKS]
        if wrong or not plugin.hooks:
            self._manager.unregister(module)
            for name in wrong:
                # pluggy keeps a caller for the unknown name; a later plugin must not meet it.
                delattr(self._manager.hook, name)
            if wrong:
                raise unknown_name("hook", wrong[0], HOOKS)
            raise PluginError(
                "It implements no hook: decorate a function named "
                f"{', '.join(HOOKS)} with @cefrbench.hookimpl."
            )

    # -- registries ----------------------------------------------------------------------------

    def _collect(self, hook: str, kind: str, accepts: tuple[type, ...]) -> Registry[Any]:
        """Call one hook of each plugin by itself, so that one that breaks breaks alone."""
        registry: Registry[Any] = Registry(kind, accepts)
        for plugin, function in self._implementations(hook, self.plugins):
            staged: Registry[Any] = Registry(kind, accepts)
            try:
                with contained():
                    function(Register(plugin, staged))
            except Exception as error:  # noqa: BLE001 - a plugin breaks alone
                _mark_broken(plugin, error)
                continue
            registry.collisions += staged.collisions
            for item in staged.items.values():
                registry.add(plugin.name, item)
        return registry

    def _implementations(
        self, hook: str, plugins: Sequence[Plugin]
    ) -> Iterator[tuple[Plugin, Callable[[Any], None]]]:
        caller = getattr(self._manager.hook, hook)
        functions = {impl.plugin_name: impl.function for impl in caller.get_hookimpls()}
        for plugin in plugins:
            if plugin.name in functions and not plugin.error:
                yield plugin, functions[plugin.name]

    @cached_property
    def corpora(self) -> Registry[Any]:
        """Registered corpora and corpus families."""
        from cefrbench.contracts.corpus import Corpus, CorpusFamily

        return self._collect("register_corpora", "corpus", (Corpus, CorpusFamily))

    @cached_property
    def encoders(self) -> Registry[EncoderSpec]:
        """Registered encoders and encoder schemes, and probes that stand where encoders do."""
        from cefrbench.contracts.encoder import EncoderSpec
        from cefrbench.texts_alone import as_encoder

        registry = self._collect("register_encoders", "encoder", (EncoderSpec,))
        for name, spec in self.probes.items.items():
            if spec.reads == "texts":
                registry.add(self.probes.owners[name], as_encoder(spec))
        return registry

    @cached_property
    def probes(self) -> Registry[ProbeSpec]:
        """Registered probes."""
        from cefrbench.contracts.probe import ProbeSpec

        return self._collect("register_probes", "probe", (ProbeSpec,))

    @cached_property
    def methods(self) -> Registry[MethodSpec]:
        """Registered methods against corpus bias."""
        from cefrbench.contracts.method import MethodSpec

        return self._collect("register_methods", "method", (MethodSpec,))

    @cached_property
    def protocols(self) -> Registry[Protocol]:
        """Registered protocols."""
        from cefrbench.contracts.protocol import Protocol

        return self._collect("register_protocols", "protocol", (Protocol,))

    def register_commands(self, cli: click.Group) -> None:
        """Let external plugins add commands; the built-in ones have none, so none is loaded."""
        for plugin, function in self._implementations("register_commands", self._external):
            try:
                with contained():
                    function(cli)
            except Exception as error:  # noqa: BLE001 - a plugin breaks alone
                _mark_broken(plugin, error)

    # -- getters -------------------------------------------------------------------------------

    @property
    def registries(self) -> tuple[Registry[Any], ...]:
        """All of them: of corpora, encoders, probes, methods and protocols."""
        return self.corpora, self.encoders, self.probes, self.methods, self.protocols

    def collisions(self) -> list[str]:
        """One sentence for each name that is registered twice."""
        return [sentence for registry in self.registries for sentence in registry.collisions]

    def check_names(self) -> None:
        """Raise when any name is registered twice."""
        for sentence in self.collisions():
            raise PluginError(sentence)

    def get_corpus(self, name: str) -> Corpus:
        """Find a corpus by name, or open one of a family (``universalcefr:NAME``)."""
        prefix, colon, rest = name.partition(":")
        found = self.corpora.find(prefix + colon if colon else name)
        return found.open(rest) if colon else found  # type: ignore[no-any-return]

    def get_encoder(self, name: str) -> EncoderSpec:
        """Find an encoder by name or scheme; a path of a folder is read as ``hf:PATH``."""
        prefix, colon, _ = name.partition(":")
        if colon and f"{prefix}:" in self.encoders.items:
            return self.encoders.items[f"{prefix}:"]
        if name not in self.encoders.items and Path(name).is_dir():
            return self.encoders.find("hf:")
        if self.encoders.spelt(name) not in self.encoders.items:
            if name.startswith((".", "/", "~")) or name.count("/") > 1:
                raise UserError(
                    f"There is no folder {name!r}: name one that holds a model (config.json and "
                    "weights), or an encoder of `cefrbench list encoders`."
                )
            if "/" in name:
                raise UserError(
                    f"There is no encoder and no folder named {name!r}: for the model of that "
                    f"name on the hub write `--encoder hf:{name}`."
                )
        return self.encoders.find(name)

    def get_probe(self, name: str) -> ProbeSpec:
        """Find a probe by name."""
        return self.probes.find(name)

    def get_method(self, name: str) -> MethodSpec:
        """Find a method against corpus bias by name."""
        return self.methods.find(name)

    def text_probe(self, name: str) -> ProbeSpec | None:
        """The probe that an encoder's name stands for, where that reads texts."""
        spec = self.probes.items.get(self.probes.spelt(name))
        return spec if spec is not None and spec.reads == "texts" else None

    def get_protocol(self, name: str) -> Protocol:
        """Find a protocol by name."""
        return self.protocols.find(name)

    def broken(self) -> list[Plugin]:
        """Plugins that are out of use, after all their registering hooks were called."""
        _ = self.registries
        return [plugin for plugin in self.plugins if plugin.error]


def load_file(path: Path) -> ModuleType:
    """Import a loose plugin file under a name of its own."""
    name = f"{LOOSE}{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{str(path)!r} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _built_ins() -> Iterator[Candidate]:
    for package in BUILT_IN_PACKAGES:
        found = pkgutil.iter_modules(importlib.import_module(package).__path__)
        for module in sorted(info.name for info in found):
            if not module.startswith("_"):
                name = f"{package.rpartition('.')[2]}.{module}"
                yield name, "built-in", partial(importlib.import_module, f"{package}.{module}")


def built_in_module(plugin: Plugin) -> str:
    """Full name of the module of a built-in plugin."""
    kind = plugin.name.partition(".")[0]
    (package,) = (p for p in BUILT_IN_PACKAGES if p.rpartition(".")[2] == kind)
    return f"{package}.{plugin.name.partition('.')[2]}"


def _entry_points() -> Iterator[Candidate]:
    """Give what installed packages say they plug in; the first of a name is the one imported."""
    seen: set[str] = set()
    for dist in importlib.metadata.distributions():
        try:
            points = list(dist.entry_points.select(group=ENTRY_POINT_GROUP))
            origin = f"package {dist.name} {dist.version}" if points else ""
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            # Python's own reader takes whatever lies on the path for well-formed.
            place = str(getattr(dist, "_path", "unknown"))
            yield Path(place).name, place, partial(_unreadable, place, error)
            continue
        if points and origin not in seen:
            seen.add(origin)
            yield from ((point.name, origin, point.load) for point in points)


def _unreadable(place: str, error: Exception) -> NoReturn:
    raise PluginError(
        f"The package at {place!r} doesn't say what it plugs in ({type(error).__name__}: {error}): "
        "install it again, or remove it."
    ) from error


def _itself(plugin: object) -> object:
    """A plugin that is there already needs no loading."""
    return plugin


def _mark_broken(plugin: Plugin, error: BaseException) -> None:
    from cefrbench.contracts import cards

    fields = {name: getattr(card, "model_fields", ()) for name, card in vars(cards).items()}
    plugin.error = wrong_fields(error, fields) or f"{type(error).__name__}: {error}"
    plugin.registered.clear()
