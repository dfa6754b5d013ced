"""Any model through sentence-transformers, as the model itself declares: `st:ORG/MODEL[@rev]`."""

from __future__ import annotations

from cefrbench import (
    Encoder,
    EncoderCard,
    EncoderOptions,
    EncoderSpec,
    Register,
    hookimpl,
)


def load(name: str, options: EncoderOptions) -> Encoder:
    """Load the model that stands after ``st:``."""
    from cefrbench.engines.transformer.declared import load_declared

    return load_declared(name, options)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register the scheme ``st:``."""
    card = EncoderCard(
        name="st:",
        description="Any model through sentence-transformers (st:ORG/MODEL[@revision] or a "
        "folder): prompt, pooling and max length as the model declares them.",
    )
    register(EncoderSpec(card, load))
