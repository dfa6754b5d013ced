"""The house is as docs/design.md draws it: who may import whom, and the way of one text."""

import ast
import importlib
import re
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

import cefrbench
from cefrbench.testing.tiny import TinyCorpus

ROOT = Path(__file__).resolve().parent.parent
DESIGN = (ROOT / "docs" / "design.md").read_text("utf-8")
PACKAGES = {
    "cefrbench": ROOT / "cefrbench",
    "cefrbench_plugins": ROOT / "plugins",
    "cefrbench_leaderboard": ROOT / "leaderboard",
}
HEAVY = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy", "datasets", "pandas"}


def section(title):
    """What stands below one heading of the page."""
    return re.split(r"^#+ ", DESIGN.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(text):
    """Cells of the tables of a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if not set(row[0]) <= set("- ") and "`" in "".join(row)]


#: Rooms by floor, from the ground up.
FLOORS = [re.findall(r"`([\w.]+)`", row[0]) for row in rows(section("The house"))]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def modules():
    """Every module by its full name, with its tree."""
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            yield name, ast.parse(path.read_text("utf-8"))


def imports(tree):
    """Names of all modules that a module imports, in functions too; not those for types alone."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        for node in tree.orelse:
            yield from imports(node)
        return
    if isinstance(tree, ast.Import):
        yield from (alias.name for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom):
        yield from (_home(tree.module or "", alias.name) for alias in tree.names)
    for node in ast.iter_child_nodes(tree):
        yield from imports(node)


def _home(module, name):
    """Where a name of the facade lives; a module of a package by its own name."""
    if module != "cefrbench":
        return module
    if name in cefrbench._HOMES:
        return cefrbench._HOMES[name]
    return "cefrbench" if hasattr(cefrbench, name) and name.startswith("__") else f"{module}.{name}"


def room(module):
    """A module's room: a package of cefrbench, or a module that stands in it alone."""
    package, _, rest = module.partition(".")
    return package if package != "cefrbench" else rest.partition(".")[0]


IMPORTS = {name: sorted(set(imports(tree))) for name, tree in modules()}


def ours(name):
    return name.partition(".")[0] in PACKAGES


def wrong(module, imported):
    """What is wrong with one import between rooms, if anything."""
    here, there = room(module), room(imported)
    # The facade itself holds nothing but names and a version.
    if not ours(imported) or here == there or not there:
        return None
    if FLOOR[there] < FLOOR[here]:
        return None
    return f"{module} (floor {FLOOR[here]}) imports {imported} (floor {FLOOR[there]})"


def test_every_room_stands_on_the_map_once():
    listed = [room for rooms in FLOORS for room in rooms]
    assert len(set(listed)) == len(listed)
    assert {room(name) for name in IMPORTS} - {"", "__main__"} == set(listed)


def test_no_room_imports_from_its_own_floor_or_above():
    found = [wrong(module, name) for module, names in IMPORTS.items() for name in names
             if module not in ("cefrbench", "cefrbench.__main__")]  # fmt: skip
    assert not list(filter(None, found))


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("cefrbench.contracts.corpus", "cefrbench.essays"),
        ("cefrbench.statistics.ranks", "cefrbench.results.model"),
        ("cefrbench.features.store", "cefrbench.engines.transformer.find"),
        ("cefrbench.results.compare", "cefrbench_leaderboard.boards"),
        ("cefrbench_plugins.probes.ridge", "cefrbench_leaderboard.boards"),
    ],
)
def test_an_import_upwards_would_be_noticed(module, imported):
    assert wrong(module, imported)


def test_contracts_import_nothing_but_the_ground_and_what_describes():
    allowed = {*sys.stdlib_module_names, "pydantic", "pluggy"}
    for module, names in IMPORTS.items():
        if room(module) == "contracts":
            others = [name for name in names if name.partition(".")[0] not in allowed]
            assert {room(name) for name in others} <= {"contracts", "errors", "levels"}, module


def test_what_is_heavy_is_imported_by_engines_or_inside_functions():
    for name, tree in modules():
        at_import = {
            alias
            for node in tree.body
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in imports(node)
        }
        if not name.startswith("cefrbench.engines."):
            assert not {one.partition(".")[0] for one in at_import} & HEAVY, name


def test_plugins_import_the_facade_the_engines_and_the_readers():
    allowed = {"contracts", "errors", "registry", "engines", "corpora", "cefrbench_plugins"}
    for name, tree in modules():
        if name.startswith("cefrbench_plugins."):
            assert {room(one) for one in IMPORTS[name] if ours(one)} <= allowed, name
            written = {
                node.module
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cefrbench.")
            }
            through = ("cefrbench.engines.", "cefrbench.corpora")
            assert not [one for one in written if not one.startswith(through)], name


#: Parts of names of what the statistics of the harness compute.
STATISTICS = re.compile(r"holm|bootstrap|resample|p_value|poisson|quantile|percentile|permut")
#: What of NumPy computes a statistic.
COMPUTES = {"mean", "std", "var", "median", "quantile", "percentile", "average", "random", "cov"}


def statistics_in(tree):
    """Statistics that a module makes by itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and STATISTICS.search(node.name):
            yield node.name
        if isinstance(node, ast.Attribute) and node.attr.removeprefix("nan") in COMPUTES:
            yield ast.unparse(node)


def test_the_leaderboard_has_no_statistics_of_its_own():
    for name, tree in modules():
        if name.startswith("cefrbench_leaderboard"):
            assert not {"scipy", "statistics", "sklearn", "random"} & set(IMPORTS[name]), name
            assert not list(statistics_in(tree)), name


def test_a_statistic_of_the_leaderboard_would_be_noticed():
    tree = ast.parse("def holm_steps(p):\n    return np.nanquantile(p, 0.5) + values.mean()\n")
    assert set(statistics_in(tree)) == {"holm_steps", "np.nanquantile", "values.mean"}


def way(title):
    """The calls of one part of the way, and how often each is made."""
    return [(row[0].strip("`"), row[1]) for row in rows(section(title))]


FIRST, SECOND = way("From a source to a result"), way("From a result to a page")


@contextmanager
def watched(calls):
    """Count the calls of functions, given by their addresses, in the order of the first ones."""
    codes = {}
    for address in calls:
        module, _, name = address.rpartition(".")
        codes[getattr(importlib.import_module(module), name).__code__] = address
    counted = Counter()

    def see(frame, event, _):
        if event == "call" and frame.f_code in codes:
            counted[codes[frame.f_code]] += 1

    threading.setprofile(see)
    sys.setprofile(see)
    try:
        yield counted
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@pytest.mark.slow
def test_the_way_of_one_text_is_as_the_page_says(tmp_path):
    from cefrbench_leaderboard.site import build

    with watched([call for call, _ in FIRST]) as counted:
        found = cefrbench.evaluate(
            "surface",
            suite="quickstart",
            corpora=[TinyCorpus(), "merlin-cs"],
            probes=["ridge", "ordinal"],
            references=(),
            cache_dir=tmp_path / "cache",
        )
        found.save(tmp_path / "out")
    result = found.result
    layers, shards = len({unit.layer for unit in result.units}), len(result.corpora)
    expected = {
        "run": 1,
        "corpus": len(result.corpora),
        "protocol": len(result.protocols),
        "layer and probe": layers * len(result.probes),
        # A corpus this small is one shard, and one batch.
        "shard": shards,
        "batch": shards,
        "layer and shard": layers * shards,
    }
    assert list(counted.items()) == [(call, expected[often]) for call, often in FIRST]

    with watched([call for call, _ in SECOND]) as counted:
        build(tmp_path / "out", tmp_path / "site", workers=1)
    # One board a probe, and one of each encoder's best.
    expected = {"result": 1, "board": len(result.probes) + 1}
    assert list(counted.items()) == [(call, expected[often]) for call, often in SECOND]
