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
    Inner,
    Penalty,
    ProbeCard,
    ProbeSpec,
    Protocol,
    ProtocolCard,
    by_corpus,
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


# -- a protocol: of each corpus's rows 18 train and six are scored; of the 18, six are held out ----


def by_hand(table, seed):
    place = np.concatenate([np.arange(np.sum(table.corpus == c)) for c in range(len(table.names))])
    last = setting("last_held_row", 17)
    rows = np.arange(len(table))
    train = rows[place < 18]
    if setting("backwards", False):
        train = train[::-1]
    scored = by_corpus(table, rows[place >= 18])
    held = by_corpus(table, rows[(place >= 12) & (place <= last)])
    inner = () if table.form == "study" else (Inner(rows[place < 12], held),)
    yield Fold("all", train, scored, inner)


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
    """The same over many folds at once; it reads features as they are, whatever their unit is."""

    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        fits = []
        for fold in folds:
            fits.append([])
            for seed in seeds:
                weight = fold.weight
                self.write_down(X[fold.train], y[fold.train], weight, seed)
                fits[-1].append(FoldFit(X[fold.predict][:, 2].astype(np.float64)))
        return fits


class Graded:
    """Reads what a text says where its penalty is 1, and 4 less that where it is 3."""

    def __init__(self, options):
        self.penalty = options.penalty

    def fit(self, X, y, sample_weight=None):
        return self

    def predict(self, X):
        raise AssertionError("its folds are fitted together")

    def fit_folds(self, X, y, folds, *, sample_weight=None, seeds=(None,)):
        said = X[:, 2].astype(np.float64)
        told = said if self.penalty == 1 else 4 - said
        return [[FoldFit(told[fold.predict])] for fold in folds]


@hookimpl
def register_probes(register):
    grid = Penalty(name="alpha", values=(3.0, 1.0), strongest="largest")
    card = ProbeCard(name="graded", description="Planted.", kind="regressor", penalty=grid)
    register(ProbeSpec(card, Graded))
    values = setting("penalty", None)
    penalty = values and Penalty(name="alpha", values=values, strongest="largest")
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
            penalty=penalty,
        )
        register(ProbeSpec(card, lambda options, n=name, k=kind: k(n, options)))
