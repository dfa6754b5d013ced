"""Any model of the hub or a folder, through transformers: `hf:ORG/MODEL[@revision]`, `hf:PATH`."""

from __future__ import annotations

from cefrbench import Encoder, EncoderCard, EncoderOptions, EncoderSpec, Register, hookimpl


def load(name: str, options: EncoderOptions) -> Encoder:
    """Load the model that stands after ``hf:``; a bare path is read the same."""
    from cefrbench.engines.transformer.build import load_transformer
    from cefrbench.engines.transformer.find import find_model

    return load_transformer(name, find_model(name.removeprefix("hf:"), options), options)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register the scheme ``hf:``."""
    card = EncoderCard(
        name="hf:",
        description="Any model of the hub (hf:ORG/MODEL[@revision]) or a local folder, through "
        "transformers: pooling last for causal models, mean for others; no instruction.",
    )
    register(EncoderSpec(card, load))
