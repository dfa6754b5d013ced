"""Where a model lies: a folder on this machine, fetched from the hub first where need be.

A model from the hub is named by repository and commit, a local folder by a hash of what it holds,
so that either way the name changes when a feature value could.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cefrbench.encoder import EncoderOptions
from cefrbench.errors import CacheError, EncoderError

#: What a model consists of; pickled weights are never fetched, they can run code.
_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "README.md")
#: Other copies of the same weights.
_COPIES = ("consolidated*", "onnx/*", "openvino/*", "original/*", "gguf/*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model on this machine.

    Attributes
    ----------
    folder : Path
    model : str
        ``ORG/NAME``, or ``sha256:…`` of a local folder's files.
    revision : str or None
        Commit on the hub; none for a local folder.
    licence : str or None
        As the model's card says.
    """

    folder: Path
    model: str
    revision: str | None = None
    licence: str | None = None


def find_model(reference: str, options: EncoderOptions) -> ModelSource:
    """Find a model, fetching it from the hub where it isn't on this machine.

    Parameters
    ----------
    reference : str
        A folder, or ``ORG/MODEL`` with an optional ``@revision``.
    options : EncoderOptions

    Raises
    ------
    EncoderError
        When there is no such model, the hub refuses it, or it can't be reached.
    CacheError
        When the model can't be written to the cache.
    """
    folder = Path(reference).expanduser()
    if reference and folder.is_dir():
        _check_files(folder, reference)
        _check_remote_code(folder, reference, options)
        source = ModelSource(folder.resolve(), hash_folder(folder), licence=_licence(folder))
    elif reference.startswith((".", "/", "~")) or (reference and folder.exists()):
        raise EncoderError(
            f"There is no model folder {reference!r}: name a folder with config.json and "
            "model.safetensors, or ORG/MODEL on the hub."
        )
    else:
        repo, _, revision = reference.partition("@")
        if options.trust_remote_code and not _COMMIT.fullmatch(revision):
            raise EncoderError(
                f"--trust-remote-code runs the code of {repo!r} and {revision or 'no revision'!r} "
                "can change under you: pin the commit you have read, ORG/MODEL@COMMIT (40 digits)."
            )
        fetched = _fetch(repo, revision or None, options)
        _check_files(fetched, reference)
        _check_remote_code(fetched, reference, options)
        source = ModelSource(fetched, repo, fetched.name, _licence(fetched))
    return source


def hash_folder(folder: Path) -> str:
    """SHA-256 over names and contents of all that a model is loaded from, as ``sha256:…``."""
    digest = hashlib.sha256()
    suffixes = {".json", ".safetensors", ".txt", ".model", ".py", ".jinja"}
    for path in sorted(p for p in folder.rglob("*") if p.suffix in suffixes and p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{digest.hexdigest()}"


def _check_files(folder: Path, reference: str) -> None:
    """See that configuration and weights are there before anything heavy is loaded."""
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise EncoderError(
            f"The model {reference!r} has no config.json: expected a model folder as "
            "transformers' save_pretrained writes it."
        )
    if any(folder.rglob("*.safetensors")):
        return
    pickled = sorted(p.name for pattern in _PICKLED for p in folder.glob(pattern))
    found = f"only {pickled[0]}, which could run code when read" if pickled else "no weights"
    raise EncoderError(
        f"The model {reference!r} holds {found}: expected *.safetensors; load it once with "
        "transformers and save it with save_pretrained, or fetch it again."
    )


def _check_remote_code(folder: Path, name: str, options: EncoderOptions) -> None:
    """Refuse code that lies in yet another repository: a pinned revision doesn't cover it."""
    path = folder / "config.json"
    if not options.trust_remote_code or not path.is_file():
        return
    # In `auto_map` transformers writes code of another repository as ORG/NAME--module.Class.
    elsewhere = re.search(r'"([^"\s]+--[^"\s]+)"', path.read_text(encoding="utf-8"))
    if elsewhere:
        raise EncoderError(
            f"The model {name!r} runs code of another repository ({elsewhere[1]!r}), which its "
            "revision doesn't pin: copy that code into the model's folder and name the folder."
        )


def _licence(folder: Path) -> str | None:
    """Licence in the metadata of a model's card, where there is one."""
    from huggingface_hub.repocard import metadata_load

    card = folder / "README.md"
    metadata = metadata_load(card) if card.is_file() else None
    licence = (metadata or {}).get("license")
    return licence if isinstance(licence, str) else None


def _fetch(repo: str, revision: str | None, options: EncoderOptions) -> Path:
    """Get a model into the hub client's cache: ``…/snapshots/<commit>``."""
    from huggingface_hub import snapshot_download

    with _refusals(repo, revision, options):
        folder = snapshot_download(
            repo,
            revision=revision,
            cache_dir=_hub_cache(options),
            local_files_only=options.offline,
            allow_patterns=[*_FILES, "*.py"] if options.trust_remote_code else list(_FILES),
            ignore_patterns=list(_COPIES),
        )
    return Path(folder)


def _hub_cache(options: EncoderOptions) -> Path | None:
    return options.cache_dir / "hub" if options.cache_dir else None


@contextmanager
def _refusals(repo: str, revision: str | None, options: EncoderOptions) -> Iterator[None]:
    """Turn what the hub's client raises into sentences."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        yield
    except HFValidationError as error:
        raise EncoderError(
            f"{repo!r} is neither a folder nor a model's name on the hub: write ORG/MODEL, "
            "ORG/MODEL@REVISION or the path of a folder."
        ) from error
    except GatedRepoError as error:
        raise _log_in(repo) from error
    except RepositoryNotFoundError as error:
        raise _no_model(repo, error.response.status_code, options) from error
    except RevisionNotFoundError as error:
        raise EncoderError(
            f"The model {repo!r} has no revision {revision!r}: name a commit, branch or tag that "
            f"{_page(repo)}/commits/main lists."
        ) from error
    except LocalEntryNotFoundError as error:
        raise _not_here(repo, revision, options) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in {401, 403}:
            raise _log_in(repo) from error
        raise EncoderError(
            f"The hub answered {status} for the model {repo!r}: try again later, or name a folder "
            "that holds the model."
        ) from error
    except OSError as error:
        raise CacheError(
            f"The model {repo!r} can't be kept in {str(_cache_in_use(options))!r} "
            f"({error.strerror or error}): make room, or set HF_HOME to another place."
        ) from error


def _log_in(repo: str) -> EncoderError:
    return EncoderError(
        f"The model {repo!r} is gated: log in with `hf auth login`, accept its terms at "
        f"{_page(repo)}, and try again."
    )


def _no_model(repo: str, status: int, options: EncoderOptions) -> EncoderError:
    private = " (or it is private: log in with `hf auth login`)" if status in {401, 403} else ""
    names = [*_cached_models(options), *_models_of(repo.partition("/")[0])]
    known = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(repo.casefold(), known, n=3, cutoff=0.5)
    meant = " or ".join(repr(known[name]) for name in near)
    hint = f"did you mean {meant}?" if meant else f"see what there is at {_endpoint()}/models."
    return EncoderError(f"There is no model {repo!r} on the hub{private}: {hint}")


def _not_here(repo: str, revision: str | None, options: EncoderOptions) -> EncoderError:
    wanted = f"{repo}@{revision}" if revision else repo
    cache = str(_cache_in_use(options))
    if options.offline:
        return EncoderError(
            f"The model {wanted!r} is not in the cache {cache!r} and --offline forbids fetching "
            "it: run once while online, or name a folder that holds the model."
        )
    return EncoderError(
        f"The hub {_endpoint()} can't be reached and the model {wanted!r} is not in the cache "
        f"{cache!r}: check the network, or name a folder that holds the model."
    )


def _cached_models(options: EncoderOptions) -> list[str]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        info = scan_cache_dir(_hub_cache(options))
    except CacheNotFound:
        return []
    return [repo.repo_id for repo in info.repos if repo.repo_type == "model"]


def _models_of(author: str) -> list[str]:
    from huggingface_hub import HfApi

    return [model.id for model in HfApi().list_models(author=author, limit=500)]


def _page(repo: str) -> str:
    return f"{_endpoint()}/{repo}"


def _endpoint() -> str:
    from huggingface_hub import constants

    return constants.ENDPOINT


def _cache_in_use(options: EncoderOptions) -> Path:
    from huggingface_hub import constants

    return _hub_cache(options) or Path(constants.HF_HUB_CACHE)
