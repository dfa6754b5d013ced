"""Checks of a corpus's rows: reachable, whole, levelled, and the same every time."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator, Mapping

from cefrbench.check.corpus.subject import MOST_ROWS, CorpusSubject, problems
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark
from cefrbench.contracts.corpus import FIELDS, OPTIONAL_FIELDS, Skip
from cefrbench.corpora.questions import row_faults, unreadable_levels
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
        rows = subject.first
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
    """Count rows that can't be read, and fields that nobody reads."""
    faults: dict[str, tuple[str, list[int]]] = {}
    unknown: dict[str, list[int]] = {}
    for number, row in enumerate(subject.first, start=1):
        for fault in row_faults(row):
            faults.setdefault(fault.what, (fault.need, []))[1].append(number)
        for field in (f for f in row if f not in _KNOWN) if isinstance(row, Mapping) else ():
            unknown.setdefault(field, []).append(number)
    for what, (need, numbers) in faults.items():
        yield Problem(f"row {numbers[0]} {what}{_others(numbers)}", f"mend it in rows(): {need}")
    for field, numbers in unknown.items():
        yield Problem(
            f"row {numbers[0]} has an unknown field {field!r}{_others(numbers)}",
            f"leave it out, or name it as UniversalCEFR does ({', '.join(_KNOWN)})",
            note=True,
        )


def _others(numbers: list[int]) -> str:
    return f", and {len(numbers) - 1:,} more" if len(numbers) > 1 else ""


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
    """Ask for levels that the parser could not read."""
    yield from problems(subject, unreadable_levels)
    report = subject.essays.report
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
    first, second = (_as_text(reading) for reading in (subject.first, subject.second))
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
    first, second = (Counter(_as_text(reading)) for reading in (subject.first, subject.second))
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
