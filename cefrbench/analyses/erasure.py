"""`erasure`: the scores of a probe after corpus and language were erased from the features."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench.analyses.discriminant import Scatter
from cefrbench.analyses.identity import balanced_accuracy
from cefrbench.analyses.studied import Studied, Yielded
from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeOptions, ProbeSpec
from cefrbench.engines.methods.leace import fit_eraser
from cefrbench.engines.standardise import in_unit, standardise
from cefrbench.errors import ProbeError
from cefrbench.essays import EssayTable, Ints
from cefrbench.probing.fit import fit_paths
from cefrbench.results.model import AnalysisNote, AnalysisRecord, ChoiceRecord
from cefrbench.results.selection import favoured_probe, headline
from cefrbench.statistics.continuous import rank_scores
from cefrbench.statistics.scores import qwk, tally

NAME = "erasure"
#: What stands for features as they are.
NOTHING = "none"
Doubles: TypeAlias = NDArray[np.float64]


@dataclass(slots=True)
class Erased:
    """What was predicted under one protocol after one erasure, by corpus.

    Attributes
    ----------
    rows, values, scores : dict of str to list of ndarray
        Rows of the table, and what the folds predict of them.
    corpora : list of tuple of ndarray
        Corpora of rows that were held out, and what is told of them from erased features.
    """

    rows: dict[str, list[Ints]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, list[Doubles]] = field(default_factory=lambda: defaultdict(list))
    scores: dict[str, list[Doubles]] = field(default_factory=lambda: defaultdict(list))
    corpora: list[tuple[Ints, Ints]] = field(default_factory=list)


def erasure(studied: Studied) -> Yielded:
    """Fit the probe that stands for the encoder again, on erased features.

    Layer and penalty of each fold are those that were chosen there; the erasure is fitted on the
    fold's training rows with the weights of the probe.

    Parameters
    ----------
    studied : Studied
    """
    concepts, notes = concepts_of(studied.table)
    yield from notes
    if not concepts:
        return
    name = favoured_probe(studied.result).probe
    spec = next(probe for probe in studied.probes if probe.name == name)
    seed = studied.sweep.seeds_of(spec)[0]
    chosen = {
        (choice.protocol, choice.fold): choice
        for choice in studied.result.choices
        if (choice.probe, choice.seed) == (name, seed)
    }
    lead = headline({planned.protocol for planned in studied.folds})
    places = [
        place
        for place, planned in enumerate(studied.folds)
        if planned.protocol in lead and (planned.protocol, planned.fold.name) in chosen
    ]
    places.sort(key=lambda place: _choice(studied, chosen, place).layer)
    found: dict[tuple[str, str], Erased] = defaultdict(Erased)
    studied.progress.start(NAME, len(places), "folds")
    for place in places:
        _erase_fold(studied, spec, place, _choice(studied, chosen, place), concepts, found)
        studied.progress.advance(1)
    studied.progress.finish()
    for (protocol, target), erased in found.items():
        yield from _records(studied.table, name, protocol, target, erased)


def concepts_of(table: EssayTable) -> tuple[dict[str, Doubles], list[AnalysisNote]]:
    """One-hot columns of what can be erased, by name; and why the rest can't be, or needn't."""
    corpus, language = (
        np.unique(values, return_inverse=True)[1].reshape(-1)
        for values in (table.corpus, np.array(table.language))
    )
    one_hot = {"corpus": np.eye(corpus.max() + 1)[corpus]}
    notes = []
    if corpus.max() == 0:
        return {}, [_note("corpus", "There is one corpus only, so there is nothing to erase.")]
    languages = [set(language[corpus == c].tolist()) for c in range(corpus.max() + 1)]
    if language.max() == 0:
        notes.append(_note("language", "All texts are in one language: there is none to erase."))
    elif all(len(own) == 1 for own in languages):
        if len(set.union(*languages)) == len(languages):
            notes.append(_note("language", "Each corpus has its own, which goes with the corpus."))
        else:
            one_hot["language"] = np.eye(language.max() + 1)[language]
            notes.append(_note("both", "A corpus has one language, which goes with the corpus."))
    else:
        one_hot["language"] = np.eye(language.max() + 1)[language]
        one_hot["both"] = np.hstack([one_hot["corpus"], one_hot["language"]])
    return one_hot, notes


def _choice(
    studied: Studied, chosen: Mapping[tuple[str, str], ChoiceRecord], place: int
) -> ChoiceRecord:
    planned = studied.folds[place]
    return chosen[planned.protocol, planned.fold.name]


def _erase_fold(
    studied: Studied,
    spec: ProbeSpec,
    place: int,
    choice: ChoiceRecord,
    concepts: Mapping[str, Doubles],
    found: dict[tuple[str, str], Erased],
) -> None:
    """Erase, fit and predict one fold; a concept that its training rows have one class of stays."""
    planned, reading = studied.folds[place], studied.sweep.jobs.scored[place]
    rows, table = studied.sweep.jobs.rows[reading.job], studied.table
    X = studied.features.layer(choice.layer)
    weight, count = _weights(rows)
    units = in_unit(X, np.arange(len(X)), *standardise(X, rows.train, count))
    for target in (NOTHING, *concepts):
        erased, read = units, X
        if target != NOTHING:
            concept = concepts[target][rows.train]
            erased = fit_eraser(units[rows.train], concept, weight)(units)
            read = erased.astype(np.float32)
        fit = _fit(studied, spec, read, rows, choice)
        kept = found[planned.protocol, target]
        for corpus, scored in planned.fold.scored.items():
            own = reading.places[corpus]
            kept.rows[corpus].append(scored)
            kept.values[corpus].append(fit.predictions[own])
            if fit.scores is not None:
                kept.scores[corpus].append(fit.scores[own])
        held = np.concatenate(list(planned.fold.scored.values()))
        if np.isin(table.corpus[held], table.corpus[rows.train]).all():
            kept.corpora.append(_told(erased, table.corpus, rows.train, held, weight))


def _weights(rows: FoldRows) -> tuple[Doubles, Doubles]:
    ones = np.ones(len(rows.train))
    return (
        ones if rows.weight is None else rows.weight,
        ones if rows.count is None else rows.count,
    )


def _fit(
    studied: Studied,
    spec: ProbeSpec,
    X: NDArray[np.float32],
    rows: FoldRows,
    choice: ChoiceRecord,
) -> FoldFit:
    options = ProbeOptions(device=studied.sweep.device, n_classes=len(studied.table.scale))
    ((path,),) = fit_paths(
        *(spec, options, X, studied.table.label, [rows]),
        penalties=(choice.penalty,),
        seeds=(choice.seed,),
    )
    if not isinstance(path[0], FoldFit):
        raise ProbeError(f"{spec.name} on erased features, {choice.fold}: {path[0].message}")
    return path[0]


def _told(X: Doubles, corpus: Ints, train: Ints, held: Ints, weight: Doubles) -> tuple[Ints, Ints]:
    """Corpora of what was held out, and what a linear map fitted to erased features says."""
    rows = np.concatenate([held, train])
    parts = np.arange(len(held)), np.arange(len(held), len(rows))
    scatter = Scatter(X[rows], parts, np.concatenate([np.ones(len(held)), weight]))
    return corpus[held], scatter.predict(corpus[rows])[: len(held)]


def _records(
    table: EssayTable, probe: str, protocol: str, target: str, erased: Erased
) -> Iterator[AnalysisRecord]:
    """Scores of each corpus, the texts of all folds together, and their means over corpora."""
    means: dict[str, list[float]] = defaultdict(list)
    common: dict[str, Any] = {
        "analysis": NAME,
        "protocol": protocol,
        "probe": probe,
        "target": target,
    }
    total = 0
    for corpus, parts in erased.rows.items():
        rows = np.concatenate(parts)
        total += len(rows)
        scores = erased.scores.get(corpus)
        figures = _scores(table, rows, np.concatenate(erased.values[corpus]), scores)
        for measure, value in figures.items():
            yield AnalysisRecord(**common, corpus=corpus, measure=measure, value=value, n=len(rows))
            if value is not None:
                means[measure].append(value)
    for measure, values in means.items():
        sd = stdev(values) if len(values) > 1 else None
        yield AnalysisRecord(
            **common, measure=measure, value=fmean(values), sd=sd, n=total, draws=len(values)
        )
    if erased.corpora:
        gold, told = (np.concatenate(side) for side in zip(*erased.corpora, strict=True))
        yield AnalysisRecord(
            **common,
            measure="balanced_accuracy",
            value=balanced_accuracy(gold, told),
            chance=1 / len(np.unique(gold)),
            n=len(gold),
            draws=len(erased.corpora),
        )


def _scores(
    table: EssayTable, rows: Ints, values: Doubles, scores: Sequence[Doubles] | None
) -> dict[str, float | None]:
    # By their keys, so that ties are cut as they are in a result.
    order = np.argsort(np.array([table.key[row] for row in rows]), kind="stable")
    low, high, size = table.low[rows], table.high[rows], len(table.scale)
    ranks: tuple[float | None, float | None] = None, None
    if scores:
        ranks = rank_scores(np.concatenate(scores)[order], low[order], high[order], size)
    confusion = tally(values, low, high, size).confusion
    return {"qwk": qwk(confusion), "spearman": ranks[0], "recut": ranks[1]}


def _note(target: str, cause: str) -> AnalysisNote:
    return AnalysisNote(analysis=NAME, target=target, cause=cause)
