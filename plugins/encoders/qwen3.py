"""Qwen3-Embedding: the models of the study, in its three sizes."""

from __future__ import annotations

from functools import partial

from cefrbench import Encoder, EncoderCard, EncoderOptions, EncoderSpec, Register, hookimpl

#: As in Lyngbaek & Kristensen-McLachlan (2026).
INSTRUCTION = "Instruct: Assess the CEFR level of the following text.\nQuery: "

#: Size, weights, layers, width.
SIZES = (
    ("0.6B", 595_776_512, 28, 1024),
    ("4B", 4_021_774_336, 36, 2560),
    ("8B", 7_567_295_488, 36, 4096),
)


def load(model: str, name: str, options: EncoderOptions) -> Encoder:
    """Load one size; last token, the study's instruction, 512 tokens."""
    from cefrbench.engines.transformer.build import Defaults, load_transformer
    from cefrbench.engines.transformer.find import find_model

    defaults = Defaults(pooling="last", instruction=INSTRUCTION, max_length=512)
    return load_transformer(name, find_model(model, options), options, defaults)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register the three sizes."""
    for size, parameters, layers, width in SIZES:
        model = f"Qwen/Qwen3-Embedding-{size}"
        card = EncoderCard(
            name=f"qwen3-embedding-{size.lower()}",
            description=f"Qwen3-Embedding, {size}: last token, the study's instruction.",
            model=model,
            licence="apache-2.0",
            parameters=parameters,
            layers=layers,
            width=width,
        )
        register(EncoderSpec(card, partial(load, model)))
