"""The gold levels behind a result: one hash a scored part, equal where the question was equal.

A split's manifest says which text is where, and a corpus's fingerprint which level each text has.
So results with both equal must hold equal keys and equal gold levels in their predictions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np

from cefrbench.errors import ResultError
from cefrbench.results.findings import Mismatch, Mismatches
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable


def check_gold(result: RunResult, table: PredictionTable) -> Mismatches:
    """Each text once a unit, and the same texts and levels in all units of a scored part.

    The study's form scores a repeated text as often as it stands there.
    """
    first: dict[tuple[str, str, str], PredictionTable] = {}
    for key, rows in table.units():
        place = key.protocol, key.fold, key.corpus
        where = " ".join(place)
        other = first.setdefault(place, rows)
        if other is rows:
            if result.config.form != "study" and len(np.unique(rows.text)) < len(rows):
                yield Mismatch("predictions.text", f"a text twice in {where}", "each once")
        elif not _same_gold(other, rows):
            found = f"other texts or levels with {key.probe} at layer {key.layer}"
            yield Mismatch("predictions", f"{found} in {where}", "the same for every probe")


def _same_gold(one: PredictionTable, other: PredictionTable) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("text", "low", "high")
    )


def gold_digests(result: RunResult, table: PredictionTable) -> dict[str, str]:
    """Hash the scored texts and their gold levels, by fold and corpus.

    Returns
    -------
    dict of str to str
        By a hash of all that decides them: manifest, form, scale, the corpora's fingerprints, and
        which corpus is scored.
    """
    manifests = {(split.protocol, split.fold): split.manifest for split in result.splits}
    corpora = sorted((one.card.name, one.fingerprint) for one in result.corpora)
    facts = [result.config.form, list(result.scale), corpora]
    found: dict[tuple[str, str, str], str] = {}
    for key, rows in table.units():
        place = key.protocol, key.fold, key.corpus
        if place not in found:
            found[place] = _digest(rows)
    return {
        _hash([manifests.get((protocol, fold)), corpus, facts]): digest
        for (protocol, fold, corpus), digest in found.items()
    }


def _digest(rows: PredictionTable) -> str:
    """Whatever the order in which a version of the harness scores the texts."""
    order = np.lexsort((rows.high, rows.low, rows.text))
    digest = hashlib.sha256("\n".join(rows.text[order].tolist()).encode())
    for values in (rows.low, rows.high):
        digest.update(np.ascontiguousarray(values[order], dtype="<i8").tobytes())
    return digest.hexdigest()[:32]


def _hash(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def check_agreement(names: Sequence[str], found: Sequence[dict[str, str]]) -> None:
    """Refuse results whose splits are equal and whose texts or gold levels are not.

    Parameters
    ----------
    names : sequence of str
        What to call each result.
    found : sequence of dict
        Of :func:`gold_digests`.

    Raises
    ------
    ResultError
        With the two that contradict each other.
    """
    known: dict[str, tuple[str, str]] = {}
    for name, digests in zip(names, found, strict=True):
        for split, gold in digests.items():
            other, theirs = known.setdefault(split, (name, gold))
            if theirs != gold:
                raise ResultError(contradiction(other, name))


def contradiction(one: str, other: str) -> str:
    """Say that two results can't both be right."""
    return (
        f"{one} and {other} name the same corpora and splits, and their predictions have other "
        "texts or gold levels: one of them was changed; run both again."
    )


def prediction_digest(table: PredictionTable) -> str:
    """Hash what was predicted of which text: equal for a result that repeats another's."""
    digest = hashlib.sha256(json.dumps([list(key) for key, _ in table.units()]).encode())
    digest.update("\n".join(table.text.tolist()).encode())
    digest.update(np.ascontiguousarray(table.prediction, dtype="<f8").tobytes())
    return digest.hexdigest()[:32]
