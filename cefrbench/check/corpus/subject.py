"""What the checks of a corpus look at: its rows read twice, its essays, the other corpora."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Literal

from cefrbench.check.table import Problem
from cefrbench.contracts.corpus import Access, Corpus, Row, Rows, Skip
from cefrbench.corpora.files import find_file, read_rows
from cefrbench.corpora.load import load_essays
from cefrbench.corpora.questions import Question
from cefrbench.errors import CorpusError
from cefrbench.essays import Essays

#: Answers that say nothing when a sample was asked.
OF_A_WHOLE_CORPUS = frozenset({"short-texts", "long-texts"})
#: Rows read at most: enough for every check, and a bound on memory.
MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of one reading, as they came, and the revision that came with them."""

    rows: tuple[object, ...]
    revision: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """Essays of another corpus that texts are compared with, and where they are from."""

    name: str
    source: Literal["corpus", "sample"]
    keys: frozenset[str]


class _Replay(Corpus):
    """A corpus whose rows were read before; cleaning is still its own."""

    def __init__(self, corpus: Corpus, reading: Reading) -> None:
        self.card = corpus.card
        self._corpus = corpus
        self._reading = reading

    def rows(self, access: Access) -> Rows:
        return Rows(self._reading.rows, self._reading.revision)  # type: ignore[arg-type]

    def clean(self, row: Row) -> Row | Skip:
        return self._corpus.clean(row)


class CorpusSubject:
    """One corpus under test.

    Parameters
    ----------
    corpus : Corpus
    source : {"corpus", "file", "sample"}
        Where the rows come from.
    read : callable
        Begins a new reading of the rows.
    compared : sequence of Compared
        Corpora that no text should also stand in.
    unreachable : str
        Why the sample stands in for the corpus; empty when it doesn't.
    """

    def __init__(
        self,
        corpus: Corpus,
        source: Literal["corpus", "file", "sample"],
        read: Callable[[], Rows],
        compared: Sequence[Compared] = (),
        unreachable: str = "",
    ) -> None:
        self.corpus = corpus
        self.source = source
        self.compared = compared
        self.unreachable = unreachable
        self._read = read

    @cached_property
    def first(self) -> Reading:
        """The first reading."""
        return _reading(self._read())

    @cached_property
    def second(self) -> Reading:
        """Another reading, from the beginning."""
        return _reading(self._read())

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the first reading, once the check of fields has passed."""
        return self.first.rows  # type: ignore[return-value]

    @cached_property
    def essays(self) -> Essays:
        """What is left of the first reading after cleaning."""
        return load_essays(_Replay(self.corpus, self.first))

    @cached_property
    def essays_again(self) -> Essays:
        """What is left of the second reading."""
        return load_essays(_Replay(self.corpus, self.second))

    @cached_property
    def sample(self) -> Reading | None:
        """The invented rows that the corpus ships."""
        rows = self.corpus.sample()
        return None if rows is None else _reading(rows)

    @cached_property
    def sample_essays(self) -> Essays | None:
        """The sample after cleaning."""
        return None if self.sample is None else load_essays(_Replay(self.corpus, self.sample))


def problems(subject: CorpusSubject, *questions: Question) -> Iterator[Problem]:
    """Ask questions of the essays; what an audit would say as well, said to the author."""
    for ask in questions:
        for answer in ask(subject.essays):
            if subject.source != "sample" or answer.code not in OF_A_WHOLE_CORPUS:
                yield Problem(answer.what, answer.mend, note=not answer.breaks)


def open_corpus(
    corpus: Corpus,
    *,
    sample: bool = False,
    data_dir: Path | None = None,
    access: Access | None = None,
    compared: Sequence[Compared] = (),
) -> CorpusSubject:
    """Choose what to check a corpus on: a file, the corpus itself, or its sample.

    Parameters
    ----------
    corpus : Corpus
    sample : bool
        Take the sample; nothing is fetched.
    data_dir : Path, optional
        Read ``DIR/<name>.json``.
    access : Access, optional
        How the corpus may reach its data. When it can't, the sample stands in, and a note says so.
    compared : sequence of Compared
    """
    if data_dir is not None:
        path = find_file(data_dir, corpus.name)
        return CorpusSubject(corpus, "file", partial(_from_file, path), compared)
    own = partial(corpus.rows, access or Access())
    if not sample:
        subject = CorpusSubject(corpus, "corpus", own, compared)
        reason = _unreachable(subject)
        if not reason or corpus.sample() is None:
            return subject
        return CorpusSubject(corpus, "sample", partial(_from_sample, corpus), compared, reason)
    if corpus.sample() is None:
        return CorpusSubject(corpus, "corpus", own, compared)
    return CorpusSubject(corpus, "sample", partial(_from_sample, corpus), compared)


def _unreachable(subject: CorpusSubject) -> str:
    """Why the rows can't be reached; other faults of a plugin are left for the checks to find."""
    try:
        _ = subject.first
    except CorpusError as error:
        return str(error)
    except Exception:  # noqa: BLE001 - the check corpus-source meets it again and reports it
        return ""
    return ""


def _from_file(path: Path) -> Rows:
    return Rows(read_rows(path))  # type: ignore[arg-type]


def _from_sample(corpus: Corpus) -> Rows:
    rows = corpus.sample()
    return Rows(()) if rows is None else rows


def _reading(rows: Rows) -> Reading:
    found: Iterable[object] = rows.rows
    return Reading(tuple(islice(found, MOST_ROWS)), rows.revision)
