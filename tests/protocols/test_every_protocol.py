"""What holds of every registered protocol, on any corpora.

Nothing here names a protocol but the last section, which says what each is named for. Hypothesis
builds the corpora: shared, repeated and doubly rated texts, authors and tasks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from essay_factory import essays
from hypothesis import given, settings
from hypothesis import strategies as st
from standard_folds import Standard, as_made

from cefrbench.contracts.protocol import Fold, Skipped
from cefrbench.essays import Essays, EssayTable, Form, Ints, pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE, Level
from cefrbench.plugins import PluginHost
from cefrbench.protocols.few_shot import SHOTS

HOST = PluginHost(load="")
NAMES = list(HOST.protocols.items)
LEVELS = [level.name for level in Level]


def some(chance: random.Random, what: str, most: int, size: int) -> tuple[str | None, ...]:
    """Authors or tasks: of no row, of some, or of all, from one to so many different ones."""
    known = [f"{what} {n}" for n in range(chance.randint(1, most))]
    share = chance.choice([0.0, 0.5, 1.0])
    return tuple(chance.choice(known) if chance.random() < share else None for _ in range(size))


def said(chance: random.Random, text: str) -> str:
    """The same text, as one might type it."""
    return chance.choice([text, text.upper(), " ".join(text.split())])


@st.composite
def corpora(draw: st.DrawFn) -> list[Essays]:
    """One to four corpora, some too small for anything, with twins in and across them."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    made = []
    for name in ("a", "b", "c", "d")[: draw(st.integers(1, 4))]:
        size = draw(st.sampled_from([1, 6, 45, 45, 90]))
        levels = chance.sample(LEVELS, draw(st.integers(1, 6)))
        # Few names for many rows, some shared by all corpora: most texts are somebody's twin.
        # White space and capitals don't tell two texts apart.
        known = [f"shared {n}" for n in range(9)] + [f"{name}  {n}" for n in range(2 * size)]
        rows = [(said(chance, chance.choice(known)), chance.choice(levels)) for _ in range(size)]
        language = draw(st.sampled_from(["cs", "it"]))
        group = draw(st.sampled_from(["m", "n", None]))
        corpus = essays(name, rows, language=language, group=group)
        authors, tasks = some(chance, "author", 40, size), some(chance, "task", 9, size)
        made.append(replace(corpus, authors=authors, tasks=tasks))
    return made


class Case(NamedTuple):
    """Folds of one protocol, and what they were made of."""

    name: str
    table: EssayTable
    given: list[Fold | Skipped]

    @property
    def folds(self) -> list[Fold]:
        return [fold for fold in self.given if isinstance(fold, Fold)]


def case(name: str, made: list[Essays], form: Form, seed: int) -> Case:
    table = pool(made, FIVE, form)
    return Case(name, table, make_folds(HOST.get_protocol(name), table, seed))


SEEDS = st.integers(0, 3)
every_protocol = pytest.mark.parametrize("name", NAMES)
on_any_corpora = given(corpora(), SEEDS)
few = settings(max_examples=15, deadline=None)


def units(table: EssayTable, rows: Ints) -> set[int]:
    return set(table.unit[rows].tolist())


def authors(table: EssayTable, rows: Ints) -> set[int]:
    return set(table.author[rows].tolist()) - {-1}


def joined(parts: dict[str, Ints]) -> Ints:
    return np.concatenate(list(parts.values()))


def scored(fold: Fold) -> Ints:
    return joined(fold.scored)


def named_parts(fold: Fold) -> Iterator[tuple[str, Ints]]:
    yield from fold.scored.items()
    for cut in fold.inner:
        yield from cut.held.items()


def once(table: EssayTable, rows: Ints) -> bool:
    """Whether no corpus gives a text twice."""
    counts = Counter(zip(table.corpus[rows].tolist(), table.unit[rows].tolist(), strict=True))
    return not counts or max(counts.values()) == 1


# -- of every protocol ---------------------------------------------------------------------------


@every_protocol
@few
@on_any_corpora
def test_nothing_is_trained_or_chosen_on_that_is_scored(
    name: str, made: list[Essays], seed: int
) -> None:
    found = case(name, made, "corrected", seed)
    table = found.table
    for fold in found.folds:
        held_back = units(table, scored(fold))
        assert not units(table, fold.train) & held_back
        assert fold.inner, "without a cut nothing could be chosen"
        for cut in fold.inner:
            held = joined(cut.held)
            assert not units(table, cut.train) & (held_back | units(table, held))
            assert not units(table, held) & held_back
            assert set(cut.train) | set(held) <= set(fold.train)
            assert len(cut.train), "an inner fit needs something to learn from"


@every_protocol
@few
@on_any_corpora
def test_in_distribution_nobody_is_known_who_is_scored_or_chosen_on(
    name: str, made: list[Essays], seed: int
) -> None:
    found = case(name, made, "corrected", seed)
    if HOST.get_protocol(name).card.distribution == "out":
        return
    for fold in found.folds:
        assert not authors(found.table, fold.train) & authors(found.table, scored(fold))
        for cut in fold.inner:
            known = authors(found.table, cut.train)
            assert not known & authors(found.table, joined(cut.held))


@every_protocol
@pytest.mark.parametrize("form", ["study", "corrected"])
@few
@on_any_corpora
def test_a_part_holds_rows_of_what_it_is_named_after_each_text_once(
    name: str, form: Form, made: list[Essays], seed: int
) -> None:
    found = case(name, made, form, seed)
    table = found.table
    members = {corpus: (index,) for index, corpus in enumerate(table.names)}
    members |= {f"{group}-all": indices for group, indices in table.groups.items()}
    for fold in found.folds:
        assert fold.scored
        assert all(cut.held for cut in fold.inner)
        for part, rows in named_parts(fold):
            assert len(rows)
            assert once(table, rows)
            assert set(table.corpus[rows].tolist()) <= set(members[part])


@every_protocol
@pytest.mark.parametrize("form", ["study", "corrected"])
@few
@on_any_corpora
def test_the_same_seed_gives_the_same_folds_and_every_skip_a_reason(
    name: str, form: Form, made: list[Essays], seed: int
) -> None:
    def described() -> list[object]:
        found = case(name, made, form, seed)
        return [
            (f.name, f.reason)
            if isinstance(f, Skipped)
            else (f.name, f.manifest(name, found.table.key), as_made(f), f.notes)
            for f in found.given
        ]

    found = described()
    assert found == described()
    assert found, "a protocol that gives no fold has to say why"
    assert len({name for name, *_ in found}) == len(found)  # type: ignore[misc]
    assert all(reason for _, reason, *_ in found)  # type: ignore[misc]


@every_protocol
@few
@on_any_corpora
def test_the_studys_form_has_no_inner_cuts(name: str, made: list[Essays], seed: int) -> None:
    for fold in case(name, made, "study", seed).folds:
        assert fold.inner == ()
        assert not set(fold.train) & set(scored(fold))


@every_protocol
@few
@on_any_corpora
def test_the_folds_are_those_of_an_independent_implementation(
    name: str, made: list[Essays], seed: int
) -> None:
    found = case(name, made, "corrected", seed)
    assert {f.name: as_made(f) for f in found.folds} == Standard(made, seed).folds(name)


# -- what each is named for ----------------------------------------------------------------------


def corpora_of(table: EssayTable, rows: Ints) -> set[str]:
    return {table.names[index] for index in table.corpus[rows]}


def languages_of(table: EssayTable, rows: Ints) -> set[str]:
    return {table.language[row] for row in rows}


def scores_each_text_once(found: Case) -> None:
    """Unless a fold was skipped, the folds together score every text of their corpora once."""
    if any(isinstance(one, Skipped) for one in found.given):
        return
    together = np.concatenate([scored(fold) for fold in found.folds])
    assert once(found.table, together)
    assert set(together) == set(found.table.once(np.arange(len(found.table))))


def is_iid(found: Case) -> None:
    scores_each_text_once(found)
    table = found.table
    for fold in found.folds:
        known = np.isin(table.author, list(authors(table, scored(fold))))
        rest = units(table, np.flatnonzero(~known)) - units(table, scored(fold))
        assert rest <= units(table, fold.train), "all is used but what its authors wrote"


def is_within(found: Case) -> None:
    scores_each_text_once(found)
    for fold in found.folds:
        own = {fold.name.rpartition("-")[0]}
        assert corpora_of(found.table, fold.train) == corpora_of(found.table, scored(fold)) == own


def leaves_out(table: EssayTable, fold: Fold, left_out: Ints) -> None:
    """Nothing is learned from the rows left out; they are all scored, and all else is used."""
    assert units(table, scored(fold)) == units(table, left_out)
    rest = np.setdiff1d(np.arange(len(table)), left_out)
    assert not set(fold.train) & set(left_out)
    assert units(table, fold.train) == units(table, rest) - units(table, left_out)
    chooses_across(table, fold)


def chooses_across(table: EssayTable, fold: Fold) -> None:
    """Inner cuts leave families out, else corpora, and each held-out text is held out once."""
    family = {index: name for name, found in table.families.items() for index in found}
    families = {family[index] for index in table.corpus[fold.train]}
    named = len(families) > 1
    if not named and len(corpora_of(table, fold.train)) == 1:
        return
    for cut in fold.inner:
        held, seen = (
            {family[index] if named else index for index in table.corpus[rows]}
            for rows in (joined(cut.held), cut.train)
        )
        assert len(held) == 1
        assert not held & seen


def is_loco(found: Case) -> None:
    for fold in found.folds:
        members = found.table.groups.get(fold.name.removesuffix("-all"), ())
        if fold.name in found.table.names:
            members = (found.table.names.index(fold.name),)
        leaves_out(found.table, fold, found.table.rows_of(*members))


def is_lofo(found: Case) -> None:
    for fold in found.folds:
        members = found.table.families[fold.name]
        names = {found.table.names[index] for index in members}
        assert corpora_of(found.table, scored(fold)) == names
        leaves_out(found.table, fold, found.table.rows_of(*members))


def is_by_task(found: Case) -> None:
    table = found.table
    for fold in found.folds:
        new = table.task[scored(fold)]
        assert (new >= 0).all()
        assert not set(table.task[fold.train]) & set(new)
        of = {corpus: set(table.task[table.corpus == corpus]) - {-1} for corpus in table.corpus}
        assert all(len(of[corpus]) > 1 for corpus in table.corpus[scored(fold)])
        for cut in fold.inner:
            assert not set(table.task[cut.train]) & set(table.task[joined(cut.held)])


def is_logo(found: Case) -> None:
    for fold in found.folds:
        members = found.table.groups[fold.name.removesuffix("-all")]
        leaves_out(found.table, fold, found.table.rows_of(*members))


def is_lolo(found: Case) -> None:
    for fold in found.folds:
        assert languages_of(found.table, scored(fold)) == {fold.name}
        assert fold.name not in languages_of(found.table, fold.train)
        left_out = np.flatnonzero(np.array(found.table.language) == fold.name)
        leaves_out(found.table, fold, left_out)


def is_pairwise(found: Case) -> None:
    names = found.table.names
    for fold in found.folds:
        assert corpora_of(found.table, fold.train) == {fold.name}
        assert corpora_of(found.table, scored(fold)) == set(names) - {fold.name}
        others = [index for index, other in enumerate(names) if other != fold.name]
        leaves_out(found.table, fold, found.table.rows_of(*others))


def is_few_shot(shots: int) -> Callable[[Case], None]:
    def check(found: Case) -> None:
        table = found.table
        for fold in found.folds:
            own = table.rows_of(table.names.index(fold.name))
            drawn = np.intersect1d(fold.train, own)
            assert len(drawn) == len(units(table, drawn)) == shots
            rest = np.setdiff1d(np.arange(len(table)), own)
            ordinary = units(table, fold.train) - units(table, drawn)
            assert ordinary == units(table, rest) - units(table, own)
            assert corpora_of(table, scored(fold)) == {fold.name}
            for cut in fold.inner:
                used = {*cut.train, *joined(cut.held)}
                assert not used & set(own), "the target's texts choose nothing"

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
    MEANT[name](case(name, made, "corrected", seed))


def test_few_shots_are_drawn_from_corpora_that_have_as_many() -> None:
    """Those that hypothesis builds are too small for 32."""
    made = [
        essays(name, [(f"{name} {n // 2 * 2}", LEVELS[n % 7 % 6]) for n in range(1400)], group=name)
        for name in ("a", "b")
    ]
    for shots in SHOTS:
        found = case(f"few-shot-{shots}", made, "corrected", 1)
        assert len(found.folds) == 2
        is_few_shot(shots)(found)
