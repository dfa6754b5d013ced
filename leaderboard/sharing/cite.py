"""What to cite, as BibTeX: cefrbench, the study, a result, the corpora that were used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from cefrbench import __version__
from cefrbench.contracts.cards import CorpusCard
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.render import CODE, PAPER, short
from cefrbench_leaderboard.sharing.text import plain

#: As in CITATION.cff, which is not in the package; a test compares them.
_TITLE = "cefrbench: a benchmark of language proficiency in embedding models"
_AUTHOR = "The cefrbench authors"
_STUDY = "Multilingual Embedding Probes Fail to Generalize Across Learner Corpora"
_STUDY_AUTHORS = ("Lyngbaek", "Kristensen-McLachlan")
_YEAR = "2026"

#: Braces would end a field even behind a backslash; the rest means something to TeX.
_ESCAPES = str.maketrans(
    {
        **{"{": "(", "}": ")", "\\": r"\textbackslash{}"},
        **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
        **{sign: f"\\{sign}" for sign in "#$%&_"},
    }
)
_YEAR_IN = re.compile(r"\((\d{4})\)")


def bibtex(cards: Iterable[CorpusCard], entry: Entry | None = None) -> str:
    """Entries for cefrbench, the study, one result where there is one, and each corpus once.

    A card's reference is a sentence, and stands in ``note`` as it is; cards with the same one are
    one entry.
    """
    found = [
        _entry("software", "cefrbench", {"title": f"{{{escaped(_TITLE)}}}",
               "author": f"{{{_AUTHOR}}}", "year": _YEAR, "version": __version__, "url": CODE}),
        _entry("misc", "lyngbaek2026multilingual", {"title": f"{{{escaped(_STUDY)}}}",
               "author": " and ".join(_STUDY_AUTHORS), "year": _YEAR, "eprint": PAPER[-10:],
               "archivePrefix": "arXiv", "url": PAPER}),
    ]  # fmt: skip
    if entry is not None:
        found.append(_result(entry))
    by_reference: dict[str, list[CorpusCard]] = {}
    for card in {card.name: card for card in cards}.values():
        by_reference.setdefault(card.citation, []).append(card)
    found += [corpora_bibtex(own) for own in by_reference.values()]
    return "\n".join(found)


def escaped(text: str) -> str:
    """Text in a field: on one line, and nothing in it means anything to BibTeX or TeX."""
    return plain(text).translate(_ESCAPES)


def _result(entry: Entry) -> str:
    key = hashlib.sha256(f"{entry.encoder}\n{entry.suite}".encode()).hexdigest()[:6]
    title = f"Result of {short(entry.encoder)} under {short(entry.suite)}"
    fields = {
        "title": f"{{{escaped(title)}}}",
        "author": f"{{{_AUTHOR}}}",
        "year": entry.started[:4] if entry.started[:4].isdecimal() else _YEAR,
        "note": escaped(f"cefrbench {__version__}, run {entry.started}, cohort {entry.cohort}"),
        "url": CODE,
    }
    return _entry("misc", f"cefrbench-{key}", fields)


def corpora_bibtex(cards: Sequence[CorpusCard]) -> str:
    """Write the entry of corpora that have one reference."""
    first = cards[0]
    year = _YEAR_IN.search(first.citation)
    fields = {"title": f"{{{escaped('; '.join(card.title for card in cards))}}}"}
    fields |= {"year": year[1]} if year else {}
    fields["note"] = escaped(first.citation)
    if first.source.startswith(("https://", "http://")):
        fields["url"] = quote(first.source, safe=":/?#[]@!$&'()*+,;=%-._~")
    return _entry("misc", first.name, fields)


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}}}\n"
