"""The encoder contract: a batch of texts becomes features ``[text, layer, dim]``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from cefrbench.contracts.cards import EncoderCard, EncoderIdentity, Pooling

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """What the user asked for; ``None`` leaves the choice to the encoder.

    Attributes
    ----------
    pooling : {"last", "mean", "cls", "max"} or None
    instruction : str or None
        Prefix put before each text as it is; the empty string asks for none.
    max_length : int or None
        Most tokens of prefix and text together.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    dtype : {"auto", "float32", "bfloat16", "float16"}
        Of the forward pass.
    offline : bool
        Nothing may be fetched.
    trust_remote_code : bool
        Run code that the model's repository carries; needs a pinned revision.
    cache_dir : Path or None
        Where downloads are kept; none means the hub client's own place.
    """

    pooling: Pooling | None = None
    instruction: str | None = None
    max_length: int | None = None
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    offline: bool = False
    trust_remote_code: bool = False
    cache_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class CorpusTexts:
    """What is known of one corpus's texts before they are encoded; the sequences are parallel.

    Attributes
    ----------
    corpus : str
        Name of the corpus.
    texts : tuple of str
        Each different text once, in order of first occurrence.
    keys : tuple of str
        Hash that stands for the text in results: the first 32 hexadecimal digits of the SHA-256 of
        its normal form (NFKC, case-folded, white space collapsed).
    languages : tuple of str
        As the first row with the text says.
    titles : tuple of (str or None)
        Likewise; None where the row has none.
    data_dir : Path or None
        Folder that the corpus was read from, as ``--data-dir`` names it.
    """

    corpus: str
    texts: tuple[str, ...]
    keys: tuple[str, ...]
    languages: tuple[str, ...]
    titles: tuple[str | None, ...]
    data_dir: Path | None = None


class Encoder(ABC):
    """A loaded model: implement :meth:`encode`, carry an ``identity``.

    Encoders that tokenize override :meth:`prepare` and :meth:`cost` too, so that batches are made
    by tokens and tokenizing runs beside the forward pass; :meth:`encode` then gets what
    :meth:`prepare` made. Encoders that read more than the texts themselves (their language, a file
    beside the data) override :meth:`for_corpus`.

    Attributes
    ----------
    identity : EncoderIdentity
    batch_cost : int
        Most that the items of one batch should cost together, each counted as the costliest one
        (padding costs too); the user's ``--batch-tokens`` wins.
    batch_overhead : int
        What a batch costs besides its items, in the same unit: it weighs padding against batches.
    reads : mapping of str to str
        What features depend on beside identity, texts and languages, by name: the hash of a file,
        a version. Features are kept by it too.
    notes : tuple of str
        What whoever reads the scores of this corpus has to know: a sentence each, without a full
        stop. They stand in the result.
    """

    identity: EncoderIdentity
    reads: Mapping[str, str] = MappingProxyType({})
    notes: tuple[str, ...] = ()
    batch_cost: int = 16_384
    batch_overhead: int = 1024

    @abstractmethod
    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Encode one batch.

        Parameters
        ----------
        batch : sequence
            Texts, or what :meth:`prepare` made of them.

        Returns
        -------
        ndarray of float32, shape (len(batch), len(identity.layers), identity.width)
            A text's features may not depend on the others in its batch.

        Raises
        ------
        MemoryError
            When the batch is too large for the device: the host halves it and goes on.
        """

    def for_corpus(self, corpus: CorpusTexts) -> Encoder:
        """Give the encoder for one corpus's texts: of the same identity; itself by default.

        It is called once a corpus, before any of its texts is prepared or encoded, also where
        all features are kept already.

        Raises
        ------
        EncoderError
            When it can't encode this corpus: the run leaves the corpus out and goes on.
        """
        return self

    def prepare(self, texts: Sequence[str]) -> Sequence[object]:
        """Make texts ready for :meth:`encode`, one item a text (token ids, say)."""
        return texts

    def cost(self, item: object) -> int:
        """Length of one prepared item in tokens (in characters when there are no tokens)."""
        return max(1, len(item))  # type: ignore[arg-type]

    def replicas(self) -> Sequence[Encoder]:
        """Encoders of this identity that can run at the same time, one a device; itself alone."""
        return (self,)

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back what the encoder holds (a device's memory, a connection); may come twice."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """What a plugin registers: a card, and how to load the model.

    ``load(name, options)`` gets the full name that the user wrote: for a scheme such as ``hf:``
    that is ``hf:ORG/MODEL@revision``.
    """

    card: EncoderCard
    load: Callable[[str, EncoderOptions], Encoder]

    @property
    def name(self) -> str:
        """Registered name."""
        return self.card.name
