"""Essays: what is left of a corpus's rows after cleaning, with a fingerprint and a report.

:class:`Essays` is one corpus; :class:`EssayTable` pools several, in row order, and knows which
rows are one text and which levels count as right.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cefrbench.contracts.cards import Card, CorpusCard
from cefrbench.levels import Level, Scale

Form = Literal["study", "corrected"]
#: Where the rows of a corpus were read.
RowSource = Literal["hub", "file", "sample"]
Ints = NDArray[np.int64]


class CleaningReport(Card):
    """What became of a corpus's rows; nothing is dropped in silence."""

    rows: int = Field(description="Rows in the source.")
    kept: int = Field(description="Rows with a text and a level.")
    dropped: dict[str, int] = Field(default_factory=dict, description="Rows dropped, by reason.")
    examples: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Up to three offending level values by reason."
    )


@dataclass(frozen=True, slots=True)
class Essays:
    """One corpus, cleaned. All sequences are parallel, in the order of the source.

    Attributes
    ----------
    card : CorpusCard
    texts : sequence of str
        A tuple, or what reads them from a file where they are long.
    levels : tuple of Level
        Each row's own level.
    languages : tuple of str
    report : CleaningReport
    revision : str or None
        Resolved revision of the source.
    authors, tasks : tuple of (str or None)
        Who wrote a row and what was asked for, where the corpus says so; empty when it says
        nothing of any row.
    titles : tuple of (str or None)
        Likewise the rows' titles.
    source : {"hub", "file", "sample"}
        Where the rows were read: a plugin that reads files of its own reads from a file.
    """

    card: CorpusCard
    texts: Sequence[str]
    levels: tuple[Level, ...]
    languages: tuple[str, ...]
    report: CleaningReport
    revision: str | None = None
    authors: tuple[str | None, ...] = ()
    tasks: tuple[str | None, ...] = ()
    titles: tuple[str | None, ...] = ()
    source: RowSource = "file"

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def name(self) -> str:
        """Name of the corpus."""
        return self.card.name

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the cleaned rows in order: texts, levels and languages.

        Authors and tasks have no part in it: what they change are splits, whose manifests say
        which text is where; nor have titles: an encoder that reads them says so (``reads``).
        """
        digest = hashlib.sha256()
        for row in zip(self.texts, (lv.name for lv in self.levels), self.languages, strict=True):
            digest.update(json.dumps(row, ensure_ascii=True).encode())
            digest.update(b"\n")
        return digest.hexdigest()


def normalise(text: str) -> str:
    """Two texts are the same when this is: NFKC, case-folded, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def text_key(text: str) -> str:
    """Hash that stands for a text in results: 32 hexadecimal digits of SHA-256."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class EssayTable:
    """Essays of several corpora, pooled in row order, as arrays of one entry a row.

    In the ``study`` form every row is a unit of its own and carries level, corpus and all else of
    the first row with its text. In the ``corrected`` form rows with the same normalised text are
    one unit: never on both sides of a cut, scored once a corpus, right anywhere between their
    levels (what each row weighs in training: :mod:`cefrbench.weighting`).

    Attributes
    ----------
    form : {"study", "corrected"}
    scale : Scale
    cards : tuple of CorpusCard
    corpus : ndarray of int
        Index into ``cards``.
    unit : ndarray of int
        Rows of the same unit must stay on one side of a cut.
    key : tuple of str
        :func:`text_key` of each row.
    label : ndarray of int
        Class to train on.
    low, high : ndarray of int
        Lowest and highest class that count as right.
    language : tuple of str
    author, task : ndarray of int
        Number of the row's author and task, -1 where none is known; corpora share none.
    length : ndarray of float64
        Natural logarithm of the row's characters: what the reference ``length`` counts.
    baseline : bool
        In the study's form: these are the rows of its surface baseline, which it fitted on all
        other rows where a corpus is left out.
    """

    form: Form
    scale: Scale
    cards: tuple[CorpusCard, ...]
    corpus: Ints
    unit: Ints
    key: tuple[str, ...]
    label: Ints
    low: Ints
    high: Ints
    language: tuple[str, ...]
    author: Ints
    task: Ints
    length: NDArray[np.float64]
    baseline: bool = False

    def __len__(self) -> int:
        return len(self.corpus)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the corpora, in order."""
        return tuple(card.name for card in self.cards)

    @property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """Corpora that belong together, by group, where at least two are here."""
        members: dict[str, list[int]] = {}
        for index, card in enumerate(self.cards):
            if card.group:
                members.setdefault(card.group, []).append(index)
        return {name: tuple(found) for name, found in members.items() if len(found) > 1}

    @property
    def families(self) -> dict[str, tuple[int, ...]]:
        """Corpora of one project, by its group's name; a corpus without a group is its own."""
        members: dict[str, list[int]] = {}
        for index, card in enumerate(self.cards):
            members.setdefault(card.group or card.name, []).append(index)
        return {name: tuple(found) for name, found in members.items()}

    @property
    def group(self) -> Ints:
        """Number of what must not be cut: a text, or all that one author wrote.

        A text by two authors joins them. Numbers are given by first appearance.
        """
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        rows = np.flatnonzero(self.author >= 0)
        nodes = 2 * len(self)  # a text and at most one author a row
        links = coo_array(
            (np.ones(len(rows)), (self.unit[rows], len(self) + self.author[rows])),
            shape=(nodes, nodes),
        )
        _, component = connected_components(links, directed=False)
        _, first, number = np.unique(component[self.unit], return_index=True, return_inverse=True)
        place = np.empty(len(first), dtype=np.int64)
        place[np.argsort(first)] = np.arange(len(first))
        return place[number]

    def rows_of(self, *corpora: int) -> Ints:
        """Rows of the given corpora (indices into ``cards``), in order."""
        return np.flatnonzero(np.isin(self.corpus, corpora)).astype(np.int64)

    def once(self, rows: Ints) -> Ints:
        """Keep of each unit its first row in each corpus: what is scored counts once.

        In the study's form every row is a unit, so all rows stay.
        """
        pairs = np.stack([self.corpus[rows], self.unit[rows]], axis=1)
        _, first = np.unique(pairs, axis=0, return_index=True)
        return rows[np.sort(first)]

    def without_units_of(self, rows: Ints, others: Ints) -> Ints:
        """Drop from ``rows`` those whose unit also stands in ``others``."""
        return rows[~np.isin(self.unit[rows], self.unit[others])]


def pool(
    corpora: Sequence[Essays],
    scale: Scale,
    form: Form,
    *,
    baseline: bool = False,
) -> EssayTable:
    """Pool corpora into one table.

    Parameters
    ----------
    corpora : sequence of Essays
        The order decides the row order.
    scale : Scale
    form : {"study", "corrected"}
    baseline : bool
        In the study's form: give each row its own level and corpus instead of those of the first
        row with its text. The study does this for its surface baseline alone; for all else it
        looks both up by the text (and here language, author and task go with them).
        Left-out corpora are then scored by a fit on all other rows.
    """
    own = np.array([scale.index(lv) for e in corpora for lv in e.levels], dtype=np.int64)
    corpus = np.repeat(np.arange(len(corpora)), [len(e) for e in corpora]).astype(np.int64)
    keys = tuple(text_key(text) for text in _texts(corpora))
    source = np.arange(len(keys), dtype=np.int64)
    if form == "study":
        unit = source
        source = source if baseline else _first_occurrence(_texts(corpora))
        label, corpus = own[source], corpus[source]
        low = high = label
    else:
        unit = _first_occurrence(keys)
        label = own
        low, high = _interval(own, corpus, unit)
    languages = [language for essays in corpora for language in essays.languages]
    return EssayTable(
        form=form,
        scale=scale,
        cards=tuple(essays.card for essays in corpora),
        corpus=corpus,
        unit=unit,
        key=keys,
        label=label,
        low=low,
        high=high,
        language=tuple(languages[row] for row in source),
        author=_numbered([essays.authors or (None,) * len(essays) for essays in corpora])[source],
        task=_numbered([essays.tasks or (None,) * len(essays) for essays in corpora])[source],
        length=np.log([max(1, len(text)) for text in _texts(corpora)]),
        baseline=form == "study" and baseline,
    )


def _texts(corpora: Sequence[Essays]) -> Iterator[str]:
    return chain.from_iterable(essays.texts for essays in corpora)


def _first_occurrence(values: Iterable[str]) -> Ints:
    """Index of the first equal value, for each value."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(v, i) for i, v in enumerate(values)], dtype=np.int64)


def _numbered(names: Sequence[Sequence[str | None]]) -> Ints:
    """Number names by first appearance; a name means the same in its own corpus alone."""
    pairs = [(c, name) for c, found in enumerate(names) for name in found]
    numbers: dict[tuple[int, str], int] = {}
    return np.array(
        [-1 if n is None else numbers.setdefault((c, n), len(numbers)) for c, n in pairs],
        dtype=np.int64,
    )


def _in_corpus(corpus: Ints, unit: Ints) -> tuple[Ints, int]:
    """Number the (corpus, unit) pairs: a text's gold is what its own corpus says of it."""
    pairs, index = np.unique(np.stack([corpus, unit], axis=1), axis=0, return_inverse=True)
    return index.reshape(-1).astype(np.int64), len(pairs)


def _interval(own: Ints, corpus: Ints, unit: Ints) -> tuple[Ints, Ints]:
    index, count = _in_corpus(corpus, unit)
    low = np.full(count, np.iinfo(np.int64).max)
    high = np.full(count, -1, dtype=np.int64)
    np.minimum.at(low, index, own)
    np.maximum.at(high, index, own)
    return low[index], high[index]
