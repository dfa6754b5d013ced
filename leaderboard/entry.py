"""One result as the site's other pages see it: small, typed, kept in the cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from pydantic import Field

from cefrbench.contracts.cards import Card, ProbeCard, ProtocolCard, Role
from cefrbench.results.doubts import doubts
from cefrbench.results.gold import gold_digests, prediction_digest
from cefrbench.results.io import slug
from cefrbench.results.model import (
    CorpusRecord,
    CorpusScore,
    RunResult,
    SummaryRecord,
    UnitRecord,
)
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.question import question_of
from cefrbench.results.selection import (
    counted_scores,
    counted_units,
    favoured_probe,
    gap_of,
    sides,
)
from cefrbench.statistics.intervals import Interval
from cefrbench.statistics.scores import Scores
from cefrbench_leaderboard.figures import EMBEDDING_NAME, GAP_NAME, Figures

#: Stands for "each encoder with the probe that is favoured inside its training part", or by its
#: oracle in the study's form.
FAVOURED = "favoured"

#: What pages call those that are not ranked.
_UNRANKED: dict[Role, str] = {"reference": "reference", "control": "untrained control"}


class Estimate(Card):
    """A score with its 95 % interval; None where undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None
    refits: int = 0


class CorpusCell(Card):
    """One scored corpus (or group) at the layers that count, its texts of all folds together."""

    corpus: str
    n: int
    qwk: Estimate
    spearman: float | None
    recut: float | None
    embedding: float | None = Field(description="QWK at layer 0, which no choice may take.")


class Cell(Card):
    """One probe under one protocol at the layers that count, and what other choices would give."""

    protocol: str
    probe: str
    qwk: Estimate
    scores: Scores
    layers: tuple[int, ...]
    record: SummaryRecord
    corpora: tuple[CorpusCell, ...]
    texts: str = Field(description="Hash of the scored texts; empty where nothing was scored.")

    @property
    def embedding(self) -> float | None:
        """QWK at layer 0; None where that is no layer of its own."""
        return None if self.record.embedding is None else self.record.embedding.qwk


class Transfer(Card):
    """From training on one corpus to scoring another, with the favoured probe."""

    trained: str
    scored: str
    qwk: float | None


class LayerZero(Card):
    """QWK at layer 0 under the protocol that stands for out of distribution, as it is tested."""

    qwk: float
    texts: str = Field(description="Hash of the scored texts.")


class ShiftRung(Card):
    """The favoured probe on one rung of the ladder of shifts."""

    protocol: str
    words: str
    corpora: tuple[str, ...]
    qwk: Estimate


class LabelPrice(Card):
    """What k labels of unseen corpora buy, mean over these; of the favoured probe."""

    labels: int
    qwk: float
    draws: int


class FailureCount(Card):
    """How often one thing failed for one cause."""

    stage: str
    name: str
    cause: str
    count: int


class Entry(Card):
    """One result."""

    encoder: str
    identity: str
    slug: str
    suite: str
    suite_slug: str
    file: str = Field(description="Path below the results folder.")
    parameters: int | None
    width: int
    depth: int = Field(description="Index of the last layer.")
    licence: str | None
    model: str
    revision: str | None
    predictions_sha256: str = Field(description="Of the file of its predictions.")
    started: str = Field(description="When the run began, in ISO 8601.")
    role: Role
    form: str
    refits: int = Field(description="Fits on resampled training texts; 0: fits are held fixed.")
    complete: bool
    cohort: str = Field(
        description="Equal for results that were asked one question, on equal texts and splits."
    )
    corpora: tuple[CorpusRecord, ...]
    probes: tuple[ProbeCard, ...]
    protocols: tuple[ProtocolCard, ...]
    favoured: str = Field(description="Probe that stands for the result: its favoured one.")
    cells: tuple[Cell, ...]
    gaps: dict[str, Estimate] = Field(description="IID less OOD, by probe.")
    embedding: LayerZero | None = Field(description="Of the favoured probe; none without one.")
    subsets: dict[str, dict[str, Estimate]] = Field(
        description="Of the favoured probe, by protocol and the key of some corpora."
    )
    shifts: tuple[ShiftRung, ...] = Field(description="From the nearest shift to the farthest.")
    prices: tuple[LabelPrice, ...] = Field(description="Of the analysis `recalibrate`.")
    transfers: tuple[Transfer, ...] = Field(description="Of the protocol `pairwise`.")
    skipped: tuple[str, ...] = Field(description="Folds that were not run, with the reason.")
    failures: tuple[FailureCount, ...]
    gold: dict[str, str] = Field(description="Texts and levels by split; see `results/gold.py`.")
    checksum: str = Field(description="Of the result.")
    predicted: str = Field(description="Hash of all predictions.")
    doubts: tuple[str, ...] = Field(description="Sentences: why its figures aren't to be trusted.")

    @property
    def reference(self) -> str | None:
        """What it is called where it is no candidate, so stands without a rank; None for those."""
        return _UNRANKED.get(self.role)

    @property
    def page(self) -> str:
        """Path of its page below the site."""
        return f"encoders/{self.slug}/{self.suite_slug}.html"

    @cached_property
    def covered(self) -> tuple[str, ...]:
        """Names of its corpora."""
        return tuple(corpus.card.name for corpus in self.corpora)

    @property
    def has_embedding(self) -> bool:
        """Whether its layer 0 was run, apart from those that a choice may take."""
        return any(cell.record.embedding for cell in self.cells)

    @cached_property
    def gap_protocols(self) -> tuple[str, str] | None:
        """Protocols whose difference is its gap."""
        return gap_of([card.name for card in self.protocols])

    def probe(self, wanted: str) -> str:
        """Name of the probe that a board asks for."""
        return self.favoured if wanted == FAVOURED else wanted

    def cell(self, protocol: str, probe: str) -> Cell | None:
        """Find one probe under one protocol."""
        return self._by_place.get((protocol, self.probe(probe)))

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], Cell]:
        # Of two cells for one place, which no run makes, the first counts.
        return {(cell.protocol, cell.probe): cell for cell in reversed(self.cells)}


def in_reading_order(cards: Iterable[ProtocolCard]) -> tuple[str, ...]:
    """Names of protocols as pages list them.

    First the two that stand for in and out of distribution, then the others, in before out.
    """
    known = {card.name: card for card in cards}
    first = list(sides(known.values(), known).values())
    rest = sorted(known.keys() - set(first), key=lambda n: (known[n].distribution != "in", n))
    return (*first, *rest)


def make_entry(
    result: RunResult, predictions: PredictionTable, figures: Figures, file: str
) -> Entry:
    """Digest one result; ``file`` is its path below the results folder."""
    encoder = result.encoder
    counted = list(counted_units(result))
    favoured = favoured_probe(result).probe
    return Entry(
        encoder=encoder.name,
        identity=encoder.digest(),
        slug=slug(encoder.name),
        suite=result.suite,
        suite_slug=slug(result.suite),
        file=file,
        parameters=encoder.parameters,
        width=encoder.width,
        depth=max(encoder.layers),
        licence=encoder.licence,
        model=encoder.model,
        revision=encoder.revision,
        predictions_sha256=result.predictions.sha256 if result.predictions else "",
        started=result.provenance.started,
        role=encoder.role,
        form=result.config.form,
        refits=figures.refits,
        complete=result.complete,
        cohort=question_of(result).key(),
        corpora=result.corpora,
        probes=result.probes,
        protocols=result.protocols,
        favoured=favoured,
        cells=tuple(_cell(record, result, figures) for record in result.summary),
        gaps={
            probe: estimate(interval)
            for (protocol, probe), interval in figures.means.items()
            if protocol == GAP_NAME
        },
        embedding=_layer_zero(figures, favoured),
        subsets=_subsets(figures),
        shifts=tuple(
            ShiftRung(protocol=r.protocol, words=r.words, corpora=corpora, qwk=estimate(interval))
            for r, corpora, interval in figures.shifts
        ),
        prices=tuple(_prices(result, favoured)),
        transfers=_transfers(counted, favoured),
        skipped=tuple(f"{s.protocol} {s.fold}: {s.skipped}" for s in result.splits if s.skipped),
        failures=_count_failures(result),
        gold=gold_digests(result, predictions),
        checksum=result.checksum,
        predicted=prediction_digest(predictions),
        doubts=tuple(doubts(result)),
    )


def estimate(interval: Interval | None) -> Estimate:
    """Turn an interval of the statistics into what pages show."""
    if interval is None:
        return Estimate(value=None)
    return Estimate(
        value=interval.estimate, low=interval.low, high=interval.high, refits=interval.refits
    )


def _cell(record: SummaryRecord, result: RunResult, figures: Figures) -> Cell:
    place = record.protocol, record.probe
    scores = record.chosen or record.oracle or Scores.undefined()
    interval, moves = figures.means.get(place), figures.moves.get(place)
    oracle = () if record.oracle_layer is None else (record.oracle_layer,)
    return Cell(
        protocol=record.protocol,
        probe=record.probe,
        qwk=estimate(interval) if interval else Estimate(value=scores.qwk),
        scores=scores,
        layers=record.chosen_layers or oracle,
        record=record,
        corpora=_corpus_cells(record, result, figures),
        texts=moves.texts if moves else "",
    )


def _corpus_cells(
    record: SummaryRecord, result: RunResult, figures: Figures
) -> tuple[CorpusCell, ...]:
    """Each corpus with its interval, and each group, of which the statistics give none."""
    place = record.protocol, record.probe
    own = [score for score in counted_scores(result) if (score.protocol, score.probe) == place]
    apart = [
        score
        for score in result.scores
        if record.embedding and (score.protocol, score.probe, score.layer) == (*place, 0)
    ]
    cells = []
    for name in dict.fromkeys(score.corpus for score in own):
        seeds = [score for score in own if score.corpus == name]
        interval = figures.corpora.get((*place, name))
        plain = Estimate(value=_mean(seeds, "qwk"))
        cells.append(
            CorpusCell(
                corpus=name,
                n=seeds[0].n,
                qwk=estimate(interval) if interval else plain,
                spearman=_mean(seeds, "spearman"),
                recut=_mean(seeds, "recut"),
                embedding=_mean([score for score in apart if score.corpus == name], "qwk"),
            )
        )
    return tuple(cells)


def _mean(scores: Sequence[CorpusScore], name: str) -> float | None:
    """Mean over seeds of what is defined."""
    values = [value for one in scores if (value := getattr(one.scores, name)) is not None]
    return sum(values) / len(values) if values else None


def _layer_zero(figures: Figures, probe: str) -> LayerZero | None:
    place = EMBEDDING_NAME, probe
    if place not in figures.means or (value := figures.means[place].estimate) is None:
        return None
    return LayerZero(qwk=value, texts=figures.moves[place].texts)


def _subsets(figures: Figures) -> dict[str, dict[str, Estimate]]:
    found: dict[str, dict[str, Estimate]] = {}
    for (protocol, key), interval in figures.subsets.items():
        found.setdefault(protocol, {})[key] = estimate(interval)
    return found


def _prices(result: RunResult, probe: str) -> Iterator[LabelPrice]:
    """Mean QWK over corpora by number of labels, as the analysis has it."""
    for one in result.analyses:
        place = one.analysis, one.measure, one.probe, one.corpus
        if place == ("recalibrate", "qwk", probe, None) and None not in (one.amount, one.value):
            yield LabelPrice(labels=one.amount or 0, qwk=one.value or 0.0, draws=one.draws)


def _transfers(counted: Sequence[UnitRecord], probe: str) -> tuple[Transfer, ...]:
    """Mean over seeds for each pair; a fold of `pairwise` has the name of its training corpus."""
    values: dict[tuple[str, str], list[float]] = {}
    for unit in counted:
        if unit.protocol == "pairwise" and unit.probe == probe:
            found = values.setdefault((unit.fold, unit.corpus), [])
            found += [] if unit.scores.qwk is None else [unit.scores.qwk]
    return tuple(
        Transfer(trained=a, scored=b, qwk=sum(found) / len(found) if found else None)
        for (a, b), found in values.items()
    )


def _count_failures(result: RunResult) -> tuple[FailureCount, ...]:
    counts = Counter((failure.stage, failure.name, failure.cause) for failure in result.failures)
    return tuple(
        FailureCount(stage=stage, name=name, cause=cause, count=count)
        for (stage, name, cause), count in counts.items()
    )
