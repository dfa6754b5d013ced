"""Building an encoder out of a model: options, defaults and limits become an identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import nn

from cefrbench.contracts.cards import Dtype, EncoderIdentity, Pooling
from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.engines.transformer.encoder import Tokenizer, TransformerEncoder, wrap_tokenizer
from cefrbench.engines.transformer.find import ModelSource
from cefrbench.engines.transformer.loading import (
    choose_devices,
    choose_dtype,
    load_tokenizer,
    load_weights,
    ran_remote_code,
)
from cefrbench.engines.transformer.states import Anatomy, examine
from cefrbench.errors import EncoderError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MAX_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an encoder does where the user asks for nothing.

    Attributes
    ----------
    pooling : {"last", "mean", "cls", "max"} or None
        None: ``last`` for a causal model, whose last token alone has seen all others; else
        ``mean``.
    instruction : str
    max_length : int
        Capped at what the model can take.
    """

    pooling: Pooling | None = None
    instruction: str = ""
    max_length: int = MAX_LENGTH


def load_transformer(
    name: str,
    source: ModelSource,
    options: EncoderOptions,
    defaults: Defaults = Defaults(),
    details: dict[str, str] | None = None,
) -> TransformerEncoder:
    """Load a model of the hub or a folder as an encoder.

    Parameters
    ----------
    name : str
        As the user wrote it.
    source : ModelSource
    options : EncoderOptions
    defaults : Defaults
        Where ``options`` leave the choice.
    details : dict of str to str, optional
        Anything else that changes a value, for the identity.

    Raises
    ------
    EncoderError
        When it can't be loaded, or this machine hasn't got the device.
    """
    tokenizer = wrap_tokenizer(load_tokenizer(source.folder, name, options))
    load = partial(load_weights, source.folder, name, options)
    return build_encoder(name, source, options, defaults, tokenizer, load, details)


def build_encoder(
    name: str,
    source: ModelSource,
    options: EncoderOptions,
    defaults: Defaults,
    tokenizer: Tokenizer,
    load: Callable[[str, Dtype], PreTrainedModel],
    details: dict[str, str] | None = None,
) -> TransformerEncoder:
    """Build an encoder; ``load(device, dtype)`` gives the model, ready to run.

    The other parameters are those of :func:`load_transformer`.
    """
    devices = choose_devices(options.device)
    dtype = choose_dtype(options.dtype, devices[0])
    model = load(devices[0], dtype)
    anatomy = _examined(model, name)
    by_kind: Pooling = "last" if anatomy.causal else "mean"
    identity = EncoderIdentity(
        name=name,
        model=source.model,
        revision=source.revision,
        pooling=options.pooling or defaults.pooling or by_kind,
        instruction=defaults.instruction if options.instruction is None else options.instruction,
        max_length=_max_length(options.max_length, defaults.max_length, tokenizer.longest, model),
        dtype=dtype,
        layers=tuple(range(anatomy.depth + 1)),
        width=anatomy.width,
        parameters=sum(weight.numel() for weight in model.parameters()),
        licence=source.licence,
        remote_code=ran_remote_code(model),
        details=details or {},
    )
    elsewhere = [partial(load, device, dtype) for device in devices[1:]]
    return TransformerEncoder(identity, model, anatomy, tokenizer, elsewhere)


def _examined(model: PreTrainedModel, name: str) -> Anatomy:
    """Look at a model, or say that it isn't one that reads tokens and shows its states."""
    try:
        return examine(model)
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise EncoderError(
            f"A trial pass through {name!r} failed ({first}): name a model that takes token ids "
            "and gives hidden states."
        ) from error


def _max_length(wanted: int | None, default: int, declared: int, model: nn.Module) -> int:
    """Choose the most tokens of a text.

    What the user or the suite asks for may pass what the tokenizer declares, which is often a
    habit (256 for a model with 512 positions), but never the model's positions.
    """
    most = positions(model)
    if wanted is None:
        wanted = min(default, declared)
    return wanted if most is None else min(wanted, most)


def positions(model: nn.Module) -> int | None:
    """Most tokens that a model has positions for; none when nothing limits them."""
    config: Any = model.config
    most: int | None = getattr(config, "max_position_embeddings", None)
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa and its kin begin to count after the padding's position.
            reserved = 0 if module.padding_idx is None else module.padding_idx + 1
            most = min(most or module.num_embeddings, module.num_embeddings - reserved)
    return most
