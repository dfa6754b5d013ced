"""What `cefrbench corpora describe` and `audit` said of the corpora.

``NAME.describe.json`` and ``NAME.audit.json`` are the outputs of the two commands with ``--json``,
on the same rows. They are found again by the fingerprint of the rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cefrbench.corpora.audit import AuditFinding
from cefrbench.corpora.describe import CorpusDescription
from cefrbench.doors import FileKind, read_json
from cefrbench.errors import ResultError
from cefrbench.results.model import CorpusRecord

_OUTPUT = FileKind(
    "The description",
    64 * 1024**2,
    "write it anew with `cefrbench corpora describe --json` and `… audit --json`",
    ResultError,
)


@dataclass(frozen=True, slots=True)
class Described:
    """One corpus at one fingerprint."""

    description: CorpusDescription
    findings: tuple[AuditFinding, ...] | None


def folder_beside(results: Path) -> Path:
    """Folder of descriptions that goes with a folder of results: ``corpora`` beside it."""
    return Path(os.path.abspath(results)).with_name("corpora")  # noqa: PTH100 - follows no link


def not_audited(corpora: Iterable[CorpusRecord], described: Mapping[str, Described]) -> list[str]:
    """Names of corpora with rows that no audit was read of, in order."""
    found = {
        record.card.name
        for record in corpora
        if record.fingerprint not in described or described[record.fingerprint].findings is None
    }
    return sorted(found)


def description_files(folder: Path) -> list[Path]:
    """Files of a folder that :func:`read_descriptions` reads."""
    found = sorted(folder.glob("*.describe.json"))
    beside = [path.with_name(path.name.replace(".describe.", ".audit.")) for path in found]
    return sorted([*found, *(path for path in beside if path.is_file())])


def read_descriptions(folder: Path) -> dict[str, Described]:
    """Read all descriptions of a folder, by fingerprint; none where there is no such folder.

    Raises
    ------
    ResultError
        When a file is not the output of its command.
    """
    found: dict[str, Described] = {}
    for path in sorted(folder.glob("*.describe.json")):
        beside = path.with_name(path.name.replace(".describe.", ".audit."))
        try:
            described = [CorpusDescription.model_validate(one) for one in _list(path, "corpora")]
            findings = None
            if beside.is_file():
                findings = [AuditFinding.model_validate(one) for one in _list(beside, "findings")]
        except (OSError, ValueError, ValidationError) as error:
            raise ResultError(
                f"The description {str(path)!r} or its audit can't be read ({error}): write "
                "them anew with `cefrbench corpora describe --json` and `… audit --json`."
            ) from error
        for one in described:
            own = None
            if findings is not None:
                own = tuple(finding for finding in findings if one.name in finding.corpora)
            found.setdefault(one.fingerprint, Described(one, own))
    return found


def _list(path: Path, key: str) -> list[Mapping[str, Any]]:
    data = read_json(path, _OUTPUT)
    if not isinstance(data, dict) or not isinstance(data.get(key), list):
        raise ValueError(f"{path.name} has no list {key!r}")
    items: list[Mapping[str, Any]] = data[key]
    return items
