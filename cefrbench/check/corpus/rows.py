"""Checks of a corpus's rows: reachable, whole, levelled, and the same every time."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator, Mapping

from cefrbench.check.corpus.subject import MOST_ROWS, CorpusSubject
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark
from cefrbench.contracts.corpus import FIELDS, OPTIONAL_FIELDS, REQUIRED_FIELDS, Skip
from cefrbench.errors import CorpusError

_KNOWN = (*FIELDS, *OPTIONAL_FIELDS)
#: Rows that clean() is tried on.
_TRIED = 2_000

CHECKS: CheckTable[CorpusSubject] = CheckTable()


@CHECKS.add(
    "corpus-source",
    "The rows can be read",
    "Without rows there is nothing to score.",
)
def check_source(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Read all rows; an error that is no CorpusError would stop a whole run."""
    if subject.unreachable:
        yield Problem(
            f"the corpus could not be reached, so its sample was checked: {subject.unreachable}",
            "do what the sentence says, or give --data-dir, and check again",
            note=True,
        )
    try:
        rows = subject.first.rows
    except CorpusError as error:
        yield Problem(str(error), "do what the sentence says; or ship a sample to check")
        return
    if not rows:
        yield Problem("it gives no row", "see that rows() yields each row of the source")
    if len(rows) == MOST_ROWS:
        yield Problem(
            f"it has more than {MOST_ROWS:,} rows, and only these were checked",
            "nothing to mend",
            note=True,
        )
    yield Remark(f"{len(rows):,} rows of the {subject.source}")


@CHECKS.add(
    "corpus-fields",
    "Rows have UniversalCEFR's fields",
    "One format for all corpora is what lets files, hub and plugins stand in for each other.",
    needs="corpus-source",
)
def check_fields(subject: CorpusSubject) -> Iterator[Problem]:
    """Count rows that are no objects, lack a field or hold the wrong type."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, row in enumerate(subject.first.rows, start=1):
        for problem in _of_row(row):
            found.setdefault(problem, []).append(number)
    for (what, mend), numbers in found.items():
        note = what.startswith("unknown field")
        yield Problem(f"{what} in {len(numbers)} rows, first in row {numbers[0]}", mend, note)


def _of_row(row: object) -> Iterator[tuple[str, str]]:
    if not isinstance(row, Mapping):
        yield f"{type(row).__name__} instead of an object", "yield a dict a row"
        return
    for field in REQUIRED_FIELDS:
        if field not in row:
            yield f"no field {field!r}", f"map the column that holds it to {field!r} in rows()"
    for field in ("text", "lang"):
        missing_text = field == "text" and row.get(field) is None  # dropped as empty, counted
        if field in row and not isinstance(row[field], str) and not missing_text:
            kind = type(row[field]).__name__
            yield f"{field!r} is of type {kind}", f"make {field!r} a string in rows()"
    for field in row:
        if field not in _KNOWN:
            yield (
                f"unknown field {field!r}",
                f"leave it out, or name it as UniversalCEFR does ({', '.join(_KNOWN)})",
            )


@CHECKS.add(
    "corpus-cleaning",
    "clean() changes no raw row, gives reasons, and has nothing left to do the second time",
    "Raw rows may be shared and read again; a reader has to know why a text is missing.",
    needs="corpus-fields",
)
def check_cleaning(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Clean copies of the rows and compare; only the first fault of each sort is reported."""
    found: dict[str, Problem] = {}
    skipped: Counter[str] = Counter()
    for number, row in enumerate(subject.rows[:_TRIED], start=1):
        raw = copy.deepcopy(dict(row))
        given = copy.deepcopy(raw)
        cleaned: object = subject.corpus.clean(given)
        if given != raw:
            found.setdefault(
                "mutates",
                Problem(
                    f"clean() changed row {number} in place",
                    "return a new dict: {**row, 'text': …}",
                ),
            )
        if isinstance(cleaned, Skip):
            skipped[cleaned.reason] += 1
            if not cleaned.reason.strip():
                mend = "say why in Skip('…')"
                found.setdefault("reason", Problem(f"row {number} is skipped without reason", mend))
        elif not isinstance(cleaned, Mapping):
            kind = type(cleaned).__name__
            mend = "return the row, mended, or Skip(reason)"
            found.setdefault("type", Problem(f"clean() gave {kind} for row {number}", mend))
        elif subject.corpus.clean(copy.deepcopy(dict(cleaned))) != cleaned:
            found.setdefault(
                "again",
                Problem(
                    f"cleaning row {number} a second time changes it again",
                    "make the rule match only what it is for (files may be cleaned already)",
                    note=True,
                ),
            )
    yield from found.values()
    yield Remark(
        ", ".join(f"{n} skipped: {why}" for why, n in skipped.items()) or "nothing skipped"
    )


@CHECKS.add(
    "corpus-levels",
    "Every level can be read, or is known to be none",
    "A level that the parser doesn't know is a text lost; it should be lost on purpose.",
    needs="corpus-fields corpus-cleaning",
)
def check_levels(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Count what the parser of levels could not read."""
    report = subject.essays.report
    for reason, mend in (
        ("unknown level", "turn it into A1 … C2 in clean(), or return Skip(reason)"),
        ("bare band", "a band is two levels wide: return Skip('bare band'), or find the level"),
    ):
        if count := report.dropped.get(reason, 0):
            shown = ", ".join(repr(value) for value in report.examples.get(reason, ()))
            note = reason == "bare band"
            yield Problem(f"{count} rows have a level of sort {reason!r} ({shown})", mend, note)
    dropped = ", ".join(f"{n} dropped: {why}" for why, n in report.dropped.items())
    yield Remark(
        f"{report.kept:,} of {report.rows:,} rows kept" + (f"; {dropped}" if dropped else "")
    )


@CHECKS.add(
    "corpus-order",
    "Rows come in the same order every time",
    "Splits are made by row: another order is another split, and no result can be reproduced.",
    needs="corpus-fields",
)
def check_order(subject: CorpusSubject) -> Iterator[Problem]:
    """Compare two readings that hold the same rows, position by position."""
    first, second = (_as_text(reading.rows) for reading in (subject.first, subject.second))
    if Counter(first) != Counter(second):
        raise NotApplicableError("two readings hold other rows, see corpus-stable")
    for number, (one, other) in enumerate(zip(first, second, strict=True), start=1):
        if one != other:
            yield Problem(
                f"row {number} of the first reading is not row {number} of the second",
                "read the source in its own order; sort files and drop every set, glob and "
                "thread on the way",
            )
            return


@CHECKS.add(
    "corpus-stable",
    "Two loads give the same rows and the same fingerprint",
    "Features and results are kept by fingerprint: one that changes is computed anew every time, "
    "and a result can't be checked.",
    needs="corpus-levels",
)
def check_stable(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Compare two readings as bags of rows, then what cleaning makes of them."""
    first, second = (Counter(_as_text(reading.rows)) for reading in (subject.first, subject.second))
    if first != second:
        gone, new = (first - second).total(), (second - first).total()
        yield Problem(
            f"a second reading lacks {gone} rows of the first and has {new} others",
            "let rows() begin anew at each call (no iterator kept on the corpus), and pin the "
            "source's revision",
        )
        return
    one, other = subject.essays, subject.essays_again
    if Counter(zip(one.texts, one.levels, strict=True)) != Counter(
        zip(other.texts, other.levels, strict=True)
    ):
        yield Problem(
            "the same raw rows were cleaned in two ways",
            "let clean() depend on the row alone: no chance, no clock, no state",
        )
    yield Remark(f"fingerprint {one.fingerprint[:12]}")


def _as_text(rows: tuple[object, ...]) -> list[str]:
    return [json.dumps(row, sort_keys=True, default=str) for row in rows]
