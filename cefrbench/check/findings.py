"""What the kit found: findings, each with what, why and how to mend, and the report they form."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cefrbench.contracts.cards import Card

Kind = Literal["plugin", "corpus", "encoder", "probe", "method", "protocol"]
Status = Literal["pass", "note", "fail", "skip"]


class CheckFinding(Card):
    """The outcome of one check, or one of the things that a check found."""

    check: str = Field(description="Name of the check.")
    title: str = Field(description="What the check asks for.")
    why: str = Field(description="Why it matters.")
    status: Status = Field(description="`note`: worth knowing, not wrong.")
    what: str = Field(default="", description="What was found, with the offending value.")
    mend: str = Field(default="", description="How to mend it.")


class CheckReport(Card):
    """All findings on one plugin or one thing that it registers, in the order of the checks."""

    kind: Kind
    name: str
    origin: str = Field(default="", description="Where the plugin comes from.")
    findings: tuple[CheckFinding, ...]

    @property
    def failed(self) -> tuple[CheckFinding, ...]:
        """What has to be mended."""
        return self.of("fail")

    @property
    def passed(self) -> bool:
        """Whether nothing has to be mended."""
        return not self.failed

    def of(self, status: Status) -> tuple[CheckFinding, ...]:
        """Findings of one status, in order."""
        return tuple(finding for finding in self.findings if finding.status == status)

    def summary(self) -> str:
        """One line: ``19 passed, 2 notes, 1 failed``."""
        words = {"pass": "passed", "note": "noted", "fail": "failed", "skip": "skipped"}
        counts = [(len(self.of(status)), word) for status, word in words.items()]  # type: ignore[arg-type]
        return ", ".join(f"{count} {word}" for count, word in counts if count)
