"""Put small faults into the core, one at a time, and see whether the tests notice.

The faults are cosmic-ray's; ``core.toml`` names the modules and the tests of each. A sample draws
places in the code, then one fault at each, so that an operator with many alternatives doesn't
weigh more. Each worker has a copy of the tree: the tree itself is never touched. What was tried
is kept under ``.mutants/``, in cosmic-ray's own format, and not tried again until code or tests
change.

    python tests/mutants/mutants.py --sample 20 --seed 1
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import random
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from fnmatch import fnmatch
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.testing import run_tests
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult

from cefrbench.cores import usable_cores

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("core.toml")
SESSIONS = ROOT / ".mutants"

#: Flags of dataclasses and of `zip` that guard against callers, not against input.
GUARDS = {"slots", "frozen", "strict"}

#: Random examples must not make a mutant die on one day and live on another.
PYTEST = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=ci", "-m"]

#: Most bytes of memory that tests of a mutant get; they need some 2 GiB.
MEMORY = 8 * 1024**3

Span = tuple[tuple[int, int], tuple[int, int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants that are asked for and print a score a module, then the survivors."""
    options = _parser().parse_args(arguments)
    table = read_table()
    modules = [path for path in core_modules(table) if fnmatch(path, options.only)]
    SESSIONS.mkdir(exist_ok=True)
    os.chdir(ROOT)  # modules are named from here, for cosmic-ray too
    # Finding all places of the core takes half a minute: what is asked for alone is kept apart.
    asked = hashlib.sha256(" ".join(modules).encode()).hexdigest()[:8]
    with use_db(SESSIONS / f"{_state()}-{asked}.sqlite") as session:
        if not session.num_work_items:
            init([Path(path) for path in modules], session, {})
        items = list(session.work_items)
        drawn = draw(items, options.sample, options.seed)
        _try(session, drawn, table, options.workers, options.timeout)
        results = dict(session.results)
    print(report(items, {item.job_id: (item, results[item.job_id]) for item in drawn}))
    caught = sum(results[item.job_id].is_killed for item in drawn)
    return 1 if caught < options.at_least * len(drawn) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutants.py", description=__doc__.split("\n")[0])
    parser.add_argument("--sample", type=int, metavar="N", help="Places to draw; all if not given.")
    parser.add_argument("--seed", type=int, default=0, help="Of the draw.")
    parser.add_argument(
        "--at-least", type=float, default=0.0, metavar="SHARE", help="Caught, or exit with 1."
    )
    parser.add_argument("--only", default="*", metavar="PATTERN", help="Of modules' paths.")
    parser.add_argument("--workers", type=int, default=usable_cores(), metavar="N")
    parser.add_argument(
        "--timeout",
        type=float,
        default=4.0,
        metavar="X",
        help="Times what the tests take unharmed.",
    )
    return parser


# -- what is mutated ----------------------------------------------------------------------------


def read_table(path: Path = TABLE) -> dict[str, list[str]]:
    """Tests by pattern of modules, in order."""
    tests: dict[str, list[str]] = tomllib.loads(path.read_text("utf-8"))["tests"]
    return tests


def core_modules(table: Mapping[str, Sequence[str]]) -> list[str]:
    """Paths of all modules that a pattern matches."""
    found = {path.relative_to(ROOT).as_posix() for pattern in table for path in ROOT.glob(pattern)}
    return sorted(found)


def tests_of(module: str, table: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Tests of the first pattern that matches."""
    return next(tuple(tests) for pattern, tests in table.items() if fnmatch(module, pattern))


def draw(items: Sequence[WorkItem], sample: int | None, seed: int) -> list[WorkItem]:
    """Draw places, then one mutant of each; without a sample, all mutants."""
    places = _places(items)
    if sample is None:
        return [item for place in sorted(places) for item in places[place]]
    chance = random.Random(seed)
    drawn = chance.sample(sorted(places), min(sample, len(places)))
    return [chance.choice(places[place]) for place in drawn]


def _places(items: Sequence[WorkItem]) -> dict[tuple[str, Span], list[WorkItem]]:
    """Mutants by the place they change, without those that change nothing a run could see."""
    harmless = {module: harmless_spans(ROOT / module) for module in {*map(_module, items)}}
    places: dict[tuple[str, Span], list[WorkItem]] = defaultdict(list)
    for item in items:
        module, span = _module(item), (_spec(item).start_pos, _spec(item).end_pos)
        if not any(start <= span[0] and span[1] <= end for start, end in harmless[module]):
            places[module, span].append(item)
    for mutants in places.values():
        mutants.sort(key=lambda item: (_spec(item).operator_name, _spec(item).occurrence))
    return places


def harmless_spans(path: Path) -> list[Span]:
    """Find what no run looks at: annotations, imports for them, and guards (:data:`GUARDS`)."""
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
        for node in _harmless(ast.parse(path.read_text("utf-8")))
    ]


def _harmless(tree: ast.Module) -> Iterator[ast.expr | ast.stmt | ast.keyword]:
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as found) | ast.AnnAssign(annotation=found):
                yield found
            case ast.FunctionDef(returns=ast.expr() as found):
                yield found
            case ast.If(test=ast.Name("TYPE_CHECKING")):
                yield node
            case ast.keyword(arg=name) if name in GUARDS:
                yield node


def _spec(item: WorkItem) -> MutationSpec:
    return item.mutations[0]


def _module(item: WorkItem) -> str:
    return _spec(item).module_path.as_posix()


# -- trying -------------------------------------------------------------------------------------


def _state() -> str:
    """Hash of all code and tests: what was tried on others says nothing about these."""
    total = hashlib.sha256()
    for path in _files():
        if path.suffix in (".py", ".toml"):
            total.update(path.as_posix().encode())
            total.update((ROOT / path).read_bytes())
    return total.hexdigest()[:16]


def _files() -> list[Path]:
    """Files of the tree as it is, relative to its root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    paths = [Path(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]
    # A file that was deleted and not yet committed is listed too.
    return sorted(path for path in paths if os.path.lexists(ROOT / path))


def _try(
    session: WorkDB,
    drawn: Sequence[WorkItem],
    table: Mapping[str, Sequence[str]],
    workers: int,
    factor: float,
) -> None:
    """Try what was not tried yet, a copy of the tree a worker."""
    known = {job for job, _ in session.results}
    left = [item for item in drawn if item.job_id not in known]
    if not left:
        return
    suites = {item.job_id: tests_of(_module(item), table) for item in left}
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        ProcessPoolExecutor(workers, get_context("spawn"), _enter_copy, (folder,)) as pool,
    ):
        try:
            paths = sorted({path for tests in suites.values() for path in tests})
            seconds = dict(zip(paths, pool.map(_unharmed, paths), strict=True))
            futures = {}
            for item in left:
                tests = suites[item.job_id]
                most = max(10.0, factor * sum(seconds[path] for path in tests))
                futures[pool.submit(_try_one, item, tests, most)] = item
            for done, future in enumerate(as_completed(futures), start=1):
                session.set_result(futures[future].job_id, future.result())
                print(f"\r{done} of {len(left)} mutants", end="", file=sys.stderr, flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # else it would try all others first
            raise
    print(file=sys.stderr)


def _enter_copy(folder: str) -> None:
    """Copy the tree, and let this process and its children import from the copy."""
    copy = Path(tempfile.mkdtemp(dir=folder)).resolve()
    for path in _files():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, copy / path, follow_symlinks=False)
    os.chdir(copy)
    # A loop that never ends may also eat all memory.
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    # A shell's job in the background ignores Ctrl-C, and so would the runs that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # `.mypy` holds links that give plugins and leaderboard the names they are installed under.
    os.environ["PYTHONPATH"] = f"{copy}{os.pathsep}{copy / '.mypy'}"
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}


def _command(tests: Sequence[str]) -> str:
    return shlex.join([sys.executable, *PYTEST, "not slow", *tests])


def _unharmed(path: str) -> float:
    """Seconds that tests take unharmed, where they must pass and import the copy."""
    code = (
        "import os, cefrbench, cefrbench_plugins as plugins\n"
        "assert all(one.__file__.startswith(os.getcwd()) for one in (cefrbench, plugins))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    start = monotonic()
    outcome, output = run_tests(_command([path]), 3600)
    if outcome != TestOutcome.SURVIVED:
        raise RuntimeError(f"{path} fails on the code as it is:\n{output[-3000:]}")
    return monotonic() - start


def _try_one(item: WorkItem, tests: Sequence[str], seconds: float) -> WorkResult:
    result = mutate_and_test(item.mutations, _command(tests), seconds)
    if result.worker_outcome != WorkerOutcome.NORMAL:
        # cosmic-ray would count it as caught.
        raise RuntimeError(f"{_spec(item)} could not be tried: {result.output}")
    return result


# -- saying what was found ----------------------------------------------------------------------


def report(items: Sequence[WorkItem], tried: Mapping[str, tuple[WorkItem, WorkResult]]) -> str:
    """Markdown: a row a module, then each survivor as the lines it changes."""
    places: dict[str, int] = defaultdict(int)
    for module, _ in _places(items):
        places[module] += 1
    found: dict[str, list[WorkResult]] = defaultdict(list)
    for item, result in tried.values():
        found[_module(item)].append(result)
    lines = ["| module | places | tried | caught | of them by time |", "|---|---|---|---|---|"]
    lines += [_row(module, places[module], results) for module, results in sorted(found.items())]
    lines.append(_row("all", sum(places.values()), [*chain.from_iterable(found.values())]))
    lived = [pair for pair in tried.values() if not pair[1].is_killed]
    for item, result in sorted(
        lived, key=lambda pair: (_module(pair[0]), _spec(pair[0]).start_pos)
    ):
        lines += ["", f"{_module(item)}:{_spec(item).start_pos[0]} {_spec(item).operator_name}"]
        lines += [f"    {line}" for line in _changed(result.diff or "")]
    return "\n".join(lines)


def _row(name: str, places: int, tried: Sequence[WorkResult]) -> str:
    caught = [result for result in tried if result.is_killed]
    share = f"{len(caught)} ({100 * len(caught) / len(tried):.0f} %)" if tried else "–"
    late = sum(result.output == "timeout" for result in caught)
    return f"| {name} | {places} | {len(tried)} | {share} | {late or ''} |"


def _changed(diff: str) -> list[str]:
    heads = ("---", "+++")
    return [line for line in diff.splitlines() if line[:1] in "+-" and not line.startswith(heads)]


if __name__ == "__main__":
    # Who is ended ends its workers and takes their copies away.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.exit(main())
