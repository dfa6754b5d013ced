"""`identity`: how well corpus, family, language and task can be read off each layer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cefrbench.analyses.discriminant import Scatter
from cefrbench.analyses.studied import Studied, Yielded
from cefrbench.essays import EssayTable, Ints
from cefrbench.folds import FOLDS
from cefrbench.results.model import AnalysisNote, AnalysisRecord

NAME = "identity"
#: Texts or authors that a class needs: two a fold.
LEAST = 2 * FOLDS


@dataclass(frozen=True, slots=True)
class Partition:
    """Rows, and the classes that are to be read off them.

    Attributes
    ----------
    target : str
        ``corpus``, ``family``, ``language`` or ``task``.
    corpus : str or None
        Corpus, family or language inside which it is read; None for all texts.
    rows : ndarray of int
        Rows of the table.
    classes : ndarray of int
        Class of each of these rows, from 0.
    parts : tuple of ndarray of int
        Places in ``rows`` that are held out in turn.
    """

    target: str
    corpus: str | None
    rows: Ints
    classes: Ints
    parts: tuple[NDArray[np.intp], ...] = field(default=(), repr=False)

    @property
    def chance(self) -> float:
        """Balanced accuracy of a guess."""
        return 1.0 / (int(self.classes.max()) + 1)


#: What may be asked, or why it can't be.
Askable: TypeAlias = Partition | AnalysisNote
#: Balanced accuracy, and its deviation over folds.
Accuracy: TypeAlias = tuple[float, float | None]


def identity(studied: Studied) -> Yielded:
    """Read corpus, family, language and task off every layer, over five folds.

    Parameters
    ----------
    studied : Studied
    """
    asked = [cut(one, studied.table, studied.seed) for one in questions(studied.table)]
    yield from (one for one in asked if isinstance(one, AnalysisNote))
    cuts = [one for one in asked if isinstance(one, Partition)]
    if not cuts:
        return
    studied.progress.start("identity", len(studied.layers), "layers")
    for layer in studied.layers:
        X = studied.features.layer(layer)
        for question, (value, sd) in zip(cuts, read(X, cuts), strict=True):
            yield AnalysisRecord(
                analysis=NAME,
                corpus=question.corpus,
                layer=layer,
                target=question.target,
                measure="balanced_accuracy",
                value=value,
                chance=question.chance,
                sd=sd,
                n=len(question.rows),
                draws=len(question.parts),
            )
        studied.progress.advance(1)
    studied.progress.finish()


def questions(table: EssayTable) -> Iterator[Askable]:
    """All that is asked of some corpora: over all of them, and inside what holds several."""
    rows = table.once(np.arange(len(table), dtype=np.int64))
    family = np.zeros(len(table.cards), dtype=np.int64)
    for number, members in enumerate(table.families.values()):
        family[list(members)] = number
    names, language = np.unique(table.language, return_inverse=True)
    of_family = family[table.corpus]
    everywhere = {"corpus": table.corpus, "family": of_family, "language": language}
    for target, classes in everywhere.items():
        yield _asked(target, None, rows, classes)
    for number, name in enumerate(names.tolist()):
        inside = rows[language[rows] == number]
        if len(np.unique(table.corpus[inside])) > 1:
            yield _asked("corpus", name, inside, table.corpus)
    for number, name in enumerate(table.families):
        inside = rows[of_family[rows] == number]
        if len(np.unique(language[inside])) > 1:
            yield _asked("language", name, inside, language)
    for number, name in enumerate(table.names):
        inside = rows[(table.corpus[rows] == number) & (table.task[rows] >= 0)]
        yield _asked("task", name, inside, table.task)


def _asked(target: str, corpus: str | None, rows: Ints, classes: Ints) -> Askable:
    """Ask, if there is anything to tell apart."""
    found = np.unique(classes[rows])
    if len(found) > 1:
        return Partition(target, corpus, rows, np.searchsorted(found, classes[rows]))
    if not len(found):
        cause = "Its rows name no tasks."
    else:
        cause = f"All {len(rows)} texts are of one {target}, so there is nothing to tell apart."
    return AnalysisNote(analysis=NAME, corpus=corpus, target=target, cause=cause)


def cut(question: Askable, table: EssayTable, seed: int) -> Askable:
    """Leave out what is too rare to be in every fold, and cut the rest into five parts.

    scikit-learn's ``StratifiedGroupKFold(5, shuffle=True, random_state=seed)``; groups are texts,
    and all that one author wrote; strata are tasks where they are asked for, else corpora.

    Parameters
    ----------
    question : Partition or AnalysisNote
        A note stays one.
    table : EssayTable
    seed : int
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if isinstance(question, AnalysisNote):
        return question
    group = table.group[question.rows]
    pairs = np.unique(np.stack([question.classes, group]), axis=1)
    kept = np.flatnonzero(np.bincount(pairs[0]) >= LEAST)
    if len(kept) < 2:
        return AnalysisNote(
            analysis=NAME,
            corpus=question.corpus,
            target=question.target,
            cause=f"Fewer than two classes have {LEAST} texts, each of another author.",
        )
    places = np.flatnonzero(np.isin(question.classes, kept))
    rows, classes = question.rows[places], np.searchsorted(kept, question.classes[places])
    strata = classes if question.target == "task" else table.corpus[rows]
    cutter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    _, numbers = np.unique(group[places], return_inverse=True)
    with warnings.catch_warnings():
        # A corpus with fewer texts than folds can't be everywhere: nothing is lost by that.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        parts = tuple(held for _, held in cutter.split(rows, strata, numbers))
    return Partition(question.target, question.corpus, rows, classes, parts)


def read(X: NDArray[np.float32], asked: Sequence[Partition]) -> Iterator[Accuracy]:
    """Balanced accuracy of each question on one layer, and its deviation over the folds.

    Questions about the same rows share their moments, and those with the same classes an answer:
    where each corpus has a language of its own, say.

    Parameters
    ----------
    X : ndarray of float32, shape (n_rows, dim)
    asked : sequence of Partition
    """
    scatters: dict[bytes, Scatter] = {}
    answers: dict[tuple[bytes, bytes], Accuracy] = {}
    for one in asked:
        rows, same = one.rows.tobytes(), _first_seen(one.classes)
        if (rows, same.tobytes()) not in answers:
            if rows not in scatters:
                scatters = {rows: Scatter(X[one.rows], one.parts)}
            predicted = scatters[rows].predict(same)
            answers[rows, same.tobytes()] = _accuracy(same, predicted, one.parts)
        yield answers[rows, same.tobytes()]


def _first_seen(classes: Ints) -> Ints:
    """Number classes by first appearance, so that equal partitions are equal."""
    _, first, codes = np.unique(classes, return_index=True, return_inverse=True)
    number: Ints = np.argsort(np.argsort(first))[codes].astype(np.int64)
    return number


def _accuracy(gold: Ints, predicted: Ints, parts: Sequence[NDArray[np.intp]]) -> Accuracy:
    each = [balanced_accuracy(gold[part], predicted[part]) for part in parts if len(part)]
    sd = float(np.std(each, ddof=1)) if len(each) > 1 else None
    return balanced_accuracy(gold, predicted), sd


def balanced_accuracy(gold: Ints, predicted: Ints) -> float:
    """Mean over the classes that occur of the share of their rows that was recognised."""
    sizes = np.bincount(gold)
    right = np.bincount(gold[gold == predicted], minlength=len(sizes))
    return float((right[sizes > 0] / sizes[sizes > 0]).mean())
