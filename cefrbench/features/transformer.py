"""Any transformer as an encoder: all hidden states in one pass, each pooled as it comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from cefrbench.cards import EncoderIdentity, Pooling
from cefrbench.encoder import Encoder, EncoderOptions
from cefrbench.errors import EncoderError
from cefrbench.features.loading import (
    choose_devices,
    choose_dtype,
    load_tokenizer,
    load_weights,
    ran_remote_code,
)
from cefrbench.features.pooling import Pooler
from cefrbench.features.source import ModelSource
from cefrbench.features.states import Anatomy, examine, visit_states

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedModel

#: Token ids of one text.
Tokens = Sequence[int]
#: Turns texts into token ids, special tokens included, truncated.
Tokenize = Callable[[Sequence[str]], Sequence[Tokens]]

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


class TransformerEncoder(Encoder):
    """One loaded transformer.

    Parameters
    ----------
    identity : EncoderIdentity
    model : Module
        Ready to run, on its device.
    anatomy : Anatomy
    tokenize : callable
    pad_id : int
        Fills up the shorter texts of a batch.
    elsewhere : sequence of callable
        Load the same model on further devices.
    """

    def __init__(
        self,
        identity: EncoderIdentity,
        model: nn.Module,
        anatomy: Anatomy,
        tokenize: Tokenize,
        pad_id: int = 0,
        elsewhere: Sequence[Callable[[], nn.Module]] = (),
    ) -> None:
        self.identity = identity
        self.model = model
        self.anatomy = anatomy
        self.device = next(model.parameters()).device
        self._tokenize = tokenize
        self._pad_id = pad_id
        self._elsewhere = elsewhere
        if identity.pooling is None:
            raise EncoderError(f"Encoder {identity.name!r} names no pooling.")
        self._pooling: Pooling = identity.pooling

    def prepare(self, texts: Sequence[str]) -> Sequence[Tokens]:
        """Give the token ids of instruction and text, special tokens included, truncated."""
        return self._tokenize([self.identity.instruction + text for text in texts])

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Encode token ids; see :meth:`cefrbench.encoder.Encoder.encode`."""
        import torch

        tokens = cast("Sequence[Tokens]", batch)
        try:
            with torch.inference_mode():
                return self._encode(tokens)
        except RuntimeError as error:
            raise _device_error(error, self.identity.name) from error

    def _encode(self, tokens: Sequence[Tokens]) -> NDArray[np.float32]:
        import torch

        counts = [len(ids) for ids in tokens]
        longest = max(counts)
        equal = min(counts) == longest
        padded = np.full((len(tokens), longest), self._pad_id, dtype=np.int64)
        for row, ids in zip(padded, tokens, strict=True):
            row[: len(ids)] = ids
        lengths = torch.tensor(counts, device=self.device)
        pool = Pooler(self._pooling, lengths, longest, equal)
        inputs: dict[str, Tensor] = {"input_ids": torch.from_numpy(padded).to(self.device)}
        if not equal and not self.anatomy.causal:
            # Padding stands on the right: a causal model's tokens can't see it anyhow.
            steps = torch.arange(longest, device=self.device)
            inputs["attention_mask"] = (steps < lengths[:, None]).long()
        features = torch.empty(
            (len(tokens), self.anatomy.depth + 1, self.anatomy.width), device=self.device
        )

        def keep(layer: int, states: Tensor) -> None:
            features[:, layer] = pool(states)

        visit_states(self.model, self.anatomy, keep, **inputs)
        values: NDArray[np.float32] = features.cpu().numpy()
        return values

    def replicas(self) -> Sequence[Encoder]:
        """Itself, and a copy on each further device."""
        return (
            self,
            *(
                TransformerEncoder(
                    self.identity, load(), self.anatomy, self._tokenize, self._pad_id
                )
                for load in self._elsewhere
            ),
        )

    def close(self) -> None:
        """Give back the device's memory."""
        import torch

        del self.model
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


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
        When it can't be loaded, or the options don't suit it.
    """
    devices = choose_devices(options.device)
    dtype = choose_dtype(options.dtype, devices[0])
    tokenizer = load_tokenizer(source.folder, name, options)

    def load(device: str) -> PreTrainedModel:
        return load_weights(source.folder, name, options, device, dtype)

    model = load(devices[0])
    anatomy = examine(model)
    max_length = _max_length(name, options, defaults, capacity(model, tokenizer.model_max_length))
    by_kind: Pooling = "last" if anatomy.causal else "mean"
    identity = EncoderIdentity(
        name=name,
        model=source.model,
        revision=source.revision,
        pooling=options.pooling or defaults.pooling or by_kind,
        instruction=defaults.instruction if options.instruction is None else options.instruction,
        max_length=max_length,
        dtype=dtype,
        layers=tuple(range(anatomy.depth + 1)),
        width=anatomy.width,
        parameters=sum(weight.numel() for weight in model.parameters()),
        licence=source.licence,
        remote_code=ran_remote_code(model),
        details=details or {},
    )

    def tokenize(texts: Sequence[str]) -> Sequence[Tokens]:
        encoded = tokenizer(
            list(texts), truncation=True, max_length=max_length, return_attention_mask=False
        )
        ids: list[list[int]] = encoded["input_ids"]
        # A tokenizer without special tokens makes nothing of white space; a model needs a token.
        return [one or [tokenizer.eos_token_id or 0] for one in ids]

    return TransformerEncoder(
        identity,
        model,
        anatomy,
        tokenize,
        tokenizer.pad_token_id or 0,
        [partial(load, device) for device in devices[1:]],
    )


def capacity(model: nn.Module, declared: int) -> int:
    """Most tokens that a model can take: what its tokenizer declares and its positions allow."""
    from torch import nn

    config: Any = model.config
    most = min(declared, getattr(config, "max_position_embeddings", None) or declared)
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa and its kin begin to count after the padding's position.
            reserved = 0 if module.padding_idx is None else module.padding_idx + 1
            most = min(most, module.num_embeddings - reserved)
    return int(most)


def _max_length(name: str, options: EncoderOptions, defaults: Defaults, most: int) -> int:
    if options.max_length is None:
        return min(defaults.max_length, most)
    if options.max_length > most:
        raise EncoderError(
            f"--max-length {options.max_length} is more than {name!r} can take: "
            f"give {most} or less."
        )
    return options.max_length


def _device_error(error: RuntimeError, name: str) -> Exception:
    """Tell a lack of memory, which smaller batches cure, from a device that failed."""
    import torch

    text = str(error).lower()
    if isinstance(error, torch.OutOfMemoryError) or ("memory" in text and "alloc" in text):
        torch.cuda.empty_cache()
        return MemoryError(str(error))
    first = str(error).strip().splitlines()[0][:200]
    return EncoderError(
        f"The forward pass of {name!r} failed ({first}): check the device, or choose another one "
        "with --device."
    )
