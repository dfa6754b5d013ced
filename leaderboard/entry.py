"""One result as the site's other pages see it: small, typed, kept in the cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from pydantic import Field

from cefrbench.contracts.cards import Card, ProbeCard, ProtocolCard, Role
from cefrbench.results.io import slug
from cefrbench.results.model import CorpusRecord, RunResult, SummaryRecord, UnitRecord
from cefrbench.results.question import question_of
from cefrbench.results.selection import counted_units, favoured_probe
from cefrbench.statistics.intervals import Interval
from cefrbench.statistics.scores import Scores
from cefrbench_leaderboard.figures import GAP_NAME, Figures

#: Stands for "each encoder with the probe that its own validation texts favour", or its oracle.
VALIDATED = "validated"

#: What pages call those that are not ranked.
_UNRANKED: dict[Role, str] = {"reference": "reference", "control": "untrained control"}


class Estimate(Card):
    """A score with its 95 % interval; None where undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None
    refits: int = 0


class CorpusCell(Card):
    """One scored corpus (or group) at the layers that count."""

    corpus: str
    n: int
    qwk: Estimate


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
    def optimism(self) -> float | None:
        """How much more the oracle promises."""
        oracle = self.record.oracle.qwk
        return None if oracle is None or self.qwk.value is None else oracle - self.qwk.value


class Transfer(Card):
    """From training on one corpus to scoring another, with the validated probe."""

    trained: str
    scored: str
    qwk: float | None


class FailureCount(Card):
    """How often one thing failed for one cause."""

    stage: str
    name: str
    cause: str
    count: int


class Entry(Card):
    """One result."""

    encoder: str
    slug: str
    suite: str
    suite_slug: str
    file: str = Field(description="Path below the results folder.")
    parameters: int | None
    width: int
    depth: int = Field(description="Index of the last layer.")
    licence: str | None
    role: Role
    form: str
    complete: bool
    cohort: str = Field(
        description="Equal for results that were asked one question, on equal texts and splits."
    )
    corpora: tuple[CorpusRecord, ...]
    probes: tuple[ProbeCard, ...]
    protocols: tuple[ProtocolCard, ...]
    validated: str = Field(description="Probe that stands for the result: its favoured one.")
    cells: tuple[Cell, ...]
    gaps: dict[str, Estimate] = Field(description="IID less OOD, by probe.")
    transfers: tuple[Transfer, ...] = Field(description="Of the protocol `pairwise`.")
    skipped: tuple[str, ...] = Field(description="Folds that were not run, with the reason.")
    failures: tuple[FailureCount, ...]

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

    def probe(self, wanted: str) -> str:
        """Name of the probe that a board asks for."""
        return self.validated if wanted == VALIDATED else wanted

    def cell(self, protocol: str, probe: str) -> Cell | None:
        """Find one probe under one protocol."""
        return self._by_place.get((protocol, self.probe(probe)))

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], Cell]:
        # Of two cells for one place, which no run makes, the first counts.
        return {(cell.protocol, cell.probe): cell for cell in reversed(self.cells)}


def make_entry(result: RunResult, figures: Figures, file: str) -> Entry:
    """Digest one result; ``file`` is its path below the results folder."""
    encoder = result.encoder
    counted = list(counted_units(result))
    validated = favoured_probe(result).probe
    return Entry(
        encoder=encoder.name,
        slug=slug(encoder.name),
        suite=result.suite,
        suite_slug=slug(result.suite),
        file=file,
        parameters=encoder.parameters,
        width=encoder.width,
        depth=max(encoder.layers),
        licence=encoder.licence,
        role=encoder.role,
        form=result.config.form,
        complete=result.complete,
        cohort=question_of(result).key(),
        corpora=result.corpora,
        probes=result.probes,
        protocols=result.protocols,
        validated=validated,
        cells=tuple(_cell(record, counted, figures) for record in result.summary),
        gaps={
            probe: estimate(interval)
            for (protocol, probe), interval in figures.means.items()
            if protocol == GAP_NAME
        },
        transfers=_transfers(counted, validated),
        skipped=tuple(f"{s.protocol} {s.fold}: {s.skipped}" for s in result.splits if s.skipped),
        failures=_count_failures(result),
    )


def estimate(interval: Interval | None) -> Estimate:
    """Turn an interval of the statistics into what pages show."""
    if interval is None:
        return Estimate(value=None)
    return Estimate(
        value=interval.estimate, low=interval.low, high=interval.high, refits=interval.refits
    )


def _cell(record: SummaryRecord, counted: Sequence[UnitRecord], figures: Figures) -> Cell:
    place = record.protocol, record.probe
    own = [unit for unit in counted if (unit.protocol, unit.probe) == place]
    scores = record.chosen or record.oracle
    interval, moves = figures.means.get(place), figures.moves.get(place)
    return Cell(
        protocol=record.protocol,
        probe=record.probe,
        qwk=estimate(interval) if interval else Estimate(value=scores.qwk),
        scores=scores,
        layers=record.chosen_layers or (record.oracle_layer,),
        record=record,
        corpora=tuple(
            _corpus_cell(name, [unit for unit in own if unit.corpus == name], figures)
            for name in dict.fromkeys(unit.corpus for unit in own)
        ),
        texts=moves.texts if moves else "",
    )


def _corpus_cell(name: str, units: Sequence[UnitRecord], figures: Figures) -> CorpusCell:
    """One corpus with its interval, or a group, of which the statistics give none."""
    first = units[0]
    interval = figures.corpora.get((first.protocol, first.probe, name))
    values = [unit.scores.qwk for unit in units if unit.scores.qwk is not None]
    plain = Estimate(value=sum(values) / len(values) if values else None)
    return CorpusCell(corpus=name, n=first.n, qwk=estimate(interval) if interval else plain)


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
