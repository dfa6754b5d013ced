"""What the checks of an encoder look at: texts, the loaded model, its features, its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.check.fresh import Packed, in_new_process
from cefrbench.check.table import NotApplicableError
from cefrbench.contracts.encoder import CorpusTexts, Encoder, EncoderOptions, EncoderSpec
from cefrbench.errors import EncoderError, UserError
from cefrbench.essays import text_key

#: Invented everyday texts of several lengths and languages, none longer than a short paragraph.
ORDINARY = (
    "My name is Tomas. I live in a small house near the river.",
    "Gestern bin ich mit dem Zug nach Bremen gefahren, weil meine Schwester Geburtstag hatte.",
    "Yes.",
    "Although the committee had promised an answer by spring, nobody wrote to us until the leaves "
    "were falling again; by then we had found another hall, painted it, and held two concerts.",
    "Il mercato apre alle sette. Compro sempre le mele e un po' di formaggio.",
    "Minulý týden jsme šli do kina, ale film nebyl moc dobrý.",
    "I am like to go in the beach when is sunny and my friends they comes too.",
    "Mul on kaks venda ja üks kass.",
)

#: Texts that a careless tokenizer or model stumbles over, by what is hard about them.
HARD = {
    "emoji": "Party tonight 🎉🎉 bring your 👩🏽‍🚀 costume 🇪🇪!",
    "right-to-left": "ذهبت إلى المدرسة يوم الأحد، וגם אחי הלך איתי.",
    "combining characters": "Zu\u0308rich, cafe\u0301, Z\u0351\u036ba\u0327\u0310lgo\u0300\u0301",
    "unspaced script": "昨日は友達と図書館で勉強しました。",
    "one character": "x",
    "one long word": "ba" * 400,
    "control characters": "first\u0000second\u200bthird\ufeff\tfourth\r\nfifth",
}
EMPTY = {"empty text": "", "white space": " \n\t "}

#: The invented words that the long text is made of.
_WORDS = ("the", "old", "ferry", "brings", "letters", "apples", "and", "tired", "people", "home")
LONG = " ".join(_WORDS[(7 * i + i // len(_WORDS)) % len(_WORDS)] for i in range(10_000))
#: Long enough that every sensible limit on length cuts something off.
MEDIUM = " ".join(LONG.split()[:80])
#: Texts that every setting is tried on: short ones, and one that limits on length cut.
TRIED = (*ORDINARY[:4], MEDIUM)

#: Languages of the everyday texts; the others count as English.
LANGUAGES = ("en", "de", "en", "en", "it", "cs", "en", "et")
#: All of these texts as a corpus, for encoders that read more than texts.
_ALL = (*ORDINARY, MEDIUM, LONG, *HARD.values(), *EMPTY.values())
CORPUS = CorpusTexts(
    corpus="kit",
    texts=_ALL,
    keys=tuple(map(text_key, _ALL)),
    languages=(*LANGUAGES, *["en"] * (len(_ALL) - len(LANGUAGES))),
    titles=(None,) * len(_ALL),
)

#: Differences that count as none, relative to the largest feature: rounding of the forward pass.
TOLERANCE = {"float32": 1e-4, "bfloat16": 4e-2, "float16": 5e-3}


@dataclass(frozen=True, slots=True)
class Setting:
    """What one changed option led to.

    Attributes
    ----------
    option : str
        ``pooling='mean'``, say.
    refused : str
        The encoder's sentence when it does not take the option.
    digest : str
    differs : bool
        Whether any feature changed by more than rounding.
    """

    option: str
    refused: str = ""
    digest: str = ""
    differs: bool = False


class EncoderSubject:
    """One encoder under test.

    Parameters
    ----------
    spec : EncoderSpec
    name : str, optional
        Full name, for schemes such as ``hf:ORG/MODEL``; the card's by default.
    options : EncoderOptions, optional
        How to load it, to begin with.
    """

    def __init__(
        self, spec: EncoderSpec, name: str | None = None, options: EncoderOptions | None = None
    ) -> None:
        self.spec = spec
        self.name = name or spec.name
        self.options = options or EncoderOptions()
        self.packed = Packed.of(spec, spec.load)

    @cached_property
    def encoder(self) -> Encoder:
        """The model, loaded once for most checks."""
        if self.name.endswith(":"):
            raise NotApplicableError(
                f"{self.name!r} opens models by name: check one, as {self.name}NAME"
            )
        return _of_kit(self.spec.load(self.name, self.options))

    def close(self) -> None:
        """Close the model, if it was loaded."""
        if "encoder" in vars(self):
            self.encoder.close()

    @contextmanager
    def reopened(self, **changes: Any) -> Iterator[Encoder]:
        """Load the model anew, with some options changed, and close it after use."""
        with loaded(self.spec, self.name, dataclasses.replace(self.options, **changes)) as encoder:
            yield encoder

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Features of texts in one batch, ``[text, layer, dim]``, in an array of their own."""
        features = encode(self.encoder, texts)
        return features.copy() if isinstance(features, np.ndarray) else features

    @cached_property
    def ordinary(self) -> NDArray[np.float32]:
        """Features of everyday texts, in one batch."""
        return self.encode(ORDINARY)

    def same(self, one: NDArray[Any], other: NDArray[Any]) -> bool:
        """Whether two arrays are equal but for the rounding of the forward pass."""
        return distance(one, other) <= TOLERANCE[self.encoder.identity.dtype]

    def apart(
        self, environment: Mapping[str, str] | None = None
    ) -> tuple[str, NDArray[np.float32]]:
        """Load and encode in a new process: the identity's hash, and features of ``TRIED``."""
        return in_new_process(
            features_apart, self.packed, self.name, self.options, environment=environment
        )

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Load the model with each option changed in turn, and see what that changes."""
        own = self.encoder.identity
        before = self.encode(TRIED)
        changes: list[dict[str, Any]] = [
            {"instruction": "Task: rate this.\n" if not own.instruction else ""},
            # Asked for by name, what the identity says is put before texts already.
            {"instruction": own.instruction},
            *({"pooling": p} for p in ("last", "mean", "cls", "max") if p != own.pooling),
            {"max_length": 16 if own.max_length != 16 else 12},
            {"dtype": "bfloat16" if own.dtype != "bfloat16" else "float32"},
        ]
        return tuple(self._try(change, before) for change in changes)

    def _try(self, change: dict[str, Any], before: NDArray[np.float32]) -> Setting:
        (option,) = (f"{name}={value!r}" for name, value in change.items())
        try:
            with self.reopened(**change) as encoder:
                after = encode(encoder, TRIED)
                digest = encoder.identity.digest()
        except UserError as error:
            return Setting(option, refused=str(error))
        differs = before.shape != after.shape or distance(before, after) > 1e-6
        return Setting(option, digest=digest, differs=differs)


def features_apart(
    spec: EncoderSpec, name: str, options: EncoderOptions
) -> tuple[str, NDArray[np.float32]]:
    """Load and encode in whatever process this is called: the identity's hash, and features."""
    with loaded(spec, name, options) as encoder:
        return encoder.identity.digest(), encode(encoder, TRIED)


@contextmanager
def loaded(spec: EncoderSpec, name: str, options: EncoderOptions) -> Iterator[Encoder]:
    """Load a model for the kit's texts, and close it after use."""
    encoder = spec.load(name, options)
    try:
        yield _of_kit(encoder)
    finally:
        encoder.close()


def _of_kit(encoder: Encoder) -> Encoder:
    """Give the encoder for the kit's texts.

    Raises
    ------
    NotApplicableError
        When it can encode no text of its own accord: one that reads parses, say.
    """
    try:
        return encoder.for_corpus(CORPUS)
    except EncoderError as error:
        raise NotApplicableError(f"the kit's texts lack what it reads: {error}") from error


def encode(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Features of texts in one batch, the way the harness asks for them."""
    return encoder.encode(list(encoder.prepare(list(texts))))


def distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Largest difference, relative to the largest feature; infinite where one is not finite."""
    gap = np.abs(one.astype(np.float64) - other.astype(np.float64)).max(initial=0.0)
    scale = max(float(np.abs(one).max(initial=0.0)), 1e-12)
    return float(gap / scale) if np.isfinite(gap) else float("inf")
