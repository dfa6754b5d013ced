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
        "1": "f4e88864ac04dbea-40d3e574",
        "2": "28a95bcaf9e33624-d8a73be5",
        "3": "92fc6fd8e9fbb471-08c1019d",
        "4": "d0088a2c597cfcc1-65ca1f30",
        "5": "fcddf85b5181e9db-b7f5adc9",
    },
    ("by-task", "corrected"): {
        "1": "3bbec948dbd0b0df-0d5634a0",
        "2": "e6ec415ba77e5171-d716af8e",
        "3": "705ac0f3df6548bd-1ee9cbe9",
        "4": "df27817f6d6ca027-e03417b1",
        "5": "93266169d938fa80-6b41704f",
    },
    ("lofo", "study"): {
        "m": "169204099ef9087b-6e597750",
        "many": "6fa0583531da7b73-5bbfd888",
    },
    ("lofo", "corrected"): {
        "m": "fca50faa66f1d6c0-dc38e229",
        "many": "45b8a40f7caf033e-fe9da6f4",
    },
    ("few-shot-8", "study"): {
        "one": "f50ec555c59a3809-c361e1bf",
        "two": "fb303e5a8285e024-6db3f843",
        "many": "bb0eab711ce01ee1-c5ca1291",
    },
    ("few-shot-8", "corrected"): {
        "one": "f50646906121be09-2ac5f42f",
        "two": "c6e0346ec05c77e8-b62d9a44",
        "many": "c5437fd0e6e2c1e0-2da02ae5",
    },
    ("few-shot-32", "study"): {
        "one": "its support set has 13 texts, not 32",
        "two": "its support set has 13 texts, not 32",
        "many": "6b34c6ced71bf076-41570df9",
    },
    ("few-shot-32", "corrected"): {
        "one": "its support set has 9 texts, not 32",
        "two": "its support set has 12 texts, not 32",
        "many": "64dc41f58d3ddd9d-9741da16",
    },
    ("few-shot-128", "study"): {
        "one": "its support set has 13 texts, not 128",
        "two": "its support set has 13 texts, not 128",
        "many": "1b24efd3b8f06689-fd0262b7",
    },
    ("few-shot-128", "corrected"): {
        "one": "its support set has 9 texts, not 128",
        "two": "its support set has 12 texts, not 128",
        "many": "5183290fb0f09109-7123aab7",
    },
    ("iid", "study"): {
        "all": "427fd052018890ae-885b2d55",
    },
    ("iid", "corrected"): {
        "all": "fec6483e74a79230-1589424a",
    },
    ("loco", "study"): {
        "one": "ced49eeda1f9465e-9fdea900",
        "two": "c5171de5789930b8-b524e4e4",
        "many": "4a78f7428a81bcb9-5bbfd888",
        "m-all": "80cd9b25b758d822-6e597750",
    },
    ("loco", "corrected"): {
        "one": "d1e080e0f9ab7cc9-1b8ddf88",
        "two": "d6f66b7230a9163a-dce91e7f",
        "many": "3d0e016d30a1e7ea-fe9da6f4",
        "m-all": "6545ca0667223b9b-dc38e229",
    },
    ("logo", "study"): {
        "m-all": "97a021b9d5d3dee7-6e597750",
    },
    ("logo", "corrected"): {
        "m-all": "2e6fc4ff7b2d81b3-dc38e229",
    },
    ("lolo", "study"): {
        "cs": "8d7a62cd6168aee3-9fdea900",
        "it": "e04976edab52e62c-27ac9c1f",
    },
    ("lolo", "corrected"): {
        "cs": "1cf1d351ebcd24ab-1b8ddf88",
        "it": "481d226fdace2bef-bcd419e5",
    },
    ("pairwise", "study"): {
        "one": "1e644c9ef5707b6d-27ac9c1f",
        "two": "939c82ff3a543a9f-cea30855",
        "many": "e80fecc5c00e84cd-6e597750",
    },
    ("pairwise", "corrected"): {
        "one": "3a07e1d3e02f89c1-bcd419e5",
        "two": "2ce0290ac2954dd6-e7d6503a",
        "many": "5b864c4537ddcc4d-dc38e229",
    },
    ("within", "study"): {
        "one": "70e67bcade47e7fc-27ac9c1f",
        "two": "4cac70f5af11e924-cea30855",
        "many": "a184547ebc4f3a02-6e597750",
    },
    ("within", "corrected"): {
        "one": "0b9b9f3ca1e5358a-24bbfcff",
        "two": "8f48df03b4819bdf-fa19f7c1",
        "many": "3beb819058e6dcfa-81747826",
    },
}


@pytest.mark.parametrize("name", HOST.protocols.items)
@pytest.mark.parametrize("form", ["study", "corrected"])
def test_the_splits_are_those_that_were_written_down(name: str, form: Form) -> None:
    assert described(name, pool(CORPORA, FIVE, form)) == GOLDEN[name, form]


def test_a_manifest_can_be_computed_from_its_description() -> None:
    """Protocol, fold, then each part with its rows in order: number in the pool, key of the text.

    Written again from docs/protocol.md, so that another team's manifests are ours.
    """
    table = pool(CORPORA, FIVE, "corrected")
    (fold,) = make_folds(HOST.get_protocol("iid"), table, 42)
    assert isinstance(fold, Fold)
    lines = ["iid", "all"]
    parts = {"train": fold.train, "validation": fold.validation} | fold.scored
    for part, rows in parts.items():
        lines += [f"{part} {len(rows)}", *(f"{row} {table.key[row]}" for row in sorted(rows))]
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    assert fold.manifest("iid", table.key) == digest
