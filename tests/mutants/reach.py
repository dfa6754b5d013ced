"""Which tests reach which lines of the core, and how long each takes (seconds of the processor).

A fault can be noticed only by a test that runs its line. Each file of tests is run by itself, so
that what one file leaves in a cache hides nothing from the next.
"""

from __future__ import annotations

import ast
import json
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from coverage import Coverage

#: Lines that run while tests are collected are under this name.
IMPORTED = ""


class Tracer:
    """A plugin of pytest that writes a file of tests' lines and seconds to ``target``."""

    def __init__(self, modules: Sequence[str], target: Path) -> None:
        self.modules, self.target = modules, target
        self.seconds: dict[str, float] = {}
        self.coverage = Coverage(data_file=None, include=list(modules), config_file=False)
        # A file that runs nothing of the core is no fault.
        self.coverage.set_option("run:disable_warnings", ["no-data-collected"])
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        begun = sum(os.times()[:4])  # of the processor, with processes that a test began
        self.coverage.switch_context(item.nodeid)
        done = yield
        self.coverage.switch_context(IMPORTED)
        self.seconds[item.nodeid] = sum(os.times()[:4]) - begun
        return done

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        names = {Path(name).resolve(): name for name in data.measured_files()}
        tests = list(self.seconds)
        place = {name: number for number, name in enumerate(tests)}
        lines = {
            module: {
                line: [place[name] for name in contexts if name != IMPORTED]
                for line, contexts in data.contexts_by_lineno(names[Path(module).resolve()]).items()
            }
            for module in self.modules
            if Path(module).resolve() in names
        }
        seconds = [round(self.seconds[name], 3) for name in tests]
        found = {"tests": tests, "seconds": seconds, "lines": lines}
        self.target.write_text(json.dumps(found), "utf-8")


@dataclass(frozen=True)
class Reach:
    """Seconds by test, and tests by module and line."""

    seconds: Mapping[str, float]
    lines: Mapping[str, Mapping[int, Sequence[str]]]

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Reach:
        """Put together what :class:`Tracer` wrote of each file, of lines in functions alone.

        Other lines run on import, and which test is the first to import a module says nothing.
        """
        seconds: dict[str, float] = {}
        lines: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        for path in paths:
            found = json.loads(path.read_text("utf-8"))
            seconds |= zip(found["tests"], found["seconds"], strict=True)
            for module, reached in found["lines"].items():
                for line, tests in reached.items():
                    lines[module][int(line)] += [found["tests"][number] for number in tests]
        for module in lines:
            bodies = _bodies(Path(module).read_text("utf-8"))
            lines[module] = {line: lines[module][line] for line in bodies & {*lines[module]}}
        return cls(seconds, lines)

    def nearest(self, module: str, first: int, last: int, most: float) -> list[list[str]]:
        """Tests to try a fault of these lines on: those of the nearest file, then others.

        Each of the two gets ``most`` seconds. The nearest file is named after the module, or has
        the most runs of its lines a second, by tests that run these lines (by all that reach the
        module where the lines run on import). Such tests come first, then others of the same files:
        what is cached, or made once for a file, is used by more tests than the one that runs the
        line.
        """
        reached = self.lines.get(module, {})
        runs = Counter(test for tests in reached.values() for test in tests)
        near = {test for line in range(first, last + 1) for test in reached.get(line, ())}
        near = near or {*runs}
        hits: Counter[str] = Counter()
        for test in near:
            hits[_file(test)] += runs[test]
        taken: dict[str, float] = defaultdict(float)
        for test, seconds in self.seconds.items():
            taken[_file(test)] += seconds

        def distance(file: str) -> tuple[bool, float, str]:
            return not _words(module) <= _words(file), -hits[file] / (1 + taken[file]), file

        files = sorted(hits, key=distance)
        return [
            chosen for part in (files[:1], files[1:]) if (chosen := self._within(near, part, most))
        ]

    def _within(self, near: Collection[str], files: Sequence[str], most: float) -> list[str]:
        tests = [test for test in self.seconds if _file(test) in files]
        tests.sort(
            key=lambda test: (test not in near, files.index(_file(test)), self.seconds[test])
        )
        chosen: list[str] = []
        for test in tests:
            if self.seconds[test] <= most or not chosen:
                chosen.append(test)
                most -= self.seconds[test]
        return chosen


def _bodies(source: str) -> set[int]:
    """Lines of the bodies of functions."""
    return {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1)
    }


def _words(path: str) -> set[str]:
    return {*Path(path).stem.split("_")}


def _file(test: str) -> str:
    return test.partition("::")[0]
