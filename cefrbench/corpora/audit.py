"""What in some corpora would bias a score, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from cefrbench.contracts.cards import Card
from cefrbench.corpora.answers import Answer, EssayQuestion, NotAskedError, Severity
from cefrbench.corpora.describe import levels_by_text, shared_texts
from cefrbench.corpora.questions import QUESTIONS, texts_in_two_corpora
from cefrbench.essays import Essays


class AuditFinding(Card):
    """One thing that was found, and why it matters."""

    code: str
    severity: Severity = Field(description="`bias`: a score would be off; `note`: good to know.")
    corpora: tuple[str, ...]
    count: int = Field(description="Rows or texts concerned.")
    message: str = Field(description="What was found.")
    why: str = Field(description="Why it matters.")


def audit(corpora: Sequence[Essays]) -> list[AuditFinding]:
    """Look at corpora one by one, then at what they share.

    The findings come in the order of the corpora, the shared texts last.
    """
    findings = [
        _finding(answer, essays.name)
        for essays in corpora
        for ask in QUESTIONS
        for answer in _answers(ask, essays)
    ]
    for shared in shared_texts({essays.name: list(levels_by_text(essays)) for essays in corpora}):
        one, other = shared.corpora
        answer = texts_in_two_corpora(f"both {one} and {other}", other, shared.texts)
        findings.append(_finding(answer, one, other))
    return findings


def has_bias(findings: Sequence[AuditFinding]) -> bool:
    """Whether any finding would bias a score."""
    return any(finding.severity == "bias" for finding in findings)


def _answers(ask: EssayQuestion, essays: Essays) -> Iterator[Answer]:
    """What a question finds; one that can't be asked here is a note, not silence."""
    try:
        yield from ask(essays)
    except NotAskedError as reason:
        yield Answer("not-asked", len(essays), str(reason), "nothing is known of it")


def _finding(answer: Answer, *corpora: str) -> AuditFinding:
    return AuditFinding(
        code=answer.code,
        severity=answer.severity,
        corpora=corpora,
        count=answer.count,
        message=answer.what,
        why=answer.why,
    )
