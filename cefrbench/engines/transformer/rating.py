"""A generative model asked for the level: the probability that it gives each answer."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from cefrbench.contracts.cards import EncoderIdentity
from cefrbench.contracts.encoder import Encoder, EncoderOptions
from cefrbench.engines.transformer.find import ModelSource
from cefrbench.engines.transformer.loading import (
    choose_devices,
    choose_dtype,
    load_causal,
    load_tokenizer,
    ran_remote_code,
)
from cefrbench.errors import EncoderError
from cefrbench.memory import free_attempt, lacks_memory

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

#: The six levels by number: a digit is one token to nearly every model, ``B1`` is not.
ANSWERS = ("1", "2", "3", "4", "5", "6")
#: C1 and C2 are one class of the scale.
CLASSES = ((0,), (1,), (2,), (3,), (4, 5))
INSTRUCTION = (
    "Below is a text by somebody who learns the language. Rate how well it is written on the scale "
    "of the CEFR: 1 = A1, 2 = A2, 3 = B1, 4 = B2, 5 = C1, 6 = C2. Answer with the number alone."
    "\n\nText:\n"
)
ENDING = "\n\nNumber:"
#: Most tokens of a text.
MAX_LENGTH = 1024


def by_class(logs: NDArray[np.float64]) -> NDArray[np.float32]:
    """Turn log-probabilities of the answers into probabilities of the classes, which sum to 1.

    Parameters
    ----------
    logs : ndarray of float64, shape (n, 6)
        Minus infinity for an answer that has none.

    Returns
    -------
    ndarray of float32, shape (n, 1, 5)
    """
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    classes = [shares[:, list(members)].sum(axis=1) for members in CLASSES]
    return np.stack(classes, axis=1)[:, None, :].astype(np.float32)


def rater_identity(name: str, model: str, options: EncoderOptions, **more: Any) -> EncoderIdentity:
    """Describe a rater: the whole prompt stands in ``details``."""
    instruction = INSTRUCTION if options.instruction is None else options.instruction
    details = {"prompt": f"{instruction}{{text}}{ENDING}", "answers": " ".join(ANSWERS)}
    fields: dict[str, Any] = {
        "name": name,
        "model": model,
        "pooling": None,
        "instruction": instruction,
        "max_length": None,
        "dtype": "float32",
        "layers": (1,),
        "width": len(CLASSES),
        "details": details | more.pop("details", {}),
    }
    return EncoderIdentity(**fields | more)


class Rater(Encoder):
    """A causal model that was asked for the level.

    Parameters
    ----------
    identity : EncoderIdentity
    model : PreTrainedModel
        With its head.
    tokenizer : PreTrainedTokenizerBase
    """

    batch_cost = 8_192

    def __init__(
        self, identity: EncoderIdentity, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
    ) -> None:
        self.identity = identity
        self._model: PreTrainedModel | None = model
        self._tokenizer = tokenizer
        self._chat = bool(getattr(tokenizer, "chat_template", None))
        self._answers = [self._ids(a if self._chat else f" {a}") for a in ANSWERS]
        if len(set(map(tuple, self._answers))) < len(ANSWERS) or not all(self._answers):
            raise EncoderError(
                f"The tokenizer of {identity.name!r} doesn't tell the numbers 1 to 6 apart, which "
                "are the answers it is asked for: choose another model."
            )

    def prepare(self, texts: Sequence[str]) -> Sequence[object]:
        """Put each text, cut to ``max_length`` tokens, into the prompt."""
        return [self._ids(self._prompt(self._cut(text))) for text in texts]

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Give the probability of each class; see :meth:`cefrbench.Encoder.encode`."""
        prompts = cast("Sequence[list[int]]", batch)
        logs = np.empty((len(prompts), len(ANSWERS)))
        # Answers that begin alike are read in one pass: all of them, where each is one token.
        for start in {tuple(ids[:-1]) for ids in self._answers}:
            found = self._next([[*prompt, *start] for prompt in prompts], len(start) + 1)
            before = sum(
                (found[:, place, token] for place, token in enumerate(start)),
                torch.zeros(len(prompts)),
            )
            for column, ids in enumerate(self._answers):
                if tuple(ids[:-1]) == start:
                    logs[:, column] = (before + found[:, -1, ids[-1]]).numpy()
        return by_class(logs)

    def close(self) -> None:
        """Let the weights go."""
        self._model = None

    @torch.inference_mode()
    def _next(self, rows: Sequence[list[int]], count: int) -> torch.Tensor:
        """Log-probabilities of what follows each of the last ``count`` tokens, in float32."""
        model = self._model
        if model is None:
            raise EncoderError(f"{self.identity.name!r} is closed: load it again.")
        longest = max(map(len, rows))
        # Padding stands before, so that all texts end in one column.
        ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        given: dict[str, Any] = {
            "input_ids": ids.to(model.device),
            "attention_mask": mask.to(model.device),
            "position_ids": (mask.cumsum(dim=1) - 1).clamp(min=0).to(model.device),
            "logits_to_keep": count,
        }
        known = inspect.signature(type(model).forward).parameters
        asked = {name: value for name, value in given.items() if name in known}
        try:
            logits = model(**asked).logits[:, -count:]
        except RuntimeError as error:
            if not lacks_memory(error):
                raise
            free_attempt(error, model.device)
            raise MemoryError(str(error)) from None
        return torch.log_softmax(logits.float(), dim=-1).cpu()

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _cut(self, text: str) -> str:
        most = self.identity.max_length or MAX_LENGTH
        found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ends = found["offset_mapping"]
        return text if len(ends) <= most else text[: ends[most - 1][1]]

    def _prompt(self, text: str) -> str:
        asked = f"{self.identity.instruction}{text}{ENDING}"
        if not self._chat:
            return f"{self._tokenizer.bos_token or ''}{asked}"
        talk = [{"role": "user", "content": asked}]
        # Models that think first would think instead of answering.
        return str(
            self._tokenizer.apply_chat_template(
                talk, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        )


def load_rater(name: str, source: ModelSource, options: EncoderOptions) -> Rater:
    """Load a generative model of the hub or a folder as a rater.

    Raises
    ------
    EncoderError
        When it can't be loaded, has no head for the next token, or can't be asked.
    """
    tokenizer = load_tokenizer(source.folder, name, options)
    if not tokenizer.is_fast:
        raise EncoderError(
            f"The tokenizer of {name!r} doesn't say where its tokens stand in a text (no "
            "tokenizer.json), so texts can't be cut: save it with a current transformers."
        )
    device = choose_devices(options.device)[0]
    dtype = choose_dtype(options.dtype, device)
    model = load_causal(source.folder, name, options, device, dtype)
    identity = rater_identity(
        name,
        source.model,
        options,
        revision=source.revision,
        max_length=options.max_length or MAX_LENGTH,
        dtype=dtype,
        parameters=sum(weight.numel() for weight in model.parameters()),
        licence=source.licence,
        remote_code=ran_remote_code(model),
        details={"chat template": "yes" if getattr(tokenizer, "chat_template", None) else "no"},
    )
    return Rater(identity, model, tokenizer)
