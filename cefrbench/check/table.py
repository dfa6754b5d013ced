"""The table of checks: a check is a small function with a name, a title and a reason.

At the end stands what the checks of all kinds of cards share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from cefrbench.check.findings import CheckFinding, CheckReport, Kind, Status
from cefrbench.errors import UserError, contained

#: How `cefrbench new` marks what its author has to fill in.
PLACEHOLDER = "Replace:"

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a check found.

    Attributes
    ----------
    what : str
        What is wrong, with the offending value.
    mend : str
        What the author can do about it.
    note : bool
        Worth knowing and worth a reviewer's look, but no breach of the contract.
    """

    what: str
    mend: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """A measurement, or what a check covered; it stands in the report when the check passes."""

    what: str


class NotApplicableError(Exception):
    """Raised by a check that has nothing to say of this subject; the reason is reported."""


Found: TypeAlias = Problem | Remark
Run: TypeAlias = Callable[[S], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Check(Generic[S]):
    """One check.

    Attributes
    ----------
    id : str
        Name in reports: ``encoder-order``.
    title : str
        What is asked for, as a statement that holds when the check passes.
    why : str
        What goes wrong in a benchmark when it doesn't hold.
    needs : tuple of str
        Checks that must have been passed; else this one says nothing new and is skipped.
    run : callable
        Yields a :class:`Problem` for each thing that is wrong.
    """

    id: str
    title: str
    why: str
    needs: tuple[str, ...]
    run: Run[S]


class CheckTable(Generic[S]):
    """Checks in the order they are run and reported; tables can be joined to a longer one."""

    def __init__(self, *tables: CheckTable[S]) -> None:
        self.checks: list[Check[S]] = [check for table in tables for check in table.checks]

    def add(
        self, check_id: str, title: str, why: str, needs: str = ""
    ) -> Callable[[Run[S]], Run[S]]:
        """Register the decorated function as a check; ``needs`` names others, split by spaces."""

        def decorate(run: Run[S]) -> Run[S]:
            self.checks.append(Check(check_id, title, why, tuple(needs.split()), run))
            return run

        return decorate

    def report(self, kind: Kind, name: str, subject: S, origin: str = "") -> CheckReport:
        """Run every check on a thing of a kind and name."""
        return CheckReport(kind=kind, name=name, origin=origin, findings=tuple(self.run(subject)))

    def run(self, subject: S) -> Iterator[CheckFinding]:
        """Run every check; one that breaks is a finding, and the others go on."""
        unsound: set[str] = set()
        for check in self.checks:
            blocked = [name for name in check.needs if name in unsound]
            if blocked:
                unsound.add(check.id)
                yield _finding(check, "skip", f"not judged, because {blocked[0]} did not pass")
                continue
            found = list(_run_one(check, subject))
            if any(finding.status in ("fail", "skip") for finding in found):
                unsound.add(check.id)
            yield from found


def _run_one(check: Check[S], subject: S) -> Iterator[CheckFinding]:
    facts: list[str] = []
    clean = True
    try:
        with contained():
            for outcome in check.run(subject):
                if isinstance(outcome, Remark):
                    facts.append(outcome.what)
                    continue
                clean = False
                status: Status = "note" if outcome.note else "fail"
                yield _finding(check, status, outcome.what, outcome.mend)
    except NotApplicableError as reason:
        yield _finding(check, "skip", str(reason))
        return
    except UserError as error:
        yield _finding(check, "fail", str(error), "Do what the sentence says, then check again.")
        return
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is what the kit reports
        yield _finding(
            check,
            "fail",
            f"it raised {type(error).__name__}: {error}",
            "Mend the code, or raise a subclass of cefrbench.errors.UserError whose sentence "
            "says what the user can do.",
        )
        return
    if clean:
        yield _finding(check, "pass", "; ".join(facts))


def _finding(check: Check[S], status: Status, what: str, mend: str = "") -> CheckFinding:
    return CheckFinding(
        check=check.id, title=check.title, why=check.why, status=status, what=what, mend=mend
    )


def unfilled(fields: Mapping[str, object]) -> Iterator[Problem]:
    """Find fields that are blank, or that still say what the template said."""
    texts = {
        name: " ".join(value) if isinstance(value, tuple) else str(value or "")
        for name, value in fields.items()
    }
    blank = [name for name, text in texts.items() if not text.strip()]
    if blank:
        yield Problem(f"blank on the card: {', '.join(blank)}", "fill them in")
    template = [name for name, text in texts.items() if PLACEHOLDER in text]
    if template:
        yield Problem(
            f"as the template left them on the card: {', '.join(template)}",
            "write what is true, in place of 'Replace: …'",
            note=True,
        )


def is_address(text: str) -> bool:
    """Whether a source is something that a reader can open."""
    return text.startswith(("https://", "http://", "doi:"))
