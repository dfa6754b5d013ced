"""Corpora on the Hugging Face hub: the file of a dataset repository, and its rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cefrbench.contracts.cards import HubFile
from cefrbench.contracts.corpus import REQUIRED_FIELDS, Access, Row
from cefrbench.corpora.files import read_rows
from cefrbench.errors import CorpusError
from cefrbench.hub import CARD, DATASET, Repository, card_licence, not_kept

if TYPE_CHECKING:
    import datasets

#: Rows turned into Python objects at a time.
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file of a dataset repository on this machine.

    Attributes
    ----------
    path : Path
    revision : str
        Commit that it is from.
    licence : str or None
        As the dataset's card says.
    """

    path: Path
    revision: str
    licence: str | None


def fetch(file: HubFile, access: Access) -> Fetched:
    """Get one file of a dataset repository, and the dataset's card beside it.

    Without a pinned revision the newest commit is resolved first; offline, or when the hub can't
    be reached, the newest that the cache knows.

    Raises
    ------
    CorpusError
        When the hub refuses it, hasn't got it or can't be reached.
    CacheError
        When it can't be written.
    """
    repository = Repository(DATASET, file.repo, file.revision, access)
    folder = repository.snapshot([file.file, CARD])
    path = folder / file.file
    if not path.is_file():
        raise repository.no_file(file.file)
    return Fetched(path, folder.name, card_licence(folder))


def fetch_only_file(file: HubFile, access: Access) -> Fetched:
    """Get the JSON file of a dataset repository whose file name is a guess.

    The guess decides only where the repository holds several.
    """
    folder = Repository(DATASET, file.repo, file.revision, access).snapshot(["*.json", CARD])
    files = sorted(folder.glob("*.json"))
    named = [path for path in files if path.name == file.file] or files
    if len(named) != 1:
        found = ", ".join(path.name for path in files) or "no JSON file"
        raise CorpusError(
            f"The dataset {file.repo!r} holds {found} where one file of rows was expected: save "
            "the right one and read it with --data-dir, or write a plugin that names it."
        )
    return Fetched(named[0], folder.name, card_licence(folder))


def rows_of(fetched: Fetched, access: Access) -> Iterator[Row]:
    """Read the rows of a fetched file, in its order, through Hugging Face `datasets`.

    `datasets` keeps them as a memory-mapped Arrow table, so that they are never all in memory.
    """
    table = _table(fetched, access)
    if table is None or not _has_strings(table.features):
        # Arrow wants one type for a field in all rows; the plain reader names the row that errs.
        yield from cast("Iterator[Row]", read_rows(fetched.path))
        return
    for batch in table.with_format("arrow").iter(BATCH):
        yield from batch.to_pylist()


def _table(fetched: Fetched, access: Access) -> datasets.Dataset | None:
    """Load the file as a table; none where it is no list of rows that `datasets` could read."""
    import datasets
    from datasets.exceptions import DatasetGenerationError

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    own = Path(datasets.config.HF_DATASETS_CACHE)
    cache = access.cache_dir / "datasets" if access.cache_dir else own
    verbosity = datasets.logging.get_verbosity()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    try:
        return datasets.load_dataset(
            "json", data_files=str(fetched.path), split="train", cache_dir=str(cache)
        )
    except OSError as error:
        raise not_kept(f"The table of {fetched.path.name!r}", cache, error) from error
    except (DatasetGenerationError, ValueError, StopIteration):
        # Broken JSON, no rows, an empty file: what is wrong and where, the plain reader tells.
        return None
    finally:
        datasets.logging.set_verbosity(verbosity)


def _has_strings(features: Mapping[str, object]) -> bool:
    """Whether the fields that matter came through as they stand in the file."""
    return all(
        getattr(features.get(field), "dtype", None) in {"string", "large_string"}
        for field in REQUIRED_FIELDS
    )
