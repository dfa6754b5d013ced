"""Corpora on the Hugging Face hub: resolved to a commit, kept by the hub's client, read once.

Every way in which the hub can refuse becomes one sentence with the next step.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cefrbench.cards import HubFile
from cefrbench.corpora.files import read_rows
from cefrbench.corpus import REQUIRED_FIELDS, Access, Row
from cefrbench.errors import CacheError, CorpusError

if TYPE_CHECKING:
    import datasets

#: The dataset's card.
CARD = "README.md"
_METADATA = re.compile(r"---\s*\n(.*?)^---", re.DOTALL | re.MULTILINE)
_LICENCE = re.compile(r"^license:[ \t]*['\"]?([^\s'\"#\[\]]+)", re.MULTILINE)
#: Rows turned into Python objects at a time.
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file of a dataset repository on this machine, and the commit it is from."""

    path: Path
    revision: str


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
    folder = _snapshot(file.repo, file.revision, [file.file, CARD], access)
    path = folder / file.file
    if not path.is_file():
        raise _no_file(file, access)
    return Fetched(path, folder.name)


def fetch_only_file(file: HubFile, access: Access) -> Fetched:
    """Get the JSON file of a dataset repository whose file name is a guess.

    The guess decides only where the repository holds several.
    """
    folder = _snapshot(file.repo, file.revision, ["*.json", CARD], access)
    files = sorted(folder.glob("*.json"))
    named = [path for path in files if path.name == file.file] or files
    if len(named) != 1:
        found = ", ".join(path.name for path in files) or "no JSON file"
        raise CorpusError(
            f"The dataset {file.repo!r} holds {found} where one file of rows was expected: save "
            "the right one and read it with --data-dir, or write a plugin that names it."
        )
    return Fetched(named[0], folder.name)


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
    cache = str(access.cache_dir / "datasets") if access.cache_dir else None
    verbosity = datasets.logging.get_verbosity()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    try:
        return datasets.load_dataset(
            "json", data_files=str(fetched.path), split="train", cache_dir=cache
        )
    except OSError as error:
        raise _not_kept(fetched.path.name, access, error) from error
    except (DatasetGenerationError, ValueError, StopIteration):
        # Broken JSON, no rows, an empty file: what is wrong and where, the plain reader tells.
        return None
    finally:
        datasets.logging.set_verbosity(verbosity)


def card_licence(fetched: Fetched) -> str | None:
    """Licence in the metadata of the dataset's card, where there is a card that names one."""
    path = fetched.path.parent / CARD
    if not path.is_file():
        return None
    # One key of the YAML block on top: a card that is no good YAML is no reason to stop.
    metadata = _METADATA.match(path.read_text("utf-8", errors="replace"))
    licence = _LICENCE.search(metadata[1]) if metadata else None
    return licence[1] if licence else None


def _hub_cache(access: Access) -> Path | None:
    return access.cache_dir / "hub" if access.cache_dir else None


def _has_strings(features: Mapping[str, object]) -> bool:
    """Whether the fields that matter came through as they stand in the file."""
    return all(
        getattr(features.get(field), "dtype", None) in {"string", "large_string"}
        for field in REQUIRED_FIELDS
    )


def _snapshot(repo: str, revision: str | None, patterns: list[str], access: Access) -> Path:
    """Get some files of a commit; the folder that they are in is named after the commit."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    with _refusals(repo, revision, access):
        folder = snapshot_download(
            repo,
            repo_type="dataset",
            revision=revision,
            cache_dir=_hub_cache(access),
            local_files_only=access.offline,
            allow_patterns=patterns,
        )
    return Path(folder)


@contextmanager
def _refusals(repo: str, revision: str | None, access: Access) -> Iterator[None]:
    """Turn what the hub's client raises into sentences."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise _log_in(repo) from error
    except RepositoryNotFoundError as error:
        unseen = error.response.status_code in {401, 403}
        raise _no_repository(repo, unseen) from error
    except RevisionNotFoundError as error:
        raise CorpusError(
            f"The dataset {repo!r} has no revision {revision!r}: name a commit, branch or tag that "
            f"{_page(repo)}/commits/main lists."
        ) from error
    except LocalEntryNotFoundError as error:
        raise _not_here(repo, access) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in {401, 403}:
            raise _log_in(repo) from error
        raise CorpusError(
            f"The hub answered {status} for the dataset {repo!r}: try again later, or read a file "
            "that you have with --data-dir."
        ) from error
    except OSError as error:
        raise _not_kept(repo, access, error) from error


def _not_kept(what: str, access: Access, error: OSError) -> CacheError:
    return CacheError(
        f"{what!r} can't be kept in {str(_cache_in_use(access))!r} ({error.strerror or error}): "
        "make room or choose another place with --cache-dir."
    )


def _log_in(repo: str) -> CorpusError:
    return CorpusError(
        f"The dataset {repo!r} is gated: log in with `hf auth login`, accept its terms at "
        f"{_page(repo)}, and try again."
    )


def _no_repository(repo: str, unseen: bool) -> CorpusError:
    organisation, _, name = repo.partition("/")
    near = _near(name, _datasets_of(organisation)) or f"see {_endpoint()}/{organisation}."
    private = " (or it is private: log in with `hf auth login`)" if unseen else ""
    return CorpusError(f"There is no dataset {repo!r} on the hub{private}: {near}")


def _no_file(file: HubFile, access: Access) -> CorpusError:
    from huggingface_hub import HfApi

    if access.offline:
        return _not_here(file.repo, access)
    names = HfApi().list_repo_files(file.repo, repo_type="dataset", revision=file.revision)
    near = _near(file.file, names) or f"it has {', '.join(names)}."
    return CorpusError(f"The dataset {file.repo!r} has no file {file.file!r}: {near}")


def _not_here(repo: str, access: Access) -> CorpusError:
    cache = str(_cache_in_use(access))
    if access.offline:
        return CorpusError(
            f"The dataset {repo!r} is not in the cache {cache!r} and --offline forbids fetching "
            "it: run `cefrbench corpora fetch` once while online, or read a file that you have "
            "with --data-dir."
        )
    return CorpusError(
        f"The hub {_endpoint()} can't be reached and the dataset {repo!r} is not in the cache "
        f"{cache!r}: check the network, or work without it with --data-dir (files that you have) "
        "or --offline (what is cached)."
    )


def _near(wanted: str, names: list[str]) -> str:
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""


def _datasets_of(organisation: str) -> list[str]:
    from huggingface_hub import HfApi

    found = HfApi().list_datasets(author=organisation)
    return [dataset.id.partition("/")[2] for dataset in found]


def _page(repo: str) -> str:
    return f"{_endpoint()}/datasets/{repo}"


def _endpoint() -> str:
    from huggingface_hub import constants

    return constants.ENDPOINT


def _cache_in_use(access: Access) -> Path:
    from huggingface_hub import constants

    return _hub_cache(access) or Path(constants.HF_HUB_CACHE)
