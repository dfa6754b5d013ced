"""Comparing what a result says with what was recomputed: the differences, one by one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

#: Sums of the same numbers differ by so much between processors, relatively.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One figure that doesn't agree.

    Attributes
    ----------
    where : str
        Place in the JSON file (``units[3].scores.qwk``); empty for the file as a whole.
    found, expected : str
    """

    where: str
    found: str
    expected: str


Mismatches = Iterator[Mismatch]


def unique(where: str, names: Sequence[object]) -> Mismatches:
    """Find names that stand more than once."""
    if len(set(names)) == len(names):
        return
    for name, count in Counter(names).items():
        if count > 1:
            yield Mismatch(where, f"{name} {count} times", "each once")


def diff(where: str, found: object, expected: object) -> Mismatches:
    """Compare two values part by part; numbers within :data:`TOLERANCE`."""
    # Most figures are equal to the last bit, and whole records are compared at once.
    if found == expected:
        return
    found, expected = _plain(found), _plain(expected)
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        for key in dict.fromkeys([*found, *expected]):
            yield from diff(f"{where}.{key}", found.get(key), expected.get(key))
    elif isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        if len(found) != len(expected):
            yield Mismatch(where, f"{len(found)} entries", f"{len(expected)}")
        for i, pair in enumerate(zip(found, expected, strict=False)):
            yield from diff(f"{where}[{i}]", *pair)
    elif not _equal(found, expected):
        yield Mismatch(where, str(found), str(expected))


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, BaseModel) else value


def _equal(found: object, expected: object) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return found == expected
