"""The record of a verification: small, and hostile input like any other file."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from cefrbench.atomic import write_text
from cefrbench.contracts.cards import Card
from cefrbench.doors import FileKind, read_bytes
from cefrbench.errors import ResultError
from cefrbench.results.findings import Mismatch
from cefrbench.results.io import slug
from cefrbench.results.model import RunResult

RECORD_KIND: Final = "cefrbench-verification"
#: Levels of trust, from the lowest.
TrustLevel = Literal["reported", "checked", "sampled", "reproduced"]
LEVELS: Final[tuple[TrustLevel, ...]] = ("reported", "checked", "sampled", "reproduced")
#: Findings that a record holds.
MOST: Final = 50

_RECORD = FileKind(
    "The record of a verification",
    1024**2,
    "name one that `cefrbench results verify` or `cefrbench reproduce` wrote",
    ResultError,
)


class VerifiedFigure(Card):
    """One figure, as published and as made again."""

    where: str = Field(description="Protocol, probe and score.")
    published: float | None = Field(description="The result's.")
    again: float | None = Field(description="Made again.")
    tolerance: float = Field(description="How far apart they may lie.")

    @property
    def drift(self) -> float | None:
        """Made again less published; None where either is undefined."""
        if self.published is None or self.again is None:
            return None
        return self.again - self.published

    @property
    def agrees(self) -> bool:
        """Whether it lies within its tolerance; undefined agrees with undefined alone."""
        if self.drift is None:
            return self.published is None and self.again is None
        return abs(self.drift) <= self.tolerance


class RecordFinding(Card):
    """Something that doesn't agree."""

    where: str
    found: str
    expected: str


class VerificationRecord(Card):
    """What somebody found who made a result, or a sample of it, again."""

    kind: Literal["cefrbench-verification"] = RECORD_KIND
    version: Literal["1.0"] = "1.0"
    level: Literal["sampled", "reproduced"] = Field(description="What was made again.")
    agrees: bool = Field(description="Whether all of it lies within tolerance.")
    encoder: str = Field(description="Name of the result's encoder.")
    suite: str = Field(description="Its suite.")
    checksum: str = Field(description="Of the result: no other is meant.")
    predictions: str = Field(description="SHA-256 of the predictions file.")
    nonce: str | None = Field(default=None, description="Drew the sample.")
    texts: int = Field(default=0, description="Texts encoded again.")
    layers: tuple[int, ...] = Field(default=(), description="Layers made again.")
    features: float | None = Field(default=None, description="Largest distance of a row.")
    figures: tuple[VerifiedFigure, ...] = Field(default=(), description="Drift, one by one.")
    findings: tuple[RecordFinding, ...] = Field(default=(), description="What doesn't agree.")
    by: str = Field(description="Who says so.")
    when: str = Field(description="UTC, ISO 8601.")
    cefrbench: str = Field(description="Version.")
    platform: str = Field(description="Operating system and processor.")
    device: str = Field(description="Where the model ran.")


def make_record(
    result: RunResult,
    level: Literal["sampled", "reproduced"],
    findings: Sequence[Mismatch],
    *,
    by: str,
    device: str,
    nonce: str | None = None,
    texts: int = 0,
    layers: Sequence[int] = (),
    features: float | None = None,
    figures: Sequence[VerifiedFigure] = (),
) -> VerificationRecord:
    """Make the record of what was found now."""
    from cefrbench import __version__

    told = [
        RecordFinding(where=one.where, found=one.found[:500], expected=one.expected[:500])
        for one in findings[:MOST]
    ]
    return VerificationRecord(
        level=level,
        agrees=not findings and all(figure.agrees for figure in figures),
        encoder=result.encoder.name,
        suite=result.suite,
        checksum=result.checksum,
        predictions=result.predictions.sha256 if result.predictions else "",
        nonce=nonce,
        texts=texts,
        layers=tuple(layers),
        features=features,
        figures=tuple(figures),
        findings=tuple(told),
        by=by,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        cefrbench=__version__,
        platform=f"{platform.system()} {platform.machine()}",
        device=device,
    )


def write_record(record: VerificationRecord, path: Path, folder: Path) -> Path:
    """Write ``<folder>/<encoder>/<stem>.<level>.json`` for the result at ``path``."""
    place = folder / slug(record.encoder) / f"{path.stem}.{record.level}.json"
    write_text(place, record.model_dump_json(indent=1) + "\n")
    return place


def read_record(path: Path) -> VerificationRecord:
    """Read a record.

    Raises
    ------
    ResultError
        When it can't be read or is none, in one sentence.
    """
    try:
        return VerificationRecord.model_validate_json(read_bytes(path, _RECORD), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise _RECORD.refuse(path, f"is none ({place}: {first['msg']})") from error
