"""The protocol contract: a function from the essay table to folds of row indices."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cefrbench.contracts.cards import ProtocolCard

if TYPE_CHECKING:
    from cefrbench.essays import EssayTable, Ints


@dataclass(frozen=True, slots=True)
class Inner:
    """One cut inside a fold's training part: layer and penalty are chosen by such cuts.

    Attributes
    ----------
    train : ndarray of int
        Rows to fit on, all of them training rows of the fold.
    held : dict of str to ndarray of int
        Rows of the fold's training part that this fit predicts, by corpus, each text once.
    """

    train: Ints
    held: dict[str, Ints]


@dataclass(frozen=True, slots=True)
class Fold:
    """One training set and the rows that its probes are scored on.

    Attributes
    ----------
    name : str
        What is special about the fold: the corpus, group or language left out, or ``all``.
    train : ndarray of int
        Rows to fit on; probes that draw batches draw them in this order.
    scored : dict of str to ndarray of int
        Rows to score, by the name of their corpus or group.
    inner : tuple of Inner
        Cuts of the training part on which layer and penalty are chosen. Empty in the study's
        form, which chooses neither.
    notes : tuple of str
        What could not be done as the protocol says, and what was done instead.
    """

    name: str
    train: Ints
    scored: dict[str, Ints]
    inner: tuple[Inner, ...] = ()
    notes: tuple[str, ...] = ()

    def manifest(self, protocol: str, keys: tuple[str, ...]) -> str:
        """SHA-256 of which text is where: equal manifests mean equal splits."""
        digest = hashlib.sha256(f"{protocol}\n{self.name}\n".encode())
        for part, rows in self._parts():
            digest.update(f"{part} {len(rows)}\n".encode())
            for row in sorted(map(int, rows)):
                digest.update(f"{row} {keys[row]}\n".encode())
        return digest.hexdigest()

    def _parts(self) -> Iterator[tuple[str, Ints]]:
        yield "train", self.train
        yield from self.scored.items()
        for number, cut in enumerate(self.inner, start=1):
            yield f"inner {number} train", cut.train
            for name, rows in cut.held.items():
                yield f"inner {number} {name}", rows


@dataclass(frozen=True, slots=True)
class Skipped:
    """A fold that the protocol has but these corpora can't give, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a plugin registers: a card, and the function that makes the folds.

    ``folds(table, seed)`` gives :class:`Fold` and :class:`Skipped` in a fixed order.
    """

    card: ProtocolCard
    folds: Callable[[EssayTable, int], Iterable[Fold | Skipped]]

    @property
    def name(self) -> str:
        """Registered name."""
        return self.card.name
