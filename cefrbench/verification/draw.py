"""What a nonce draws: texts and layers that nobody could know when the result was published."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


def draw(nonce: str, checksum: str, what: str, among: Iterable[int], count: int) -> list[int]:
    """Draw some numbers: those with the smallest hashes, ascending.

    Parameters
    ----------
    nonce : str
        Chosen after the result was handed in.
    checksum : str
        The result's: another result draws other texts.
    what : str
        What is drawn of: a corpus's name, or ``layers``.
    among : iterable of int
    count : int
        At most so many.

    Examples
    --------
    >>> len(draw("1", "abc", "elle", range(100), 7))
    7
    >>> draw("1", "abc", "elle", range(3), 7)
    [0, 1, 2]
    """

    def place(number: int) -> bytes:
        return hashlib.sha256(f"{nonce}\n{checksum}\n{what}\n{number}".encode()).digest()

    return sorted(sorted(among, key=place)[:count])


def draw_texts(
    nonce: str, checksum: str, texts: Sequence[tuple[str, int]], sample: int
) -> dict[str, list[int]]:
    """Draw equally many texts of each corpus, ``sample`` in all or a few more.

    A forger may change one small corpus alone, so none is left to its share of all texts.

    Parameters
    ----------
    nonce, checksum : str
    texts : sequence of (str, int)
        Name and number of distinct texts of each corpus.
    sample : int
    """
    each = -(-sample // max(1, len(texts)))
    return {name: draw(nonce, checksum, name, range(count), each) for name, count in texts}
