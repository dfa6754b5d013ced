"""Commitments to features: Merkle roots over rows, published before anybody draws texts.

A row's leaf is ``SHA-256(0x00 ‖ row)``, the row as little-endian float32; a node is
``SHA-256(0x01 ‖ left ‖ right)``; the last of an odd number goes up as it is. Prefixes keep a node
from passing for a leaf (RFC 6962, 2.1). The rows are the distinct texts of a corpus in the order in
which they first stand, a tree a layer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cefrbench.features.compute import FeatureSet
from cefrbench.mapped import stretches
from cefrbench.results.findings import Mismatch, Mismatches, unique
from cefrbench.results.model import CommitmentRecord, RunResult


def merkle_root(rows: NDArray[np.float32]) -> str:
    """Root over the rows of one layer.

    Parameters
    ----------
    rows : ndarray of float32, shape (texts, width)

    Examples
    --------
    >>> merkle_root(np.zeros((0, 2), dtype=np.float32)) == hashlib.sha256(b"").hexdigest()
    True
    """
    data = np.ascontiguousarray(rows, dtype="<f4")
    nodes = [
        hashlib.sha256(b"\0" + row.tobytes()).digest()
        for part in stretches(data)
        for row in data[part]
    ]
    if not nodes:
        return hashlib.sha256(b"").hexdigest()
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        above = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs]
        nodes = above + nodes[len(above) * 2 :]
    return nodes[0].hex()


class Roots:
    """Roots of the layers that passed by while probes were fitted: none is read for them alone."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], str] = {}

    def take(self, corpus: str, layer: int, rows: NDArray[np.float32]) -> None:
        """Take one layer of a corpus, as it is read."""
        if (corpus, layer) not in self._known:
            self._known[corpus, layer] = merkle_root(rows)

    def records(self, features: FeatureSet, layers: Sequence[int]) -> Iterator[CommitmentRecord]:
        """Commit to some layers of all corpora; those that no probe has read are read now."""
        for one in features.corpora:
            corpus = one.index.corpus
            for layer in layers:
                if (corpus, layer) not in self._known:
                    self.take(corpus, layer, one.distinct(layer))
            yield CommitmentRecord(
                corpus=corpus,
                texts=len(one.texts),
                layers=tuple(layers),
                roots=tuple(self._known[corpus, layer] for layer in layers),
            )


def check_commitments(result: RunResult) -> Mismatches:
    """One a corpus, over no more texts than it has, and a root for each layer."""
    if not result.commitments:
        return
    yield from unique("commitments", [one.corpus for one in result.commitments])
    rows = {corpus.card.name: corpus.texts for corpus in result.corpora}
    for i, one in enumerate(result.commitments):
        where = f"commitments[{i}]"
        yield from unique(f"{where}.layers", one.layers)
        if not 0 < one.texts <= rows.get(one.corpus, 0):
            yield Mismatch(f"{where}.texts", str(one.texts), f"1 to {rows.get(one.corpus, 0)}")
        if len(one.roots) != len(one.layers):
            yield Mismatch(f"{where}.roots", str(len(one.roots)), f"{len(one.layers)}, one a layer")
    missing = rows.keys() - {one.corpus for one in result.commitments}
    if missing:
        yield Mismatch("commitments", f"none of {', '.join(sorted(missing))}", "one a corpus")


def merge_commitments(
    parts: Sequence[tuple[CommitmentRecord, ...]],
) -> tuple[CommitmentRecord, ...]:
    """Commitments of parts of one result; none where parts were made of other features."""
    found: dict[str, dict[int, str]] = {}
    texts: dict[str, int] = {}
    if not all(parts):
        return ()
    for one in (record for part in parts for record in part):
        roots = found.setdefault(one.corpus, {})
        if texts.setdefault(one.corpus, one.texts) != one.texts:
            return ()
        for layer, root in zip(one.layers, one.roots, strict=False):
            if roots.setdefault(layer, root) != root:
                return ()
    return tuple(
        CommitmentRecord(
            corpus=corpus,
            texts=texts[corpus],
            layers=tuple(sorted(roots)),
            roots=tuple(roots[layer] for layer in sorted(roots)),
        )
        for corpus, roots in found.items()
    )
