"""Loading a model with transformers: device, number type, tokenizer, weights, remote code."""

from __future__ import annotations

import importlib.util
import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from cefrbench.contracts.cards import Dtype
from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.errors import EncoderError
from cefrbench.memory import lacks_memory

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# oneDNN keeps what it compiled for each shape, up to 1,024 of them; no two of our batches have one
# shape, so on a CPU memory grew with the number of texts.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")


def choose_devices(device: str) -> tuple[str, ...]:
    """Devices to run on: those asked for, or the best there are; all GPUs where there are several.

    Parameters
    ----------
    device : str
        ``auto`` (CUDA, then MPS, then CPU), ``cpu``, ``cuda`` (all of them), ``cuda:N`` or ``mps``.

    Raises
    ------
    EncoderError
        When this machine hasn't got the device.
    """
    count = torch.cuda.device_count()
    all_cuda = tuple(f"cuda:{n}" for n in range(count))
    has_mps = torch.backends.mps.is_available()
    if device == "auto":
        return all_cuda or (("mps",) if has_mps else ("cpu",))
    if device == "cuda" and count:
        return all_cuda
    if device == "cpu" or device in all_cuda or (device == "mps" and has_mps):
        return (device,)
    here = ", ".join(("cpu", *(("mps",) if has_mps else ()), *all_cuda))
    raise EncoderError(f"There is no device {device!r} on this machine: it has {here}.")


def choose_dtype(dtype: str, device: str) -> Dtype:
    """Number type of the forward pass: the one asked for, or what suits the device.

    bfloat16 where the GPU computes with it, float16 on older ones, float32 elsewhere.
    """
    if dtype != "auto":
        return cast("Dtype", dtype)
    if not device.startswith("cuda"):
        return "float32"
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    return "bfloat16" if native else "float16"


def load_tokenizer(folder: Path, name: str, options: EncoderOptions) -> PreTrainedTokenizerBase:
    """Load a model's tokenizer.

    Raises
    ------
    EncoderError
        When it is missing or damaged.
    """
    from transformers import AutoTokenizer

    with explained(name, "tokenizer"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=options.trust_remote_code, local_files_only=True
        )
    if tokenizer.vocab_size <= len(tokenizer.all_special_ids):
        # Without its files transformers makes an empty one, to which every word is unknown.
        raise EncoderError(
            f"The tokenizer of {name!r} has no vocabulary: expected tokenizer.json or the files of "
            "its kind beside config.json."
        )
    return tokenizer


def load_weights(
    folder: Path, name: str, options: EncoderOptions, device: str, dtype: Dtype
) -> PreTrainedModel:
    """Load a model without its heads, ready to run; of an encoder-decoder the encoder.

    Raises
    ------
    EncoderError
        When configuration or weights are missing, damaged or don't fit each other.
    """
    from transformers import AutoModel

    return _load(AutoModel, folder, name, options, device, dtype)


def load_causal(
    folder: Path, name: str, options: EncoderOptions, device: str, dtype: Dtype
) -> PreTrainedModel:
    """Load a model with the head by which it predicts the next token, ready to run.

    Raises
    ------
    EncoderError
        When it has no such head, or as in :func:`load_weights`.
    """
    from transformers import AutoModelForCausalLM

    return _load(AutoModelForCausalLM, folder, name, options, device, dtype)


def _load(
    kind: Any, folder: Path, name: str, options: EncoderOptions, device: str, dtype: Dtype
) -> PreTrainedModel:
    direct = {"device_map": device} if _can_place(device) else {}
    with explained(name, "model"):
        loaded, info = kind.from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            trust_remote_code=options.trust_remote_code,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **direct,
        )
        model = prepare_model(loaded, device)
    missing = sorted(key for key in info["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise EncoderError(
            f"The weights of {name!r} lack {len(missing)} tensors of its configuration "
            f"({missing[0]!r} for one): fetch or save the model again."
        )
    return model


def prepare_model(model: PreTrainedModel, device: str) -> PreTrainedModel:
    """Bring a model to its device, without what features don't need: decoder, pooler, caches."""
    if model.config.is_encoder_decoder:
        model = cast("PreTrainedModel", model.get_encoder())
    if "add_pooling_layer" in inspect.signature(type(model).__init__).parameters:
        model.pooler = None  # type: ignore[assignment]
    model.config.use_cache = False
    model.requires_grad_(False)
    return cast("PreTrainedModel", nn.Module.to(model, device).train(False))


def ran_remote_code(model: PreTrainedModel) -> bool:
    """Whether a model's class came with its repository."""
    return type(model).__module__.startswith("transformers_modules")


@contextmanager
def explained(name: str, part: str) -> Iterator[None]:
    """Turn what transformers raises while loading into one sentence; and keep it quiet.

    Parameters
    ----------
    name : str
        As the user wrote it.
    part : str
        What is being loaded: ``"model"`` or ``"tokenizer"``.

    Raises
    ------
    EncoderError
    """
    from safetensors import SafetensorError
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(40)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        if lacks_memory(error):
            raise EncoderError(
                f"The {part} {name!r} doesn't fit the memory of the device: choose another "
                "--device, a --dtype of 16 bits or a smaller model."
            ) from error
        if "trust_remote_code" in str(error):
            raise EncoderError(
                f"The {part} of {name!r} needs code of its own repository: read that code, then "
                "name the commit, ORG/MODEL@COMMIT, and add --trust-remote-code."
            ) from error
        reason = str(error).strip().splitlines()
        raise EncoderError(
            f"The {part} of {name!r} can't be loaded "
            f"({type(error).__name__}: {reason[0][:300] if reason else 'no reason given'}): "
            "check that its files are whole and that this version of transformers knows it."
        ) from error
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _can_place(device: str) -> bool:
    """Whether weights can go to the device without passing through the host's memory whole."""
    return device != "cpu" and importlib.util.find_spec("accelerate") is not None
