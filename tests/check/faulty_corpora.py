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


_SENTENCES = (
    "We walked along the river after lunch and counted the boats.",
    "My sister keeps bees behind the school, and the neighbours complain.",
    "In winter the bus comes late, so I read at the stop.",
    "The teacher asked us why the bridge had been closed for a year.",
    "I would like to learn how to mend shoes, because mine are old.",
    "Nobody in our street remembers who planted the tall trees.",
)
SPANISH = (
    "El domingo pasado fuimos al mercado con mi abuela y compramos manzanas, queso y pan para "
    "toda la semana. Después comimos en un restaurante pequeño cerca del puerto, donde trabaja mi "
    "primo, y hablamos mucho de las vacaciones que queremos hacer en verano."
)
_LEVELS = ("A1", "A2", "B1", "B2", "C1")


def many(change=lambda number, row: row):
    """Sixty invented texts of three tasks, longer from level to level."""
    rows = []
    for number in range(60):
        level, start = number % 5, number // 5
        words = [_SENTENCES[(start + i) % 6] for i in range(1 + level)]
        text = f"Number {number}. {' '.join(words)}"
        row = {"lang": "en", "cefr_level": _LEVELS[level], "text": text}
        row |= {"task": f"task {number // 20}", "title": f"text {number}"}
        rows.append(change(number, row))
    return rows


def upside_down(number, row):
    """Levels of the second task are turned round."""
    if row["task"] != "task 1":
        return row
    return {**row, "cefr_level": _LEVELS[4 - _LEVELS.index(row["cefr_level"])]}


def without_length(number, row):
    """Levels stand beside other texts."""
    return {**row, "cefr_level": _LEVELS[(number * 7 // 5) % 5]}


def title_with_level(number, row):
    return {**row, "title": f"exam_{row['cefr_level']}_{number:03}.txt"}


def task_for_each_level(number, row):
    return {**row, "task": f"course {_LEVELS.index(row['cefr_level'])}"}


def three_in_spanish(number, row):
    return {**row, "text": f"{number} {SPANISH}"} if number in (4, 9, 14) else row


def all_in_spanish(number, row):
    return {**row, "text": " ".join([str(number), SPANISH, SPANISH][: 2 + (number % 5) // 3])}


class SharesAPage(SharesAText):
    """Another corpus that holds one of the texts as a page of the web has it."""

    def rows(self, access):
        text = ROWS[3]["text"].replace(".", " .").replace(" ", "&nbsp;", 1)
        return Rows([{"lang": "en", "cefr_level": "A1", "text": f"<p>{text}</p>"}])
