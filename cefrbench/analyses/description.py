"""`description-length`: bits that the levels take, told with an encoder's features at hand.

The code is the online one of Voita & Titov (2020): texts come in blocks, each coded by what a probe
learned from all before. The control is Hewitt & Liang's (2019): the same with shuffled levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray

from cefrbench.analyses.studied import Studied, Yielded
from cefrbench.engines.continuous import probabilities
from cefrbench.engines.cores import over_cores, workers_for
from cefrbench.engines.linear.logistic import LogisticProbe
from cefrbench.engines.standardise import in_unit, standardise
from cefrbench.essays import EssayTable, Ints
from cefrbench.results.model import AnalysisNote, AnalysisRecord

NAME = "description-length"
#: Orders that texts are coded in, each with a shuffle of its own beside it.
DRAWS = 3
#: The first block holds one in so many texts, but at least ``LEAST``; each next one doubles.
FIRST = 32
LEAST = 20
#: Penalties of the probe; each block takes the one that would have coded the blocks before best.
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
#: Most memory for fits in work.
HOST_BYTES = 1 << 30

Doubles = NDArray[np.float64]


def description_length(studied: Studied) -> Yielded:
    """Code the levels of all texts at each layer, and beside them shuffled ones.

    Levels are shuffled inside each corpus, so that what the corpus tells of the level stays: bits
    below the control's are of the level itself.

    Parameters
    ----------
    studied : Studied
    """
    table = studied.table
    rows = table.once(np.arange(len(table), dtype=np.int64))
    found, levels = np.unique(table.label[rows], return_inverse=True)
    if len(found) < 2 or len(rows) < 2 * LEAST:
        cause = f"It needs two levels and {2 * LEAST} texts; there are {len(found)}, {len(rows)}."
        yield AnalysisNote(analysis=NAME, cause=cause)
        return
    size = len(table.scale)
    orders = [in_order(table, rows, studied.seed, draw) for draw in range(DRAWS)]
    controls = [shuffled(levels, table.corpus[rows], studied.seed, draw) for draw in range(DRAWS)]
    studied.progress.start(NAME, len(studied.layers) * DRAWS, "codes")
    for layer in studied.layers:
        X = studied.features.layer(layer)[rows]
        bits: list[float] = []
        control: list[float] = []
        for (order, edges), other in zip(orders, controls, strict=True):
            for y, into in ((levels, bits), (other, control)):
                into.append(code_length(X[order], y[order], edges, size) / len(rows))
            studied.progress.advance(1)
        yield AnalysisRecord(
            analysis=NAME,
            layer=layer,
            target="level",
            measure="bits",
            value=fmean(bits),
            chance=fmean(control),
            sd=stdev(bits),
            n=len(rows),
            draws=DRAWS,
        )
    studied.progress.finish()


def in_order(table: EssayTable, rows: Ints, seed: int, draw: int) -> tuple[Ints, list[int]]:
    """One order of the texts, and where its blocks end; no author's texts are on both sides."""
    group = table.group[rows]
    _, number = np.unique(group, return_inverse=True)
    place = np.random.default_rng([seed, draw]).permutation(number.max() + 1)[number]
    order = np.argsort(place, kind="stable")
    ends = np.flatnonzero(np.diff(place[order])) + 1
    edges, wanted = [], max(LEAST, -(-len(rows) // FIRST))
    while wanted < len(rows):
        later = ends[ends >= wanted]
        if len(later):
            edges.append(int(later[0]))
        wanted *= 2
    return order, [*dict.fromkeys(edges), len(rows)]


def shuffled(levels: Ints, corpus: Ints, seed: int, draw: int) -> Ints:
    """Levels shuffled inside each corpus."""
    rng = np.random.default_rng([seed, draw, 1])
    control = levels.copy()
    for one in np.unique(corpus):
        own = np.flatnonzero(corpus == one)
        control[own] = levels[rng.permutation(own)]
    return control


def code_length(
    X: NDArray[np.float32],
    y: Ints,
    edges: Sequence[int],
    n_classes: int,
    penalties: Sequence[float] = PENALTIES,
) -> float:
    """Bits of an online code of classes, given features.

    The first block is coded as if all classes were equally likely. A class's probability is that
    of a logistic probe on standardised features of all blocks before, mixed with an equal share
    for each class: as much as if each had been seen once more.

    Parameters
    ----------
    X : ndarray of float32, shape (n, dim)
        In the order of the code.
    y : ndarray of int, shape (n,)
    edges : sequence of int
        Where blocks end.
    n_classes : int
    penalties : sequence of float
        C, from the strongest; the first one codes the second block.
    """
    total = edges[0] * float(np.log2(n_classes))
    so_far = np.zeros(len(penalties))
    for begin, end in pairwise(edges):
        each = _block(X[:end], y[:begin], y[begin:end], n_classes, penalties)
        total += float(each[int(so_far.argmin())])
        so_far += each
    return total


def _block(
    X: NDArray[np.float32],
    known: Ints,
    coded: Ints,
    n_classes: int,
    penalties: Sequence[float],
) -> Doubles:
    """Bits of a block with each penalty, by fits on the rows before it."""
    train, classes = np.arange(len(known)), np.unique(known)
    units = in_unit(X, np.arange(len(X)), *standardise(X, train, np.ones(len(known))))
    share = n_classes / (len(known) + n_classes)

    def bits(penalty: float) -> float:
        chance = np.full((len(coded), n_classes), share / n_classes)
        if len(classes) == 1:
            chance[:, classes[0]] += 1 - share
        else:
            probe = LogisticProbe(C=penalty).fit(units[: len(known)], known)
            scores = units[len(known) :] @ probe.coef_ + probe.intercept_
            chance[:, classes] += (1 - share) * probabilities(scores)
        return float(-np.log2(chance[np.arange(len(coded)), coded]).sum())

    workers = min(len(penalties), workers_for(4 * units.nbytes, HOST_BYTES))
    return np.array(over_cores(bits, penalties, workers))
