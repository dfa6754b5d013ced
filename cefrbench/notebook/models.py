"""Models that a notebook holds, made into what a plugin would register.

A model of transformers or sentence-transformers is written to a folder and loaded from there as
``hf:FOLDER`` and ``st:FOLDER`` are: the notebook's own stays as it is, and its identity is a hash
of weights, configuration and tokenizer. Of anything else the last layer is had, through its
``encode``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

from cefrbench.contracts.cards import EncoderCard
from cefrbench.contracts.encoder import Encoder, EncoderOptions, EncoderSpec
from cefrbench.errors import UserError
from cefrbench.notebook.encoders import ByEncode, borrowed
from cefrbench.plugins import PluginHost

#: Options that only whoever loads a model can follow.
_OF_LOADING = frozenset({"pooling", "max_length", "device", "dtype", "trust_remote_code"})

Load = Callable[[str, EncoderOptions], Encoder]


def as_spec(
    model: Any,
    tokenizer: Any,
    name: str | None,
    asked: Collection[str],
    host: PluginHost,
    folder: Path,
) -> EncoderSpec:
    """Make of an object what a plugin would register.

    Parameters
    ----------
    model, tokenizer : object
        As :func:`cefrbench.evaluate` takes them.
    name : str or None
        None: ``model:`` and what the model calls itself.
    asked : collection of str
        Options that the user gave.
    host : PluginHost
        Has the schemes ``hf:`` and ``st:``.
    folder : Path
        Where a model may be written; it must stay while the encoder is in use.

    Raises
    ------
    UserError
        When the object is nothing that can be evaluated, or can't do what is asked of it.
    """
    if isinstance(model, EncoderSpec):
        return model
    if isinstance(model, tuple) and len(model) == 2 and tokenizer is None:
        model, tokenizer = model
    load = _how_to_load(model, tokenizer, asked, host, folder)
    name = name or f"model:{_own_name(model)}"
    return EncoderSpec(EncoderCard(name=name, description="A model handed to evaluate()."), load)


def _how_to_load(
    model: Any, tokenizer: Any, asked: Collection[str], host: PluginHost, folder: Path
) -> Load:
    if isinstance(model, Encoder):
        _refuse(model, _OF_LOADING | {"instruction"}, asked)
        return partial(borrowed, model)
    if _is_a(model, "transformers", "PreTrainedModel"):
        if tokenizer is None:
            raise UserError(
                f"A {type(model).__name__} of transformers reads tokens: hand its tokenizer over "
                "too, as `tokenizer`."
            )
        return partial(_load_from, host, "hf:", folder, partial(_write_both, model, tokenizer))
    if _is_a(model, "sentence_transformers", "SentenceTransformer") and _has_layers(model):
        write = partial(model.save, create_model_card=False)
        return partial(_load_from, host, "st:", folder, write)
    if callable(getattr(model, "encode", None)):
        _refuse(model, _OF_LOADING, asked)
        return partial(ByEncode, model)
    raise UserError(
        f"A {type(model).__name__} can't be evaluated: give a name, a model of transformers with "
        "its tokenizer (of PEFT, what merge_and_unload() gives), one of sentence-transformers, or "
        "an object whose `encode` makes vectors of texts."
    )


def _load_from(
    host: PluginHost,
    scheme: str,
    folder: Path,
    write: Callable[[str], None],
    name: str,
    options: EncoderOptions,
) -> Encoder:
    """Write a model to a folder, and load it through a scheme as any model in a folder."""
    write(str(folder))
    encoder = host.get_encoder(scheme).load(f"{scheme}{folder}", options)
    encoder.identity = encoder.identity.model_copy(update={"name": name})
    return encoder


def _write_both(model: Any, tokenizer: Any, folder: str) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _is_a(model: object, package: str, name: str) -> bool:
    """Whether an object is of a class whose package is imported; else it can't be of it."""
    kind = getattr(sys.modules.get(package), name, None)
    return kind is not None and isinstance(model, kind)


def _has_layers(model: Any) -> bool:
    """Whether a model of sentence-transformers begins with a transformer."""
    return hasattr(model[0], "auto_model")


def _own_name(model: Any) -> str:
    """Give the last part of the path that a model was loaded from, or the name of its class."""
    if isinstance(model, Encoder):
        path = model.identity.name
    else:
        # A model of sentence-transformers has it on the transformer inside.
        inside = getattr(model, "transformers_model", model)
        path = getattr(inside, "name_or_path", "") or type(model).__name__
    return re.sub(r"[^a-z0-9._-]+", "-", Path(path).name.lower()).strip(".-_") or "unnamed"


def _refuse(model: object, options: Collection[str], asked: Collection[str]) -> None:
    """Say that a loaded model does as it does, rather than write down what it didn't do."""
    if vain := sorted(set(options) & set(asked)):
        raise UserError(
            f"A {type(model).__name__} that is loaded already can't follow {', '.join(vain)}: "
            "leave that out, and set it where the model is made."
        )
