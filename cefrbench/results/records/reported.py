"""Which figures of a result are told to others: the favoured probe's, at what counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from cefrbench.contracts.cards import EncoderIdentity, ProtocolCard
from cefrbench.errors import ResultError
from cefrbench.results.intervals import ResultIntervals, summary_intervals
from cefrbench.results.io import slug
from cefrbench.results.model import CorpusRecord, CorpusScore, RunResult, SummaryRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import counted_scores, favoured_probe, gap_of
from cefrbench.results.summary import mean_over_seeds
from cefrbench.statistics.intervals import Interval
from cefrbench.statistics.scores import DIRECTIONS, Scores

#: Where the benchmark lives.
HOME: Final = "https://github.com/cefrbench/cefrbench"

#: What others call the scores.
TITLES: Final[dict[str, str]] = {
    "qwk": "Quadratic weighted kappa",
    "macro_f1": "Macro F1",
    "mae": "Mean absolute error in levels",
    "r2": "R²",
    "accuracy": "Accuracy",
    "adjacent": "Accuracy within one level",
    "spearman": "Spearman's rank correlation",
    "recut": "Quadratic weighted kappa at the gold level shares",
    "gap": "Quadratic weighted kappa in distribution less out of it",
}


@dataclass(frozen=True, slots=True)
class ReportedScore:
    """One figure.

    Attributes
    ----------
    protocol : ProtocolCard or None
        None for the gap, which is between two.
    corpus : CorpusRecord or None
        None for the mean over corpora.
    corpora : tuple of CorpusRecord
        Those that are in it.
    score : str
        Key of :data:`TITLES`.
    value : float
    texts : int
        Scored texts.
    interval : Interval or None
        Of QWK and of the gap.
    """

    protocol: ProtocolCard | None
    corpus: CorpusRecord | None
    corpora: tuple[CorpusRecord, ...]
    score: str
    value: float
    texts: int
    interval: Interval | None = None


def reported(
    result: RunResult, predictions: PredictionTable, scores: Collection[str] = tuple(DIRECTIONS)
) -> Iterator[ReportedScore]:
    """Figures of the favoured probe: of each protocol the mean, then each corpus; then the gap.

    Undefined scores are left out; so are groups, which no mean counts.

    Parameters
    ----------
    result : RunResult
    predictions : PredictionTable
        Beside it: intervals are made of them.
    scores : collection of str
        Which, in their order.

    Raises
    ------
    ResultError
        When the result has no score at all.
    """
    probe = favoured_probe(result).probe
    records = [one for one in result.summary if one.probe == probe]
    intervals = summary_intervals(result, predictions, scores=("qwk",))
    found = [one for record in records for one in _of(result, record, intervals, scores)]
    if not found:
        raise ResultError(
            f"The result of {result.encoder.name!r} has no defined score: run it on more corpora."
        )
    yield from found
    yield from _gap(result, probe, intervals)


def _of(
    result: RunResult, record: SummaryRecord, intervals: ResultIntervals, scores: Collection[str]
) -> Iterator[ReportedScore]:
    """Figures of one protocol."""
    protocol = next(card for card in result.protocols if card.name == record.protocol)
    place = record.protocol, record.probe
    own = [one for one in counted_scores(result) if (one.protocol, one.probe) == place]
    corpora = tuple(one for one in result.corpora if one.card.name in record.corpora)
    parts = {one.card.name: [score for score in own if score.corpus == one.card.name]
             for one in corpora}  # fmt: skip
    texts = {name: max((score.n for score in part), default=0) for name, part in parts.items()}
    means = record.chosen or record.oracle or Scores.undefined()
    yield from (
        ReportedScore(protocol, None, corpora, name, value, sum(texts.values()), interval)
        for name, value in _defined(means, scores)
        for interval in (intervals.means.get(place, {}).get(name),)
    )
    for corpus in corpora:
        known = corpus.card.name
        for name, value in _defined(_over_seeds(parts[known]), scores):
            interval = intervals.corpora.get((*place, known), {}).get(name)
            yield ReportedScore(protocol, corpus, (corpus,), name, value, texts[known], interval)


def _over_seeds(scores: list[CorpusScore]) -> Scores:
    return mean_over_seeds(scores) if scores else Scores.undefined()


def _defined(scores: Scores, names: Collection[str]) -> Iterator[tuple[str, float]]:
    for name in names:
        value = getattr(scores, name)
        if value is not None:
            yield name, value


def _gap(result: RunResult, probe: str, intervals: ResultIntervals) -> Iterator[ReportedScore]:
    interval = intervals.gaps.get(probe, {}).get("qwk")
    names = gap_of([one.protocol for one in result.summary if one.probe == probe])
    if interval is None or interval.estimate is None or names is None:
        return
    both = [
        set(one.corpora) for one in result.summary if one.probe == probe and one.protocol in names
    ]
    corpora = tuple(one for one in result.corpora if one.card.name in set.intersection(*both))
    yield ReportedScore(None, None, corpora, "gap", interval.estimate, interval.texts, interval)


def model_id(encoder: EncoderIdentity) -> str:
    """Name a model as the hub does, ``ORG/NAME``.

    Local models stand under ``local/``, what needs no model (surface features) and untrained
    controls under ``cefrbench/``.
    """
    if encoder.model.count("/") == 1 and not encoder.model.startswith(("/", ".", "~")):
        return encoder.model
    return f"{'local' if encoder.role == 'candidate' else 'cefrbench'}/{slug(encoder.name)}"
