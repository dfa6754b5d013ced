"""The model of a result, version 1. The published JSON Schema is generated from these classes."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from cefrbench.config import RunConfig
from cefrbench.contracts.cards import Card, CorpusCard, EncoderIdentity, ProbeCard, ProtocolCard
from cefrbench.essays import CleaningReport
from cefrbench.statistics.scores import Scores, Sums

#: Major version: readers refuse another. Minor: fields were added.
SCHEMA_VERSION = "1.1"
KIND: Final = "cefrbench-result"

Confusion = tuple[tuple[int, ...], ...]


class CorpusRecord(Card):
    """One corpus as this run saw it."""

    card: CorpusCard = Field(description="What the corpus says of itself.")
    revision: str | None = Field(description="Resolved revision; null for local files.")
    fingerprint: str = Field(description="SHA-256 of the cleaned rows, in order.")
    source: Literal["hub", "file", "sample"] = Field(description="Where the rows came from.")
    texts: int = Field(description="Rows used.")
    units: int = Field(description="Different texts among them.")
    levels: dict[str, int] = Field(description="Rows by class of the scale.")
    cleaning: CleaningReport = Field(description="What became of its rows.")


class SplitRecord(Card):
    """One fold: what was trained on and scored."""

    protocol: str = Field(description="Name of the protocol.")
    fold: str = Field(description="What was left out, or `all`.")
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

    protocol: str = Field(description="Name of the protocol.")
    fold: str = Field(description="Name of the fold.")
    probe: str = Field(description="Name of the probe.")
    layer: int = Field(description="Index of the hidden state; 0 is the embedding output.")
    seed: int | None = Field(description="Null for a probe that no seed changes.")
    validation: Confusion | None = Field(
        description="Confusion on the validation rows; null where there are none."
    )
    iterations: int | None = Field(default=None, description="Steps that the fit took.")
    converged: bool = Field(default=True, description="Whether it ended by its own rule.")
    message: str = Field(default="", description="Why it did not converge.")


class UnitRecord(Card):
    """One scored unit: layer × probe × protocol × scored corpus × seed."""

    protocol: str = Field(description="Name of the protocol.")
    fold: str = Field(description="Name of the fold.")
    corpus: str = Field(description="Scored corpus, or the name of the group.")
    probe: str = Field(description="Name of the probe.")
    layer: int = Field(description="Index of the hidden state; 0 is the embedding output.")
    seed: int | None = Field(description="Null for a probe that no seed changes.")
    n: int = Field(description="Texts scored.")
    confusion: Confusion = Field(description="Counts, gold classes in rows.")
    sums: Sums = Field(description="For the scores of unrounded predictions.")
    scores: Scores = Field(description="What follows from confusion and sums.")


class ChoiceRecord(Card):
    """The layer chosen for one fold, on its validation rows alone."""

    protocol: str = Field(description="Name of the protocol.")
    fold: str = Field(description="Name of the fold.")
    probe: str = Field(description="Name of the probe.")
    seed: int | None = Field(description="Null for a probe that no seed changes.")
    layer: int = Field(description="The layer with the best QWK there, the lowest of equals.")
    validation_qwk: float | None = Field(description="That QWK.")


class SummaryRecord(Card):
    """One probe under one protocol: means over corpora, then over seeds. Groups are left out."""

    protocol: str = Field(description="Name of the protocol.")
    probe: str = Field(description="Name of the probe.")
    corpora: tuple[str, ...] = Field(description="Scored corpora in the mean.")
    chosen: Scores | None = Field(description="At the layers chosen on validation rows.")
    chosen_layers: tuple[int, ...] = Field(description="Those layers, each once, ascending.")
    chosen_qwk_sd: float | None = Field(description="Standard deviation over seeds.")
    oracle: Scores = Field(description="At the layer with the best mean QWK on the scored texts.")
    oracle_layer: int = Field(description="That layer, the lowest of equals.")
    layer_mean: Scores = Field(description="Mean over layers.")


class FailureRecord(Card):
    """Something that could not be done, with its cause."""

    stage: Literal["corpus", "encoder", "features", "probe"] = Field(
        description="What was being done."
    )
    name: str = Field(description="The corpus, encoder or probe.")
    cause: str = Field(description="One sentence.")
    protocol: str | None = Field(default=None, description="Of the fit that failed.")
    fold: str | None = Field(default=None, description="Of the fit that failed.")
    layer: int | None = Field(default=None, description="Of the fit that failed.")
    seed: int | None = Field(default=None, description="Of the fit that failed.")


class PredictionsFile(Card):
    """The predictions beside the result."""

    file: str = Field(description="Name in the same folder.")
    sha256: str = Field(description="SHA-256 of the file.")
    rows: int = Field(description="One a text and unit.")


class Timing(Card):
    """Seconds of one phase."""

    phase: str = Field(description="What was done.")
    seconds: float = Field(description="How long.")


class Provenance(Card):
    """Where, when and how; two runs of the same work differ in nothing but this."""

    cefrbench: str = Field(description="Version.")
    started: str = Field(description="UTC, ISO 8601.")
    command: str = Field(description="The command that repeats the run.")
    python: str = Field(description="Version.")
    platform: str = Field(description="Operating system and processor.")
    packages: dict[str, str] = Field(description="Version of each package that computes.")
    plugins: dict[str, str] = Field(description="Plugin of each name used, where not built in.")
    hardware: dict[str, Any] = Field(description="Device, cores, memory.")
    timings: tuple[Timing, ...] = Field(description="Time by phase, in order.")
    peak_memory_bytes: int = Field(description="Most resident memory of the process.")
    features: dict[str, float] = Field(description="Texts and tokens encoded, shards reused.")


class RunResult(Card):
    """The result of one encoder under one suite."""

    kind: Literal["cefrbench-result"] = Field(default=KIND, description="Marks the file as ours.")
    schema_version: str = Field(default=SCHEMA_VERSION, description="MAJOR.MINOR of this format.")
    suite: str = Field(description="Named configuration that was run.")
    encoder: EncoderIdentity = Field(description="The model and all that changes its features.")
    scale: tuple[str, ...] = Field(description="Classes, lowest first.")
    complete: bool = Field(description="All of the suite was run, in its form, and none failed.")
    corpora: tuple[CorpusRecord, ...] = Field(description="In the order of the pooled rows.")
    probes: tuple[ProbeCard, ...] = Field(description="What was fitted.")
    protocols: tuple[ProtocolCard, ...] = Field(description="How it was split.")
    splits: tuple[SplitRecord, ...] = Field(description="One a fold.")
    summary: tuple[SummaryRecord, ...] = Field(description="One a protocol and probe: the tables.")
    choices: tuple[ChoiceRecord, ...] = Field(description="Layers chosen on validation rows.")
    units: tuple[UnitRecord, ...] = Field(description="The scores, each from its confusion matrix.")
    fits: tuple[FitRecord, ...] = Field(description="One a fitted probe.")
    failures: tuple[FailureRecord, ...] = Field(description="What could not be done, and why.")
    predictions: PredictionsFile | None = Field(description="Of the chosen or oracle's layers.")
    config: RunConfig = Field(description="The merged configuration; `--config` takes it back.")
    provenance: Provenance = Field(description="Where, when and how.")
    checksum: str = Field(
        default="",
        description="SHA-256 of the rest as ASCII JSON with sorted keys and no spaces.",
    )
