"""The model of a result, version 1. The published JSON Schema is generated from these classes."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from cefrbench.cards import Card, CorpusCard, EncoderIdentity, ProbeCard, ProtocolCard
from cefrbench.config import RunConfig
from cefrbench.essays import CleaningReport
from cefrbench.scores import Scores, Sums

#: Major version: readers refuse another. Minor: fields were added.
SCHEMA_VERSION = "1.0"
KIND: Final = "cefrbench-result"

Confusion = tuple[tuple[int, ...], ...]


class CorpusRecord(Card):
    """One corpus as this run saw it."""

    card: CorpusCard
    revision: str | None = Field(description="Resolved revision; null for local files.")
    fingerprint: str = Field(description="SHA-256 of the cleaned rows, in order.")
    source: Literal["hub", "file", "sample"] = Field(description="Where the rows came from.")
    texts: int = Field(description="Rows used.")
    units: int = Field(description="Different texts among them.")
    levels: dict[str, int] = Field(description="Rows by class of the scale.")
    cleaning: CleaningReport


class SplitRecord(Card):
    """One fold: what was trained on and scored."""

    protocol: str
    fold: str
    manifest: str | None = Field(description="SHA-256 of which text is where.")
    train: int = Field(description="Rows fitted on.")
    validation: int = Field(description="Rows that the layer was chosen on.")
    scored: dict[str, int] = Field(description="Texts scored, by corpus or group.")
    train_levels: tuple[int, ...] = Field(
        default=(), description="Rows fitted on, by class: the training prior."
    )
    notes: tuple[str, ...] = Field(default=(), description="Deviations from the protocol.")
    skipped: str | None = Field(default=None, description="Why the fold was not run.")


class FitRecord(Card):
    """One fitted probe."""

    protocol: str
    fold: str
    probe: str
    layer: int
    seed: int | None
    validation: Confusion | None = Field(description="Confusion on the validation rows.")
    iterations: int | None = None
    converged: bool = True
    message: str = ""


class UnitRecord(Card):
    """One scored unit: layer × probe × protocol × scored corpus × seed."""

    protocol: str
    fold: str
    corpus: str = Field(description="Scored corpus, or the name of the group.")
    probe: str
    layer: int
    seed: int | None = Field(description="Null for a probe that no seed changes.")
    n: int
    confusion: Confusion = Field(description="Counts, gold classes in rows.")
    sums: Sums
    scores: Scores


class ChoiceRecord(Card):
    """The layer chosen for one fold, on its validation rows alone."""

    protocol: str
    fold: str
    probe: str
    seed: int | None
    layer: int
    validation_qwk: float | None


class SummaryRecord(Card):
    """One probe under one protocol: means over corpora, then over seeds. Groups are left out."""

    protocol: str
    probe: str
    corpora: tuple[str, ...] = Field(description="Scored corpora in the mean.")
    chosen: Scores | None = Field(description="At the layers chosen on validation rows.")
    chosen_layers: tuple[int, ...] = Field(description="Those layers, each once, ascending.")
    chosen_qwk_sd: float | None = Field(description="Standard deviation over seeds.")
    oracle: Scores = Field(description="At the layer with the best mean QWK on the scored texts.")
    oracle_layer: int
    layer_mean: Scores = Field(description="Mean over layers.")


class FailureRecord(Card):
    """Something that could not be done, with its cause."""

    stage: Literal["corpus", "encoder", "features", "probe"]
    name: str = Field(description="The corpus, encoder or probe.")
    cause: str
    protocol: str | None = None
    fold: str | None = None
    layer: int | None = None
    seed: int | None = None


class PredictionsFile(Card):
    """The predictions beside the result."""

    file: str = Field(description="Name in the same folder.")
    sha256: str
    rows: int


class Timing(Card):
    """Seconds of one phase."""

    phase: str
    seconds: float


class Provenance(Card):
    """Where, when and how; two runs of the same work differ in nothing but this."""

    cefrbench: str = Field(description="Version.")
    started: str = Field(description="UTC, ISO 8601.")
    command: str
    python: str
    platform: str
    packages: dict[str, str]
    plugins: dict[str, str] = Field(description="Plugin of each name used, where not built in.")
    hardware: dict[str, Any]
    timings: tuple[Timing, ...]
    peak_memory_bytes: int
    features: dict[str, float] = Field(description="Texts and tokens encoded, shards reused.")


class RunResult(Card):
    """The result of one encoder under one suite."""

    kind: Literal["cefrbench-result"] = KIND
    schema_version: str = SCHEMA_VERSION
    suite: str
    encoder: EncoderIdentity
    scale: tuple[str, ...] = Field(description="Classes, lowest first.")
    complete: bool = Field(description="All corpora, probes and protocols of the suite were run.")
    corpora: tuple[CorpusRecord, ...]
    probes: tuple[ProbeCard, ...]
    protocols: tuple[ProtocolCard, ...]
    splits: tuple[SplitRecord, ...]
    summary: tuple[SummaryRecord, ...]
    choices: tuple[ChoiceRecord, ...]
    units: tuple[UnitRecord, ...]
    fits: tuple[FitRecord, ...]
    failures: tuple[FailureRecord, ...]
    predictions: PredictionsFile | None
    config: RunConfig
    provenance: Provenance
    checksum: str = Field(
        default="",
        description="SHA-256 of the rest as JSON with sorted keys and no spaces.",
    )
