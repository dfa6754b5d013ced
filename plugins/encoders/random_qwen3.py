"""The Qwen3 architecture untrained: what a probe gets out of random weights, and a yardstick."""

from __future__ import annotations

from functools import partial

from cefrbench import EncoderCard, EncoderSpec, Register, hookimpl
from cefrbench.engines.transformer.untrained import SHAPES, load_untrained


@hookimpl
def register_encoders(register: Register) -> None:
    """Register each size by name, and the smallest real one as ``random-qwen3``."""
    for name, size in (("random-qwen3", "0.6b"), *((f"random-qwen3-{s}", s) for s in SHAPES)):
        shape = SHAPES[size]
        card = EncoderCard(
            name=name,
            description=f"Qwen3 with random weights, {size} shape, bytes as tokens: a control.",
            parameters=shape.parameters,
            layers=shape.num_hidden_layers,
            width=shape.hidden_size,
            role="control",
        )
        register(EncoderSpec(card, partial(load_untrained, size)))
