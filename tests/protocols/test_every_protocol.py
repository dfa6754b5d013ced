"""What holds of every registered protocol in the corrected form, on any corpora.

Nothing here names a protocol but the last section, which says what each is named for.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from essay_factory import essays
from hypothesis import given, settings
from hypothesis import strategies as st

from cefrbench.contracts.protocol import Fold, Skipped
from cefrbench.essays import Essays, EssayTable, Form, Ints, pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE, Level
from cefrbench.plugins import PluginHost
from cefrbench.protocols.few_shot import SHOTS

HOST = PluginHost(load="")
NAMES = list(HOST.protocols.items)
LEVELS = [level.name for level in Level]


def names(chance: random.Random, size: int) -> tuple[str | None, ...]:
    """Authors or tasks: of no row, of some, or of all, from one to nine different ones."""
    known = [f"name {n}" for n in range(chance.randint(1, 9))]
    share = chance.choice([0.0, 0.5, 1.0])
    return tuple(chance.choice(known) if chance.random() < share else None for _ in range(size))


@st.composite
def corpora(draw: st.DrawFn) -> list[Essays]:
    """One to four corpora, some too small for anything, with twins in and across them."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    made = []
    for name in ("a", "b", "c", "d")[: draw(st.integers(1, 4))]:
        size = draw(st.sampled_from([1, 6, 60, 220]))
        levels = chance.sample(LEVELS, draw(st.integers(1, 6)))
        # Few names for many rows, some shared by all corpora: most texts are somebody's twin.
        known = [f"shared {n}" for n in range(9)] + [f"{name} {n}" for n in range(2 * size)]
        rows = [(chance.choice(known), chance.choice(levels)) for _ in range(size)]
        language = draw(st.sampled_from(["cs", "it"]))
        group = draw(st.sampled_from(["m", None]))
        corpus = essays(name, rows, language=language, group=group)
        made.append(replace(corpus, authors=names(chance, size), tasks=names(chance, size)))
    return made


SEEDS = st.integers(0, 3)
every_protocol = pytest.mark.parametrize("name", NAMES)
on_any_corpora = given(corpora(), SEEDS)
few = settings(max_examples=25, deadline=None)


def folds(name: str, table: EssayTable, seed: int = 42) -> Iterator[Fold]:
    for fold in make_folds(HOST.get_protocol(name), table, seed):
        if isinstance(fold, Fold):
            yield fold


def units(table: EssayTable, rows: Ints) -> set[int]:
    return set(table.unit[rows].tolist())


def scored(fold: Fold) -> Ints:
    return np.concatenate(list(fold.scored.values()))


def once(table: EssayTable, rows: Ints) -> bool:
    """Whether no corpus gives a text twice."""
    counts = Counter(zip(table.corpus[rows].tolist(), table.unit[rows].tolist(), strict=True))
    return not counts or max(counts.values()) == 1


# -- of every protocol ---------------------------------------------------------------------------


@every_protocol
@few
@on_any_corpora
def test_no_text_is_on_two_of_the_three_sides(name: str, made: list[Essays], seed: int) -> None:
    table = pool(made, FIVE, "corrected")
    for fold in folds(name, table, seed):
        train, validation = units(table, fold.train), units(table, fold.validation)
        assert not train & validation
        assert not train & units(table, scored(fold))
        assert not validation & units(table, scored(fold))


@every_protocol
@few
@on_any_corpora
def test_a_text_counts_once_in_the_choice_of_layer_and_once_in_a_score(
    name: str, made: list[Essays], seed: int
) -> None:
    table = pool(made, FIVE, "corrected")
    for fold in folds(name, table, seed):
        assert once(table, fold.validation)
        for rows in fold.scored.values():
            assert once(table, rows)


@every_protocol
@pytest.mark.parametrize("form", ["study", "corrected"])
@few
@on_any_corpora
def test_a_part_holds_rows_of_what_it_is_named_after(
    name: str, form: Form, made: list[Essays], seed: int
) -> None:
    table = pool(made, FIVE, form)
    members = {corpus: (index,) for index, corpus in enumerate(table.names)}
    members |= {f"{group}-all": indices for group, indices in table.groups.items()}
    for fold in folds(name, table, seed):
        assert fold.scored
        for part, rows in fold.scored.items():
            assert len(rows)
            assert set(table.corpus[rows].tolist()) <= set(members[part])


@every_protocol
@pytest.mark.parametrize("form", ["study", "corrected"])
@few
@on_any_corpora
def test_the_same_seed_gives_the_same_folds_and_every_skip_a_reason(
    name: str, form: Form, made: list[Essays], seed: int
) -> None:
    table = pool(made, FIVE, form)

    def described() -> list[object]:
        return [
            (f.name, f.reason)
            if isinstance(f, Skipped)
            else (f.name, f.manifest(name, table.key), f.train.tolist(), f.notes)
            for f in make_folds(HOST.get_protocol(name), table, seed)
        ]

    found = described()
    assert found == described()
    assert found, "a protocol that gives no fold has to say why"
    assert len({name for name, *_ in found}) == len(found)  # type: ignore[misc]
    assert all(reason for _, reason, *_ in found)  # type: ignore[misc]


@every_protocol
@few
@on_any_corpora
def test_the_studys_form_has_no_validation_rows(name: str, made: list[Essays], seed: int) -> None:
    table = pool(made, FIVE, "study")
    for fold in folds(name, table, seed):
        assert not len(fold.validation)
        assert not set(fold.train) & set(scored(fold))


# -- what each is named for ----------------------------------------------------------------------


def corpora_of(table: EssayTable, rows: Ints) -> set[str]:
    return {table.names[index] for index in table.corpus[rows]}


def languages_of(table: EssayTable, rows: Ints) -> set[str]:
    return {table.language[row] for row in rows}


def learned(fold: Fold) -> Ints:
    """Rows that anything is learned from: fitted on, or used to choose the layer."""
    return np.concatenate([fold.train, fold.validation])


def is_iid(table: EssayTable, fold: Fold) -> None:
    whole = units(table, learned(fold)) | units(table, scored(fold))
    assert whole == set(table.unit.tolist()), "every text is on one of the sides"


def is_within(table: EssayTable, fold: Fold) -> None:
    assert corpora_of(table, learned(fold)) == corpora_of(table, scored(fold)) == {fold.name}
    whole = units(table, learned(fold)) | units(table, scored(fold))
    assert whole == units(table, table.rows_of(table.names.index(fold.name)))


def leaves_out(table: EssayTable, fold: Fold, left_out: Ints) -> None:
    """Nothing is learned from the rows left out; they are all scored, and all else is used."""
    assert units(table, scored(fold)) == units(table, left_out)
    rest = np.setdiff1d(np.arange(len(table)), left_out)
    assert not set(learned(fold)) & set(left_out)
    assert units(table, learned(fold)) == units(table, rest) - units(table, left_out)


def is_loco(table: EssayTable, fold: Fold) -> None:
    members = table.groups.get(fold.name.removesuffix("-all"), ())
    if fold.name in table.names:
        members = (table.names.index(fold.name),)
    leaves_out(table, fold, table.rows_of(*members))


def is_lofo(table: EssayTable, fold: Fold) -> None:
    members = table.families[fold.name]
    assert corpora_of(table, scored(fold)) == {table.names[index] for index in members}
    leaves_out(table, fold, table.rows_of(*members))


def is_by_task(table: EssayTable, fold: Fold) -> None:
    new = table.task[scored(fold)]
    assert (new >= 0).all()
    assert not set(table.task[learned(fold)]) & set(new)
    known = set(table.author[learned(fold)]) - {-1}
    assert not known & set(table.author[scored(fold)])
    of_tasks = {corpus: set(table.task[table.corpus == corpus]) - {-1} for corpus in table.corpus}
    assert all(len(of_tasks[corpus]) > 1 for corpus in table.corpus[scored(fold)])


def is_logo(table: EssayTable, fold: Fold) -> None:
    leaves_out(table, fold, table.rows_of(*table.groups[fold.name.removesuffix("-all")]))


def is_lolo(table: EssayTable, fold: Fold) -> None:
    assert languages_of(table, scored(fold)) == {fold.name}
    assert fold.name not in languages_of(table, learned(fold))
    leaves_out(table, fold, np.flatnonzero(np.array(table.language) == fold.name))


def is_pairwise(table: EssayTable, fold: Fold) -> None:
    assert corpora_of(table, learned(fold)) == {fold.name}
    assert corpora_of(table, scored(fold)) == set(table.names) - {fold.name}
    leaves_out(table, fold, table.rows_of(*others_than(table, fold.name)))


def others_than(table: EssayTable, name: str) -> list[int]:
    return [index for index, other in enumerate(table.names) if other != name]


def is_few_shot(shots: int) -> Callable[[EssayTable, Fold], None]:
    def check(table: EssayTable, fold: Fold) -> None:
        own = table.rows_of(table.names.index(fold.name))
        drawn = np.intersect1d(fold.train, own)
        assert len(drawn) == len(units(table, drawn)) == shots
        assert not set(fold.validation) & set(own), "the target's texts choose no layer"
        rest = np.setdiff1d(np.arange(len(table)), own)
        ordinary = units(table, learned(fold)) - units(table, drawn)
        assert ordinary == units(table, rest) - units(table, own)
        assert corpora_of(table, scored(fold)) == {fold.name}

    return check


MEANT = {
    "iid": is_iid,
    "by-task": is_by_task,
    "lofo": is_lofo,
    "loco": is_loco,
    "logo": is_logo,
    "lolo": is_lolo,
    "pairwise": is_pairwise,
    "within": is_within,
} | {f"few-shot-{shots}": is_few_shot(shots) for shots in SHOTS}


def test_every_protocol_is_held_to_what_it_is_named_for() -> None:
    assert set(MEANT) == set(NAMES)


@every_protocol
@few
@on_any_corpora
def test_a_protocol_does_what_it_is_named_for(name: str, made: list[Essays], seed: int) -> None:
    table = pool(made, FIVE, "corrected")
    for fold in folds(name, table, seed):
        MEANT[name](table, fold)
