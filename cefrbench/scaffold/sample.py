"""The invented sample of a new corpus: texts as long as learners', each of which says so."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

#: What learners of each level may write of a town; a text takes its own level's and, when it
#: needs more, those of the levels below.
SENTENCES = {
    "A1": (
        "My town is {title}. It is small. I like it.",
        "In {title} is one school. My brother go to school.",
        "I am from {title}. I have two cat.",
        "We eat bread in {title}. The bread is good.",
        "In the morning I drink tea and go to work with bus.",
        "My mother is nice. She have a red car.",
    ),
    "A2": (
        "Yesterday I was in {title} with my mother. We buyed shoes and ice cream.",
        "The bus to {title} is always late, but the driver is friendly and says hello.",
        "In summer we swim in the lake near {title}. The water is cold, I don't care.",
        "My friend Jonas lives in {title} since three years and he works in a kitchen.",
        "There was a party in {title} on Saturday and everybody danced until midnight.",
        "After school I usually help my father in the garden, because he has a bad back.",
    ),
    "B1": (
        "When I moved to {title} I didn't know anybody, so I joined a choir to meet people.",
        "If the shops in {title} closed earlier, the people who work there would be happier.",
        "I think {title} is a good place for families, because there are parks and it is quiet.",
        "Last winter the river in {title} froze, and for one week we could walk to the island.",
        "My teacher in {title} told us that reading aloud helps, and after a month I agreed.",
        "Some of my neighbours have been living here for fifty years, and they know every tree.",
    ),
    "B2": (
        "Although {title} is often described as boring, its library would be the envy of a city.",
        "Had the council of {title} listened to the cyclists, the bridge would not be as narrow.",
        "What strikes visitors of {title} most is how rarely anyone seems to be in a hurry.",
        "It has been argued that {title} should grow, but hardly anybody asks who would pay.",
        "Despite having lived in {title} for years, I still discover courtyards that I never saw.",
        "On the one hand the new road saves time; on the other, nobody stops here for lunch now.",
    ),
    "C1": (
        "To dismiss {title} as provincial is to overlook how stubbornly it has kept its own time.",
        "Seldom does a place as unassuming as {title} provoke quarrels of such theatrical length.",
        "The charm of {title}, such as it is, lies less in its sights than in its reticence.",
        "Were one to judge {title} by its railway station alone, the verdict would be damning.",
        "Its newspaper, thin as it has grown, still prints every letter that anybody sends in.",
        "So thoroughly has the market been renewed that the old women now sell to each other.",
    ),
    "C2": (
        "{title} wears its neglect lightly, like a coat inherited from a taller, grander relative.",
        "That nothing ever happens here is a rumour which its inhabitants take care to nourish.",
    ),
}
#: Sentences of a text at each level: as many words as MERLIN's texts have in the middle (German:
#: 33, 54, 105, 193 and 217; Czech: 97, 169, 206 from A2 on). And texts.
_LONG = {"A1": 3, "A2": 6, "B1": 8, "B2": 10, "C1": 12, "C2": 14}
_TEXTS = {"A1": 5, "A2": 5, "B1": 5, "B2": 5, "C1": 4, "C2": 1}
INVENTED = "This text is invented."
#: Stands in place of the last text at A1: a row that clean() drops.
MISSING = "(missing)"


def sample_csv(title: str, language: str) -> str:
    """Write the sample as a CSV file with the columns ``id``, ``level`` and ``text``.

    In another language than English each text is a sentence that asks for one.
    """
    file = io.StringIO(newline="")
    table = csv.writer(file, lineterminator="\n")
    table.writerow(("id", "level", "text"))
    for number, (level, text) in enumerate(_texts(title, language), start=1):
        table.writerow((f"invented-{number:02}", level, text))
    return file.getvalue()


def _texts(title: str, language: str) -> Iterator[tuple[str, str]]:
    for level, texts in _TEXTS.items():
        for number in range(texts):
            text = _english(level, number).format(title=title)
            if level == "A1" and number == texts - 1:
                text = MISSING
            elif language != "en":
                text = (
                    f"Replace: text {number + 1} at {level} in the language {language!r}, of some "
                    f"{len(text.split())} words, invented as a learner of it might write."
                )
            yield level, text


def _english(level: str, number: int) -> str:
    """Begin with another sentence in each text, and go on to those of the levels below."""
    levels = list(SENTENCES)
    known: list[str] = []
    for below in reversed(levels[: levels.index(level) + 1]):
        own = SENTENCES[below]
        start = number % len(own)
        known += own[start:] + own[:start]
    return " ".join((INVENTED, *known[: _LONG[level]]))
