"""What the checks of a corpus look at: its rows read twice, its essays, the other corpora."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Literal, cast

from cefrbench.check.table import Problem, Run
from cefrbench.contracts.corpus import Access, Corpus, Row, Rows
from cefrbench.corpora.files import find_file, read_rows
from cefrbench.corpora.load import clean_rows
from cefrbench.corpora.questions import EssayQuestion
from cefrbench.errors import CorpusError
from cefrbench.essays import Essays

#: Answers that say nothing when a sample was asked.
OF_A_WHOLE_CORPUS = frozenset({"short-texts", "long-texts"})
#: Rows read at most: enough for every check, and a bound on memory.
MOST_ROWS = 50_000

CorpusSource = Literal["corpus", "file", "sample"]


@dataclass(frozen=True, slots=True)
class Compared:
    """Essays of another corpus that texts are compared with, and where they are from."""

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
    """

    def __init__(
        self,
        corpus: Corpus,
        source: CorpusSource,
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
    for ask in questions:
        for answer in ask(subject.essays):
            if subject.source != "sample" or answer.code not in OF_A_WHOLE_CORPUS:
                yield Problem(answer.what, answer.mend, note=not answer.breaks)


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
        Read ``DIR/<name>.json``.
    access : Access, optional
        How the corpus may reach its data. When it can't, the sample stands in, and a note says so.
    compared : sequence of Compared
    """
    if data_dir is not None:
        path = find_file(data_dir, corpus.name)
        read = cast("Callable[[], Iterable[Row]]", partial(read_rows, path))
        return CorpusSubject(corpus, "file", lambda: Rows(read()), compared)
    subject = CorpusSubject(corpus, "corpus", partial(corpus.rows, access or Access()), compared)
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
