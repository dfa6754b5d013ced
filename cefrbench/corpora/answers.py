"""What a question to a corpus is answered with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cefrbench.essays import Essays

#: What biases no score.
_NOTES = frozenset(
    {
        "no-level",
        "dropped-rows",
        "long-texts",
        "licence-mismatch",
        "levels-without-length",
        "swapped-levels",
        "level-in-titles",
        "level-by-task",
        "not-asked",
    }
)

Severity = Literal["bias", "note"]


class NotAskedError(Exception):
    """A question can't be asked here, for want of a package; says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question found in a corpus.

    Attributes
    ----------
    code : str
        Name in audits: ``short-texts``.
    count : int
        Rows or texts concerned.
    what, why, mend : str
        What was found, why it matters to who uses the corpus, what its author can do.
    breaks : bool
        Whether the corpus breaks its contract; else it may be like that.
    """

    code: str
    count: int
    what: str
    why: str
    mend: str = "nothing to mend when the corpus is like that"
    breaks: bool = False

    @property
    def severity(self) -> Severity:
        """Whether a score would be off, or it is only good to know."""
        return "note" if self.code in _NOTES else "bias"


EssayQuestion: TypeAlias = Callable[[Essays], Iterator[Answer]]
