"""Checks of an encoder's card and identity: true, complete, and without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from cefrbench.check.encoder.subject import EncoderSubject
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark, unfilled
from cefrbench.errors import UserError

_SECRET = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)

CHECKS: CheckTable[EncoderSubject] = CheckTable()


@CHECKS.add(
    "encoder-card",
    "The card is complete",
    "The catalogue, the filters of the leaderboard and the licence notice come from it, before "
    "anything is loaded.",
)
def check_card(subject: EncoderSubject) -> Iterator[Problem]:
    """Look for blanks, placeholders and a missing licence."""
    card = subject.spec.card
    yield from unfilled({"description": card.description})
    if card.licence is None and not card.name.endswith(":"):
        yield Problem(
            "the card names no licence",
            "write the licence of the weights, or the terms of the service",
            note=True,
        )


@CHECKS.add(
    "encoder-load",
    "The model loads",
    "Without a model there are no features.",
)
def check_load(subject: EncoderSubject) -> Iterator[Remark]:
    """Load the model."""
    try:
        identity = subject.encoder.identity
    except UserError as error:
        if subject.options.offline:
            raise NotApplicableError(f"it can't be loaded offline: {error}") from error
        raise
    yield Remark(f"{len(identity.layers)} layers, {identity.width} wide, {identity.dtype}")


@CHECKS.add(
    "encoder-identity",
    "The identity is well-formed and agrees with the card",
    "Results are told apart and features are found again by it.",
    needs="encoder-load",
)
def check_identity(subject: EncoderSubject) -> Iterator[Problem | Remark]:
    """Compare the identity with the name asked for and with the card."""
    identity, card = subject.encoder.identity, subject.spec.card
    if identity.name != subject.name:
        yield Problem(
            f"the identity's name is {identity.name!r}, asked for was {subject.name!r}",
            "set name to the name that load() was given",
        )
    layers = identity.layers
    if not layers or list(layers) != sorted(set(layers)) or layers[0] < 0:
        yield Problem(
            f"the identity's layers {layers} are no ascending indices",
            "number hidden states from 0, the embedding output, to L; a final vector alone is (1,)",
        )
    elif card.layers is not None and layers[-1] != card.layers:
        yield Problem(
            f"the card says {card.layers} layers, the last of the identity is {layers[-1]}",
            "set the card's layers to the index of the last hidden state",
        )
    if card.width is not None and identity.width != card.width:
        yield Problem(
            f"the card says {card.width} wide, the identity {identity.width}",
            "set the card's width to the length of a feature vector",
        )
    if card.revision is not None and identity.revision != card.revision:
        yield Problem(
            f"the card pins revision {card.revision!r}, the identity says {identity.revision!r}",
            "load the revision that the card pins",
        )
    yield Remark(f"digest {identity.digest()}")


@CHECKS.add(
    "encoder-secrets",
    "No key of the environment stands in the identity or the card",
    "Identity and card are published in every result.",
    needs="encoder-load",
)
def check_secrets(subject: EncoderSubject) -> Iterator[Problem]:
    """Look for values of variables that are named like keys."""
    encoder = subject.encoder
    public = (
        encoder.identity.model_dump_json() + subject.spec.card.model_dump_json() + repr(encoder)
    )
    for variable, value in sorted(os.environ.items()):
        if _SECRET.search(variable) and len(value) >= 8 and value in public:
            yield Problem(
                f"the value of {variable} stands in the identity, the card or repr(encoder)",
                "keep the key where requests are made, and out of everything that is described",
            )
