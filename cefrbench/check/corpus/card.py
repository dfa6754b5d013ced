"""Checks of a corpus's card: complete, licence known, languages true."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from cefrbench.check.corpus.subject import CorpusSubject, problems
from cefrbench.check.table import (
    PLACEHOLDER,
    CheckTable,
    NotApplicableError,
    Problem,
    Remark,
    is_address,
    unfilled,
)
from cefrbench.contracts.corpus import Corpus
from cefrbench.corpora.hub import fetch
from cefrbench.corpora.licences import UNKNOWN, UNSTATED, differ, restrictions, stricter
from cefrbench.corpora.questions import foreign_languages

_UNKNOWN = frozenset({"", "unknown", "other", "none", "n/a", "na", "tbd", "unspecified", "?"})
_CODE = re.compile(r"[a-z]{2}")

CHECKS: CheckTable[CorpusSubject] = CheckTable()


@CHECKS.add(
    "corpus-card",
    "The card is complete",
    "Readers of the leaderboard judge a score by who wrote the texts, who rated them and how.",
)
def check_card(subject: CorpusSubject) -> Iterator[Problem]:
    """Look for blanks, placeholders, an address to open, cleaning rules in words."""
    card = subject.corpus.card
    fields = ("title", "source", "citation", "task", "rated_by")
    yield from unfilled({name: getattr(card, name) for name in fields})
    if card.source.strip() and not is_address(card.source) and PLACEHOLDER not in card.source:
        yield Problem(
            f"the card's source {card.source!r} is no address",
            "give the https:// address of the corpus's page",
        )
    for code in card.languages:
        if not _CODE.fullmatch(code) and code != "und":
            yield Problem(
                f"the card's language {code!r} is no ISO 639-1 code",
                "write two lower-case letters, `de` say",
            )
    cleans = type(subject.corpus).clean is not Corpus.clean
    if cleans and not card.cleaning:
        yield Problem(
            "clean() is overridden, and the card names no cleaning rule",
            "say each rule in a sentence in `cleaning`, in the order of the code",
            note=True,
        )


@CHECKS.add(
    "corpus-licence",
    "The licence is known, and it is the stricter one",
    "A benchmark passes a corpus's terms on to everybody who runs it; learners' texts are rarely "
    "free of them.",
)
def check_licence(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Look for a missing licence, and for one that is weaker than card or rows say."""
    card = subject.corpus.card
    named = (card.licence, card.licence_card, card.licence_rows)
    unsaid = (UNKNOWN, UNSTATED)
    if card.licence in unsaid and not any(v for v in named[1:] if v not in unsaid):
        yield Problem(
            "nobody has stated a licence for this corpus",
            "ask its owner, and write the answer on the card",
            note=True,
        )
        return
    if card.licence.strip().lower() in _UNKNOWN:
        yield Problem(
            f"the card's licence {card.licence!r} says nothing",
            "write the licence of the texts as its owner states it (`CC BY-SA 4.0`, or the name "
            "of the agreement that users sign)",
        )
        return
    for where, other in (("dataset's card", card.licence_card), ("rows", card.licence_rows)):
        if differ(card.licence, other) and stricter(card.licence, other) != card.licence:
            yield Problem(
                f"the licence {card.licence!r} is weaker than {other!r}, which the {where} say",
                f"set licence={stricter(card.licence, other)!r}",
            )
    if restrictions(card.licence) is None:
        yield Problem(
            f"the licence {card.licence!r} is no Creative Commons one, so the kit can't weigh it",
            "say in the pull request what it allows, with the address of its text",
            note=True,
        )
    yield Remark(card.licence)


@CHECKS.add(
    "corpus-licence-rows",
    "The rows' licence is the one on the card",
    "Rows that claim a weaker licence than the owner's mislead whoever passes them on.",
    needs="corpus-source corpus-fields",
)
def check_licence_rows(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Compare the licences that stand in the rows with ``licence_rows``."""
    if subject.source == "sample":
        raise NotApplicableError("an invented sample has a licence of its own")
    found = {str(row["license"]) for row in subject.rows if isinstance(row.get("license"), str)} - {
        ""
    }
    stated = subject.corpus.card.licence_rows
    own = subject.corpus.card.licence
    for licence in sorted(found):
        if stated is None and differ(own, licence):
            weaker = stricter(own, licence) == own
            yield Problem(
                f"rows say {licence!r}, which is {'weaker' if weaker else 'stricter'} than the "
                f"card's {own!r}",
                f"set licence_rows={licence!r} and the stricter one as licence",
                note=weaker,
            )
        elif stated is not None and differ(stated, licence):
            yield Problem(
                f"rows say {licence!r}, the card says that they say {stated!r}",
                f"set licence_rows={licence!r}",
            )
    yield Remark(", ".join(sorted(found)) or "rows state none")


@CHECKS.add(
    "corpus-licence-source",
    "The licence of the dataset's page is the one on the card",
    "Who runs the benchmark is told the card's licence, and the owner may say another.",
    needs="corpus-source",
)
def check_licence_source(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Compare the licence that the repository's own card has now with the corpus's card."""
    card = subject.corpus.card
    if card.hub is None or subject.source != "corpus":
        raise NotApplicableError("its rows were not read from the hub")
    theirs, ours = fetch(card.hub, subject.access).licence, card.licence_card or card.licence
    if differ(theirs, ours):
        yield Problem(
            f"{card.hub.repo} says {theirs!r}, the card says that it says {ours!r}",
            f"set licence_card={theirs!r} and the stricter one as licence",
        )
    yield Remark(theirs or "it states none")


@CHECKS.add(
    "corpus-languages",
    "The rows' languages are those of the card",
    "Leaving one language out, and every table by language, goes by these codes.",
    needs="corpus-source corpus-levels",
)
def check_languages(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Compare the languages of the essays with those of the card, both ways."""
    yield from problems(subject, foreign_languages)
    counts = Counter(subject.essays.languages)
    stated = subject.corpus.card.languages
    for language in stated:
        if language not in counts:
            yield Problem(
                f"the card says {language!r}, and no row is in it",
                "take it off the card, or see whether its rows are lost in cleaning",
                note=True,
            )
    yield Remark(", ".join(f"{language} {count}" for language, count in sorted(counts.items())))
