"""Corpora with one fault each, planted on a corpus that has none. All texts are invented."""

import random

from cefrbench.contracts.cards import CorpusCard
from cefrbench.contracts.corpus import Access, Corpus, Rows, Skip
from cefrbench.testing.tiny import TinyCorpus

CARD = TinyCorpus.card
ROWS = [dict(row) for row in TinyCorpus().rows(Access()).rows]


def card(**changes):
    """The sound card with some fields changed; validation is for the kit to do."""
    return CorpusCard.model_construct(**{**dict(CARD), **changes})


class Sound(TinyCorpus):
    """Rows of its own, a sample that is not among them."""

    def __init__(self, rows=ROWS, **changes):
        self.card = card(name="faulty", **changes)
        self._rows = rows

    def rows(self, access):
        return Rows([dict(row) for row in self._rows])

    def sample(self):
        return Rows(
            [
                {"lang": "en", "cefr_level": level, "text": f"An invented sample at {level}."}
                for level in ("A1", "B2")
            ]
        )


def changed(index, **fields):
    """The rows with one of them changed."""
    return [{**row, **fields} if i == index else row for i, row in enumerate(ROWS)]


class Reorders(Sound):
    calls = 0

    def rows(self, access):
        self.calls += 1
        return Rows(random.Random(self.calls).sample(self._rows, len(self._rows)))


class KeepsAnIterator(Sound):
    def __init__(self):
        super().__init__()
        self._rows = iter(ROWS)

    def rows(self, access):
        return Rows(self._rows)


class CleansByChance(Sound):
    calls = 0

    def clean(self, row):
        self.calls += 1
        return {**row, "text": f"{row['text']} {self.calls // 100}"}


class CleansInPlace(Sound):
    def clean(self, row):
        row["text"] = row["text"].strip(".")
        return row


class SkipsWithoutReason(Sound):
    def clean(self, row):
        return Skip("") if row["text"].startswith("Our") else row


class CleansToNothing(Sound):
    def clean(self, row):
        return None if row["cefr_level"] == "A1" else row


class Breaks(Sound):
    def rows(self, access):
        raise ZeroDivisionError("no rows today")


class NamesAuthorsInLists(Sound):
    def author(self, row):
        return [row["text"][:5]]


class WithoutSample(Sound):
    def sample(self):
        return None


class SampleOfLearnersWords(Sound):
    def sample(self):
        return Rows(ROWS[::7])


class SampleOfOneLevel(Sound):
    def sample(self):
        return Rows([{"lang": "en", "cefr_level": "A1", "text": "An invented sample text."}])


class SharesAText(Corpus):
    """Another corpus that holds one of the texts, in other case and spacing."""

    card = card(name="neighbour")

    def rows(self, access):
        text = ROWS[3]["text"].upper().replace(" ", "  ")
        return Rows([{"lang": "en", "cefr_level": "A1", "text": text}])

    def sample(self):
        return self.rows(Access())
