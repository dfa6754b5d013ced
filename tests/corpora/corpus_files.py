"""Rows and files for the tests of corpora."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cefrbench.contracts.cards import CorpusCard
from cefrbench.contracts.corpus import Access, Corpus, Row, Rows

CARD = CorpusCard(
    name="tiny",
    title="Tiny",
    languages=("en",),
    licence="CC0",
    licence_card="CC0",
    licence_rows="CC0",
    source="https://example.org",
    citation="nobody",
    task="tests",
    rated_by="nobody",
)


def row(text: str, level: object = "A2", **fields: Any) -> dict[str, Any]:
    """One raw row with all eight fields."""
    standard = {
        "title": "t",
        "lang": "en",
        "source_name": "tiny",
        "format": "document-level",
        "category": "learner",
        "cefr_level": level,
        "license": "CC0",
        "text": text,
    }
    return standard | fields


def rows(*levels: str, start: str = "an essay of some length, number") -> list[dict[str, Any]]:
    """Rows with different texts, one for each level."""
    return [row(f"{start} {number}", level) for number, level in enumerate(levels)]


def write(path: Path, content: object) -> Path:
    """Write rows as JSON; text and bytes as they are."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


class ListCorpus(Corpus):
    """A corpus of rows in memory."""

    def __init__(self, content: Iterable[Row], **card: Any) -> None:
        self.card = CARD.model_copy(update=card)
        self._content = content

    def rows(self, access: Access) -> Rows:
        return Rows(self._content, "r1")
