"""What in a corpus would bias a score, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from pydantic import Field

from cefrbench.contracts.cards import Card
from cefrbench.corpora.describe import levels_by_text, shared_texts
from cefrbench.corpora.licences import differ
from cefrbench.essays import Essays, normalise
from cefrbench.levels import FIVE

#: Shorter texts hold too little language to be rated, in characters.
SHORT = 20
#: Longer texts are read in part only, in characters: no encoder takes so many tokens.
LONG = 100_000
#: What stands in a text field where there is no text.
PLACEHOLDERS = frozenset(
    {"none", "n/a", "na", "null", "empty", "nan", "-", "--", "...", "…", "test"}
)

Severity = Literal["bias", "note"]


class Finding(Card):
    """One thing that was found, and why it matters."""

    code: str
    severity: Severity = Field(description="`bias`: a score would be off; `note`: good to know.")
    corpora: tuple[str, ...]
    count: int = Field(description="Rows or texts concerned.")
    message: str = Field(description="What was found.")
    why: str = Field(description="Why it matters.")


def audit(corpora: Sequence[Essays]) -> list[Finding]:
    """Look at corpora one by one, then at what they share.

    The findings come in the order of the corpora, the shared texts last.
    """
    findings = [found for essays in corpora for check in CHECKS for found in check(essays)]
    return findings + list(texts_in_two_corpora(corpora))


def has_bias(findings: Sequence[Finding]) -> bool:
    """Whether any finding would bias a score."""
    return any(finding.severity == "bias" for finding in findings)


def repeated_texts(essays: Essays) -> Iterator[Finding]:
    """Find texts that stand in several rows: with several levels, or with one."""
    repeated = [set(found) for found in levels_by_text(essays).values() if len(found) > 1]
    conflicting = sum(len(different) > 1 for different in repeated)
    if conflicting:
        yield _bias(
            "conflicting-levels",
            essays,
            conflicting,
            f"{conflicting} texts have more than one level",
            "no prediction can be right for all rows of such a text; the corrected form takes any "
            "level between them for right",
        )
    if same := len(repeated) - conflicting:
        yield _bias(
            "repeated-texts",
            essays,
            same,
            f"{same} texts stand in several rows with the same level",
            "a cut by rows puts a text on both sides, and the probe is scored on what it was "
            "trained on; the corrected form keeps them together",
        )


def lonely_levels(essays: Essays) -> Iterator[Finding]:
    """Find classes of the five-class scale that one text alone has."""
    counts = Counter(FIVE.index(level) for level in essays.levels)
    lonely = [name for index, name in enumerate(FIVE.classes) if counts[index] == 1]
    if lonely:
        yield _bias(
            "lonely-level",
            essays,
            len(lonely),
            f"one text only: {', '.join(lonely)}",
            "a level with one text can't be on both sides of a cut, and its score says nothing",
        )


def single_level(essays: Essays) -> Iterator[Finding]:
    """Find a corpus whose texts all have the same level."""
    if len(set(essays.levels)) == 1:
        yield _bias(
            "single-level",
            essays,
            len(essays),
            f"all texts are {essays.levels[0].name}",
            "QWK is undefined where the truth doesn't vary",
        )


def unreadable_levels(essays: Essays) -> Iterator[Finding]:
    """Find rows that were dropped because their level can't be read, or is missing."""
    report = essays.report
    unread = sum(report.dropped.get(reason, 0) for reason in ("unknown level", "bare band"))
    if unread:
        reasons = ("unknown level", "bare band")
        values = [repr(v) for reason in reasons for v in report.examples.get(reason, ())]
        yield _bias(
            "unreadable-levels",
            essays,
            unread,
            f"{unread} rows were dropped for levels such as {', '.join(values)}",
            "texts that are left out by level are no random choice; mend the levels at the source",
        )
    unlevelled = report.dropped.get("no level", 0)
    if unlevelled:
        yield _note(
            "no-level",
            essays,
            unlevelled,
            f"{unlevelled} rows were dropped because the corpus gives them no level",
            "they can't be scored",
        )


def other_dropped_rows(essays: Essays) -> Iterator[Finding]:
    """Tell of rows that were dropped for other reasons."""
    told = {"unknown level", "bare band", "no level", "over the limit"}
    for reason, count in essays.report.dropped.items():
        if reason not in told:
            yield _note(
                "dropped-rows",
                essays,
                count,
                f"{count} rows were dropped: {reason}",
                "what is left is what is scored",
            )


def short_texts(essays: Essays) -> Iterator[Finding]:
    """Find texts too short to be rated, and placeholders."""
    count = sum(
        len(text.strip()) < SHORT or normalise(text) in PLACEHOLDERS for text in essays.texts
    )
    if count:
        yield _bias(
            "short-texts",
            essays,
            count,
            f"{count} texts are placeholders or shorter than {SHORT} characters",
            "their level can't come from their language; a probe learns the placeholder instead",
        )


def long_texts(essays: Essays) -> Iterator[Finding]:
    """Find texts that no encoder reads to the end."""
    count = sum(len(text) > LONG for text in essays.texts)
    if count:
        yield _note(
            "long-texts",
            essays,
            count,
            f"{count} texts are longer than {LONG:,} characters",
            "only their beginning is read, up to the encoder's max_length",
        )


def foreign_languages(essays: Essays) -> Iterator[Finding]:
    """Find rows in languages that the card doesn't name."""
    if essays.card.languages == ("und",):
        return
    counts = Counter(essays.languages)
    foreign = {lang: n for lang, n in sorted(counts.items()) if lang not in essays.card.languages}
    if foreign:
        yield _bias(
            "foreign-language",
            essays,
            sum(foreign.values()),
            f"rows in {', '.join(foreign)}; the card says {', '.join(essays.card.languages)}",
            "leaving one language out would leave some of its texts in",
        )


def licences_differ(essays: Essays) -> Iterator[Finding]:
    """Tell of rows whose licence is another than the card's."""
    card = essays.card
    if differ(card.licence_card, card.licence_rows):
        yield _note(
            "licence-mismatch",
            essays,
            len(essays),
            f"the card says {card.licence_card}, the rows say {card.licence_rows}",
            f"keep the stricter one: {card.licence}",
        )


def texts_in_two_corpora(corpora: Sequence[Essays]) -> Iterator[Finding]:
    """Find texts that stand in more than one corpus."""
    keys = {essays.name: list(levels_by_text(essays)) for essays in corpora}
    for shared in shared_texts(keys):
        one, other = shared.corpora
        yield Finding(
            code="shared-texts",
            severity="bias",
            corpora=shared.corpora,
            count=shared.texts,
            message=f"{shared.texts} texts stand in both {one} and {other}",
            why=(
                "leaving one out leaves its texts in training through the other; the corrected "
                "form removes them from training"
            ),
        )


#: Every check of one corpus, in the order of the report.
CHECKS: tuple[Callable[[Essays], Iterator[Finding]], ...] = (
    single_level,
    lonely_levels,
    repeated_texts,
    unreadable_levels,
    other_dropped_rows,
    short_texts,
    long_texts,
    foreign_languages,
    licences_differ,
)


def _bias(code: str, essays: Essays, count: int, message: str, why: str) -> Finding:
    return Finding(
        code=code, severity="bias", corpora=(essays.name,), count=count, message=message, why=why
    )


def _note(code: str, essays: Essays, count: int, message: str, why: str) -> Finding:
    return Finding(
        code=code, severity="note", corpora=(essays.name,), count=count, message=message, why=why
    )
