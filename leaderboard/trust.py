"""How far a result can be trusted: the records that the board's maintainers keep of it.

Records lie in a folder of their own, which no pull request with results may touch. One counts only
for the very result and predictions that it names by their hashes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cefrbench.errors import UserError
from cefrbench.verification.record import LEVELS, TrustLevel, VerificationRecord, read_record
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.load import LeftOut

#: Folder of records below the site.
FOLDER = "verified"
#: What each level says.
WORDS: dict[TrustLevel, str] = {
    "reported": "somebody says so: nothing was run or recomputed here",
    "checked": "every figure was recomputed from the predictions, and agrees with other results on "
    "the same texts",
    "sampled": "a maintainer encoded texts again that a nonce drew after it was handed in, fitted "
    "its layers again, and found the same",
    "reproduced": "a maintainer ran all of it again and found the same figures",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record, and where it lies.

    Attributes
    ----------
    name : str
        Path below the folder of records.
    record : VerificationRecord
    """

    name: str
    record: VerificationRecord

    @property
    def page(self) -> str:
        """Where it stands on the site."""
        return f"{FOLDER}/{self.name}"


@dataclass(frozen=True, slots=True)
class Trust:
    """The level of one result.

    Attributes
    ----------
    level : {"checked", "sampled", "reproduced"}
    records : tuple of Recorded
        The highest level first.
    """

    level: TrustLevel = "checked"
    records: tuple[Recorded, ...] = ()

    @property
    def words(self) -> str:
        """What the level says."""
        return WORDS[self.level]


#: Of a result that nobody made again.
UNRECORDED = Trust()


def verified_beside(results: Path) -> Path:
    """Folder of records that goes with a folder of results: ``verified`` beside it."""
    return Path(os.path.abspath(results)).with_name(FOLDER)  # noqa: PTH100 - follows no link


def read_records(folder: Path) -> tuple[list[Recorded], list[LeftOut]]:
    """Read the records of a folder; what is none is told of, and stops no other."""
    found: list[Recorded] = []
    left: list[LeftOut] = []
    for path in sorted(folder.rglob("*.json")) if folder.is_dir() else []:
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            left.append(LeftOut(f"{FOLDER}/{name}", "It is a link: put the file itself there."))
            continue
        try:
            found.append(Recorded(name, read_record(path)))
        except UserError as error:
            told = str(error).replace(str(path), name)
            left.append(LeftOut(f"{FOLDER}/{name}", told))
    return found, left


def trust_of(entry: Entry, records: Sequence[Recorded]) -> Trust:
    """The highest level that a record gives a result."""
    own = [one for one in _own(entry, records) if one.record.agrees]
    own.sort(key=lambda one: (-LEVELS.index(one.record.level), one.record.when, one.name))
    return Trust(own[0].record.level, tuple(own)) if own else UNRECORDED


def refuted(entry: Entry, records: Sequence[Recorded]) -> str | None:
    """Why a result is left out: a maintainer made it again, and something else came out."""
    for one in _own(entry, records):
        if not one.record.agrees:
            first = next(
                (f"{f.where}: found {f.found}, expected {f.expected}" for f in one.record.findings),
                "figures drift further than they may",
            )
            return (
                f"It was made again and does not agree ({one.record.level}; {first[:300]}): see "
                f"{one.page}."
            )
    return None


def _own(entry: Entry, records: Sequence[Recorded]) -> list[Recorded]:
    said = entry.checksum, entry.predictions_sha256
    return [one for one in records if (one.record.checksum, one.record.predictions) == said]
