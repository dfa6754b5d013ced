"""What the checks of a corpus look at: its rows read twice, its essays, the other corpora."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Literal, cast

from cefrbench.check.table import NotApplicableError, Problem, Run
from cefrbench.contracts.corpus import Access, Corpus, Row, Rows
from cefrbench.corpora.answers import EssayQuestion, NotAskedError
from cefrbench.corpora.files import known_files, read_rows
from cefrbench.corpora.load import NO_ACCESS, clean_rows
from cefrbench.errors import CorpusError
from cefrbench.essays import Essays

#: Answers that say nothing when a sample was asked.
OF_A_WHOLE_CORPUS = frozenset(
    {"short-texts", "long-texts", "levels-without-length", "swapped-levels", "level-by-task"}
)
#: Rows read at most: enough for every check, and a bound on memory.
MOST_ROWS = 50_000

CorpusSource = Literal["corpus", "file", "sample"]


@dataclass(frozen=True, slots=True)
class Compared:
    """Essays of another corpus that texts are compared with, and where they are from.

    ``keys`` are those of the texts' words alone (:func:`cefrbench.corpora.texts.words_key`): the
    way by which a corpus came may have changed its points, spaces and markup.
    """

    name: str
    source: CorpusSource
    keys: frozenset[str]


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
    access : Access
        How the corpus may reach its data.
    """

    def __init__(
        self,
        corpus: Corpus,
        source: CorpusSource,
        read: Callable[[], Rows],
        compared: Sequence[Compared] = (),
        unreachable: str = "",
        access: Access = NO_ACCESS,
    ) -> None:
        self.corpus = corpus
        self.source = source
        self.compared = compared
        self.unreachable = unreachable
        self.access = access
        self._read = read

    @cached_property
    def first(self) -> tuple[object, ...]:
        """The rows of the first reading, as they came."""
        return _read(self._read())

    @cached_property
    def second(self) -> tuple[object, ...]:
        """The rows of another reading, from the beginning."""
        return _read(self._read())

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the first reading, once the check of fields has passed."""
        return cast("tuple[Row, ...]", self.first)

    @cached_property
    def essays(self) -> Essays:
        """What is left of the first reading after cleaning."""
        return self._clean(self.first)

    @cached_property
    def essays_again(self) -> Essays:
        """What is left of the second reading."""
        return self._clean(self.second)

    @cached_property
    def sample_essays(self) -> Essays | None:
        """The sample after cleaning."""
        rows = self.corpus.sample()
        return None if rows is None else self._clean(_read(rows))

    def _clean(self, rows: tuple[object, ...]) -> Essays:
        return clean_rows(self.corpus, Rows(cast("tuple[Row, ...]", rows)), f"the {self.source}")


def problems(subject: CorpusSubject, *questions: EssayQuestion) -> Iterator[Problem]:
    """Ask questions of the essays; what an audit would say as well, said to the author."""
    try:
        for answer in chain.from_iterable(ask(subject.essays) for ask in questions):
            if subject.source != "sample" or answer.code not in OF_A_WHOLE_CORPUS:
                yield Problem(answer.what, answer.mend, note=not answer.breaks)
    except NotAskedError as reason:
        raise NotApplicableError(str(reason)) from reason


def asking(*questions: EssayQuestion) -> Run[CorpusSubject]:
    """Make a check of nothing but questions."""
    return lambda subject: problems(subject, *questions)


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
        Read ``DIR/<name>.json`` where it is, instead of asking the corpus for its rows.
    access : Access, optional
        How the corpus may reach its data. When it can't, the sample stands in, and a note says so.
    compared : sequence of Compared
    """
    paths = () if data_dir is None else known_files(data_dir, corpus.name)
    if paths:
        read = cast("Callable[[], Iterable[Row]]", partial(read_rows, *paths))
        return CorpusSubject(corpus, "file", lambda: Rows(read()), compared)
    reach = access or NO_ACCESS
    rows = partial(corpus.rows, reach)
    subject = CorpusSubject(corpus, "corpus", rows, compared, access=reach)
    reason = "" if sample else _unreachable(subject)
    if corpus.sample() is None or not (sample or reason):
        return subject
    shipped = cast("Callable[[], Rows]", corpus.sample)  # it is not None, as was just seen
    return CorpusSubject(corpus, "sample", shipped, compared, reason)


def _unreachable(subject: CorpusSubject) -> str:
    """Why the rows can't be reached; other faults of a plugin are left for the checks to find."""
    try:
        _ = subject.first
    except CorpusError as error:
        return str(error)
    except Exception:  # noqa: BLE001 - the check corpus-source meets it again and reports it
        return ""
    return ""


def _read(rows: Rows) -> tuple[object, ...]:
    return tuple(islice(rows.rows, MOST_ROWS))
