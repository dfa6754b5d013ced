"""What the study's authors reported, imported; visibly apart from what was run and verified."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from cefrbench.doors import FileKind, read_text
from cefrbench.errors import ResultError

FILE = "published.csv"
#: First line of the file: a comment with the source.
_SOURCE = "# source: "
#: Columns that hold no figure.
_WORDS = ("encoder", "role", "probe")


_TABLE = FileKind(
    "The reported results",
    16 * 1024**2,
    "restore the file from the repository, or take it away",
    ResultError,
)


@dataclass(frozen=True, slots=True)
class Reported:
    """One reported row: QWK of the best layer on the scored texts, and the mean over layers."""

    encoder: str
    role: str
    probe: str
    iid: float
    iid_mean: float | None
    ood: float
    ood_mean: float | None
    others: tuple[tuple[str, float | None], ...]

    @property
    def gap(self) -> float:
        """Loss out of distribution."""
        return self.iid - self.ood


@dataclass(frozen=True, slots=True)
class Published:
    """A table as somebody else reported it."""

    source: str
    rows: tuple[Reported, ...]
    csv: str

    @property
    def encoders(self) -> tuple[str, ...]:
        """Encoders in the table's order."""
        return tuple(dict.fromkeys(row.encoder for row in self.rows))

    def with_probe(self, probe: str | None) -> tuple[Reported, ...]:
        """Rows of one probe, with references that lack it; without one, each encoder's best."""
        if probe is not None:
            own = {row.encoder for row in self.rows if row.probe == probe}
            return tuple(
                row
                for row in self.rows
                if row.probe == probe or (row.encoder not in own and row.role == "reference")
            )
        best = {
            encoder: max((r for r in self.rows if r.encoder == encoder), key=lambda r: r.ood)
            for encoder in self.encoders
        }
        return tuple(best.values())


def read_published(folder: Path) -> Published | None:
    """Read ``published.csv`` of a results folder; None where there is none.

    Raises
    ------
    ResultError
        When it is not the table it should be.
    """
    path = folder / FILE
    if not path.is_file() or path.is_symlink():
        return None
    try:
        text = read_text(path, _TABLE)
        first, *rest = text.splitlines()
        if not first.startswith(_SOURCE):
            raise ValueError(f"its first line must begin with {_SOURCE!r}")
        rows = tuple(_row(line) for line in csv.DictReader(rest))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResultError(
            f"The reported results {str(path)!r} can't be read ({error}): "
            "restore the file from the repository, or take it away."
        ) from error
    return Published(first.removeprefix(_SOURCE), rows, text)


def _row(line: dict[str, str]) -> Reported:
    values = {name: _number(text) for name, text in line.items() if name not in _WORDS}
    iid, ood = values.pop("iid_qwk_best_layer"), values.pop("ood_qwk_best_layer")
    if iid is None or ood is None:
        raise ValueError(f"{line['encoder']!r} with {line['probe']!r} has no QWK")
    return Reported(
        encoder=line["encoder"],
        role=line["role"],
        probe=line["probe"],
        iid=iid,
        iid_mean=values.pop("iid_qwk_layer_mean"),
        ood=ood,
        ood_mean=values.pop("ood_qwk_layer_mean"),
        others=tuple(values.items()),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None
