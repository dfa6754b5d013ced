"""The ladder of shifts: from the same corpora over a new task and family to a new language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from cefrbench.results.explanation import ShiftScore
from cefrbench.results.model import RunResult, SplitRecord
from cefrbench.results.parts import Explained, figure
from cefrbench.statistics.draws import resample
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.sample import Sample, on_same_texts

Score = Literal["qwk", "recut", "spearman"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One kind of shift.

    Attributes
    ----------
    protocol : str
    words : str
    beyond : str or None
        A protocol that it has to leave out other training texts than, or else it is no other shift:
        a corpus without sisters is a family, and a language with one corpus is that corpus.
    """

    protocol: str
    words: str
    beyond: str | None = None


#: From the nearest shift to the farthest.
RUNGS: Final = (
    Rung("iid", "the same corpora"),
    Rung("by-task", "a new task"),
    Rung("loco", "a new corpus of a known family", beyond="lofo"),
    Rung("lofo", "a new family"),
    Rung("lolo", "a new language", beyond="loco"),
)


def shift_ladder(source: Explained, probe: str) -> Iterator[ShiftScore]:
    """Score one probe on each rung, over the texts that allow it.

    Each step is the difference from the last rung below that has a text in common, on the texts
    that both score.
    """
    for score in get_args(Score):
        below: list[Sample] = []
        for rung in RUNGS:
            sample = source.raw.get((rung.protocol, probe))
            if sample is None:
                continue
            allowed = allowed_corpora(source.result, rung)
            sample = replace(
                sample, parts=tuple(part for part in sample.parts if part.corpus in allowed)
            )
            if sample.parts:
                yield _rung(source, rung, score, sample, below)
                below.append(sample)


def allowed_corpora(result: RunResult, rung: Rung) -> set[str]:
    """Corpora whose training part is another than under the protocol that a rung is beyond."""
    own = _trained(result, rung.protocol)
    other = _trained(result, rung.beyond) if rung.beyond else {}
    return {corpus for corpus, train in own.items() if train != other.get(corpus)}


def _trained(result: RunResult, protocol: str) -> dict[str, tuple[object, ...]]:
    """What each corpus's folds under a protocol train on: rows, and these by level."""
    found: dict[str, tuple[object, ...]] = {}
    names = {record.card.name for record in result.corpora}
    for split in result.splits:
        if split.protocol == protocol and split.skipped is None:
            for corpus in names & set(split.scored):
                found[corpus] = (*found.get(corpus, ()), _size(split))
    return found


def _size(split: SplitRecord) -> tuple[int, ...]:
    return split.train, *split.train_levels


def _rung(
    source: Explained, rung: Rung, score: Score, sample: Sample, below: list[Sample]
) -> ShiftScore:
    statistic = get_statistic(score)
    draws = resample(sample, statistic, source.weights).draws()
    record = ShiftScore(
        probe=sample.probe,
        protocol=rung.protocol,
        words=rung.words,
        score=score,
        corpora=sample.corpora,
        texts=sum(len(part.texts) for part in sample.parts),
        figure=figure(draws, statistic),
        before=None,
        shared=(),
        shared_texts=0,
        step=None,
    )
    for other in reversed(below):
        pair = on_same_texts(other, sample)
        if not pair[0].parts:
            continue
        before, after = (resample(one, statistic, source.weights) for one in pair)
        both = before.draws().corpora.keys() & after.draws().corpora.keys()
        step = after.draws(both).minus(before.draws(both)) if both else None
        return record.model_copy(
            update={
                "before": other.protocol,
                "shared": tuple(name for name in pair[0].corpora if name in both),
                "shared_texts": sum(len(p.texts) for p in pair[0].parts if p.corpus in both),
                "step": step and figure(step),
            }
        )
    return record
