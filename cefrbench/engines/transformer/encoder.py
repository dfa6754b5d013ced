"""Any transformer as an encoder: all hidden states in one pass, each pooled as it comes out."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from cefrbench.contracts.cards import EncoderIdentity, Pooling
from cefrbench.contracts.encoder import Encoder
from cefrbench.engines.transformer.packing import pack_linears
from cefrbench.engines.transformer.pooling import Pooler
from cefrbench.engines.transformer.shortcut import shorten
from cefrbench.engines.transformer.states import Anatomy, examine, visit_states
from cefrbench.errors import EncoderError
from cefrbench.memory import free_attempt, lacks_memory

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedTokenizerBase

#: Twins on a CPU, at most; more cores are shared out among them.
MOST_TWINS = 4
#: Token ids of one text.
Tokens = Sequence[int]


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """What an encoder needs of a tokenizer.

    Attributes
    ----------
    encode : callable
        ``encode(texts, max_length)``: token ids of each text, special tokens included, truncated.
    pad_id : int
        Fills up the shorter texts of a batch; no value depends on it.
    longest : int
        Most tokens that it declares the model to take.
    """

    encode: Callable[[Sequence[str], int], Sequence[Tokens]]
    pad_id: int
    longest: int


def wrap_tokenizer(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """Use a tokenizer of transformers as it is: its special tokens, its way to truncate."""
    # A tokenizer without special tokens makes nothing of white space; a model needs a token.
    filler = [tokenizer.eos_token_id or 0]

    def encode(texts: Sequence[str], max_length: int) -> Sequence[Tokens]:
        encoded = tokenizer(
            list(texts), truncation=True, max_length=max_length, return_attention_mask=False
        )
        ids: list[list[int]] = encoded["input_ids"]
        return [one or filler for one in ids]

    return Tokenizer(encode, tokenizer.pad_token_id or 0, tokenizer.model_max_length)


class TransformerEncoder(Encoder):
    """One loaded transformer.

    Parameters
    ----------
    identity : EncoderIdentity
    model : Module
        Ready to run, on its device.
    anatomy : Anatomy
    tokenizer : Tokenizer
    elsewhere : sequence of callable
        Load the same model on further devices.
    """

    def __init__(
        self,
        identity: EncoderIdentity,
        model: nn.Module,
        anatomy: Anatomy,
        tokenizer: Tokenizer,
        elsewhere: Sequence[Callable[[], nn.Module]] = (),
    ) -> None:
        self.identity = identity
        self.model = model
        self.anatomy = anatomy
        self.device = next(model.parameters()).device
        self._tokenizer = tokenizer
        self._elsewhere = elsewhere
        self._others: list[TransformerEncoder] | None = None
        self._threads: int | None = None
        self.batch_cost, self.batch_overhead = batch_size(model, anatomy, self.device)
        if identity.pooling is None:
            raise EncoderError(f"Encoder {identity.name!r} names no pooling.")
        self._pooling: Pooling = identity.pooling
        self._shortcut = shorten(model, anatomy, identity.pooling)
        pack_linears(model, anatomy)

    def prepare(self, texts: Sequence[str]) -> Sequence[Tokens]:
        """Give the token ids of instruction and text, special tokens included, truncated."""
        prefixed = [self.identity.instruction + text for text in texts]
        return self._tokenizer.encode(prefixed, self.identity.max_length or self._tokenizer.longest)

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Encode token ids; see :meth:`cefrbench.contracts.encoder.Encoder.encode`."""
        tokens = cast("Sequence[Tokens]", batch)
        try:
            with torch.inference_mode(), _threads(self._threads):
                return self._encode(tokens)
        except RuntimeError as error:
            if lacks_memory(error):
                free_attempt(error, self.device)
                # Without the cause: it would keep what the attempt held.
                raise MemoryError(str(error)) from None
            raise _device_error(error, self.identity.name) from error

    def _encode(self, tokens: Sequence[Tokens]) -> NDArray[np.float32]:
        counts = [len(ids) for ids in tokens]
        longest = max(counts)
        equal = min(counts) == longest
        padded = np.full((len(tokens), longest), self._tokenizer.pad_id, dtype=np.int64)
        for row, ids in zip(padded, tokens, strict=True):
            row[: len(ids)] = ids
        lengths = torch.tensor(counts, device=self.device)
        pool = Pooler(self._pooling, lengths, longest, equal)
        if self._shortcut is not None and pool.tokens is not None:
            self._shortcut.tokens = pool.tokens
        inputs: dict[str, Tensor] = {"input_ids": torch.from_numpy(padded).to(self.device)}
        if not equal and not self.anatomy.causal:
            # Padding stands on the right: a causal model's tokens can't see it anyhow.
            steps = torch.arange(longest, device=self.device)
            inputs["attention_mask"] = (steps < lengths[:, None]).long()
        features = torch.empty(
            (len(tokens), self.anatomy.depth + 1, self.anatomy.width), device=self.device
        )

        def keep(layer: int, states: Tensor) -> None:
            if self._shortcut is not None and layer == self.anatomy.depth:
                features[:, layer] = states[:, 0]
            else:
                features[:, layer] = pool(states)

        visit_states(self.model, self.anatomy, keep, **inputs)
        values: NDArray[np.float32] = features.cpu().numpy()
        return values

    def replicas(self) -> Sequence[Encoder]:
        """Itself, and a copy on each further device; on a CPU, twins that share its weights.

        Two batches side by side, each on its own core, lose nothing to threads that wait for each
        other after every operation, as the threads of one batch do.
        """
        if self._others is None:
            models = [load() for load in self._elsewhere]
            self._others = [
                TransformerEncoder(self.identity, model, examine(model), self._tokenizer)
                for model in models
            ]
            if self.device.type == "cpu" and not models:
                count = min(MOST_TWINS, torch.get_num_threads())
                self._threads = torch.get_num_threads() // count
                self._others = [self._twin() for _ in range(count - 1)]
        return (self, *self._others)

    def _twin(self) -> TransformerEncoder:
        """Copy the modules, whose hooks are one thread's at a time, around the same weights."""
        shared: dict[int, Any] = {id(weight): weight for weight in self.model.parameters()}
        twin = copy.copy(self)
        twin.model, twin.anatomy, twin._shortcut = copy.deepcopy(
            (self.model, self.anatomy, self._shortcut), shared
        )
        twin._others = []
        return twin

    def close(self) -> None:
        """Give back the memory of all devices."""
        for other in self._others or ():
            other.close()
        self._others, self._elsewhere, self._shortcut = [], (), None
        # What was looked up in the model holds its layers.
        self.anatomy = replace(self.anatomy, stack=None)
        self.__dict__.pop("model", None)  # closing twice is allowed
        # A model's modules point at each other.
        gc.collect()
        if self.device.type == "cuda":
            # A device that is gone has no memory to give back.
            with suppress(RuntimeError):
                torch.cuda.empty_cache()


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Let PyTorch use so many threads for this thread's operations; none leaves it as it is."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


#: What it costs to set off one layer, in the operations that the device could have done meanwhile:
#: some 0.3 ms at 10^11 a second, and 0.1 ms at 4 × 10^14.
_LAYER_CALL = {"cpu": 3e7, "cuda": 4e10}


def batch_size(model: nn.Module, anatomy: Anatomy, device: torch.device) -> tuple[int, int]:
    """Choose the tokens of a batch, and what a batch costs besides, in tokens.

    A CPU gains nothing from batches that outgrow its caches. A GPU gets what half of its free
    memory should hold, by the widest states that a layer has at once; an estimate that is wrong
    costs one batch, for the host halves it.
    """
    # A layer of width d has about 12 d² weights: 24 d² operations a token.
    overhead = 1 + int(_LAYER_CALL.get(device.type, 1e9) / (24 * anatomy.width**2))
    if device.type != "cuda":
        return 2048, overhead
    config: Any = model.config
    widest = getattr(config, "intermediate_size", None) or 4 * anatomy.width
    weight = next(model.parameters()).element_size()
    free, _ = torch.cuda.mem_get_info(device)
    tokens = free // 2 // (weight * (4 * widest + 8 * anatomy.width))
    return max(2048, min(65_536, tokens)), overhead


def _device_error(error: RuntimeError, name: str) -> EncoderError:
    """Say that a device failed."""
    first = str(error).strip().splitlines()[0][:200]
    return EncoderError(
        f"The forward pass of {name!r} failed ({first}): check the device, or choose another one "
        "with --device."
    )
