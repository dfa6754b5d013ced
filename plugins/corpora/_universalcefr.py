"""What all corpora of UniversalCEFR share: the fields, the place on the hub, the samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from cefrbench import Access, Corpus, CorpusCard, HubFile, Row, Rows, Skip
from cefrbench.corpora import hub
from cefrbench.corpora.files import read_rows
from cefrbench.corpora.licences import stricter

ORGANISATION = "UniversalCEFR"
SAMPLES = Path(__file__).parent / "samples"

#: What is done to the rows of every corpus, after its own rules.
COMMON_CLEANING = (
    "rows that the corpus leaves without a level are dropped and counted",
    "a plus-level counts as its level (B1+ as B1)",
)

#: The collection itself asks to be cited beside the corpus.
COLLECTION = (
    "Imperial et al. (2025). UniversalCEFR: Enabling Open Multilingual Research on Language "
    "Proficiency Assessment. arXiv:2506.01419."
)


class UniversalCefrCorpus(Corpus):
    """A corpus as UniversalCEFR ships it: one JSON file in one dataset repository.

    Parameters
    ----------
    card : CorpusCard
        With its place on the hub.
    clean : callable, optional
        Mends one row, or says why it is dropped; none keeps all rows as they are.
    task : callable, optional
        Reads the task of one row, where another field hides it.
    """

    def __init__(
        self,
        card: CorpusCard,
        clean: Callable[[Row], Row | Skip] | None = None,
        task: Callable[[Row], object] | None = None,
    ) -> None:
        if card.hub is None:
            raise ValueError(f"the card of {card.name!r} names no file on the hub")
        self.card = card
        self._file = card.hub
        self._clean = clean
        self._task = task

    def rows(self, access: Access) -> Rows:
        """Read the rows from the hub, or from its client's cache.

        A licence that the card doesn't know is filled in from the dataset's card on the hub.
        """
        fetched = self.fetch(access)
        licence = fetched.licence
        if licence and self.card.licence_card is None:
            update = {"licence_card": licence, "licence": stricter(self.card.licence, licence)}
            self.card = self.card.model_copy(update=update)
        return Rows(hub.rows_of(fetched, access), fetched.revision)

    def fetch(self, access: Access) -> hub.Fetched:
        """Get the file of the corpus."""
        return hub.fetch(self._file, access)

    def clean(self, row: Row) -> Row | Skip:
        """Apply the study's cleaning rule of this corpus, where it has one."""
        return row if self._clean is None else self._clean(row)

    def task(self, row: Row) -> object:
        """Read the task where it stands in this corpus."""
        return super().task(row) if self._task is None else self._task(row)

    def sample(self) -> Rows | None:
        """Read the invented rows that the package ships."""
        path = SAMPLES / f"{self.card.name}.json"
        if not path.is_file():
            return None
        return Rows(cast("list[Row]", list(read_rows(path))))


def place(repository: str, file: str) -> HubFile:
    """Where a corpus of the collection lies; its newest revision, which a run then records."""
    return HubFile(repo=f"{ORGANISATION}/{repository}", file=file)
