"""Which texts of an unseen corpus somebody labels, and which are scored: draws at random.

Practitioners label what comes, so texts are drawn simply at random, not by level. A draw puts a
corpus's texts in an order, and its k labelled texts are the first k: each k has all those of the
smaller ones. All k of a draw are scored on the same texts, those that the largest k leaves, none
by an author of a labelled one; so what differs along a curve is k alone.

A text's places in all draws depend on its own key and nothing else: every encoder and every probe
has the same draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench.essays import EssayTable, Ints
from cefrbench.statistics.resampling import stream

#: Numbers of labelled texts.
SIZES = (8, 32, 128)
#: Times that they are drawn.
DRAWS = 20
#: Fewest texts that must be left to score: of fewer, a QWK says little.
REST = 50


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw of labelled texts.

    Attributes
    ----------
    number : int
    labelled : ndarray of int, shape (largest k,)
        Rows of a table in the order in which they are labelled.
    rest : ndarray of int
        Rows that are scored, in the order of their texts' keys.
    """

    number: int
    labelled: Ints
    rest: Ints


@dataclass(frozen=True, slots=True)
class Drawn:
    """All draws of one corpus.

    Attributes
    ----------
    sizes : tuple of int
        Numbers of labels that it allows, ascending; none where there are no draws.
    draws : tuple of Draw
    missing : str
        Why sizes are missing; empty when none is.
    """

    sizes: tuple[int, ...]
    draws: tuple[Draw, ...]
    missing: str = ""


def draw_labels(
    table: EssayTable,
    rows: Ints,
    *,
    sizes: Sequence[int] = SIZES,
    draws: int = DRAWS,
    seed: int = 0,
    rest: int = REST,
) -> Drawn:
    """Draw labelled texts of one corpus.

    Parameters
    ----------
    table : EssayTable
    rows : ndarray of int
        Its scored rows, each text once.
    sizes : sequence of int
        Numbers of labels asked for.
    draws, seed : int
    rest : int
        Fewest texts that every draw must leave.
    """
    rows = rows[np.argsort([table.key[row] for row in rows], kind="stable")]
    group = table.group[rows]
    order = np.argsort(chances(table, rows, draws, seed), axis=0, kind="stable").T
    possible = [k for k in sorted(sizes) if all(_left(group, o[:k]).sum() >= rest for o in order)]
    absent = [k for k in sorted(sizes) if k not in possible]
    missing = (
        f"{len(rows)} texts are too few to label {', '.join(map(str, absent))} of them and to "
        f"score {rest} others"
        if absent
        else ""
    )
    if not possible:
        return Drawn((), (), missing)
    most = possible[-1]
    made = (
        Draw(number, rows[o[:most]], rows[_left(group, o[:most])]) for number, o in enumerate(order)
    )
    return Drawn(tuple(possible), tuple(made), missing)


def chances(table: EssayTable, rows: Ints, draws: int, seed: int) -> NDArray[np.float64]:
    """Uniform numbers by which texts are put in order, shape ``(rows, draws)``; keyed by text."""
    keys = [table.key[row] for row in rows]
    found = np.empty((len(rows), draws))
    for row, key in enumerate(keys):
        found[row] = np.random.Generator(stream("labels", seed, key)).random(draws)
    return found


def _left(group: Ints, drawn: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which texts share neither a text nor an author with those that are drawn."""
    left: NDArray[np.bool_] = ~np.isin(group, group[drawn])
    return left
