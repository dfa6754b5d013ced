"""Encoders around objects that are loaded already: nothing is written, and nothing taken away."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cefrbench.contracts.cards import EncoderIdentity
from cefrbench.contracts.encoder import Encoder, EncoderOptions
from cefrbench.errors import EncoderError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What an object of unknown kind makes of these tells it from others, beside its weights: some
#: scripts, signs, and a text longer than most models read.
TELLING = (
    "I like my dog, and 3 cats!",
    "Včera jsem šla do školy, protože pršelo.",
    "أنا طالب في السنة الأولى",
    "Although it had rained, they (all 17 of them) went on; nobody complained. " * 200,
)


def borrowed(encoder: Encoder, name: str, options: EncoderOptions) -> Encoder:
    """Give a copy that shares all an encoder holds, under another name, and closes nothing.

    It stays of the encoder's own class, whose code is a part of what features are kept by.
    """
    copied = copy.copy(encoder)
    copied.identity = encoder.identity.model_copy(update={"name": name})
    copied.close = _nothing  # type: ignore[method-assign]
    return copied


def _nothing() -> None:
    """Whoever loaded an encoder closes it."""


class ByEncode(Encoder):
    """The one vector a text that an object's own ``encode`` gives, as its only layer.

    The identity holds a hash of the object's class, of its weights where it has a ``state_dict``,
    and of what it makes of a few texts, so that another object, or the same one trained on, never
    gets these features out of the cache.

    Parameters
    ----------
    model : object
        ``model.encode(texts)`` gives an array or tensor ``(text, dim)``.
    name : str
    options : EncoderOptions

    Raises
    ------
    EncoderError
        When that is no array of one vector a text.
    """

    def __init__(self, model: Any, name: str, options: EncoderOptions) -> None:
        self._model = model
        telling = _vectors(model, TELLING)
        if telling.ndim != 2 or len(telling) != len(TELLING):
            raise EncoderError(
                f"`encode` of {name!r} made an array of shape {telling.shape} of {len(TELLING)} "
                "texts: expected one vector a text, (text, dim)."
            )
        self.identity = EncoderIdentity(
            name=name,
            model=f"sha256:{_digest(model, telling)}",
            pooling=None,
            instruction=options.instruction or "",
            max_length=None,
            dtype="float32",
            layers=(1,),
            width=telling.shape[1],
            details={"encode": f"{type(model).__module__}.{type(model).__qualname__}"},
        )

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Encode texts, ``[text, 1, dim]``."""
        texts = [f"{self.identity.instruction}{text}" for text in batch]
        return _vectors(self._model, texts)[:, None]


def _vectors(model: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    values = model.encode(list(texts))
    if hasattr(values, "detach"):  # a tensor, wherever it lies
        values = values.detach().cpu().float()
    return np.asarray(values, dtype=np.float32)


def _digest(model: Any, telling: NDArray[np.float32]) -> str:
    digest = hashlib.sha256(telling.tobytes())
    if callable(getattr(model, "state_dict", None)):
        import torch

        for key, value in sorted(model.state_dict().items()):
            digest.update(f"{key} {getattr(value, 'dtype', '')}\n".encode())
            if isinstance(value, torch.Tensor):
                plain = value.detach().cpu().contiguous().flatten().view(torch.uint8)
                digest.update(plain.numpy().tobytes())
            else:
                digest.update(repr(value).encode())
    return digest.hexdigest()
