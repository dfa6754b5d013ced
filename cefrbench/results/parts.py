"""Where the gap of a result comes from: its parts, their course over layers, drift, residuals."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cefrbench.results.explanation import (
    Decomposition,
    Drift,
    Figure,
    LayerDecomposition,
    LevelResidual,
    PartName,
    SideScores,
)
from cefrbench.results.levels import as_levels
from cefrbench.results.model import CorpusScore, RunResult, UnitRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.residuals import residuals_of, sum_confusions
from cefrbench.results.samples import samples
from cefrbench.results.selection import counted_units
from cefrbench.results.summary import mean_over_seeds
from cefrbench.statistics.decomposition import Stepped, decompose, score_side, split_gap
from cefrbench.statistics.draws import Replicates, Resampled, resample
from cefrbench.statistics.drift import DRIFTS
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Sample, on_same_texts
from cefrbench.statistics.scores import Scores
from cefrbench.statistics.scoring import Statistic

#: Scores of a result that stand for the steps of a decomposition.
_STEPS = ("qwk", "located", "scaled", "recut")


@dataclass(frozen=True, slots=True)
class Explained:
    """A result with its predictions as samples, by ``(protocol, probe)``.

    Attributes
    ----------
    result : RunResult
    table : PredictionTable
    raw, levels : dict
        With continuous scores as the probe gave them, and in levels; these may be left out.
    weights : TextWeights
    """

    result: RunResult
    table: PredictionTable
    raw: dict[tuple[str, str], Sample]
    levels: dict[tuple[str, str], Sample]
    weights: TextWeights

    @classmethod
    def of(cls, result: RunResult, table: PredictionTable, weights: TextWeights) -> Explained:
        """Take the predictions of a result apart."""
        in_levels = as_levels(table, len(result.scale))
        return cls(result, table, samples(result, table), samples(result, in_levels), weights)

    @property
    def protocols(self) -> tuple[str, ...]:
        """Protocols that have predictions, each once."""
        return tuple(dict.fromkeys(protocol for protocol, _ in self.raw))

    def probes(self, *protocols: str) -> list[str]:
        """Probes with predictions under all of some protocols, in the result's order."""
        names = [card.name for card in self.result.probes]
        return [one for one in names if all((name, one) in self.raw for name in protocols)]


def figure(draws: Replicates, statistic: Statistic | None = None) -> Figure:
    """A score with its interval or, without ``statistic``, a difference."""
    found = from_draws(draws, statistic)
    return Figure(
        value=found.estimate,
        low=found.low,
        high=found.high,
        error=found.error,
        refits=found.refits,
    )


# -- the decomposition ---------------------------------------------------------------------------


def decompositions(
    source: Explained, inside: str, outside: str, probes: Container[str] | None = None
) -> Iterator[Decomposition]:
    """Take the gap of each probe apart, or of some: the mean over corpora, then each corpus."""
    for probe in source.probes(inside, outside):
        if probes is not None and probe not in probes:
            continue
        sides = _sides(source, probe, inside, outside)
        shared = on_same_texts(source.raw[inside, probe], source.raw[outside, probe])[0]
        texts = {part.corpus: len(part.texts) for part in shared.parts}
        # A corpus without a score of its own would make the mean of parts another mean.
        whole = tuple(
            name
            for name in shared.corpora
            if {"qwk", "recut"} <= sides[0].has([name]) & sides[1].has([name])
        )
        for corpus, over in [(None, whole), *((name, (name,)) for name in shared.corpora)]:
            if over:
                size = sum(texts[name] for name in over)
                yield _decomposition(sides, probe, corpus, over, size)


def _sides(source: Explained, probe: str, inside: str, outside: str) -> tuple[Stepped, Stepped]:
    raw = on_same_texts(source.raw[inside, probe], source.raw[outside, probe])
    levels: tuple[Sample | None, Sample | None] = (None, None)
    if source.levels:
        levels = on_same_texts(source.levels[inside, probe], source.levels[outside, probe])
    first, other = (
        score_side(one, two, source.weights) for one, two in zip(raw, levels, strict=True)
    )
    return first, other


def _decomposition(
    sides: tuple[Stepped, Stepped],
    probe: str,
    corpus: str | None,
    corpora: Sequence[str],
    texts: int,
) -> Decomposition:
    protocols = [next(iter(side.steps.values())).sample.protocol for side in sides]
    inside, outside = (
        _side_scores(protocol, side.scores(corpora))
        for protocol, side in zip(protocols, sides, strict=True)
    )
    parts = {
        cast(PartName, name): figure(draws) for name, draws in decompose(*sides, corpora).items()
    }
    return Decomposition(
        probe=probe,
        corpus=corpus,
        corpora=tuple(corpora),
        texts=texts,
        inside=inside,
        outside=outside,
        parts=parts,
    )


def _side_scores(protocol: str, scores: Mapping[str, float | None]) -> SideScores:
    names = [name for name in SideScores.model_fields if name != "protocol"]
    return SideScores(protocol=protocol, **{name: scores.get(name) for name in names})


def layer_decompositions(
    result: RunResult, inside: str, outside: str
) -> Iterator[LayerDecomposition]:
    """The same of every layer that has scores of continuous predictions, without errors."""
    found: dict[tuple[str, int], dict[str, list[CorpusScore]]] = {}
    names = {record.card.name for record in result.corpora}
    for score in result.scores:
        if score.layer is not None and score.corpus in names and score.scores.recut is not None:
            sides = found.setdefault((score.probe, score.layer), {})
            sides.setdefault(score.protocol, []).append(score)
    for (probe, layer), sides in sorted(found.items(), key=lambda item: item[0][1]):
        pair = _shared(sides.get(inside, []), sides.get(outside, []))
        if pair[0]:
            first, other = (_steps(mean_over_seeds(scores)) for scores in pair)
            yield LayerDecomposition(
                probe=probe,
                layer=layer,
                corpora=tuple(dict.fromkeys(score.corpus for score in pair[0])),
                inside=_side_scores(inside, first),
                outside=_side_scores(outside, other),
                parts={cast(PartName, k): v for k, v in _layer_parts(first, other).items()},
            )


def _layer_parts(
    inside: Mapping[str, float | None], outside: Mapping[str, float | None]
) -> dict[str, float]:
    """Parts of the gap; what a class's rounding does stands with the location."""
    levelled = {"levelled": inside.get("qwk")}, {"levelled": outside.get("qwk")}
    found = split_gap({**inside, **levelled[0]}, {**outside, **levelled[1]})
    found.pop("decision", None)
    return found


def _steps(scores: Scores) -> dict[str, float | None]:
    return {name: getattr(scores, name) for name in _STEPS}


def _shared(
    inside: Sequence[CorpusScore], outside: Sequence[CorpusScore]
) -> tuple[list[CorpusScore], list[CorpusScore]]:
    """Scores of the corpora and seeds that both sides have, of equally many texts."""
    have = [{(s.corpus, s.seed, s.n) for s in side} for side in (inside, outside)]
    both = have[0] & have[1]
    first, other = (
        [s for s in side if (s.corpus, s.seed, s.n) in both] for side in (inside, outside)
    )
    return first, other


# -- drift and residuals -------------------------------------------------------------------------


def drifts(source: Explained, inside: str, outside: str) -> Iterator[Drift]:
    """What predicted levels do out of distribution, on the texts that both sides score."""
    for probe in source.probes(inside, outside):
        pair = on_same_texts(source.raw[inside, probe], source.raw[outside, probe])
        measured = {
            name: tuple(resample(one, statistic, source.weights) for one in pair)
            for name, statistic in DRIFTS.items()
        }
        for corpus in (None, *pair[0].corpora):
            for name, sides in measured.items():
                yield _drift(probe, name, sides, corpus)


def _drift(probe: str, name: str, sides: Sequence[Resampled], corpus: str | None) -> Drift:
    corpora = sides[0].sample.corpora if corpus is None else (corpus,)
    first, other = (one.draws(corpora) for one in sides)
    return Drift.model_validate(
        {
            "probe": probe,
            "corpus": corpus,
            "measure": name,
            "inside": figure(first, DRIFTS[name]),
            "outside": figure(other, DRIFTS[name]),
            "change": figure(other.minus(first)),
        }
    )


def residuals(result: RunResult, protocols: Iterable[str]) -> Iterator[LevelResidual]:
    """Residuals by true level at the layers that count, all corpora pooled and each by itself."""
    names = [record.card.name for record in result.corpora]
    found: dict[tuple[str, str, str | None], list[UnitRecord]] = {}
    for unit in counted_units(result):
        if unit.n and unit.corpus in names:
            for corpus in (None, unit.corpus):
                found.setdefault((unit.probe, unit.protocol, corpus), []).append(unit)
    wanted = set(protocols)
    for (probe, protocol, corpus), units in found.items():
        if protocol in wanted:
            for one in residuals_of(sum_confusions(units), result.scale):
                yield LevelResidual(
                    probe=probe,
                    protocol=protocol,
                    corpus=corpus,
                    level=one.level,
                    n=one.n,
                    mean=one.mean,
                    sd=one.sd,
                )
