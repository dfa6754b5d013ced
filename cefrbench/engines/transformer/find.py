"""Where a model lies: a folder on this machine, fetched from the hub first where need be.

A model from the hub is named by repository and commit, a local folder by a hash of what it holds,
so that either way the name changes when a feature value could.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.doors import FileKind, read_json
from cefrbench.engines.transformer.remote import check_remote_code
from cefrbench.errors import EncoderError
from cefrbench.hub import CARD, MODEL, Repository, card_licence

#: What a model consists of; pickled weights are never fetched, they can run code.
_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", CARD)
#: Other copies of the same weights.
_COPIES = ("consolidated*", "onnx/*", "openvino/*", "original/*", "gguf/*")
#: What a model says of itself; vocabularies are larger, and no part of it.
MODEL_FILE = FileKind(
    "The model's file", 16 * 1024**2, "fetch or save the model again", EncoderError
)
#: Files of JSON that libraries take at their word.
_DECLARED = (
    "config.json",
    "modules.json",
    "config_sentence_transformers.json",
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "*/config.json",
)
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
        if options.trust_remote_code:
            check_remote_code(folder, reference)
        source = ModelSource(folder.resolve(), hash_folder(folder), licence=card_licence(folder))
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
        files = (*_FILES, "*.py") if options.trust_remote_code else _FILES
        fetched = Repository(MODEL, repo, revision or None, options).snapshot(files, _COPIES)
        _check_files(fetched, reference)
        if options.trust_remote_code:
            check_remote_code(fetched, reference)
        source = ModelSource(fetched, repo, fetched.name, card_licence(fetched))
    return source


def declared_depth(reference: str, download_dir: Path | None) -> int | None:
    """Layers that a model's configuration names, where that is on this machine and says it plainly.

    Parameters
    ----------
    reference : str
        As of :func:`find_model`.
    download_dir : Path or None
        Whose folder ``hub`` has what was fetched; none: the hub client's own place.

    Raises
    ------
    EncoderError
        When the configuration can't be read.
    """
    path = Path(reference).expanduser() / "config.json"
    if not path.is_file():
        path = _cached(reference, download_dir) or path
    if not path.is_file():
        return None
    config = read_json(path, MODEL_FILE)
    if not isinstance(config, dict) or config.get("is_encoder_decoder"):
        return None
    depth = config.get("num_hidden_layers", config.get("n_layer"))
    return depth if isinstance(depth, int) and 0 < depth < 10**6 else None


def _cached(reference: str, download_dir: Path | None) -> Path | None:
    """Configuration of a model of the hub that is on this machine; nothing is fetched."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    repo, _, revision = reference.partition("@")
    cache = download_dir / "hub" if download_dir else None
    try:
        found = try_to_load_from_cache(
            repo, "config.json", cache_dir=cache, revision=revision or None
        )
    except HFValidationError:  # no name that the hub can have: told when it is to be fetched
        return None
    return Path(found) if isinstance(found, str) else None


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
    for pattern in _DECLARED:
        for path in sorted(folder.glob(pattern)):
            if not isinstance(read_json(path, MODEL_FILE), dict | list):
                raise MODEL_FILE.refuse(path, "holds neither a table nor a list")
    if any(folder.rglob("*.safetensors")):
        return
    pickled = sorted(p.name for pattern in _PICKLED for p in folder.glob(pattern))
    found = f"only {pickled[0]}, which could run code when read" if pickled else "no weights"
    raise EncoderError(
        f"The model {reference!r} holds {found}: expected *.safetensors; load it once with "
        "transformers and save it with save_pretrained, or fetch it again."
    )
