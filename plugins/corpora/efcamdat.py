"""English: EFCAMDAT, the EF-Cambridge Open Language Database, which users get from its owner.

Two formats are read: the database's XML export, and the cleaned subcorpus as a CSV file (its sheet
``Final database (main prompts)`` saved as such). In both the learner's own words are taken, where
other conversions take the corrected text. Levels are those of the course: three EF levels each for
A1 to C1, and level 16 for C2 (Geertzen, Alexopoulou & Korhonen 2013).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from cefrbench import CorpusCard, CorpusError, OwnersCorpus, Register, Row, hookimpl, need_columns
from cefrbench.corpora.owners import owners_lines

SAMPLE = Path(__file__).parent / "samples" / "efcamdat.xml"

CARD = CorpusCard(
    name="efcamdat",
    title="EFCAMDAT: EF-Cambridge Open Language Database",
    languages=("en",),
    licence="EFCAMDAT end user agreement (non-commercial research, no redistribution)",
    source="https://ef-lab.mmll.cam.ac.uk/EFCAMDAT.html",
    citation=(
        "Geertzen, J., Alexopoulou, T. & Korhonen, A. (2013). Automatic linguistic annotation of "
        "large scale L2 databases: The EF-Cambridge Open Language Database (EFCamDat). Selected "
        "Proceedings of the 2012 Second Language Research Forum."
    ),
    task="Writing tasks at the end of each unit of an online school (Englishtown), 128 prompts",
    rated_by="nobody: the level is that of the course the learner was placed in or had reached",
    cleaning=(
        "of a correction the learner's own words are taken, not the teacher's",
        "EF levels 1–3 count as A1, 4–6 as A2, 7–9 as B1, 10–12 as B2, 13–15 as C1, 16 as C2",
    ),
    access="owner",
    optional=True,
)

_LEVELS = ("A1", "A2", "B1", "B2", "C1", "C2")
#: Marks of the export that need not be closed, and so are no XML: line breaks and code.
_BREAK = re.compile(r"</?br\s*/?>", re.IGNORECASE)
_CODE = re.compile(r"</?code\s*/?>", re.IGNORECASE)
#: Elements below a correction that hold the teacher's words.
_TEACHERS = frozenset({"tag", "correct", "symbol"})


def read_xml(path: Path) -> Iterator[Row]:
    """Read the writings of an XML export, one after the other."""
    parser: XMLPullParser[Element] = XMLPullParser(("end",))
    with owners_lines(path) as lines:
        try:
            for line in lines:
                parser.feed(_CODE.sub("", _BREAK.sub("\n", line)))
                yield from _finished(parser)
            parser.close()
        except ParseError as error:
            number, column = error.position
            raise CorpusError(
                f"{str(path)!r} is not the XML of EFCAMDAT: {error.msg} (line {number}, column "
                f"{column}); export the selection again."
            ) from error
    yield from _finished(parser)


def _finished(parser: XMLPullParser[Element]) -> Iterator[Row]:
    """Rows of the writings that are complete; their elements are emptied, so memory stays small."""
    events: Iterable[Any] = parser.read_events()
    for _, element in events:
        if isinstance(element, Element) and element.tag == "writing":
            level = _level(element.get("level", ""))
            yield {"title": element.get("id"), "cefr_level": level, "text": _words(element)}
            element.clear()


def _words(writing: Element) -> str:
    """What the learner wrote, without what a teacher put beside it."""
    text = writing.find("text")
    parts = [] if text is None else list(_learners(text))
    return re.sub(r"\s*\n\s*", "\n", "".join(parts)).strip()


def _learners(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag not in _TEACHERS:
            yield from _learners(child)
        yield child.tail or ""


def read_csv(path: Path) -> Iterator[Row]:
    """Read the cleaned subcorpus, its sheet saved as CSV."""
    with owners_lines(path) as lines:
        table = csv.DictReader(lines, restval="")
        need_columns(path, list(table.fieldnames or ()), ["writing_id", "cefr", "text"])
        for row in table:
            level = row["cefr"].strip()
            yield {"title": row["writing_id"], "cefr_level": level, "text": row["text"]}


def _level(course: str) -> str:
    """CEFR level of an EF level, 1 to 16; what is no such number stays as it is."""
    number = int(course) if re.fullmatch("[0-9]{1,2}", course) else 0
    return _LEVELS[(number - 1) // 3] if 1 <= number <= 16 else course


@hookimpl
def register_corpora(register: Register) -> None:
    register(OwnersCorpus(CARD, {".xml": read_xml, ".csv": read_csv}, SAMPLE))
