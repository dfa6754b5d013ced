"""A plugin whose every feature, fold and prediction is known by hand; it writes down what it gets.

``PLANTED_LOG`` names the file that it writes to, one JSON object a line; ``PLANTED`` holds
settings that change one thing without changing this file.
"""

import json
import os
import re
from pathlib import Path

import numpy as np

from cefrbench import (
    Corpus,
    CorpusCard,
    Encoder,
    EncoderCard,
    EncoderIdentity,
    EncoderSpec,
    Fold,
    FoldFit,
    ProbeCard,
    ProbeSpec,
    Protocol,
    ProtocolCard,
    hookimpl,
)

SAYS = re.compile(r"text (\d+) says (\S+) (\S+)")


def setting(name, default):
    return json.loads(os.environ.get("PLANTED", "{}")).get(name, default)


def write_down(**entry):
    with Path(os.environ["PLANTED_LOG"]).open("a") as file:
        file.write(json.dumps(entry) + "\n")


# -- corpora: their rows lie in files ------------------------------------------------------------


class Planted(Corpus):
    def __init__(self, name):
        self.card = CorpusCard(
            name=name,
            title=name,
            languages=("en",),
            licence="CC0",
            source="https://example.org",
            citation="nobody",
            task="tests",
            rated_by="nobody",
        )

    def rows(self, access):
        raise AssertionError("the rows are in --data-dir")


@hookimpl
def register_corpora(register):
    register(Planted("left"))
    register(Planted("right"))


# -- encoders: what a text says at layer 1 and at layer 2 stands in the text ---------------------


class Reader(Encoder):
    """Features of a text: its number, the layer, and what it says there."""

    def __init__(self, name, options):
        self.mirrored = name == "mirror"
        self.identity = EncoderIdentity(
            name=name,
            model=name,
            pooling=None,
            instruction="",
            max_length=None,
            dtype="float32",
            layers=(1, 2),
            width=3,
            details=setting("details", {}),
        )

    def encode(self, batch):
        found = [SAYS.fullmatch(text).groups() for text in batch]
        write_down(encoded=[int(number) for number, *_ in found])
        return np.array(
            [
                [[int(number), layer, self.hear(float(said[layer - 1]))] for layer in (1, 2)]
                for number, *said in found
            ],
            dtype=np.float32,
        )

    def hear(self, said):
        return 4 - said if self.mirrored else said


@hookimpl
def register_encoders(register):
    for name in ("reader", "mirror"):
        register(EncoderSpec(EncoderCard(name=name, description="Planted."), Reader))


# -- a protocol: each corpus's first twelve rows train, six validate, six are scored -------------


def by_hand(table, seed):
    place = np.concatenate([np.arange(np.sum(table.corpus == c)) for c in range(len(table.names))])
    last = setting("last_validation_row", 17)
    rows = np.arange(len(table))
    train = rows[place < 12]
    if setting("backwards", False):
        train = train[::-1]
    validation = table.once(rows[(place >= 12) & (place <= last)])
    scored = table.once(rows[place >= 18])
    parts = {name: scored[table.corpus[scored] == c] for c, name in enumerate(table.names)}
    yield Fold("all", train, validation, parts)


@hookimpl
def register_protocols(register):
    card = ProtocolCard(name="by-hand", title="By hand", description=".", distribution="in")
    register(Protocol(card, by_hand))


# -- probes: they predict what the text says -----------------------------------------------------


class Teller:
    """Predicts the third feature, and writes down the rows, levels and weights it is fitted on."""

    def __init__(self, name, options):
        self.name = name
        self.options = options

    def write_down(self, X, y, weight, seed):
        numbers, layers, _ = X.T
        weight = np.ones(len(y)) if weight is None else weight
        write_down(
            probe=self.name,
            layer=int(layers[0]),
            seed=seed,
            train=[
                (int(number), int(level), float(share))
                for number, level, share in zip(numbers, y, weight, strict=True)
            ],
        )


class Alone(Teller):
    def fit(self, X, y, sample_weight=None):
        self.write_down(X, y, sample_weight, self.options.seed)
        return self

    def predict(self, X):
        return X[:, 2]


class Together(Alone):
    """The same over many folds at once."""

    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        fits = []
        for fold in folds:
            fits.append([])
            for seed in seeds:
                weight = None if sample_weight is None else sample_weight[fold.train]
                self.write_down(X[fold.train], y[fold.train], weight, seed)
                fits[-1].append(FoldFit(X[fold.predict][:, 2].astype(np.float64)))
        return fits


@hookimpl
def register_probes(register):
    for name, kind, seeded in (
        ("alone", Alone, False),
        ("together", Together, False),
        ("seeded", Together, True),
    ):
        card = ProbeCard(
            name=name,
            description="Planted.",
            kind="regressor",
            seeded=seeded,
            params=setting("params", {}),
        )
        register(ProbeSpec(card, lambda options, n=name, k=kind: k(n, options)))
