"""The model of a result, version 2. The published JSON Schema is generated from these classes."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from cefrbench.config import RunConfig
from cefrbench.contracts.cards import Card, CorpusCard, EncoderIdentity, ProbeCard, ProtocolCard
from cefrbench.essays import CleaningReport, RowSource
from cefrbench.published import without_places
from cefrbench.statistics.scores import Scores, Sums

#: Major version: readers refuse another. Minor: fields were added.
SCHEMA_VERSION = "2.2"
KIND: Final = "cefrbench-result"

Confusion = tuple[tuple[int, ...], ...]
#: What may hold a message: no place on a machine stands in a result, whoever wrote it.
PublicText = Annotated[str, AfterValidator(without_places)]


class CorpusRecord(Card):
    """One corpus as this run saw it."""

    card: CorpusCard = Field(description="What the corpus says of itself.")
    revision: str | None = Field(description="Resolved revision; null for local files.")
    fingerprint: str = Field(description="SHA-256 of the cleaned rows, in order.")
    source: RowSource = Field(description="Where the rows came from.")
    texts: int = Field(description="Rows used.")
    units: int = Field(description="Different texts among them.")
    levels: dict[str, int] = Field(description="Rows by class of the scale.")
    cleaning: CleaningReport = Field(description="What became of its rows.")
    reads: dict[str, str] = Field(
        default_factory=dict,
        description="What features depend on beside texts and languages: a file's hash, say.",
    )
    notes: tuple[PublicText, ...] = Field(
        default=(), description="What the encoder says of its features of this corpus."
    )


class SplitRecord(Card):
    """One fold: what was trained on and scored."""

    protocol: str = Field(description="Name of the protocol.")
    fold: str = Field(description="What was left out, or `all`.")
    manifest: str | None = Field(description="SHA-256 of which text is where.")
    train: int = Field(description="Rows fitted on.")
    inner: int = Field(description="Cuts of the training part that the choice was made by.")
    scored: dict[str, int] = Field(description="Texts scored, by corpus or group.")
    train_levels: tuple[int, ...] = Field(
        default=(), description="Rows fitted on, by class: the training prior."
    )
    notes: tuple[str, ...] = Field(default=(), description="Deviations from the protocol.")
    skipped: str | None = Field(default=None, description="Why the fold was not run.")


class Held(Card):
    """Texts of one corpus that inner cuts held out, counted over these cuts."""

    corpus: str = Field(description="Name of the corpus.")
    confusion: Confusion = Field(description="Counts, gold classes in rows.")


class PenaltyRecord(Card):
    """One penalty of one fit: what the choice saw of it, and what only the oracle sees."""

    penalty: float | None = Field(description="Null where the probe has its own alone.")
    inner_qwk: float | None = Field(description="Mean QWK over the corpora of `held`.")
    scored_qwk: float | None = Field(
        description="Mean QWK over the fold's scored corpora. Nothing but the oracle reads it."
    )


class FitRecord(Card):
    """One fitted probe: a fold on a layer, at the penalty that the inner cuts favour there."""

    protocol: str = Field(description="Name of the protocol.")
    fold: str = Field(description="Name of the fold.")
    probe: str = Field(description="Name of the probe.")
    layer: int = Field(description="Index of the hidden state; 0 is the embedding output.")
    seed: int | None = Field(description="Null for a probe that no seed changes.")
    penalty: float | None = Field(description="Null where the probe has its own alone.")
    path: tuple[PenaltyRecord, ...] = Field(description="All penalties, from the strongest.")
    held: tuple[Held, ...] = Field(
        description="What the inner cuts held out, by corpus, at this penalty; empty without cuts."
    )
    iterations: int | None = Field(default=None, description="Steps that the fit took.")
    converged: bool = Field(default=True, description="Whether it ended by its own rule.")
    message: str = Field(default="", description="Why it did not converge.")


class UnitRecord(Card):
    """One scored unit: layer × probe × protocol × fold × scored corpus × seed."""

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


class CorpusScore(Card):
    """One corpus under one protocol, the texts of all folds taken together."""

    protocol: str = Field(description="Name of the protocol.")
    corpus: str = Field(description="Scored corpus, or the name of the group.")
    probe: str = Field(description="Name of the probe.")
    layer: int | None = Field(description="Null: in each fold the layer that counts there.")
    seed: int | None = Field(description="Null for a probe that no seed changes.")
    n: int = Field(description="Texts scored.")
    scores: Scores = Field(description="Of these texts.")


class ChoiceRecord(Card):
    """Layer and penalty of one fold, chosen inside its training part alone."""

    protocol: str = Field(description="Name of the protocol.")
    fold: str = Field(description="Name of the fold.")
    probe: str = Field(description="Name of the probe.")
    seed: int | None = Field(description="Null for a probe that no seed changes.")
    layer: int = Field(description="With the best QWK on inner cuts, the lowest of equals.")
    penalty: float | None = Field(description="That one's, the strongest of equals.")
    inner_qwk: float | None = Field(description="That QWK; null where another probe chose.")
    scored_qwk: float | None = Field(description="Mean QWK over the fold's scored corpora.")
    follows: str | None = Field(description="Probe whose choice of a layer this one takes.")
    oracle_layer: int | None = Field(description="The best on the scored texts themselves.")
    oracle_penalty: float | None = Field(description="That one's.")
    oracle_qwk: float | None = Field(description="Its mean QWK over the fold's scored corpora.")


class SummaryRecord(Card):
    """One probe under one protocol: means over corpora, then over seeds. Groups are left out."""

    protocol: str = Field(description="Name of the protocol.")
    probe: str = Field(description="Name of the probe.")
    corpora: tuple[str, ...] = Field(description="Scored corpora in the mean.")
    chosen: Scores | None = Field(description="At the layers and penalties that were chosen.")
    chosen_layers: tuple[int, ...] = Field(description="Those layers, each once, ascending.")
    chosen_penalties: tuple[float, ...] = Field(description="Those penalties, likewise.")
    chosen_qwk_sd: float | None = Field(description="Standard deviation over seeds.")
    embedding: Scores | None = Field(description="At layer 0, which no choice may take.")
    oracle: Scores | None = Field(
        description="At the layer with the best mean QWK on the scored texts (study's form)."
    )
    oracle_layer: int | None = Field(description="That layer, the lowest of equals.")
    oracle_qwk: float | None = Field(
        description="Mean QWK of the oracle; in the corrected form the choice's, and the optimism."
    )
    optimism: float | None = Field(
        description="How far the folds' oracles lie above their choices, in mean QWK."
    )
    layer_mean: Scores = Field(
        description="Mean over layers, layer 0 left out; null for ranks and where another chose."
    )


class ReferenceRecord(Card):
    """What another encoder reached on the same splits: what a score has to be read against."""

    encoder: EncoderIdentity = Field(description="The reference.")
    favoured: str = Field(description="The probe that its inner cuts favour.")
    summary: tuple[SummaryRecord, ...] = Field(description="Its tables, of all its probes.")


class FailureRecord(Card):
    """Something that could not be done, with its cause."""

    stage: Literal["corpus", "encoder", "features", "probe", "analysis"] = Field(
        description="What was being done."
    )
    name: str = Field(description="The corpus, encoder, probe or analysis.")
    cause: PublicText = Field(description="One sentence.")
    protocol: str | None = Field(default=None, description="Of the fit that failed.")
    fold: str | None = Field(default=None, description="Of the fit that failed.")
    layer: int | None = Field(default=None, description="Of the fit that failed.")
    seed: int | None = Field(default=None, description="Of the fit that failed.")


class AnalysisRecord(Card):
    """One figure of one analysis; what each analysis says stands in docs/analyses.md."""

    analysis: str = Field(description="Name of the analysis.")
    protocol: str | None = Field(default=None, description="Whose folds or predictions were read.")
    probe: str | None = Field(default=None, description="The probe, where it is one of `probes`.")
    corpus: str | None = Field(
        default=None, description="Corpus, family or language it is of; null: of all texts."
    )
    layer: int | None = Field(default=None, description="Null: what was chosen in each fold.")
    target: str | None = Field(default=None, description="What was read, drawn or erased.")
    amount: int | None = Field(default=None, description="How many labels, texts or families.")
    measure: str = Field(description="What `value` is.")
    value: float | None = Field(description="The figure; null where it is undefined.")
    chance: float | None = Field(default=None, description="What it is where nothing is read.")
    sd: float | None = Field(default=None, description="Standard deviation over `draws`.")
    low: float | None = Field(default=None, description="Tenth percentile of `draws`.")
    high: float | None = Field(default=None, description="Ninetieth percentile of `draws`.")
    n: int = Field(description="Texts behind it.")
    draws: int = Field(default=1, description="Draws or folds behind it.")


class AnalysisNote(Card):
    """What an analysis can't say of these corpora, and why."""

    analysis: str = Field(description="Name of the analysis.")
    protocol: str | None = Field(default=None, description="Where it is of one protocol.")
    corpus: str | None = Field(default=None, description="Where it is of one corpus.")
    target: str | None = Field(default=None, description="What could not be read.")
    cause: PublicText = Field(description="One sentence.")


class CommitmentRecord(Card):
    """What the features of one corpus were, said before anybody drew any of them."""

    corpus: str = Field(description="Name of the corpus.")
    texts: int = Field(description="Its distinct texts, in the order in which they first stand.")
    layers: tuple[int, ...] = Field(description="Indices of the hidden states.")
    roots: tuple[str, ...] = Field(
        description="Merkle root over the rows of each layer, SHA-256; see docs/security.md."
    )


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
    command: PublicText = Field(description="The command that repeats the run.")
    python: str = Field(description="Version.")
    platform: str = Field(description="Operating system and processor.")
    packages: dict[str, str] = Field(description="Version of each package that computes.")
    plugins: dict[str, PublicText] = Field(
        description="Plugin of each name used, where not built in."
    )
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
    scores: tuple[CorpusScore, ...] = Field(description="One a protocol, corpus, probe and layer.")
    references: tuple[ReferenceRecord, ...] = Field(
        description="Encoders that were run beside this one, on the same splits."
    )
    choices: tuple[ChoiceRecord, ...] = Field(description="What was chosen, fold by fold.")
    units: tuple[UnitRecord, ...] = Field(description="The atoms, each from its confusion matrix.")
    fits: tuple[FitRecord, ...] = Field(description="One a fitted probe.")
    failures: tuple[FailureRecord, ...] = Field(description="What could not be done, and why.")
    analyses: tuple[AnalysisRecord, ...] = Field(
        default=(), description="What was read beside scores, a figure a record."
    )
    analysis_notes: tuple[AnalysisNote, ...] = Field(
        default=(), description="What analyses can't say of these corpora."
    )
    commitments: tuple[CommitmentRecord, ...] = Field(
        default=(), description="To the features, one a corpus; none before 2.2."
    )
    predictions: PredictionsFile | None = Field(
        description="Of the layers that count, and of layer 0."
    )
    config: RunConfig = Field(description="The merged configuration; `--config` takes it back.")
    provenance: Provenance = Field(description="Where, when and how.")
    checksum: str = Field(
        default="",
        description="SHA-256 of the rest as ASCII JSON with sorted keys and no spaces.",
    )
