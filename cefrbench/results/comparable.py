"""Whether results can be compared: same texts, same splits, same questions; if not, why not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from cefrbench.errors import ResultError, unknown_name
from cefrbench.results.model import RunResult
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

    Raises
    ------
    ResultError
        When they have none in common, or some result lacks the one asked for.
    """
    held = [dict.fromkeys(record.probe for record in result.summary) for result in results]
    if probe is None:
        for name in held[0]:
            if all(name in names for names in held):
                return name
        raise ResultError(
            f"The results have no probe in common ({'; '.join(', '.join(h) for h in held)}): "
            "run them with one that is the same."
        )
    for label, names in zip(labels_of(results), held, strict=True):
        if probe not in names:
            if not any(probe in other for other in held):
                raise ResultError(str(unknown_name("probe", probe, held[0])))
            raise ResultError(
                f"{label} has no result of the probe {probe!r} (it has {', '.join(names)}): "
                "name another with --probe."
            )
    return probe


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
    first, first_label = results[0], labels[0]
    for other, label in zip(results[1:], labels[1:], strict=True):
        pair = f"{first_label} and {label} can't be compared:"
        for what, ours, theirs in (
            ("suite", first.suite, other.suite),
            ("form", first.config.form, other.config.form),
            ("scale", "/".join(first.scale), "/".join(other.scale)),
        ):
            if ours != theirs:
                raise ResultError(
                    f"{pair} the {what} is {ours!r} in one and {theirs!r} in the other; "
                    f"run both under the same {what}."
                )
        _check_corpora(pair, first, other)
        _check_splits(pair, first, other)


def _check_corpora(pair: str, first: RunResult, other: RunResult) -> None:
    ours = {record.card.name: record.fingerprint for record in first.corpora}
    theirs = {record.card.name: record.fingerprint for record in other.corpora}
    if ours.keys() != theirs.keys():
        apart = ", ".join(sorted(ours.keys() ^ theirs.keys()))
        raise ResultError(
            f"{pair} only one of them was run on {apart}; run both on the same corpora."
        )
    for name, fingerprint in ours.items():
        if theirs[name] != fingerprint:
            raise ResultError(
                f"{pair} the texts of {name} are not the same (fingerprint {fingerprint[:12]}… in "
                f"one, {theirs[name][:12]}… in the other); run both on the same revision."
            )


def _check_splits(pair: str, first: RunResult, other: RunResult) -> None:
    ours = {(split.protocol, split.fold): split.manifest for split in first.splits}
    theirs = {(split.protocol, split.fold): split.manifest for split in other.splits}
    for place in ours.keys() & theirs.keys():
        if ours[place] != theirs[place]:
            protocol, fold = place
            raise ResultError(
                f"{pair} the fold {fold!r} of {protocol} splits the texts in another way "
                "(the manifests differ); run both with the same split_seed and version."
            )


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


def question_of(result: RunResult) -> str:
    """Hash of what results must share to be ranked together, encoder and predictions apart."""
    digest = hashlib.sha256(f"{result.suite}\n{result.config.form}\n{result.scale}\n".encode())
    for record in sorted(result.corpora, key=lambda record: record.card.name):
        digest.update(f"{record.card.name} {record.fingerprint}\n".encode())
    return digest.hexdigest()
