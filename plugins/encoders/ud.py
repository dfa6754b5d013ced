"""A reference that knows syntax: features of Universal Dependencies parses, read or made."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from cefrbench import (
    CorpusTexts,
    Encoder,
    EncoderError,
    EncoderOptions,
    EncoderSpec,
    Register,
    hookimpl,
)
from cefrbench_plugins.encoders._counted import Counted, card_of
from cefrbench_plugins.encoders._parses import (
    Matched,
    file_hash,
    find_parses,
    match_parses,
    read_documents,
)
from cefrbench_plugins.encoders._syntax import FEATURES, syntax

#: Most texts of a corpus that may lack a parse, as a share: they count for nothing but their
#: corpus's mean. Of MERLIN's public parses 0.2 to 1.1 % of the texts lack one.
MOST_MISSING = 0.1

CARD = card_of(
    "ud",
    "Syntax from Universal Dependencies parses (DIR/<corpus>.conllu[.gz] beside the "
    "data, or stanza's): lengths, parts of speech, trees, clauses.",
    len(FEATURES),
)


class Syntax(Counted):
    """Features of parses; see :mod:`cefrbench_plugins.encoders._syntax`.

    Parameters
    ----------
    name : str
        As the user wrote it.
    options : EncoderOptions
    values : dict of str to tuple of float, optional
        Features of each text of one corpus.
    """

    def __init__(
        self,
        name: str,
        options: EncoderOptions,
        values: Mapping[str, tuple[float, ...]] | None = None,
    ) -> None:
        super().__init__(name, CARD)
        self._options = options
        self._values = values or {}

    def for_corpus(self, corpus: CorpusTexts) -> Encoder:
        """Read the corpus's parses, or have stanza make them.

        Raises
        ------
        EncoderError
            When there are neither parses nor stanza's models, or the parses are not of the texts.
        """
        path = find_parses(corpus.data_dir, corpus.corpus)
        if path is not None:
            return self._read(path, corpus)
        from cefrbench_plugins.encoders._stanza import Parsing

        return Parsing(self.identity, self._options, corpus)

    def _read(self, path: Path, corpus: CorpusTexts) -> Syntax:
        if importlib.util.find_spec("conllu") is None:
            raise EncoderError(
                f"Reading {str(path)!r} needs the package conllu, which isn't installed: run "
                "`pip install 'cefrbench[ud]'`."
            )
        matched = match_parses(read_documents(path), corpus)
        if matched.missing > MOST_MISSING * len(corpus.texts):
            raise EncoderError(
                f"{matched.missing} of {len(corpus.texts)} texts of {corpus.corpus!r} have no "
                f"parse in {str(path)!r}, where {matched.strays} parses are of none of them: at "
                f"most {MOST_MISSING:.0%} may lack one; parse these very texts, and give each "
                "document its `# text_key`."
            )
        own = Syntax(self.identity.name, self._options, _values(matched, corpus))
        own.reads = {
            "parses": f"sha256:{file_hash(path)}",
            "parse of each text": _digest(matched),
            "conllu": metadata.version("conllu"),
        }
        own.notes = (_note(matched),)
        return own

    def count(self, text: str) -> tuple[float, ...]:
        """Give the features of a text of the corpus.

        Raises
        ------
        EncoderError
            When a text is not of the corpus that the parses are of.
        """
        if text not in self._values:
            raise EncoderError(
                f"{self.identity.name!r} has no parse of the text {text[:40]!r}: it encodes the "
                "texts of a corpus with parses beside it, and no others."
            )
        return self._values[text]


def _values(matched: Matched, corpus: CorpusTexts) -> dict[str, tuple[float, ...]]:
    """Features by text; without a parse the mean of the others, which says nothing of the text."""
    found = [syntax(parse.sentences) if parse else None for parse in matched.parses]
    known = [row for row in found if row is not None]
    mean = tuple(sum(column) / len(known) for column in zip(*known, strict=True))
    return {text: row or mean for text, row in zip(corpus.texts, found, strict=True)}


def _digest(matched: Matched) -> str:
    """Hash of which parse each text has: titles can change it, and stand in no fingerprint."""
    names = [[parse.title, parse.key] if parse else None for parse in matched.parses]
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]


def _note(matched: Matched) -> str:
    count = len(matched.parses)
    note = f"{count - matched.missing} of {count} texts have a parse"
    if matched.by_title:
        note += f", {matched.by_title} found by the title alone"
    if matched.missing:
        note += f"; the other {matched.missing} count as the mean text of the corpus"
    if matched.strays:
        note += f"; {matched.strays} parses are of none of the texts"
    return note


def load(name: str, options: EncoderOptions) -> Syntax:
    """Open the reference; what it reads is known when it is given a corpus."""
    return Syntax(name, options)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register ``ud``."""
    register(EncoderSpec(CARD, load))
