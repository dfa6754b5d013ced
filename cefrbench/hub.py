"""Repositories on the Hugging Face hub: fetched at a commit, kept by the hub's own client.

Datasets and models come the same way. Every way in which the hub can refuse becomes one sentence
with the next step; only the words differ between the two kinds.
"""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from cefrbench.border import plain
from cefrbench.errors import CacheError, CorpusError, EncoderError, UserError
from cefrbench.patience import (
    WAITS,
    WrongContentError,
    check_content,
    http_library,
    patiently,
    setback,
)

if TYPE_CHECKING:
    from cefrbench.contracts.corpus import Access
    from cefrbench.contracts.encoder import EncoderOptions

#: How the hub may be reached: ``offline``, and the ``cache_dir`` whose folder ``hub`` gets what is
#: fetched (none: the hub client's own place).
Reach: TypeAlias = "Access | EncoderOptions"

#: The card of a repository, of either kind.
CARD = "README.md"
#: Most names of one organisation that are looked through for those near a missing one.
_MOST_NAMES = 500
#: What the hub answers to those who aren't logged in, or may not see a repository.
_NO_ENTRY = {401, 403}
#: What the hub's client raises where an answer is none of a hub.
_ODD_ANSWERS = (WrongContentError, ValueError, TypeError, KeyError, AssertionError)


@dataclass(frozen=True, slots=True)
class RepositoryKind:
    """A kind of repository, and the words in which its refusals are told.

    Attributes
    ----------
    noun : {"dataset", "model"}
        Also the hub's name of the kind.
    path : str
        What precedes ``ORG/NAME`` in the address of a repository's page.
    error : type of UserError
    spelling : str
        How a user writes a repository of this kind.
    fetch : str
        What to do once while online, so that it works offline.
    without : str
        The way to work without the hub.
    """

    noun: Literal["dataset", "model"]
    path: str
    error: type[UserError]
    spelling: str
    fetch: str
    without: str


DATASET = RepositoryKind(
    noun="dataset",
    path="datasets/",
    error=CorpusError,
    spelling="ORG/DATASET in the corpus's card",
    fetch="run `cefrbench corpora fetch`",
    without="read a file that you have with --data-dir",
)
MODEL = RepositoryKind(
    noun="model",
    path="",
    error=EncoderError,
    spelling="ORG/MODEL, ORG/MODEL@REVISION or the path of a folder",
    fetch="run",
    without="name a folder that holds the model",
)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on the hub, as this user may reach it.

    Attributes
    ----------
    kind : RepositoryKind
    name : str
        ``ORG/NAME``.
    revision : str or None
        Commit, branch or tag; none means the newest commit.
    reach : Reach
    """

    kind: RepositoryKind
    name: str
    revision: str | None
    reach: Reach

    def snapshot(
        self,
        patterns: Sequence[str],
        ignore: Sequence[str] = (),
        waits: Sequence[float] = WAITS,
    ) -> Path:
        """Get the files that match, in a folder that is named after their commit.

        The revision is resolved to a commit first; offline, or when the hub can't be reached, to
        the newest that the cache knows.

        Parameters
        ----------
        patterns, ignore : sequence of str
            Shell patterns of files to get, and of those to leave out all the same.
        waits : sequence of float
            Seconds before each further try, where the hub is busy or fails; each is told.

        Raises
        ------
        CorpusError or EncoderError
            By kind, when the hub refuses it, hasn't got it or can't be reached.
        CacheError
            When it can't be written.
        """
        from huggingface_hub import snapshot_download
        from huggingface_hub.utils.tqdm import disable_progress_bars

        if not sys.stderr.isatty():
            disable_progress_bars()

        def fetch() -> Path:
            begun = time.time()
            made = snapshot_download(
                self.name,
                repo_type=self.kind.noun,
                revision=self.revision,
                cache_dir=_hub_cache(self.reach),
                local_files_only=self.reach.offline,
                allow_patterns=list(patterns),
                ignore_patterns=list(ignore),
            )
            check_content(folder := Path(made), begun)
            return folder

        with self._refusals():
            return patiently(fetch, _tell, waits)

    def no_file(self, file: str) -> UserError:
        """Build the error for a file that the repository's snapshot lacks."""
        from huggingface_hub import HfApi

        if self.reach.offline:
            return self._not_here()
        with self._refusals():
            names = patiently(
                lambda: HfApi().list_repo_files(
                    self.name, repo_type=self.kind.noun, revision=self.revision
                ),
                _tell,
            )
        near = _did_you_mean(file, names) or f"it has {', '.join(names)}."
        return self.kind.error(f"The {self.kind.noun} {self.name!r} has no file {file!r}: {near}")

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn what the hub's client raises into sentences."""
        from huggingface_hub.errors import (
            GatedRepoError,
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )

        kind, what = self.kind, f"{self.kind.noun} {self.name!r}"
        try:
            yield
        except HFValidationError as error:
            raise kind.error(
                f"{self.name!r} is no {kind.noun}'s name on the hub: write {kind.spelling}."
            ) from error
        except RepositoryNotFoundError as error:
            if isinstance(error, GatedRepoError):
                raise self._gated() from error
            raise self._missing(unseen=error.response.status_code in _NO_ENTRY) from error
        except RevisionNotFoundError as error:
            raise kind.error(
                f"The {what} has no revision {self.revision!r}: name a commit, branch or tag that "
                f"{self._page()}/commits/main lists."
            ) from error
        except LocalEntryNotFoundError as error:
            raise self._failed(error) or self._not_here() from error
        except HfHubHTTPError as error:
            if (status := error.response.status_code) in _NO_ENTRY:
                raise self._gated() from error
            raise self._failed(error) or self._answered(f"answered {status}") from error
        except (ConnectionError, http_library().HTTPError, *_ODD_ANSWERS) as error:
            raise self._failed(error) or self._not_here() from error
        except OSError as error:
            if failed := self._failed(error):
                raise failed from error
            raise not_kept(f"The {what}", _cache_in_use(self.reach), error) from error

    def _failed(self, error: Exception) -> UserError | None:
        """Build the error for what the hub did wrong, if it did: it was reached."""
        trouble = setback(error)
        return self._answered(trouble.what, trouble.wait) if trouble else None

    def _answered(self, what: str, wait: float | None = None) -> UserError:
        again = f"in {wait:.0f} seconds" if wait else "later"
        return self.kind.error(
            f"The hub {_endpoint()} {what} for the {self.kind.noun} {self.name!r}: "
            f"try again {again}, or {self.kind.without}."
        )

    def _gated(self) -> UserError:
        return self.kind.error(
            f"The {self.kind.noun} {self.name!r} is gated: log in with `hf auth login`, accept its "
            f"terms at {self._page()}, and try again."
        )

    def _missing(self, *, unseen: bool) -> UserError:
        noun = self.kind.noun
        private = " (or it is private: log in with `hf auth login`)" if unseen else ""
        hint = (
            _did_you_mean(self.name, [*self._cached(), *self._published()])
            or f"see what there is at {_endpoint()}/{noun}s?search={_last_part(self.name)}."
        )
        return self.kind.error(f"There is no {noun} {self.name!r} on the hub{private}: {hint}")

    def _not_here(self) -> UserError:
        kind = self.kind
        wanted = f"{self.name}@{self.revision}" if self.revision else self.name
        absent = f"{kind.noun} {wanted!r} is not in the cache {str(_cache_in_use(self.reach))!r}"
        if self.reach.offline:
            error = kind.error(
                f"The {absent} and --offline forbids fetching it: {kind.fetch} once while online, "
                f"or {kind.without}."
            )
            error.absent = wanted
            return error
        return kind.error(
            f"The hub {_endpoint()} can't be reached and the {absent}: check the network, make do "
            f"with what is cached (--offline), or {kind.without}."
        )

    def _page(self) -> str:
        return f"{_endpoint()}/{self.kind.path}{self.name}"

    def _cached(self) -> list[str]:
        """Name the repositories of this kind that are on this machine."""
        from huggingface_hub import scan_cache_dir

        cache = _cache_in_use(self.reach)
        if not cache.is_dir():
            return []
        repos = scan_cache_dir(cache).repos
        return sorted(repo.repo_id for repo in repos if repo.repo_type == self.kind.noun)

    def _published(self) -> list[str]:
        """Name the organisation's repositories of this kind."""
        from huggingface_hub import HfApi

        api = HfApi()
        listing = api.list_datasets if self.kind.noun == "dataset" else api.list_models
        try:
            return [one.id for one in listing(author=self.name.split("/")[0], limit=_MOST_NAMES)]
        except (OSError, ValueError, TypeError, http_library().HTTPError):
            # The names only help to mend a name: what is told is that the repository isn't there.
            return []


def card_licence(folder: Path) -> str | None:
    """Licence in the metadata of a repository's card, where there is a card that names one.

    A card that can't be read as YAML in UTF-8 names none: it is no reason to stop.
    """
    # PyYAML comes with the hub's client, which lets its errors through.
    import yaml  # type: ignore[import-untyped]
    from huggingface_hub.repocard import metadata_load

    card = folder / CARD
    try:
        metadata = metadata_load(card) if card.is_file() else None
    except (yaml.YAMLError, ValueError):
        return None
    licence = (metadata or {}).get("license")
    return licence if isinstance(licence, str) else None


def not_kept(what: str, folder: Path, error: OSError) -> CacheError:
    """Build the error for what can't be written to a folder of downloads.

    Parameters
    ----------
    what : str
        Begins the sentence: ``"The model 'ORG/NAME'"``.
    folder : Path
    error : OSError
        What writing raised.
    """
    return CacheError(
        f"{what} can't be kept in {str(folder)!r} ({error.strerror or error}): make room or choose "
        "another place with --cache-dir."
    )


def _did_you_mean(wanted: str, names: Iterable[str]) -> str | None:
    """Ask for the names whose last part is near; a shared organisation makes none alike."""
    by_last_part: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        by_last_part.setdefault(_last_part(name), []).append(name)
    close = difflib.get_close_matches(_last_part(wanted), by_last_part, n=3, cutoff=0.6)
    near = [name for part in close for name in by_last_part[part]][:3]
    return f"did you mean {' or '.join(map(repr, near))}?" if near else None


def _last_part(name: str) -> str:
    return name.rpartition("/")[2].casefold()


def _tell(sentence: str) -> None:
    print(plain(sentence), file=sys.stderr)


def _endpoint() -> str:
    from huggingface_hub import constants

    return constants.ENDPOINT


def _hub_cache(reach: Reach) -> Path | None:
    return reach.cache_dir / "hub" if reach.cache_dir else None


def _cache_in_use(reach: Reach) -> Path:
    from huggingface_hub import constants

    return _hub_cache(reach) or Path(constants.HF_HUB_CACHE)
