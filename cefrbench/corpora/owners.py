"""Corpora that may not be passed on: read from the file that their owner gave to the user.

A plugin says how to read each format that the owner ships. Users then either point a variable of
the environment at their file, or convert it once (``cefrbench corpora convert``) and read the
result with ``--data-dir``.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import Any

from cefrbench.atomic import atomic_path
from cefrbench.contracts.cards import CorpusCard
from cefrbench.contracts.corpus import FIELDS, Access, Corpus, Row, Rows
from cefrbench.corpora.files import MAX_ROW
from cefrbench.corpora.obtain import how_to_get, owners_variable
from cefrbench.doors import FileKind, open_lines, unbounded_json
from cefrbench.errors import CorpusError

#: Reads the rows of one file, in its order: title, level and text in UniversalCEFR's fields. What
#: the card says of all rows (language, source, licence, …) is filled in where a row doesn't say it.
Reader = Callable[[Path], Iterator[Row]]

_FILE = FileKind(
    "The owner's file", 64 * 1024**3, "take the file as its owner ships it", CorpusError
)


class OwnersCorpus(Corpus):
    """A corpus in its owner's own format.

    Parameters
    ----------
    card : CorpusCard
    readers : mapping of str to callable
        How to read a file, by its suffix (``.xml``).
    samples : Path
        Invented rows in one of these formats.
    """

    def __init__(self, card: CorpusCard, readers: Mapping[str, Reader], samples: Path) -> None:
        self.card = card
        self._readers = readers
        self._samples = samples

    def rows(self, access: Access) -> Rows:
        """Read the user's file."""
        place = os.environ.get(owners_variable(self.card))
        if not place:
            raise CorpusError(
                f"The corpus {self.name!r} may not be passed on. {how_to_get(self.card)}"
            )
        path = Path(place)
        return self.convert(*(sorted(path.parent.glob(path.name)) or [path]))

    def convert(self, *paths: Path) -> Rows:
        """Read files as their owner ships them, one after the other.

        Raises
        ------
        CorpusError
            When a file can't be read, or is in none of the formats.
        """
        for path in paths:
            if path.suffix.lower() not in self._readers:
                raise CorpusError(
                    f"{str(path)!r} is in no format of the corpus {self.name!r}: its owner ships "
                    f"{' or '.join(self._readers)} files."
                )
        return Rows(chain.from_iterable(map(self._readable, paths)))

    def sample(self) -> Rows:
        """Read the invented rows that the package ships."""
        return self.convert(self._samples)

    def _readable(self, path: Path) -> Iterator[Row]:
        reader = self._readers[path.suffix.lower()]
        common = dict.fromkeys(FIELDS) | {
            "lang": self.card.languages[0],
            "source_name": self.name,
            "format": "document-level",
            "category": "learner",
            "license": self.card.licence,
        }
        try:
            for row in reader(path):
                yield {**common, **row}
        except csv.Error as error:
            raise _FILE.refuse(path, f"is no such table ({error})") from error
        except RecursionError as error:
            raise _FILE.refuse(path, "is nested too deeply") from error


def write_rows(rows: Iterable[Row], path: Path) -> int:
    """Write rows as a JSON list in UniversalCEFR's fields, one a line; give their number.

    Raises
    ------
    CorpusError
        When a row holds what JSON can't; nothing is written then.
    """
    count = 0
    with atomic_path(path) as part, part.open("w", encoding="utf-8") as file:
        for row in rows:
            try:
                line = json.dumps(dict(row), ensure_ascii=False, allow_nan=False)
            except (TypeError, ValueError) as error:
                raise CorpusError(
                    f"Row {count + 1} can't be written as JSON ({error}): a row is a mapping of "
                    "texts, numbers and nulls."
                ) from error
            file.write("[\n" if count == 0 else ",\n")
            file.write(line)
            count += 1
        file.write("\n]\n" if count else "[]\n")
    return count


def owners_lines(path: Path) -> AbstractContextManager[Iterator[str]]:
    """Open an owner's file for reading line by line, as `cefrbench.doors.open_lines` does.

    The table reader of Python takes a field of any length then that a line may have.

    Raises
    ------
    CorpusError
        When it is no regular file or can't be read; while it is read, when it is not UTF-8.
    """
    csv.field_size_limit(MAX_ROW)  # an essay may be longer than Python's default of 128 KiB
    return open_lines(path, _FILE, MAX_ROW)


def line_of_json(line: str) -> Any:
    """Parse a line of JSON Lines, within the bounds of `cefrbench.doors.parse_json`.

    Raises
    ------
    ValueError
        When it is no JSON or breaks a bound.
    """
    if why := unbounded_json(line):
        raise ValueError(f"it {why}")
    return json.loads(line)


def need_columns(path: Path, found: list[str], wanted: list[str]) -> None:
    """See that a table has the columns that a reader needs."""
    missing = [name for name in wanted if name not in found]
    if missing:
        raise CorpusError(
            f"{str(path)!r} has no column {', '.join(missing)}: take the table as its owner ships "
            f"it; the columns here are {', '.join(found[:12])}."
        )
