"""The splits of one fixed table, written down: they never change in silence.

A manifest stands in every published result, and results are compared only where manifests are
equal. So a change here is a change of the standard: it needs a new suite and a line in the
changelog. The order in which a fold trains is pinned too, because networks draw batches in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from essay_factory import essays
from standard_folds import Standard, as_made

from cefrbench.contracts.protocol import Fold, Skipped
from cefrbench.essays import Essays, EssayTable, Form, pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE, Level
from cefrbench.plugins import PluginHost

HOST = PluginHost(load="")
LEVELS = [level.name for level in Level]


def corpus(name: str, count: int, *, language: str, group: str | None = None) -> Essays:
    """Texts of all levels; every eighth has a twin one level up, every ninth is in all corpora."""
    rows: list[tuple[str, str]] = []
    for n in range(count):
        text = f"shared {n}" if n % 9 == 0 else f"{name} {n}"
        level = n * n % 11 % 6
        rows.append((text, LEVELS[level]))
        if n % 8 == 0:
            rows.append((text, LEVELS[min(level + 1, 5)]))
    # Not in the order of the texts: a twin may come long after, or before, its other row.
    rows = rows[::2] + rows[1::2]
    if name == "two":
        rows.reverse()
    made = essays(name, rows, language=language, group=group)
    if name == "one":
        return made
    tasks = tuple(f"task {n * n % 13 % 7}" if n % 10 else None for n in range(len(rows)))
    return replace(made, tasks=tasks, authors=tuple(f"author {n // 3}" for n in range(len(rows))))


CORPORA = [
    corpus("one", 45, language="cs", group="m"),
    corpus("two", 60, language="it", group="m"),
    corpus("many", 700, language="it"),
]


def described(name: str, table: EssayTable) -> dict[str, str]:
    """Each fold's manifest and, after a dash, what stands for its order of training."""
    found = {}
    for fold in make_folds(HOST.get_protocol(name), table, 42):
        found[fold.name] = _describe(fold, name, table)
    return found


def _describe(fold: Fold | Skipped, name: str, table: EssayTable) -> str:
    if isinstance(fold, Skipped):
        return fold.reason
    order = hashlib.sha256(fold.train.astype("<i8").tobytes()).hexdigest()
    return f"{fold.manifest(name, table.key)[:16]}-{order[:8]}"


GOLDEN: dict[tuple[str, Form], dict[str, str]] = {
    ("by-task", "study"): {
        "1": "8a29449669e3f5f8-40d3e574",
        "2": "a3334db0796fd90c-d8a73be5",
        "3": "a713d2223a5a0243-08c1019d",
        "4": "1c3ab0859aa0fe5e-65ca1f30",
        "5": "4443c4a2c821f4cf-b7f5adc9",
    },
    ("by-task", "corrected"): {
        "1": "174cfcee0249d3d2-a57671e9",
        "2": "f3a13771f66b501a-bd6c9a00",
        "3": "1c1675488a6691c3-ef65ef8e",
        "4": "3398ca0cae235014-a756d858",
        "5": "cf00f6e1d6ec09e0-ab1d772d",
    },
    ("lofo", "study"): {
        "m": "d9afa9c8163eb390-6e597750",
        "many": "058d69cec160454b-5bbfd888",
    },
    ("lofo", "corrected"): {
        "m": "811a352ae4fa1f7b-edd2875f",
        "many": "ba4029d9f2571896-77ee217b",
    },
    ("few-shot-8", "study"): {
        "one": "ac65fc2a3af81c50-c361e1bf",
        "two": "30c855abfda617db-6db3f843",
        "many": "0298cf540434673e-c5ca1291",
    },
    ("few-shot-8", "corrected"): {
        "one": "6bcb3433652e5239-0de75508",
        "two": "d23cfd98e1faf5e3-8d7a96af",
        "many": "cbcb1088e4f7f03c-cfc074ba",
    },
    ("few-shot-32", "study"): {
        "one": "its support set has 13 texts, not 32",
        "two": "its support set has 13 texts, not 32",
        "many": "3426ff012c97e0e9-41570df9",
    },
    ("few-shot-32", "corrected"): {
        "one": "its support set has 9 texts, not 32",
        "two": "its support set has 12 texts, not 32",
        "many": "338cae9cb5bc9318-cef71ad9",
    },
    ("few-shot-128", "study"): {
        "one": "its support set has 13 texts, not 128",
        "two": "its support set has 13 texts, not 128",
        "many": "98abd266e7ba7c9e-fd0262b7",
    },
    ("few-shot-128", "corrected"): {
        "one": "its support set has 9 texts, not 128",
        "two": "its support set has 12 texts, not 128",
        "many": "b43b163ffb0c1533-b1107a57",
    },
    ("iid", "study"): {
        "all": "4fc76cab86205f14-885b2d55",
    },
    ("iid", "corrected"): {
        "1": "9b3f06a8efc0246f-0ec99d7d",
        "2": "f0a0c10c4fbee1d7-0ab225ae",
        "3": "3c14b9c147acb2a2-2ea48c8e",
        "4": "b5a801c527b96716-2d5a442e",
        "5": "42f4af940f018816-b5a59165",
    },
    ("loco", "study"): {
        "one": "05b1d21be5646764-9fdea900",
        "two": "e430f40e81664c0d-b524e4e4",
        "many": "e05a0594a8680916-5bbfd888",
        "m-all": "dc4a6383706499b4-6e597750",
    },
    ("loco", "corrected"): {
        "one": "b86e15b00a3e5c86-7fb2e1d8",
        "two": "997b35c342dcb0d5-6baa41d7",
        "many": "b1a7b394756308f9-77ee217b",
        "m-all": "31e7649a5f53f762-edd2875f",
    },
    ("logo", "study"): {
        "m-all": "1ffe115474f01794-6e597750",
    },
    ("logo", "corrected"): {
        "m-all": "48891f0ec3db9c96-edd2875f",
    },
    ("lolo", "study"): {
        "cs": "283a036617b908e0-9fdea900",
        "it": "822644269e8a223a-27ac9c1f",
    },
    ("lolo", "corrected"): {
        "cs": "cb0401e2b4c88c55-7fb2e1d8",
        "it": "4baf4361dda57a89-35b54c4f",
    },
    ("pairwise", "study"): {
        "one": "3b45b0cab668247b-27ac9c1f",
        "two": "83636002dd9daad8-cea30855",
        "many": "f263d9e6b33e351a-6e597750",
    },
    ("pairwise", "corrected"): {
        "one": "27ad20879f0b07e5-35b54c4f",
        "two": "e3fd549c39f5b16d-2b4e7935",
        "many": "cd1771142de381c9-edd2875f",
    },
    ("within", "study"): {
        "one": "d6f46eb962011d68-27ac9c1f",
        "two": "ec8a30d2f3d04071-cea30855",
        "many": "6175218396f4c0a0-6e597750",
    },
    ("within", "corrected"): {
        "one-1": "dee8f4a8f4acd125-8305b6b9",
        "one-2": "3d6aefa6bb7796dd-5e46ed50",
        "one-3": "46f0759bc615fddd-27dad612",
        "one-4": "62584df91f05c079-b4217906",
        "one-5": "fe91e8bc5d12f2f1-7830b8eb",
        "two-1": "3d603ff52071ff94-3fc1d11c",
        "two-2": "a95d87ca66f247a5-390baf43",
        "two-3": "bf70c63bf9d6cc80-cc8e4724",
        "two-4": "33dd28e85853f7c0-fcbdb5f8",
        "two-5": "7e1060e47f65d025-7224b294",
        "many-1": "ae45bedf098d055d-cc2e0a9c",
        "many-2": "596cb04f76caa1bb-1894c3d1",
        "many-3": "85eefa58ec4e944d-17660934",
        "many-4": "6748f8c0d22fd139-7a19cebe",
        "many-5": "7046b6e1b4461e4c-a0069f73",
    },
}


@pytest.mark.parametrize("name", HOST.protocols.items)
@pytest.mark.parametrize("form", ["study", "corrected"])
def test_the_splits_are_those_that_were_written_down(name: str, form: Form) -> None:
    assert described(name, pool(CORPORA, FIVE, form)) == GOLDEN[name, form]


@pytest.mark.parametrize("name", HOST.protocols.items)
def test_they_are_those_of_an_independent_implementation(name: str) -> None:
    table = pool(CORPORA, FIVE, "corrected")
    found = {
        fold.name: as_made(fold)
        for fold in make_folds(HOST.get_protocol(name), table, 42)
        if isinstance(fold, Fold)
    }
    assert found == Standard(CORPORA).folds(name)


def test_a_manifest_can_be_computed_from_its_description() -> None:
    """Protocol, fold, then each part with its rows in order: number in the pool, key of the text.

    Written again from docs/protocol.md, so that another team's manifests are ours.
    """
    table = pool(CORPORA, FIVE, "corrected")
    fold = make_folds(HOST.get_protocol("lofo"), table, 42)[0]
    assert isinstance(fold, Fold)
    assert len(fold.inner) > 1
    lines = ["lofo", fold.name]
    parts = [("train", fold.train), *fold.scored.items()]
    for number, cut in enumerate(fold.inner, start=1):
        parts.append((f"inner {number} train", cut.train))
        parts += [(f"inner {number} {name}", rows) for name, rows in cut.held.items()]
    for part, rows in parts:
        lines += [f"{part} {len(rows)}", *(f"{row} {table.key[row]}" for row in sorted(rows))]
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    assert fold.manifest("lofo", table.key) == digest
