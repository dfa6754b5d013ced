"""Named things and who registered them: what the plugin host fills, and names are looked up in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from cefrbench.errors import PluginError, unknown_name

T = TypeVar("T")


@dataclass(slots=True)
class Plugin:
    """One plugin that was found, working or not.

    Attributes
    ----------
    name : str
        Module, entry point or file name; unique.
    origin : str
        ``built-in``, ``package NAME VERSION`` or the path of a loose file.
    hooks : tuple of str
        Hooks that it implements.
    registered : list of str
        ``kind name`` of all that it registered.
    error : str
        Why it is out of use; empty when it works.
    """

    name: str
    origin: str
    hooks: tuple[str, ...] = ()
    registered: list[str] = field(default_factory=list)
    error: str = ""


class Registry(Generic[T]):
    """Named things of one kind, each with the plugin that registered it."""

    def __init__(self, kind: str, accepts: tuple[type, ...]) -> None:
        self.kind = kind
        self.accepts = accepts
        self.items: dict[str, T] = {}
        self.owners: dict[str, str] = {}
        self.collisions: list[str] = []

    def add(self, plugin: str, item: T) -> None:
        """Register one thing; a second one of the same name is recorded as a collision."""
        if not isinstance(item, self.accepts):
            wanted = " or ".join(kind.__name__ for kind in self.accepts)
            raise PluginError(f"It registered {item!r} as {self.kind}, not a {wanted}.")
        name = getattr(item, "name", None)
        if not isinstance(name, str) or not name:
            raise PluginError(
                f"Plugin {plugin!r} registered {item!r} as {self.kind}: "
                "it has no name; pass an object with a `name` or a card."
            )
        if name in self.items:
            self.collisions.append(
                f"The {self.kind} {name!r} is registered twice, by plugin {self.owners[name]!r} "
                f"and by plugin {plugin!r}: rename one, or leave one out with "
                "CEFRBENCH_LOAD_PLUGINS."
            )
            return
        self.items[name] = item
        self.owners[name] = plugin

    def spelt(self, name: str) -> str:
        """The registered name that differs in case alone, if there is one, else the name."""
        if name in self.items:
            return name
        return next((one for one in self.items if one.casefold() == name.casefold()), name)

    def find(self, name: str) -> T:
        """Look a name up in any case, or raise with the nearest names."""
        try:
            return self.items[self.spelt(name)]
        except KeyError:
            raise unknown_name(self.kind, name, self.items) from None


class Register:
    """The callback a hook gets: ``register(item)``; it knows the plugin that calls it."""

    def __init__(self, plugin: Plugin, registry: Registry[Any]) -> None:
        self._plugin = plugin
        self._registry = registry

    def __call__(self, item: Any) -> None:
        """Register one corpus, encoder, probe, method or protocol."""
        self._registry.add(self._plugin.name, item)
        self._plugin.registered.append(f"{self._registry.kind} {item.name}")
