"""Checks in new processes: of the features there, and with other variables of the environment."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from cefrbench.check.encoder.subject import TRIED, EncoderSubject
from cefrbench.check.fresh import UnpackedError
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark

#: Variables that are left as they are: keys, addresses and places, where another value would send
#: texts or a key elsewhere.
_LEFT = re.compile(
    r"(key|token|secret|passw(or)?d|credential|url|uri|host|endpoint|proxy|server|port|path|dir"
    r"|home|file|cache|user)s?(_|$)",
    re.IGNORECASE,
)
#: What a variable that is not set is set to.
_TRIED = ("1", "kit: ")

CHECKS: CheckTable[EncoderSubject] = CheckTable()


@CHECKS.add(
    "encoder-process",
    "A new process gives the same identity and features",
    "Whoever computes a result again does so in another process: what is drawn or hashed anew in "
    "each makes other features under one name.",
    needs="encoder-reload",
)
def check_process(subject: EncoderSubject) -> Iterator[Problem | Remark]:
    """Load and encode once more where nothing of the encoder was ever loaded."""
    try:
        digest, features = subject.apart()
    except (UnpackedError, RuntimeError) as error:
        raise NotApplicableError(f"another process can't load it: {error}") from error
    if digest != subject.encoder.identity.digest():
        yield Problem(
            "a new process gives another identity",
            "leave times, paths and chance out of the identity",
        )
    own = subject.encode(TRIED)
    if features.shape != own.shape or not subject.same(features, own):
        yield Problem(
            "a new process gives other features under the same identity",
            "seed what is random, and hash with hashlib: hash() of a string is another in each "
            "process",
        )
    yield Remark("as in this one")


@CHECKS.add(
    "encoder-environment",
    "No variable of the environment changes features under the same identity",
    "What is set on one machine and not on another gives two sets of features one name.",
    needs="encoder-process",
)
def check_environment(subject: EncoderSubject) -> Iterator[Problem | Remark]:
    """Set each variable that its modules read to something else, in new processes."""
    names = [name for name in variables(subject) if not is_left(name)]
    if not names:
        yield Remark("it reads none, or keys and addresses only")
        return
    own, features = subject.apart()
    for name in names:
        for value in _values(name):
            try:
                digest, others = subject.apart({name: value})
            except RuntimeError:
                continue  # it refuses the value, and so can't be misled by it
            same = features.shape == others.shape and subject.same(features, others)
            if digest == own and not same:
                yield Problem(
                    f"with {name}={value!r} features are others, and the identity stays the same",
                    "record the value in its field of the identity (what has no field goes into "
                    "`details`), or take the variable out",
                )
                break
    yield Remark(", ".join(names))


def variables(subject: EncoderSubject) -> list[str]:
    """Names of all variables that the modules of the encoder's package read."""
    modules = {str(getattr(subject.spec.load, "__module__", "")), type(subject.encoder).__module__}
    packages = {module.partition(".")[0] for module in modules} - {"cefrbench"}
    found: set[str] = set()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in packages:
            found |= _read_by(module)
    return sorted(found)


def _read_by(module: ModuleType) -> set[str]:
    """Names in ``environ[NAME]``, ``environ.get(NAME)`` and ``getenv(NAME)``, as constants too."""
    file = getattr(module, "__file__", None)
    if not file or not file.endswith(".py"):
        return set()
    found = set()
    for node in ast.walk(ast.parse(Path(file).read_bytes())):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            found.add(_value(module, node.slice))
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func)
            if called.endswith(("environ.get", "getenv")):
                found.add(_value(module, node.args[0]))
    return {name for name in found if isinstance(name, str)}


def _value(module: ModuleType, node: ast.expr) -> Any:
    """What a constant, or the name of a constant of the module, stands for."""
    if isinstance(node, ast.Constant):
        return node.value
    return getattr(module, node.id, None) if isinstance(node, ast.Name) else None


def is_left(name: str) -> bool:
    """Whether a variable is a key, an address or a place, by its name or its value."""
    value = os.environ.get(name, "")
    return bool(_LEFT.search(name) or "://" in value or os.sep in value)


def _values(name: str) -> tuple[str, ...]:
    """Other values for a variable: the next number, a longer word, or what an unset one may be."""
    value = os.environ.get(name)
    if not value:
        return _TRIED
    return (str(int(value) + 1),) if value.isdecimal() else (f"{value} kit",)
