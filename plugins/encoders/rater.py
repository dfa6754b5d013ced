"""A generative model asked for the level: `rater:ORG/MODEL`, a folder, or `rater:URL@MODEL`."""

from __future__ import annotations

from cefrbench import Encoder, EncoderCard, EncoderOptions, EncoderSpec, Register, hookimpl

SCHEME = "rater:"
CARD = EncoderCard(
    name=SCHEME,
    description="A generative model asked for the level (rater:ORG/MODEL[@revision], a folder, or "
    "rater:https://HOST/v1@MODEL): five probabilities; probe `given` takes their mean level.",
)


def load(name: str, options: EncoderOptions) -> Encoder:
    """Load the model, or open the endpoint, that stands after ``rater:``."""
    asked = name.removeprefix(SCHEME)
    if asked.startswith(("http://", "https://")):
        from cefrbench_plugins.encoders._endpoint import open_endpoint

        return open_endpoint(name, asked, options)
    from cefrbench.engines.transformer.find import find_model
    from cefrbench.engines.transformer.rating import load_rater

    return load_rater(name, find_model(asked, options), options)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register the scheme ``rater:``."""
    register(EncoderSpec(CARD, load))
