"""What is asked of a corpus: of each raw row, then of its essays.

One set of questions for all who ask: loading refuses a row with a fault, `cefrbench check` counts
such rows and tells the corpus's author how to mend them, `cefrbench corpora audit` tells its users
what would bias a score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cefrbench.contracts.corpus import REQUIRED_FIELDS
from cefrbench.corpora.answers import Answer, EssayQuestion
from cefrbench.corpora.describe import conflicts, levels_by_text
from cefrbench.corpora.languages import unlike_languages
from cefrbench.corpora.licences import differ
from cefrbench.corpora.order import levels_without_length, swapped_levels, told_levels
from cefrbench.corpora.texts import (
    broken_encoding,
    long_texts,
    markup,
    short_texts,
    twice_encoded,
)
from cefrbench.essays import Essays
from cefrbench.levels import FIVE

#: Reasons for dropping a row that other questions ask after, or that no corpus is the cause of.
_ASKED_APART = frozenset({"unknown level", "bare band", "over the limit"})


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a raw row can't be read.

    Attributes
    ----------
    what : str
        Said of the row: ``lacks the field 'lang'``.
    value : str
        The offending value; empty where there is none.
    need : str
        What was expected.
    """

    what: str
    need: str
    value: str = ""


def row_faults(row: object) -> Iterator[RowFault]:
    """Look for a row that is no object, lacks a field, or holds the wrong type."""
    every = f"each row needs the fields {', '.join(REQUIRED_FIELDS)}"
    if not isinstance(row, Mapping):
        yield RowFault(f"is {kind_of(row)}, not an object", every)
        return
    for field in REQUIRED_FIELDS:
        if field not in row:
            yield RowFault(f"lacks the field {field!r}", every)
    for field in ("text", "lang"):
        value = row.get(field, "")
        missing = field == "text" and value is None  # dropped as empty, and counted
        if not isinstance(value, str) and not missing:
            what = f"holds {kind_of(value)} in the field {field!r}"
            yield RowFault(what, "it must be a string", "" if value is None else str(value)[:40])


def kind_of(value: object) -> str:
    """Name the type of a value read from JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {int: "a number", float: "a number", list: "a list", str: "a string", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def single_level(essays: Essays) -> Iterator[Answer]:
    """Find a corpus whose texts all have the same class of the five-class scale."""
    classes = {FIVE.index(level) for level in essays.levels}
    if len(classes) == 1:
        yield Answer(
            "single-level",
            len(essays),
            f"all texts are {FIVE.classes[classes.pop()]}",
            "QWK is undefined where the truth doesn't vary",
            "add texts of other levels; alone, this corpus can be trained on, not scored",
            breaks=True,
        )


def lonely_levels(essays: Essays) -> Iterator[Answer]:
    """Find classes of the five-class scale that one text alone has."""
    counts = Counter(FIVE.index(level) for level in essays.levels)
    lonely = [name for index, name in enumerate(FIVE.classes) if counts[index] == 1]
    if lonely:
        yield Answer(
            "lonely-level",
            len(lonely),
            f"one text only: {', '.join(lonely)}",
            "a level with one text can't be on both sides of a cut, and its score says nothing",
        )


def repeated_texts(essays: Essays) -> Iterator[Answer]:
    """Find texts that stand in several rows, all with the same level."""
    same = sum(len(found) > 1 and len(set(found)) == 1 for found in levels_by_text(essays).values())
    if same:
        yield Answer(
            "repeated-texts",
            same,
            f"{same} texts stand in several rows with the same level",
            "a cut by rows puts a text on both sides, and the probe is scored on what it was "
            "trained on; the corrected form keeps them together",
            "drop copies in clean() when they are an accident of the export; else nothing to mend",
        )


def conflicting_levels(essays: Essays) -> Iterator[Answer]:
    """Find texts whose rows disagree on the level."""
    if pairs := conflicts(levels_by_text(essays)):
        shown = ", ".join(f"{pair} ×{count}" for pair, count in pairs.most_common())
        yield Answer(
            "conflicting-levels",
            pairs.total(),
            f"{pairs.total()} texts have more than one level ({shown})",
            "no prediction can be right for all rows of such a text; the corrected form takes any "
            "level between them for right",
            "keep one rating in clean() if the corpus says which counts; else nothing to mend",
        )


def unreadable_levels(essays: Essays) -> Iterator[Answer]:
    """Find rows that were dropped because their level can't be read, or is two levels wide."""
    dropped, examples = essays.report.dropped, essays.report.examples
    reasons = [reason for reason in ("unknown level", "bare band") if dropped.get(reason)]
    if reasons:
        count = sum(dropped[reason] for reason in reasons)
        values = [repr(value) for reason in reasons for value in examples.get(reason, ())]
        yield Answer(
            "unreadable-levels",
            count,
            f"{count} rows were dropped for levels such as {', '.join(values)}",
            "texts that are left out by level are no random choice; mend the levels at the source",
            "turn each into A1 … C2 in clean(), or return Skip(reason); a band of two levels too",
            breaks="unknown level" in reasons,
        )


def dropped_rows(essays: Essays) -> Iterator[Answer]:
    """Tell of rows that were dropped for want of a level, and for other reasons."""
    for reason, count in essays.report.dropped.items():
        if reason == "no level":
            what = f"{count} rows were dropped because the corpus gives them no level"
            yield Answer("no-level", count, what, "they can't be scored")
        elif reason not in _ASKED_APART:
            what = f"{count} rows were dropped: {reason}"
            yield Answer("dropped-rows", count, what, "what is left is what is scored")


def foreign_languages(essays: Essays) -> Iterator[Answer]:
    """Find rows in languages that the card doesn't name."""
    named = essays.card.languages
    counts = Counter(essays.languages)
    foreign = {language: n for language, n in sorted(counts.items()) if language not in named}
    if foreign and named != ("und",):
        shown = ", ".join(f"{language} ({n})" for language, n in foreign.items())
        yield Answer(
            "foreign-language",
            sum(foreign.values()),
            f"rows in {shown}; the card says {', '.join(named)}",
            "leaving one language out would leave some of its texts in",
            "add the language to the card, or mend `lang` in clean()",
            breaks=True,
        )


def licences_differ(essays: Essays) -> Iterator[Answer]:
    """Tell of rows whose licence is another than the card's."""
    card = essays.card
    stated = card.licence_card or card.licence
    if differ(stated, card.licence_rows):
        yield Answer(
            "licence-mismatch",
            len(essays),
            f"the card says {stated}, the rows say {card.licence_rows}",
            f"keep the stricter one: {card.licence}",
        )


def texts_in_two_corpora(where: str, other: str, count: int) -> Answer:
    """Say that texts stand in two corpora: ``where`` names both, ``other`` is the second."""
    return Answer(
        "shared-texts",
        count,
        f"{count} texts stand in {where}",
        "leaving one out leaves its texts in training through the other; the corrected form "
        "removes them from training",
        f"return Skip('also in {other}') for them in clean(), or leave that corpus out when this "
        "one contains it and say so on the card",
        breaks=True,
    )


#: What an audit asks of each corpus, in the order of its report.
QUESTIONS: Sequence[EssayQuestion] = (
    single_level,
    lonely_levels,
    conflicting_levels,
    repeated_texts,
    unreadable_levels,
    dropped_rows,
    short_texts,
    long_texts,
    broken_encoding,
    twice_encoded,
    markup,
    foreign_languages,
    unlike_languages,
    levels_without_length,
    swapped_levels,
    told_levels,
    licences_differ,
)
