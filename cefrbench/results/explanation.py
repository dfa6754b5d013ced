"""The model of an explanation: why scores fall out of distribution, in figures and sentences.

What ``cefrbench explain --json`` prints, and what reports, figures and tables are made of. Every
figure is recomputed from a result and its predictions; none is stored in a result.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from cefrbench.contracts.cards import Card
from cefrbench.results.model import AnalysisRecord

#: MAJOR.MINOR of this model.
EXPLANATION_VERSION: Final = "1.0"

#: Parts of the gap. ``direction`` and ``thresholds`` sum to ``gap``; ``decision``, ``location``,
#: ``scale`` and ``spacing`` sum to ``thresholds``.
PartName = Literal["gap", "direction", "thresholds", "decision", "location", "scale", "spacing"]
PARTS: Final[tuple[PartName, ...]] = (
    "gap",
    "direction",
    "thresholds",
    "decision",
    "location",
    "scale",
    "spacing",
)


class Figure(Card):
    """One figure with its 95 % interval, by errors of the whole procedure."""

    value: float | None = Field(description="Null where undefined.")
    low: float | None = Field(default=None, description="Lower end; null without an interval.")
    high: float | None = Field(default=None, description="Upper end.")
    error: float | None = Field(default=None, description="Standard error.")
    refits: int = Field(default=0, description="Refits in the error; 0: the fits held fixed.")

    @property
    def shown(self) -> bool:
        """Whether its interval leaves out 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class SideScores(Card):
    """What one protocol gives on the texts of a decomposition."""

    protocol: str = Field(description="Name of the protocol.")
    qwk: float | None = Field(description="Of the predictions as they are.")
    levelled: float | None = Field(description="Of continuous predictions, rounded.")
    located: float | None = Field(description="Moved so that their mean is the gold levels'.")
    scaled: float | None = Field(description="Moved and stretched: mean and spread the gold's.")
    recut: float | None = Field(description="Cut at the gold levels' shares.")


class Decomposition(Card):
    """The gap of one probe on the same texts, in parts that sum to it."""

    probe: str = Field(description="Name of the probe.")
    corpus: str | None = Field(description="Null: the mean over corpora.")
    corpora: tuple[str, ...] = Field(description="Corpora in it.")
    texts: int = Field(description="Different texts, scored under both protocols.")
    inside: SideScores = Field(description="In distribution.")
    outside: SideScores = Field(description="Out of distribution.")
    parts: dict[PartName, Figure] = Field(
        description="Each loss out of distribution, in QWK; without those that are undefined."
    )


class LayerDecomposition(Card):
    """The same of one layer, mean over corpora, without errors: few layers keep predictions."""

    probe: str = Field(description="Name of the probe.")
    layer: int = Field(description="Index of the hidden state; 0 is the embedding output.")
    corpora: tuple[str, ...] = Field(description="Corpora in it.")
    inside: SideScores = Field(description="In distribution.")
    outside: SideScores = Field(description="Out of distribution.")
    parts: dict[PartName, float] = Field(
        description="As in a decomposition; `decision` and `location` as one under `location`."
    )


class LevelResidual(Card):
    """Residuals (prediction less truth, in levels) of the texts of one true level."""

    probe: str = Field(description="Name of the probe.")
    protocol: str = Field(description="Name of the protocol.")
    corpus: str | None = Field(description="Null: all corpora pooled.")
    level: str = Field(description="True level.")
    n: int = Field(description="Texts, once a seed.")
    mean: float | None = Field(description="Null without texts.")
    sd: float | None = Field(description="Null without texts.")


class Drift(Card):
    """Whether predictions drift to uniform, or shrink to their middle; beside it, the bias."""

    probe: str = Field(description="Name of the probe.")
    corpus: str | None = Field(description="Null: the mean over corpora.")
    measure: Literal["bias", "spread", "slope", "evenness", "to_uniform"] = Field(
        description=(
            "Mean of prediction less truth; standard deviation of predicted over true levels; "
            "slope of predicted on true level; entropy of predicted levels over that of uniform; "
            "total-variation distance of predicted levels from uniform."
        )
    )
    inside: Figure = Field(description="In distribution.")
    outside: Figure = Field(description="Out of distribution.")
    change: Figure = Field(description="Out less in.")


class LabelShift(Card):
    """One correction of the prior, on one corpus out of distribution."""

    probe: str = Field(description="Name of the probe.")
    corpus: str = Field(description="Scored corpus.")
    method: Literal["none", "bbse", "em", "known"] = Field(
        description=(
            "How the corpus's level shares are had: not at all (those of the held-out training "
            "texts), by black-box shift estimation, by expectation-maximisation, or looked up."
        )
    )
    texts: int = Field(description="Texts scored.")
    prior: tuple[float, ...] = Field(description="Level shares assumed.")
    truth: tuple[float, ...] = Field(description="The corpus's level shares.")
    distance: float = Field(description="Total-variation distance of the two.")
    misfit: float = Field(
        description=(
            "Total-variation distance of the predicted levels from those that the corpus's own "
            "shares would give, were label shift all: 0 where it is."
        )
    )
    qwk: Figure = Field(description="Each predicted class as the level that it stands for then.")
    gain: Figure = Field(description="That less the QWK of the predictions as they are.")
    cut: Figure | None = Field(
        description="QWK, continuous predictions cut at the assumed shares; null without any."
    )
    cut_gain: Figure | None = Field(description="That less the QWK as they are.")


class ShiftScore(Card):
    """One encoder on the rung of one kind of shift."""

    probe: str = Field(description="Name of the probe.")
    protocol: str = Field(description="Protocol that makes the shift.")
    words: str = Field(description="What is new, in words: `a new task`.")
    score: Literal["qwk", "recut", "spearman"] = Field(description="Name of the score.")
    corpora: tuple[str, ...] = Field(description="Corpora that allow the rung.")
    texts: int = Field(description="Texts scored there.")
    figure: Figure = Field(description="Mean over these corpora.")
    before: str | None = Field(description="Protocol of the rung before; null at the first.")
    shared: tuple[str, ...] = Field(description="Corpora that this rung and that have in common.")
    shared_texts: int = Field(description="Texts that both score.")
    step: Figure | None = Field(description="This less the one before, on the same texts.")


class ClaimRung(Card):
    """One rung of the claim ladder: is the encoder better than this, out of distribution?"""

    name: str = Field(description="`majority`, `untrained`, `layer 0`, `length`, …")
    reference: str | None = Field(description="Encoder that stands for it; null for none.")
    probe: str | None = Field(description="The reference's probe.")
    status: Literal["passed", "not shown", "worse", "untested"] = Field(
        description="Better, not told apart, worse (each after Holm's correction), or no test."
    )
    reason: str = Field(default="", description="Why it is untested.")
    qwk: float | None = Field(default=None, description="The reference's.")
    difference: Figure | None = Field(default=None, description="The encoder's QWK less that.")
    p: float | None = Field(default=None, description="Two-sided.")
    p_holm: float | None = Field(default=None, description="Corrected over the ladder.")


class Claim(Card):
    """How far an encoder reads proficiency beyond corpora."""

    probe: str = Field(description="Probe of the encoder.")
    protocol: str = Field(description="Out of distribution.")
    qwk: Figure = Field(description="The encoder's.")
    rungs: tuple[ClaimRung, ...] = Field(description="From the humblest.")
    height: int = Field(description="Rungs passed from the lowest, without a gap.")
    top: str | None = Field(description="Name of the highest of these; null where none is.")
    verdict: str = Field(description="One sentence.")


class Statement(Card):
    """One sentence, and the figures that it is made of."""

    topic: Literal[
        "claim",
        "decomposition",
        "layers",
        "drift",
        "label shift",
        "shifts",
        "readings",
        "limits",
    ] = Field(description="What it is about; the headings of the page.")
    text: str = Field(description="Plain text.")
    figures: tuple[str, ...] = Field(
        description="Their places in this model, such as `decompositions[0].parts.direction`."
    )


class Explanation(Card):
    """Why one result's scores fall out of distribution."""

    kind: Literal["cefrbench-explanation"] = "cefrbench-explanation"
    version: str = Field(default=EXPLANATION_VERSION, description="MAJOR.MINOR of this model.")
    encoder: str = Field(description="Name of the encoder.")
    suite: str = Field(description="Name of the suite.")
    checksum: str = Field(description="Of the result that is explained.")
    probe: str = Field(description="The probe that sentences speak of: the favoured one.")
    inside: str | None = Field(description="Protocol in distribution; null where none was run.")
    outside: str | None = Field(description="Protocol out of distribution, likewise.")
    sentences: tuple[Statement, ...] = Field(description="In the order of the page.")
    decompositions: tuple[Decomposition, ...] = Field(description="By probe, then corpus.")
    layers: tuple[LayerDecomposition, ...] = Field(description="By probe and layer.")
    residuals: tuple[LevelResidual, ...] = Field(description="By probe, protocol, corpus, level.")
    drifts: tuple[Drift, ...] = Field(description="By probe and corpus.")
    label_shifts: tuple[LabelShift, ...] = Field(description="By probe, corpus and method.")
    shifts: tuple[ShiftScore, ...] = Field(description="The ladder of shifts.")
    claim: Claim | None = Field(description="Null without a protocol out of distribution.")
    analyses: tuple[AnalysisRecord, ...] = Field(
        description="What the run's analyses found, as the result has it (docs/analyses.md)."
    )
    notes: tuple[str, ...] = Field(description="What could not be said, and why.")
    replicates: int = Field(description="Resamples of the texts.")
    seed: int = Field(description="Of the resamples.")
