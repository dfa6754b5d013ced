"""The code behind an object, hashed: what keys features and fits beside their data.

That is the object's module and all that it imports inside its own package, however far; of
cefrbench itself the engine rooms alone, so that each engine stands by itself: an edit of the MLPs
leaves the ridge's digest as it is, an edit of a room that computes nothing leaves them all.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Mapping
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

#: Rooms of cefrbench whose code computes; each is one thing, taken whole.
ENGINES = "cefrbench.engines"
#: The built-in plugins: files that have nothing to do with each other.
BUILT_INS = "cefrbench_plugins"


def source_digest(*objects: object) -> str:
    """Hash the code that objects (estimators, encoders, functions that make them) depend on.

    A package that was installed beside cefrbench counts by its version and by the files that
    stand beside the object's; any other by all that the object's module imports of it.
    """
    digest = hashlib.sha256()
    for thing in objects:
        while isinstance(thing, partial):
            thing = thing.func
        kind: Any = thing if inspect.isroutine(thing) else type(thing)
        module = kind.__module__
        file = getattr(sys.modules.get(module), "__file__", None)
        digest.update(f"{module}.{kind.__qualname__}\0".encode())
        if file is None:
            digest.update(_typed_in(kind).encode())
            continue
        digest.update(_version(module, Path(file)).encode())
        for path in source_files(module, Path(file), _roots(module, Path(file))):
            content = path.read_bytes()
            digest.update(f"\0{path.name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def source_files(module: str, file: Path, roots: Mapping[str, Path]) -> list[Path]:
    """Find the files that a module's answers depend on, in a fixed order.

    Parameters
    ----------
    module : str
        Dotted name.
    file : Path
    roots : dict of str to Path
        Folder of each top package that is looked into; under the empty name the folder of modules
        that stand in no package.
    """
    found: dict[Path, None] = {}
    waiting = [(module, file)]
    if "." in module and not module.startswith(BUILT_INS):
        # A module may reach its neighbours in ways that no import shows.
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        waiting += [(f"{package}.{p.stem}", p) for p in sorted(file.parent.glob("*.py"))]
    while waiting:
        name, path = waiting.pop(0)
        if path in found:
            continue
        found[path] = None
        if path.suffix != ".py":
            continue
        for imported in sorted(_imports(name, path)):
            target = _locate(imported, roots)
            if target:
                waiting.append((imported, target))
    return list(found)


def _imports(module: str, path: Path) -> set[str]:
    """Names of modules that a file may import, anywhere in it; some may be no modules."""
    names: set[str] = set()
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            names.add(start)
            names.update(f"{start}.{alias.name}" for alias in node.names)
    return names


def _locate(module: str, roots: Mapping[str, Path]) -> Path | None:
    """Find the file of a module below the roots; none where it isn't there or doesn't count."""
    top, *rest = module.split(".")
    if top in roots:
        base = roots[top].joinpath(*rest)
    elif "" in roots and top:
        base = roots[""].joinpath(top, *rest)
    else:
        return None
    if top == "cefrbench" and not module.startswith(f"{ENGINES}."):
        return None
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def _roots(module: str, file: Path) -> dict[str, Path]:
    import cefrbench

    roots = {"cefrbench": Path(cefrbench.__file__).parent}
    top = module.partition(".")[0]
    if top in roots or _is_installed(file):
        return roots
    if "." not in module and file.name != "__init__.py":
        return roots | {"": file.parent}
    return roots | {top: Path(next(iter(sys.modules[top].__path__)))}


def _is_installed(file: Path) -> bool:
    """Whether a file came with a package or with Python, and so changes with its version alone."""
    stdlib = sysconfig.get_path("stdlib")
    return bool({"site-packages", "dist-packages"} & {*file.parts}) or file.is_relative_to(stdlib)


def _version(module: str, file: Path) -> str:
    """Name the version of the package that an installed module belongs to."""
    if not _is_installed(file):
        return ""
    top = module.partition(".")[0]
    version = getattr(sys.modules.get(top), "__version__", None)
    if version is not None:
        return str(version)
    # Looking through all that is installed takes half a second, so only where it must be.
    names = metadata.packages_distributions().get(top, [])
    return " ".join(f"{name}=={metadata.version(name)}" for name in sorted(set(names)))


def _typed_in(kind: Any) -> str:
    """Source of a class of a notebook, which stands in no file; empty when nobody kept it."""
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        return ""
