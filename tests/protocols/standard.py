"""The corrected form's folds, written again from docs/protocol.md: lists, sets and scikit-learn.

Nothing here is of cefrbench but the corpora that come in. A row is one number; what is known of
it stands in :class:`Row`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from cefrbench.essays import Essays

CLASSES = {"A1": 0, "A2": 1, "B1": 2, "B2": 3, "C1": 4, "C2": 4}


class Row(NamedTuple):
    """One rated text; ``author`` and ``task`` are of one corpus."""

    text: str
    corpus: str
    family: str
    language: str
    level: int
    author: tuple[str, str] | None
    task: tuple[str, str] | None


Rows = list[int]
#: Training rows, and what is held out of them, by corpus.
Inner = tuple[Rows, dict[str, Rows]]


@dataclass
class Made:
    """One fold."""

    train: Rows
    scored: dict[str, Rows]
    inner: list[Inner]


def rows_of(corpora: Iterable[Essays]) -> list[Row]:
    """All rows, in order; the texts that they hold are as they are compared."""
    found = []
    for one in corpora:
        nobody = (None,) * len(one)
        for text, level, language, author, task in zip(
            one.texts,
            one.levels,
            one.languages,
            one.authors or nobody,
            one.tasks or nobody,
            strict=True,
        ):
            found.append(
                Row(
                    text,
                    one.name,
                    one.card.group or one.name,
                    language,
                    CLASSES[level.name],
                    None if author is None else (one.name, author),
                    None if task is None else (one.name, task),
                )
            )
    return found


class Standard:
    """The folds of some corpora."""

    def __init__(self, corpora: Sequence[Essays], seed: int = 42) -> None:
        self.row = rows_of(corpora)
        self.names = [one.name for one in corpora]
        self.seed = seed
        self.all = list(range(len(self.row)))

    # -- what every protocol is made of ----------------------------------------------------------

    def once(self, rows: Rows) -> Rows:
        """Each text once a corpus: its first row there."""
        seen: set[tuple[str, str]] = set()
        kept = []
        for number in rows:
            key = self.row[number].corpus, self.row[number].text
            if key not in seen:
                seen.add(key)
                kept.append(number)
        return kept

    def by_corpus(self, rows: Rows) -> dict[str, Rows]:
        parts = {
            name: [n for n in self.once(rows) if self.row[n].corpus == name] for name in self.names
        }
        return {name: part for name, part in parts.items() if part}

    def without(self, rows: Rows, others: Rows, authors: bool = False) -> Rows:
        """Rows that share no text, and no author where that is asked, with others."""
        texts = {self.row[n].text for n in others}
        wrote = {self.row[n].author for n in others} - {None} if authors else set()
        return [
            n
            for n in rows
            if n not in set(others)
            and self.row[n].text not in texts
            and self.row[n].author not in wrote
        ]

    def five(self, rows: Rows, groups: Sequence[object], count: int = 5) -> list[Rows]:
        """Parts of rows, stratified by corpus and level; none where scikit-learn refuses."""
        numbers: dict[object, int] = {}
        numbered = [numbers.setdefault(groups[n], len(numbers)) for n in rows]
        strata = [self.names.index(self.row[n].corpus) * 5 + self.row[n].level for n in rows]
        if len(numbers) < count or max(map(strata.count, strata)) < count:
            return []
        cutter = StratifiedGroupKFold(count, shuffle=True, random_state=self.seed)
        return [[rows[i] for i in held] for _, held in cutter.split(rows, strata, numbered)]

    def together(self) -> list[int]:
        """Of each row the first one that it is linked with, by text or author, over any others."""
        links = list(self.all)

        def root(number: int) -> int:
            while links[number] != number:
                number = links[number]
            return number

        first: dict[object, int] = {}
        for number, row in enumerate(self.row):
            for name in (("text", row.text), ("author", row.author)):
                if name[1] is not None:
                    one, other = sorted((root(first.setdefault(name, number)), root(number)))
                    links[other] = one
        return [root(number) for number in self.all]

    def turns(self, rows: Rows, parts: list[Rows]) -> dict[str, Made]:
        made = {}
        for i, part in enumerate(parts):
            train = self.without(rows, part, authors=True)
            inner = []
            for held in parts[:i] + parts[i + 1 :]:
                inside = self.without(train, held, authors=True)
                own = self.by_corpus([n for n in held if n in set(train)])
                if inside and own:
                    inner.append((inside, own))
            made[str(i + 1)] = Made(train, self.by_corpus(part), inner)
        return made

    def across(self, rows: Rows) -> list[Inner]:
        for trait in ("family", "corpus"):
            values = list(dict.fromkeys(getattr(self.row[n], trait) for n in rows))
            if len(values) > 1:
                order = self.families() if trait == "family" else self.names
                inner = []
                for value in (v for v in order if v in values):
                    held = [n for n in rows if getattr(self.row[n], trait) == value]
                    train = self.without(rows, held)
                    if train:
                        inner.append((train, self.by_corpus(held)))
                return inner
        parts = self.five(rows, self.together())
        return [(fold.train, fold.scored) for fold in self.turns(rows, parts).values()]

    def families(self) -> list[str]:
        return list(dict.fromkeys(row.family for row in self.row))

    def leave(self, left: Rows, scored: dict[str, Rows]) -> Made:
        train = self.without(self.all, left)
        return Made(train, scored, self.across(train))

    def where(self, test: Callable[[Row], bool]) -> Rows:
        return [n for n in self.all if test(self.row[n])]

    # -- each protocol ---------------------------------------------------------------------------

    def iid(self) -> dict[str, Made]:
        return self.turns(self.all, self.five(self.all, self.together()))

    def within(self) -> dict[str, Made]:
        made = {}
        for name in self.names:
            rows = self.where(lambda row, name=name: row.corpus == name)
            for number, fold in self.turns(rows, self.five(rows, self.together())).items():
                made[f"{name}-{number}"] = fold
        return made

    def by_task(self) -> dict[str, Made]:
        tasks = {row.task for row in self.row if row.task}
        several = {name for name in self.names if sum(t[0] == name for t in tasks) > 1}
        rows = self.where(lambda row: row.task is not None and row.corpus in several)
        if not rows:
            return {}
        groups = [row.task for row in self.row]
        count = min(5, len({groups[n] for n in rows}))
        return self.turns(rows, self.five(rows, groups, count))

    def lofo(self) -> dict[str, Made]:
        made = {}
        for family in self.families():
            left = self.where(lambda row, family=family: row.family == family)
            made[family] = self.leave(left, self.by_corpus(left))
        return made

    def loco(self) -> dict[str, Made]:
        made = {}
        for name in self.names:
            left = self.where(lambda row, name=name: row.corpus == name)
            made[name] = self.leave(left, {name: self.once(left)})
        return made | self.logo()

    def logo(self) -> dict[str, Made]:
        made = {}
        for family in self.families():
            left = self.where(lambda row, family=family: row.family == family)
            if len({self.row[n].corpus for n in left}) > 1:
                name = f"{family}-all"
                made[name] = self.leave(left, {name: self.once(left)})
        return made

    def lolo(self) -> dict[str, Made]:
        made = {}
        for language in sorted({row.language for row in self.row}):
            left = self.where(lambda row, language=language: row.language == language)
            made[language] = self.leave(left, self.by_corpus(left))
        return made

    def pairwise(self) -> dict[str, Made]:
        made = {}
        for name in self.names if len(self.names) > 1 else []:
            left = self.where(lambda row, name=name: row.corpus != name)
            made[name] = self.leave(left, self.by_corpus(left))
        return made

    def few_shot(self, shots: int) -> dict[str, Made]:
        made = {}
        for name in self.names:
            left = self.where(lambda row, name=name: row.corpus == name)
            rest, support = self.cut(left)
            support = self.once(support)
            if len(support) < shots:
                continue
            fold = self.leave(left, {name: self.once(rest)})
            order = np.random.default_rng(self.seed).permutation(len(support))
            drawn = sorted(support[place] for place in order[:shots])
            fold.train = fold.train + drawn
            made[name] = fold
        return made

    def cut(self, rows: Rows) -> tuple[Rows, Rows]:
        """80 % and 20 % of the texts, stratified by the level of their first row."""
        first: dict[str, int] = {}
        for number in rows:
            first.setdefault(self.row[number].text, number)
        levels = {text: self.row[number].level for text, number in first.items()}
        counts = list(levels.values())
        texts = [text for text in first if counts.count(levels[text]) > 1]
        kept_levels = len({levels[text] for text in texts})
        small = math.ceil(0.2 * len(texts))
        if len(texts) < 2:
            return rows, []
        enough = small >= kept_levels and len(texts) - small >= kept_levels
        _, held = train_test_split(
            texts,
            test_size=0.2,
            stratify=[levels[text] for text in texts] if enough else None,
            random_state=self.seed,
        )
        out = set(held)
        return (
            [n for n in rows if self.row[n].text not in out],
            [n for n in rows if self.row[n].text in out],
        )

    def folds(self, protocol: str) -> dict[str, Made]:
        """Folds of a protocol that can be run: with something to train on and to choose by."""
        if protocol.startswith("few-shot-"):
            made = self.few_shot(int(protocol.rpartition("-")[2]))
        else:
            made = getattr(self, protocol.replace("-", "_"))()
        return {
            name: fold for name, fold in made.items() if fold.train and fold.scored and fold.inner
        }
