"""Metadata apart from behaviour: what corpora, encoders, probes and protocols say of themselves."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cefrbench.errors import NAME_PATTERN, PROBE_PATTERN

#: A name that can stand in a path, an address and a table.
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
#: Stands between the names of a method and of the probe that it wraps.
PLUS = "+"
#: The name of a probe: its own, or `METHOD+PROBE`.
ProbeName = Annotated[str, StringConstraints(pattern=PROBE_PATTERN)]
Pooling = Literal["last", "mean", "cls", "max"]
Dtype = Literal["float32", "bfloat16", "float16"]
#: What an encoder is in a ranking. Candidates are ranked; a reference (surface features) shows what
#: is had without a model, a control (an untrained model) what is had without training.
Role = Literal["candidate", "reference", "control"]


class Card(BaseModel):
    """Base of all metadata: immutable, unknown fields and numbers that are not finite refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class HubFile(Card):
    """Where a corpus lies on the Hugging Face hub."""

    repo: str = Field(description="Dataset repository, `ORG/NAME`.")
    file: str = Field(description="File inside the repository.")
    revision: str | None = Field(
        default=None, description="Pinned commit; none means the newest, which is then recorded."
    )


class Agreement(Card):
    """How far people agree on the levels of a corpus, as a source states it."""

    value: float = Field(gt=0, le=1, description="The figure, 0 to 1.")
    measure: str = Field(
        min_length=1,
        description="`qwk`, `spearman`, `accuracy` or `adjacent`, as scores are named; any other "
        "measure in words.",
    )
    compared: str = Field(min_length=1, description="Whose levels, of how many texts.")
    source: str = Field(min_length=1, description="Where it is stated: a reference, with the page.")


class CorpusCard(Card):
    """What a corpus says of itself."""

    name: Name = Field(description="Name on the command line and in tables.")
    title: str = Field(description="Full name of the corpus.")
    languages: tuple[str, ...] = Field(min_length=1, description="ISO 639-1 codes of the texts.")
    licence: str = Field(
        description="The stricter of the two licences below; what users must keep."
    )
    licence_card: str | None = Field(default=None, description="Licence on the dataset's card.")
    licence_rows: str | None = Field(default=None, description="Licence as written in the rows.")
    source: str = Field(description="Where the corpus comes from (a URL).")
    citation: str = Field(description="Reference to cite.")
    task: str = Field(description="What the learners were asked to write.")
    rated_by: str = Field(description="Who gave the levels, and how.")
    agreement: Agreement | None = Field(
        default=None, description="How far people agree on the levels; null where no source says."
    )
    cleaning: tuple[str, ...] = Field(default=(), description="Cleaning rules applied, in order.")
    hub: HubFile | None = Field(default=None, description="Hub location; none for local files.")
    access: Literal["open", "gated", "owner"] | None = Field(
        default=None,
        description="`open`: anyone may fetch it; `gated`: terms are accepted on the hub first; "
        "`owner`: its owner hands it out; null: not stated.",
    )
    group: Name | None = Field(default=None, description="Family that `lofo` leaves out together.")
    optional: bool = Field(default=False, description="Not part of the suites; named explicitly.")


class EncoderCard(Card):
    """What an encoder says of itself before it is loaded."""

    name: str = Field(description="Registered name, or a scheme ending in a colon (`hf:`).")
    description: str = Field(description="What it is, in a sentence.")
    model: str | None = Field(default=None, description="Model on the hub, `ORG/NAME`.")
    revision: str | None = Field(default=None, description="Pinned commit; none: the newest.")
    licence: str | None = Field(default=None, description="Licence of the weights.")
    parameters: int | None = Field(default=None, description="Number of weights.")
    layers: int | None = Field(default=None, description="L: hidden states are numbered 0 to L.")
    width: int | None = Field(default=None, description="Numbers in one feature vector.")
    role: Role = Field(
        default="candidate",
        description="A reference needs no model, a control is untrained; neither is ranked.",
    )


class EncoderIdentity(Card):
    """All that changes a feature value; its hash is part of the cache key.

    ``name``, ``role``, ``parameters`` and ``licence`` describe, and are left out of the hash.
    """

    name: str = Field(description="As asked for on the command line.")
    role: Role = Field(default="candidate", description="As on its card; filled in by the run.")
    model: str = Field(description="Model name, or `sha256:…` of the weights for a local folder.")
    revision: str | None = Field(default=None, description="Resolved commit of the model.")
    pooling: Pooling | None = Field(description="None when the encoder has nothing to pool.")
    instruction: str = Field(description="Prefix put before each text, as is; empty for none.")
    max_length: int | None = Field(description="Most tokens of prefix and text together.")
    dtype: Dtype = Field(description="Of the forward pass; features are always float32.")
    layers: tuple[int, ...] = Field(description="Indices of the features; 0: embedding output.")
    width: int = Field(description="Numbers in one feature vector.")
    parameters: int | None = Field(default=None, description="Number of weights.")
    licence: str | None = Field(default=None, description="Licence of the weights.")
    remote_code: bool = Field(default=False, description="The model's own code was run.")
    details: dict[str, str] = Field(
        default_factory=dict, description="Anything else that changes a value, by name."
    )

    def digest(self) -> str:
        """Hash of what changes a value: 16 hexadecimal digits."""
        data = self.model_dump(mode="json", exclude={"name", "role", "parameters", "licence"})
        text = json.dumps(data, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Penalty(Card):
    """A probe's hyper-parameter that the harness may choose, and the values it chooses from."""

    name: str = Field(description="Parameter of the estimator.")
    values: tuple[float, ...] = Field(
        min_length=2, description="From the strongest penalty to the weakest."
    )
    strongest: Literal["largest", "smallest"] = Field(
        description="Which value penalises most: the largest (`alpha`) or the smallest (`C`)."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        falling = all(later < earlier for earlier, later in pairwise(self.values))
        rising = all(later > earlier for earlier, later in pairwise(self.values))
        if not (falling if self.strongest == "largest" else rising):
            raise ValueError(
                f"The values {self.values} of {self.name!r} must go from the strongest to the "
                f"weakest, and the strongest is the {self.strongest}: turn them round."
            )
        return self


class ProbeCard(Card):
    """What a probe says of itself."""

    name: ProbeName = Field(description="Name on the command line and in tables.")
    description: str = Field(description="What it is, in a sentence.")
    kind: Literal["regressor", "classifier"] = Field(
        description="A regressor predicts numbers, clipped to the scale; a classifier classes."
    )
    seeded: bool = Field(default=False, description="Whether a seed changes the fit.")
    params: dict[str, float | int | str | bool | None] = Field(
        default_factory=dict, description="Parameters of the estimator."
    )
    layer_from: ProbeName | None = Field(
        default=None,
        description="Probe whose choice of a layer this one takes, unless all are asked for.",
    )
    penalty: Penalty | None = Field(
        default=None, description="What the harness may choose; none: the parameters stand."
    )
    source: str = Field(default="", description="Where the definition comes from.")
    extra: str | None = Field(default=None, description="Extra of the package that it needs.")


class ProtocolCard(Card):
    """What a protocol says of itself."""

    name: Name = Field(description="Name on the command line and in tables.")
    title: str = Field(description="Name in headings.")
    description: str = Field(description="What it trains on and scores, in a sentence.")
    distribution: Literal["in", "out"] = Field(
        description="Whether scored texts come from corpora that were trained on."
    )


class MethodCard(Card):
    """What a method against corpus bias says of itself."""

    name: Name = Field(description="Name on the command line and in tables.")
    title: str = Field(description="Name in headings.")
    description: str = Field(description="What it does, in a sentence.")
    sees: Literal["source", "unlabelled", "labels"] = Field(
        description="`source`: training corpora, and which text is of which; `unlabelled`: also "
        "the scored corpus's texts without levels; `labels`: also a few of its levels, as the "
        "few-shot protocols hand out."
    )
    strengths: tuple[float, ...] = Field(
        default=(),
        description="Values of its one hyper-parameter, which the harness chooses as it chooses a "
        "penalty; empty: it has none.",
    )
    length: bool = Field(
        default=False, description="Whether it is also handed how long each text is."
    )
    seeded: bool = Field(default=False, description="Whether a seed changes it.")
    moves: Literal["features", "weights", "labels", "predictions", "layers"] = Field(
        description="What of the plain probe it changes; `layers`: it puts the predictions of "
        "several layers together."
    )
    paper: str = Field(description="Reference to cite.")
    url: str = Field(default="", description="Where the paper is.")
    library: str = Field(default="", description="Library that does the work; empty: our own code.")
    extra: str | None = Field(default=None, description="Extra of the package that it needs.")
