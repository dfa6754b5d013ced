"""Put small faults into the core, one at a time, and see whether the tests notice.

The faults are cosmic-ray's; ``core.toml`` names the modules and the tests. A sample draws places
in the code, then one fault at each, so that an operator with many alternatives doesn't weigh
more. Each fault is tried on tests that run its line (``reach.py``), in a fork (``forks.py``): what
they pass, more tests might have caught. Each worker has a copy of the tree: the tree itself is
never touched. What was tried is kept under ``.mutants/``, in cosmic-ray's own format, and not
tried again until code or tests change.

    python tests/mutants/mutants.py --sample 20 --seed 1
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from fnmatch import fnmatch
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import forks
import pytest
from cosmic_ray.commands.init import init
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult
from reach import Reach, Tracer

from cefrbench.cores import usable_cores

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("core.toml")
SESSIONS = ROOT / ".mutants"

#: Flags of dataclasses and of `zip` that guard against callers, not against input.
GUARDS = {"slots", "frozen", "strict"}

#: Seconds, unharmed, of the nearest file's tests that a fault is tried on, and of others.
MOST = 20.0

#: Most bytes of memory that tests of a mutant get; they need some 2 GiB.
MEMORY = 8 * 1024**3

Span = tuple[tuple[int, int], tuple[int, int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants that are asked for and print a score a module, then the survivors."""
    options = _parser().parse_args(arguments)
    table = read_table()
    modules = [path for path in files_of(table["modules"]) if fnmatch(path, options.only)]
    tests = [path for path in files_of(table["tests"]) if fnmatch(path, options.tests)]
    SESSIONS.mkdir(exist_ok=True)
    os.chdir(ROOT)  # modules are named from here, for cosmic-ray too
    # Finding all places of the core takes half a minute: what is asked for alone is kept apart.
    asked = hashlib.sha256(" ".join([*modules, *tests]).encode()).hexdigest()[:8]
    with use_db(SESSIONS / f"{_state()}-{asked}.sqlite") as session:
        if not session.num_work_items:
            init([Path(path) for path in modules], session, {})
        items = list(session.work_items)
        drawn = draw(items, options.sample, options.seed)
        _try(session, drawn, modules, tests, options.workers)
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
    parser.add_argument("--tests", default="*", metavar="PATTERN", help="Of tests' paths.")
    parser.add_argument("--workers", type=int, default=usable_cores(), metavar="N")
    return parser


# -- what is mutated ----------------------------------------------------------------------------


def read_table(path: Path = TABLE) -> dict[str, list[str]]:
    """Patterns of the core's ``modules`` and of its ``tests``."""
    table: dict[str, list[str]] = tomllib.loads(path.read_text("utf-8"))
    return table


def files_of(patterns: Sequence[str]) -> list[str]:
    """Paths of all files that a pattern matches."""
    found = {path.relative_to(ROOT).as_posix() for one in patterns for path in ROOT.glob(one)}
    return sorted(found)


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
    """Find what no run looks at: annotations, imports for them, and guards (:data:`GUARDS`).

    And exceptions by a dotted name, where cosmic-ray replaces a part of the name or fails.
    """
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
            case ast.ExceptHandler(type=ast.expr() as found):
                yield from (one for one in ast.walk(found) if isinstance(one, ast.Attribute))


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
    modules: Sequence[str],
    tests: Sequence[str],
    workers: int,
) -> None:
    """Try what was not tried yet, a copy of the tree a worker."""
    known = {job for job, _ in session.results}
    left = [item for item in drawn if item.job_id not in known]
    if not left:
        return
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        ProcessPoolExecutor(workers, get_context("spawn"), _enter_copy, (folder,)) as pool,
    ):
        try:
            reach = _reach(pool, modules, tests)
            futures = {}
            for item in left:
                first, last = _spec(item).start_pos[0], _spec(item).end_pos[0]
                near = reach.nearest(_module(item), first, last, MOST)
                parts = [(part, sum(reach.seconds[test] for test in part)) for part in near]
                futures[pool.submit(_try_one, item, parts)] = item
            for done, future in enumerate(as_completed(futures), start=1):
                session.set_result(futures[future].job_id, future.result())
                print(f"\r{done} of {len(left)} mutants", end="", file=sys.stderr, flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # else it would try all others first
            raise
    print(file=sys.stderr)


def _reach(pool: Executor, modules: Sequence[str], tests: Sequence[str]) -> Reach:
    """Find which tests reach these modules, or read it where it was found before."""
    asked = hashlib.sha256(" ".join(modules).encode()).hexdigest()[:8]
    folder = SESSIONS / f"{_state()}-{asked}"
    folder.mkdir(exist_ok=True)
    targets = [folder / f"{path.replace('/', '.')}.json" for path in tests]
    pending = [
        pool.submit(_trace, path, modules, target)
        for path, target in zip(tests, targets, strict=True)
        if not target.exists()
    ]
    for done, future in enumerate(as_completed(pending), start=1):
        future.result()
        print(f"\r{done} of {len(pending)} files of tests", end="", file=sys.stderr, flush=True)
    return Reach.read(targets)


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
    # This process is forked: it must know of the copy, and nothing of the tree.
    sys.dont_write_bytecode = True
    for name in [name for name in sys.modules if name.split(".")[0] == "cefrbench"]:
        del sys.modules[name]
    sys.path[:0] = [str(copy), str(copy / ".mypy")]
    forks.prepare()
    for name in ("cefrbench", "cefrbench_plugins"):
        if not forks.copied(name):
            raise RuntimeError(f"{name} would be imported from elsewhere than {copy}")


def _trace(path: str, modules: Sequence[str], target: Path) -> None:
    """Write which lines a file of tests reaches; unharmed it must pass."""
    part = target.with_suffix(".part")
    run = forks.run([path], 3600, lambda: [Tracer(modules, part)])
    if run.status not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):  # it has slow tests only
        raise RuntimeError(f"{path} fails on the code as it is:\n{run.output[-3000:]}")
    part.replace(target)


def _try_one(item: WorkItem, parts: Sequence[tuple[Sequence[str], float]]) -> WorkResult:
    spec = _spec(item)
    operator = get_operator(spec.operator_name)(**spec.operator_args)
    run = forks.Run(0, "")
    with use_mutation(spec.module_path, operator, spec.occurrence) as (code, changed):
        if changed is None:
            raise RuntimeError(f"{spec} changes nothing")
        for tests, seconds in parts:
            run = forks.run(tests, seconds)
            if run.status == pytest.ExitCode.USAGE_ERROR:  # no such test: alone no fault
                files = sorted({test.partition("::")[0] for test in tests})
                run = forks.run(files, max(seconds, MOST))
            if run.status != 0:
                break
    return WorkResult(
        WorkerOutcome.NORMAL,
        "timeout" if run.status is None else f"{sum(len(tests) for tests, _ in parts)} tests",
        TestOutcome.SURVIVED if run.status == 0 else TestOutcome.KILLED,
        "\n".join(difflib.unified_diff(code.splitlines(), changed.splitlines(), lineterm="")),
    )


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
        where = f"{_module(item)}:{_spec(item).start_pos[0]}"
        lines += ["", f"{where} {_spec(item).operator_name}, {result.output}"]
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
