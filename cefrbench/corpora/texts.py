"""What is asked of a corpus's texts: whether they are texts, and what came into them on the way."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from html.entities import html5

from cefrbench.corpora.answers import Answer
from cefrbench.essays import Essays, normalise

#: Shorter texts hold too little language to be rated, in characters.
SHORT = 20
#: Longer texts are read in part only, in characters: no encoder takes so many tokens.
LONG = 100_000
#: What stands in a text field where there is no text.
PLACEHOLDERS = frozenset(
    {"none", "n/a", "na", "null", "empty", "nan", "-", "--", "...", "…", "test"}
)

#: `&amp;`, `&#228;`, `&#xe4;`.
_ENTITY = re.compile(r"&(#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
#: Elements of HTML that exports leave in texts; what else stands in angle brackets may be a
#: learner's own.
_TAG = re.compile(
    r"</?(?:a|b|big|blockquote|body|br|center|code|div|em|font|h[1-6]|head|hr|html|i|img|li|o:p|ol|p"
    r"|pre|s|small|span|strike|strong|style|sub|sup|table|tbody|td|th|tr|tt|u|ul)"
    r"(?:\s+[\w:-]+\s*=[^<>]*)?\s*/?>",
    re.IGNORECASE,
)


def short_texts(essays: Essays) -> Iterator[Answer]:
    """Find texts too short to be rated, and what stands in for a text."""
    short = [
        text.strip()
        for text in essays.texts
        if len(text.strip()) < SHORT or normalise(text) in PLACEHOLDERS
    ]
    if short:
        text, times = Counter(short).most_common(1)[0]
        yield Answer(
            "short-texts",
            len(short),
            f"{len(short)} texts are placeholders or shorter than {SHORT} characters"
            + (f"; {text!r} stands there {times} times" if times > 1 else ""),
            "their level can't come from their language; a probe learns the placeholder instead",
            "return Skip(reason) in clean() for what is no learner's text",
        )


def long_texts(essays: Essays) -> Iterator[Answer]:
    """Find texts that no encoder reads to the end."""
    if count := sum(len(text) > LONG for text in essays.texts):
        yield Answer(
            "long-texts",
            count,
            f"{count} texts are longer than {LONG:,} characters",
            "only their beginning is read, up to the encoder's max_length",
            "return Skip(reason) in clean() for what is no learner's text",
        )


def broken_encoding(essays: Essays) -> Iterator[Answer]:
    """Find texts with the character that stands for bytes which could not be read."""
    if count := sum("\ufffd" in text for text in essays.texts):
        yield Answer(
            "broken-encoding",
            count,
            f"{count} texts hold the replacement character U+FFFD",
            "what a learner wrote is lost there, and a probe can learn the mark instead",
            "read the source in the encoding that it was written in",
            breaks=True,
        )


def twice_encoded(essays: Essays) -> Iterator[Answer]:
    """Find texts whose UTF-8 was read as another encoding and written as UTF-8 again."""
    found = [shown for text in essays.texts if (shown := _twice_encoded(text))]
    if found:
        yield Answer(
            "twice-encoded",
            len(found),
            f"{len(found)} texts were encoded twice: {Counter(found).most_common(1)[0][0]}",
            "an encoder reads other words than the learner wrote, and a probe can learn the mark "
            "of the file instead of the level",
            "read the source as UTF-8; what is broken already ftfy.fix_encoding mends",
            breaks=True,
        )


def _twice_encoded(text: str) -> str:
    """The first word that shows it, and what it was: ``'niÃ±o' for 'niño'``; empty for none."""
    if text.isascii():
        return ""
    from ftfy import fix_encoding_and_explain

    fixed, steps = fix_encoding_and_explain(text)
    # Other steps mend single control characters, which are no second encoding.
    if not any("decode" in part for step in steps or () for part in step):
        return ""
    for broken, whole in zip(text.split(), fixed.split(), strict=False):
        if broken != whole:
            return f"{broken[:30]!r} for {whole[:30]!r}"
    return f"{text[:30]!r} for {fixed[:30]!r}"


def markup(essays: Essays) -> Iterator[Answer]:
    """Find texts with entities (``&amp;``) or elements (``<p>``) of HTML."""
    found = [marks[0] for text in essays.texts if (marks := list(_marks(text)))]
    if found:
        shown = ", ".join(f"{mark} ({n})" for mark, n in Counter(found).most_common(3))
        yield Answer(
            "markup",
            len(found),
            f"{len(found)} texts hold entities or markup: {shown}",
            "no learner wrote it: a probe can learn the export of a source, or the editor of a "
            "course, instead of the level",
            "take tags out and then call html.unescape in clean()",
            breaks=True,
        )


def words_key(text: str) -> str:
    """Hash of a text's words alone: the same whatever markup, case, spaces and points it has."""
    words = re.findall(r"\w+", normalise(unescape(_TAG.sub(" ", text))))
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:32]


def _marks(text: str) -> Iterator[str]:
    for entity in _ENTITY.finditer(text):
        if entity[1].startswith("#") or f"{entity[1]};" in html5:
            yield entity[0]
    for tag in _TAG.finditer(text):
        yield tag[0][:20]
