"""Notes that nobody wrote: thirty-two invented texts."""

from __future__ import annotations

import json
from importlib import resources

from cefrbench import Access, Corpus, CorpusCard, Row, Rows, Skip


class Notes(Corpus):
    """Invented notes on a kitchen door."""

    card = CorpusCard(
        name="sample-notes",
        title="Invented Notes on a Kitchen Door",
        languages=("en",),
        licence="CC0-1.0",
        source="https://example.org/notes",
        citation="Invented for the tests of cefrbench.",
        task="A note to the people one lives with",
        rated_by="nobody: the levels are invented too",
        cleaning=("notes that were taken down are dropped",),
        optional=True,
    )

    def rows(self, access: Access) -> Rows:
        """Read the notes; they come with the package."""
        text = (resources.files("cefrbench_sample") / "notes.json").read_text("utf-8")
        return Rows(json.loads(text), revision="1")

    def clean(self, row: Row) -> Row | Skip:
        """Drop notes that were taken down."""
        return Skip("taken down") if row["text"] == "[taken down]" else row

    def sample(self) -> Rows:
        """The notes themselves: all of them are invented."""
        return self.rows(Access(offline=True))
