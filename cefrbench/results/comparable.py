"""Whether results can be compared: same texts, same splits, same questions; if not, why not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cefrbench.errors import ResultError, unknown_name
from cefrbench.results.model import RunResult
from cefrbench.results.question import difference, question_of
from cefrbench.results.selection import favoured_probe
from cefrbench.statistics.sample import Sample


def labels_of(results: Sequence[RunResult]) -> list[str]:
    """Names to tell results apart: the encoder's, with what makes it another where one repeats."""
    names = [result.encoder.name for result in results]
    labels: list[str] = []
    for result, name in zip(results, names, strict=True):
        label = name
        if names.count(name) > 1:
            label = f"{name} [{result.encoder.digest()[:8]}]"
        copies = sum(other == label or other.startswith(f"{label} #") for other in labels)
        labels.append(f"{label} #{copies + 1}" if copies else label)
    return labels


def common_probe(results: Sequence[RunResult], probe: str | None) -> str:
    """The probe to compare under: the one asked for, or the first that all results have.

    References need not have it: see :func:`probe_of`.

    Raises
    ------
    ResultError
        When they have none in common, or some candidate lacks the one asked for.
    """
    held = [dict.fromkeys(record.probe for record in result.summary) for result in results]
    ranked = [names for names, result in zip(held, results, strict=True) if _must_have(result)]
    if probe is None:
        for group in (held, ranked or held[:1]):
            for name in group[0]:
                if all(name in names for names in group):
                    return name
        raise ResultError(
            f"The results have no probe in common ({'; '.join(', '.join(h) for h in held)}): "
            "run them with one that is the same."
        )
    if not any(probe in names for names in held):
        raise ResultError(str(unknown_name("probe", probe, held[0])))
    for label, names in zip(labels_of(results), held, strict=True):
        if probe not in names and names in ranked:
            raise ResultError(
                f"{label} has no result of the probe {probe!r} (it has {', '.join(names)}): "
                "name another with --probe."
            )
    return probe


def probe_of(result: RunResult, probe: str) -> str:
    """The probe that a result stands with: a reference that lacks the one asked for has its own.

    That is the one which its inner cuts favour, as on boards.
    """
    there = _must_have(result) or any(record.probe == probe for record in result.summary)
    return probe if there else favoured_probe(result).probe


def _must_have(result: RunResult) -> bool:
    return result.encoder.role == "candidate"


def check_comparable(results: Sequence[RunResult]) -> None:
    """Refuse results that don't answer the same question on the same texts.

    Raises
    ------
    ResultError
        One sentence with what differs.
    """
    if len(results) < 2:
        raise ResultError("One result has nothing to be compared with: name two or more.")
    labels = labels_of(results)
    first, *others = map(question_of, results)
    for other, label in zip(others, labels[1:], strict=True):
        reason = difference(first, other)
        if reason is not None:
            raise ResultError(f"{labels[0]} and {label} can't be compared: {reason}.")


def check_same_texts(labels: Sequence[str], found: Sequence[Sample]) -> None:
    """Refuse samples whose predictions are not of the same texts, gold levels and all.

    Raises
    ------
    ResultError
        With the part that one lacks, or that differs.
    """
    first = {(part.fold, part.corpus): part for part in found[0].parts}
    for label, sample in zip(labels[1:], found[1:], strict=True):
        other = {(part.fold, part.corpus): part for part in sample.parts}
        if first.keys() != other.keys():
            fold, corpus = min(first.keys() ^ other.keys())
            lacking = labels[0] if (fold, corpus) in other else label
            raise ResultError(
                f"{lacking} has no predictions of {sample.probe} on {corpus} under "
                f"{sample.protocol} (fold {fold}), and the other has: see its failures, run it "
                "again, or leave that protocol out with --protocol."
            )
        for place, part in first.items():
            theirs = other[place]
            same = (
                np.array_equal(part.texts[part.rows], theirs.texts[theirs.rows])
                and np.array_equal(part.low, theirs.low)
                and np.array_equal(part.high, theirs.high)
            )
            if not same:
                raise ResultError(
                    f"The predictions of {labels[0]} and {label} on {place[1]} under "
                    f"{sample.protocol} are not of the same texts and levels: run both again."
                )
