"""A model through sentence-transformers, with the prompt, pooling and length that it declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cefrbench.contracts.cards import Dtype, Pooling
from cefrbench.contracts.encoder import Encoder, EncoderOptions
from cefrbench.doors import lies_below, read_json
from cefrbench.engines.transformer.build import MAX_LENGTH, Defaults, build_encoder
from cefrbench.engines.transformer.encoder import wrap_tokenizer
from cefrbench.engines.transformer.find import MODEL_FILE, find_model
from cefrbench.engines.transformer.loading import (
    choose_devices,
    choose_dtype,
    explained,
    prepare_model,
)
from cefrbench.errors import EncoderError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: First module where a folder names none.
TRANSFORMER = "sentence_transformers.models.Transformer"
#: Names of poolings in sentence-transformers, old flags and new modes, and ours.
POOLINGS: Mapping[str, Pooling] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "last",
    "mean": "mean",
    "cls": "cls",
    "max": "max",
    "lasttoken": "last",
}


def load_declared(name: str, options: EncoderOptions) -> Encoder:
    """Load the transformer module of the model that stands after ``st:``.

    Modules after the pooling (Dense, Normalize) have no part in hidden states; the identity names
    them as left out.
    """
    source = find_model(name.removeprefix("st:"), options)
    declared = read_declaration(source.folder, name)
    dtype = choose_dtype(options.dtype, choose_devices(options.device)[0])

    def open_module() -> Any:
        import torch
        from sentence_transformers.util import import_from_string

        with explained(name, "model"):
            module: Any = import_from_string(declared.transformer)
            return module.load(
                str(source.folder),
                subfolder=declared.subfolder,
                local_files_only=True,
                trust_remote_code=options.trust_remote_code,
                model_kwargs={"dtype": getattr(torch, dtype), "use_safetensors": True},
            )

    first = open_module()
    opened = [first]

    def open_model(device: str, _: Dtype) -> PreTrainedModel:
        module = opened.pop() if opened else open_module()
        return prepare_model(module.auto_model, device)

    defaults = Defaults(
        pooling=options.pooling or declared.pooling(name),
        instruction=declared.prompt,
        max_length=first.max_seq_length or MAX_LENGTH,
    )
    details = {"library": "sentence-transformers", "modules_left_out": ", ".join(declared.left_out)}
    tokenizer = wrap_tokenizer(first.tokenizer)
    return build_encoder(name, source, options, defaults, tokenizer, open_model, details)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a sentence-transformers model says of itself in its files.

    Attributes
    ----------
    transformer : str
        Import path of its first module.
    subfolder : str
        Where that module's files lie.
    poolings : tuple of str
        Declared poolings, in sentence-transformers' terms.
    prompt : str
        The prompt that it uses when none is asked for.
    left_out : tuple of str
        Modules after the pooling.
    """

    transformer: str
    subfolder: str
    poolings: tuple[str, ...]
    prompt: str
    left_out: tuple[str, ...]

    def pooling(self, name: str) -> Pooling:
        """Give the declared pooling.

        Raises
        ------
        EncoderError
            When it is one that cefrbench hasn't got, or several side by side.
        """
        if len(self.poolings) == 1 and self.poolings[0] in POOLINGS:
            return POOLINGS[self.poolings[0]]
        raise EncoderError(
            f"The model {name!r} pools by {' and '.join(self.poolings) or 'nothing known'}: "
            "choose --pooling last, mean, cls or max for its layers."
        )


def read_declaration(folder: Path, name: str) -> Declaration:
    """Read what a model's folder declares; a plain transformer pools by its mean.

    Raises
    ------
    EncoderError
        When its first module is no transformer, or a module doesn't lie in the folder.
    """
    modules = _read_modules(folder / "modules.json", name)
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    first = modules[0]["type"]
    # A type is an import path: nothing but the library's own module is imported at a file's word.
    if kinds[0] != "Transformer" or not first.startswith("sentence_transformers."):
        raise EncoderError(
            f"The model {name!r} begins with {first!r}, not with sentence-transformers' "
            "Transformer: use `hf:` where there are hidden layers to probe."
        )
    settings = _read_json(folder / "config_sentence_transformers.json") or {}
    prompt = (settings.get("prompts") or {}).get(settings.get("default_prompt_name")) or ""
    pooling: dict[str, Any] = {"pooling_mode": "mean"}
    if "Pooling" in kinds:
        place = modules[kinds.index("Pooling")]["path"]
        pooling = _read_json(folder / place / "config.json") or pooling
    return Declaration(
        transformer=first,
        subfolder=modules[0]["path"],
        poolings=_poolings(pooling),
        prompt=prompt,
        left_out=tuple(kind for kind in kinds[1:] if kind != "Pooling"),
    )


def _read_modules(path: Path, name: str) -> list[dict[str, str]]:
    """Read which modules there are and where each lies: nothing outside the folder is opened."""
    modules = _read_json(path) or [{"type": TRANSFORMER, "path": ""}]
    for module in modules:
        if not isinstance(module, dict):
            module = {}
        kind, place = module.get("type"), module.get("path")
        if not isinstance(kind, str) or not isinstance(place, str):
            raise MODEL_FILE.refuse(path, "has a module without type and path")
        if not lies_below(place):
            raise EncoderError(
                f"The model {name!r} has a module at {place!r}, outside its folder: expected a "
                "folder below it; fetch the model again from who made it."
            )
    return list(modules)


def _poolings(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the modes of a Pooling module: one setting, or a flag a mode in older files."""
    modes = config.get("pooling_mode")
    if modes:
        return (modes,) if isinstance(modes, str) else tuple(modes)
    return tuple(key for key, on in config.items() if key.startswith("pooling_mode_") and on)


def _read_json(path: Path) -> Any:
    """Read a file of a model's folder; none when it isn't there.

    Raises
    ------
    EncoderError
        When it is no JSON.
    """
    if not path.is_file():
        return None
    return read_json(path, MODEL_FILE)
