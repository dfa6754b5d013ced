"""The Qwen3 architecture untrained: what a probe gets out of random weights, and a yardstick.

Its tokens are bytes, so that it needs no file at all. Nothing heavy is imported before a model is
built: the plugin's cards are made of the shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cefrbench.contracts.cards import Dtype
from cefrbench.contracts.encoder import Encoder, EncoderOptions

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: Bytes are tokens 0 to 255; this one ends every text, as Qwen3-Embedding's tokenizer does it.
END = 256
VOCABULARY = 257
SEED = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """A size of Qwen3, in the terms of transformers' ``Qwen3Config``."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    intermediate_size: int

    @property
    def parameters(self) -> int:
        """Number of weights, byte embeddings included."""
        heads = (2 * self.num_attention_heads + 2 * self.num_key_value_heads) * self.head_dim
        layer = self.hidden_size * (heads + 3 * self.intermediate_size + 2) + 2 * self.head_dim
        return self.num_hidden_layers * layer + (VOCABULARY + 1) * self.hidden_size


SHAPES = {
    "tiny": Shape(64, 4, 4, 2, 16, 192),
    "0.6b": Shape(1024, 28, 16, 8, 128, 3072),
    "4b": Shape(2560, 36, 32, 8, 128, 9728),
    "8b": Shape(4096, 36, 32, 8, 128, 12288),
}


def encode_bytes(texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Give the UTF-8 bytes of each text, cut to leave room for the end token."""
    return [[*text.encode()[: max_length - 1], END] for text in texts]


def build_model(shape: Shape, device: str, dtype: Dtype) -> PreTrainedModel:
    """Make the model with seeded random weights, on the device itself.

    Drawing eight billion numbers takes a GPU a moment and a CPU minutes; the weights therefore
    depend on the kind of device, which the encoder's identity says.
    """
    import torch
    from transformers import AutoModel, Qwen3Config

    from cefrbench.engines.transformer.loading import prepare_model

    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_attention_heads,
        num_key_value_heads=shape.num_key_value_heads,
        head_dim=shape.head_dim,
        intermediate_size=shape.intermediate_size,
        dtype=dtype,
    )
    place = torch.device(device)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []), place:
        torch.manual_seed(SEED)
        model = AutoModel.from_config(config, dtype=getattr(torch, dtype))  # type: ignore[no-untyped-call]
    return prepare_model(model, device)


def load_untrained(size: str, name: str, options: EncoderOptions) -> Encoder:
    """Build one size; last token, no instruction, 512 bytes."""
    from cefrbench.engines.transformer.build import Defaults, build_encoder
    from cefrbench.engines.transformer.encoder import Tokenizer
    from cefrbench.engines.transformer.find import ModelSource
    from cefrbench.engines.transformer.loading import choose_devices

    kind = choose_devices(options.device)[0].partition(":")[0]
    return build_encoder(
        name,
        ModelSource(Path(), f"random-qwen3-{size}"),
        options,
        Defaults(pooling="last"),
        Tokenizer(encode_bytes, pad_id=END, longest=32_768),
        partial(build_model, SHAPES[size]),
        details={"seed": str(SEED), "drawn_on": kind},
    )
