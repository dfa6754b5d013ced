"""`level-within-task`: how well texts of one task are ranked, beside those of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np

from cefrbench.analyses.studied import Studied, Yielded
from cefrbench.essays import EssayTable
from cefrbench.results.model import AnalysisNote, AnalysisRecord
from cefrbench.results.predictions import NO_SEED, PredictionTable
from cefrbench.results.samples import at_choice
from cefrbench.results.selection import headline
from cefrbench.statistics.continuous import rank_scores

NAME = "level-within-task"
#: Texts that a task needs: a rank correlation of fewer says little.
LEAST = 20


@dataclass(frozen=True, slots=True)
class Ranked:
    """How well texts are ranked inside their tasks and over all of these.

    Attributes
    ----------
    inside : tuple of float
        Spearman in each task.
    over : float or None
        Spearman over the texts of these tasks together.
    n : int
        These texts.
    """

    inside: tuple[float, ...]
    over: float | None
    n: int


def level_within_task(studied: Studied) -> Yielded:
    """Rank correlation inside tasks, in and out of distribution, for every probe.

    What a task asks for goes with the level in most corpora, so that a probe which reads the task
    ranks texts of several tasks well, and those of one task not at all.

    Parameters
    ----------
    studied : Studied
    """
    tasks = _tasks(studied.table)
    names = studied.table.names
    usable = [name for name in names if any(corpus == name for corpus, _ in tasks)]
    for name in names:
        if name not in usable:
            yield _note(name, "Its rows name no tasks.")
    if not usable:
        return
    stored = at_choice(studied.result, studied.predictions)
    done = {planned.protocol for planned in studied.folds}
    size = len(studied.table.scale)
    said: set[str] = set()
    for protocol in headline(done):
        for probe in studied.probes:
            seed = studied.sweep.seeds_of(probe)[0]
            found: dict[str, Ranked] = {}
            for name in usable:
                own = _part(stored, protocol, probe.name, NO_SEED if seed is None else seed, name)
                ranked = within(own, [tasks.get((name, str(key)), -1) for key in own.text], size)
                if ranked is not None:
                    found[name] = ranked
                elif len(own) and name not in said:
                    said.add(name)
                    yield _note(name, f"No task has {LEAST} texts that are ranked, of two levels.")
            yield from _records(protocol, probe.name, found)


def within(rows: PredictionTable, tasks: list[int], n_classes: int) -> Ranked | None:
    """Rank the texts of one corpus; None where no task can be ranked.

    Parameters
    ----------
    rows : PredictionTable
        Predictions of one probe and seed under one protocol.
    tasks : list of int
        Task of each row, -1 where none is known.
    n_classes : int
    """
    number = np.array(tasks, dtype=np.int64)
    middle = rows.low + rows.high
    inside, used = [], np.zeros(len(rows), dtype=np.bool_)
    for task in np.unique(number[number >= 0]):
        own = number == task
        if own.sum() < LEAST or len(np.unique(middle[own])) < 2 or np.isnan(rows.score[own]).any():
            continue
        spearman, _ = rank_scores(rows.score[own], rows.low[own], rows.high[own], n_classes)
        if spearman is not None:
            inside.append(spearman)
            used |= own
    if not inside:
        return None
    over, _ = rank_scores(rows.score[used], rows.low[used], rows.high[used], n_classes)
    return Ranked(tuple(inside), over, int(used.sum()))


def _records(protocol: str, probe: str, found: Mapping[str, Ranked]) -> Iterator[AnalysisRecord]:
    """Two figures a corpus, inside tasks and over them, and their means over corpora."""
    means: dict[str, list[float]] = {"task": [], "corpus": []}
    for corpus, ranked in found.items():
        each = ranked.inside
        figures = {
            "task": (fmean(each), stdev(each) if len(each) > 1 else None, len(each)),
            "corpus": (ranked.over, None, 1),
        }
        for target, (value, sd, draws) in figures.items():
            yield _record(protocol, probe, corpus, target, value, sd, ranked.n, draws)
            if value is not None:
                means[target].append(value)
    n = sum(ranked.n for ranked in found.values())
    for target, values in means.items():
        if values:
            sd = stdev(values) if len(values) > 1 else None
            yield _record(protocol, probe, None, target, fmean(values), sd, n, len(values))


def _record(
    protocol: str,
    probe: str,
    corpus: str | None,
    target: str,
    value: float | None,
    sd: float | None,
    n: int,
    draws: int,
) -> AnalysisRecord:
    return AnalysisRecord(
        analysis=NAME,
        protocol=protocol,
        probe=probe,
        corpus=corpus,
        target=target,
        measure="spearman",
        value=value,
        chance=0.0,
        sd=sd,
        n=n,
        draws=draws,
    )


def _note(corpus: str, cause: str) -> AnalysisNote:
    return AnalysisNote(analysis=NAME, corpus=corpus, target="task", cause=cause)


def _tasks(table: EssayTable) -> dict[tuple[str, str], int]:
    """Task of each text that names one, by corpus and key: that of its first row there."""
    found: dict[tuple[str, str], int] = {}
    for row in np.flatnonzero(table.task >= 0).tolist():
        place = table.names[table.corpus[row]], table.key[row]
        found.setdefault(place, int(table.task[row]))
    return found


def _part(
    stored: PredictionTable, protocol: str, probe: str, seed: int, corpus: str
) -> PredictionTable:
    """Rows of one corpus in the order of their keys, whatever the order of the folds."""
    own = (stored.protocol == protocol) & (stored.probe == probe)
    rows = np.flatnonzero(own & (stored.seed == seed) & (stored.corpus == corpus))
    return stored.take(rows[np.argsort(stored.text[rows], kind="stable")])
