"""What a command may do, whatever is done to it; what else it does is a fault of ours."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: Exit statuses of a command that ended by itself.
STATUSES = frozenset({0, 1, 2, 3})
#: Most seconds of a processor of a command on small files, and most MiB of memory.
SECONDS, MEBIBYTES = 30.0, 2048.0
#: Seconds by the clock after which a command counts as stuck, on a machine that does much else.
STUCK = 300.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes
    ----------
    status : int
        Of its exit; negative: the signal that ended it.
    out, err : str
    seconds : float
        Of a processor.
    mebibytes : float
        Most memory that it had, or that it took beyond what the process had before.
    """

    status: int
    out: str
    err: str
    seconds: float
    mebibytes: float


def complaints(ended: Ended, statuses: Iterable[int] = STATUSES) -> list[str]:
    """Say what a command did that it must not do; nothing when it did well."""
    told = []
    if ended.status not in set(statuses):
        told.append(f"status {ended.status}: {ended.err[-300:]}")
    if "Traceback" in ended.err + ended.out:
        told.append(f"a traceback: {ended.err[-2000:]}")
    if unseen := {sign for sign in ended.out + ended.err if _is_unseen(sign)}:
        told.append(f"control signs {sorted(map(ascii, unseen))}")
    if ended.status == 1 and not ended.err and not ended.out:
        told.append("status 1 without a word")
    if ended.seconds > SECONDS:
        told.append(f"{ended.seconds:.0f} s")
    if ended.mebibytes > MEBIBYTES:
        told.append(f"{ended.mebibytes:.0f} MiB")
    return told


def _is_unseen(sign: str) -> bool:
    return sign != "\n" and unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co"}


def half_written(folder: Path) -> list[str]:
    """Parts of files that lie in a folder."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob(".*.part")]
