"""Parses of a corpus from a CoNLL-U file beside its data, and which text each is of."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cefrbench import CorpusTexts, EncoderError
from cefrbench_plugins.encoders._syntax import ParsedSentence, Word

#: Of a parse that is found by its title alone, the least share of forms that must stand in the
#: text: titles are file names, and two corpora may use the same.
COMMON = 0.5


@dataclass(frozen=True, slots=True)
class Document:
    """The parse of one text, and what it says of the text: either may be empty."""

    title: str
    key: str
    sentences: list[ParsedSentence]


@dataclass(frozen=True, slots=True)
class Matched:
    """The parses of a corpus's texts.

    Attributes
    ----------
    parses : tuple of (Document or None)
        One a text.
    by_title : int
        How many were found by the title alone.
    strays : int
        Documents of the file that belong to no text.
    """

    parses: tuple[Document | None, ...]
    by_title: int
    strays: int

    @property
    def missing(self) -> int:
        """Texts without a parse."""
        return self.parses.count(None)


def find_parses(folder: Path | None, corpus: str) -> Path | None:
    """Find ``FOLDER/<corpus>.conllu`` or ``.conllu.gz``; None where there is neither."""
    if folder is None:
        return None
    stem = corpus.replace(":", "_").replace("/", "_")
    paths = (folder / f"{stem}.conllu{ending}" for ending in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def match_parses(documents: Iterator[Document], corpus: CorpusTexts) -> Matched:
    """Give each text its parse: by the hash of the text, else by a title that both have alone.

    What is read and belongs to no text is let go at once, so that memory holds one corpus.
    """
    keys = set(corpus.keys)
    titles = {title for title, count in Counter(corpus.titles).items() if title and count == 1}
    by_key: dict[str, Document] = {}
    by_title: dict[str, list[Document]] = {}
    count = 0
    for document in documents:
        count += 1
        if document.key in keys:
            by_key.setdefault(document.key, document)
        elif document.title in titles:
            by_title.setdefault(document.title, []).append(document)
    found: list[Document | None] = []
    titled = 0
    for text, key, title in zip(corpus.texts, corpus.keys, corpus.titles, strict=True):
        parse = by_key.get(key)
        if parse is None and len(same := by_title.get(title or "", [])) == 1:
            parse = same[0] if _is_of(same[0], text) else None
            titled += parse is not None
        found.append(parse)
    used = {id(parse) for parse in found if parse is not None}
    return Matched(tuple(found), titled, count - len(used))


def _is_of(document: Document, text: str) -> bool:
    """Whether a parse can be of a text: most of its forms stand there, joined words aside."""
    forms = [word.form.casefold() for sentence in document.sentences for word in sentence]
    inside = text.casefold()
    return sum(form in inside for form in forms) >= COMMON * len(forms)


def read_documents(path: Path) -> Iterator[Document]:
    """Read the documents of a CoNLL-U file one by one.

    ``# newdoc id`` begins one (its title) or ``# text_key`` does (as in
    :class:`cefrbench.CorpusTexts`); of the columns ID, FORM, UPOS, HEAD and DEPREL are read.

    Raises
    ------
    EncoderError
        When the file can't be read, or a sentence is no tree of words.
    """
    import conllu
    from conllu.exceptions import ParseException

    opened = gzip.open if path.suffix == ".gz" else open
    document: Document | None = None
    number = 0
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            for number, tokens in enumerate(conllu.parse_incr(file), start=1):
                about = tokens.metadata
                key, title = about.get("text_key"), about.get("newdoc id")
                if key or title or "newdoc" in about:
                    if document:
                        yield document
                    document = Document(title or "", (key or "").lower(), [])
                if document is None:
                    raise _broken(path, number, "belongs to no document (`# newdoc id = …`)")
                document.sentences.append(_sentence(path, number, tokens))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, ParseException) as error:
        reason = " ".join(str(error).split())[:120]
        raise _broken(path, number + 1, f"can't be read ({reason})") from error
    if document:
        yield document


def _sentence(path: Path, number: int, tokens: Sequence[dict[str, Any]]) -> ParsedSentence:
    # Ranges (2-3) are spellings of the words that follow, 2.1 is no word of the text.
    words = [token for token in tokens if isinstance(token["id"], int)]
    found = []
    for place, token in enumerate(words, start=1):
        head, upos, deprel = token.get("head"), token.get("upos"), token.get("deprel")
        if token["id"] != place or not isinstance(head, int) or not 0 <= head <= len(words):
            raise _broken(path, number, f"has the head {head!r} at word {token['id']}")
        if upos in (None, "_") or deprel in (None, "_"):
            raise _broken(path, number, f"lacks UPOS or DEPREL at word {token['id']}")
        found.append(Word(str(token["form"]), str(upos), head, str(deprel)))
    return found


def _broken(path: Path, number: int, what: str) -> EncoderError:
    return EncoderError(
        f"Sentence {number} of the parses {str(path)!r} {what}: CoNLL-U with ID, FORM, UPOS, HEAD "
        "and DEPREL was expected; write the file anew."
    )


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
