"""The corpus contract: a corpus yields rows and carries a card."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cefrbench.contracts.cards import CorpusCard

#: One row in UniversalCEFR's fields: title, lang, source_name, format, category, cefr_level,
#: license, text. Only ``lang``, ``cefr_level`` and ``text`` are needed. Two more may be there:
#: ``author`` (who wrote the text) and ``task`` (what was asked for).
Row = Mapping[str, object]

FIELDS = (
    "title",
    "lang",
    "source_name",
    "format",
    "category",
    "cefr_level",
    "license",
    "text",
)
OPTIONAL_FIELDS = ("author", "task")
REQUIRED_FIELDS = ("lang", "cefr_level", "text")


@dataclass(frozen=True, slots=True)
class Skip:
    """Returned by :meth:`Corpus.clean` for a row that is to be dropped, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Access:
    """How a corpus may reach its data.

    Attributes
    ----------
    offline : bool
        Nothing may be fetched; what is cached may be used.
    cache_dir : Path or None
        Where downloads are kept; none means the hub client's own place.
    """

    offline: bool = False
    cache_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as they stand in the source, in its order, and the resolved revision of the source."""

    rows: Iterable[Row]
    revision: str | None = None


class Corpus(ABC):
    """A learner corpus: implement :meth:`rows`, carry a ``card``.

    ``clean``, ``author``, ``task`` and ``sample`` have defaults. The host reads
    ``DIR/<name>.json`` instead of calling :meth:`rows` when the user gives ``--data-dir DIR``;
    ``clean``, ``author`` and ``task`` are applied in every case.
    """

    card: CorpusCard

    @abstractmethod
    def rows(self, access: Access) -> Rows:
        """Give the rows in UniversalCEFR's fields, raw, always in the same order.

        Raises
        ------
        CorpusError
            When the data can't be reached or read: with what was tried and the next step.
        """

    def clean(self, row: Row) -> Row | Skip:
        """Mend one raw row, or say why it is dropped. The default keeps it as it is."""
        return row

    def author(self, row: Row) -> object:
        """Who wrote a cleaned row's text: any name that is the same for the same person.

        The default is the row's field ``author``. None where it is not known; names are compared
        inside the corpus only.
        """
        return row.get("author")

    def task(self, row: Row) -> object:
        """What a cleaned row's author was asked to write: the prompt, or the examination.

        The default is the row's field ``task``. None where it is not known; a corpus that hides
        the task in another field (a title, say) reads it here.
        """
        return row.get("task")

    def sample(self) -> Rows | None:
        """Give some invented rows in the raw format, for trying out and tests; none by default."""
        return None

    @property
    def name(self) -> str:
        """Registered name."""
        return self.card.name


@dataclass(frozen=True, slots=True)
class CorpusFamily:
    """Corpora opened by a prefix, ``universalcefr:NAME`` say, without a plugin each.

    ``open(name)`` gets what stands after the prefix.
    """

    name: str
    description: str
    open: Callable[[str], Corpus]
