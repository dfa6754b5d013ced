"""Predictions kept while they are made are those of the layers that the finished result names."""

import numpy as np
from essay_factory import essays
from hypothesis import given, settings
from hypothesis import strategies as st

from cefrbench.contracts.cards import ProbeCard
from cefrbench.contracts.probe import FoldFit, ProbeSpec
from cefrbench.contracts.protocol import Fold
from cefrbench.essays import pool
from cefrbench.levels import FIVE
from cefrbench.probing.fit import FitFailure
from cefrbench.probing.sweep import Fitted, PlannedFold
from cefrbench.results.build import collect
from cefrbench.results.selection import choose_layers, stored_layers
from cefrbench.results.summary import summarise

LEVELS = ("A1", "A2", "B1", "B2")
TABLE = pool(
    [
        essays(name, [(f"{name} {i}", level) for i, level in enumerate(LEVELS)])
        for name in ("alpha", "beta")
    ],
    FIVE,
    "corrected",
)
NONE = np.arange(0)
#: Rows 0 to 3 are alpha's, 4 to 7 beta's; of each, classes 0, 1, 2, 3 by FIVE are 0, 1, 2, 3.
ALPHA, BETA = np.arange(4), np.arange(4, 8)
RIGHT = {"alpha": TABLE.low[ALPHA].astype(float), "beta": TABLE.low[BETA].astype(float)}


def planned(protocol, name, validation, **scored):
    return PlannedFold(protocol, Fold(name, NONE, validation, scored), "manifest")


def probe(name="ridge", seeded=False):
    card = ProbeCard(name=name, description=name, kind="regressor", seeded=seeded)
    return ProbeSpec(card, lambda options: None)


def kept_by_unit(records):
    return {tuple(key): table.prediction.tolist() for key, table in records.predictions.units()}


def test_in_a_fold_with_validation_rows_the_layer_best_on_those_is_kept():
    # Layer 2 is right on the validation rows (alpha) and wrong on the scored ones; 5 the reverse.
    folds = [planned("loco", "beta", ALPHA, beta=BETA)]
    wrong = RIGHT["beta"][::-1]
    values = {
        5: np.concatenate([RIGHT["alpha"][::-1], RIGHT["beta"]]),
        2: np.concatenate([RIGHT["alpha"], wrong]),
    }
    sweep = [Fitted(n, probe(), (None,), [[FoldFit(v)]]) for n, v in values.items()]
    records = collect(sweep, folds, TABLE)
    assert kept_by_unit(records) == {("loco", "beta", "beta", "ridge", None, 2): wrong.tolist()}


def test_without_validation_rows_the_oracles_layer_of_the_protocol_is_kept_in_all_its_folds():
    # On beta layer 1 is better, on both corpora together layer 3.
    folds = [planned("loco", "alpha", NONE, alpha=ALPHA), planned("loco", "beta", NONE, beta=BETA)]
    half = np.array([0.0, 0.0, 3.0, 3.0])
    values = {1: (RIGHT["alpha"][::-1], RIGHT["beta"]), 3: (RIGHT["alpha"], half)}
    sweep = [
        Fitted(layer, probe(), (None,), [[FoldFit(first)], [FoldFit(second)]])
        for layer, (first, second) in values.items()
    ]
    assert kept_by_unit(collect(sweep, folds, TABLE)) == {
        ("loco", "alpha", "alpha", "ridge", None, 3): RIGHT["alpha"].tolist(),
        ("loco", "beta", "beta", "ridge", None, 3): half.tolist(),
    }


FOLDS = [
    planned("iid", "all", np.array([1, 2, 6]), alpha=ALPHA[::2], beta=BETA[::2]),
    planned("loco", "alpha", NONE, alpha=ALPHA),
    planned("loco", "beta", NONE, beta=BETA),
    planned("loco", "twins", NONE, twins=np.arange(8)),
    planned("logo", "alpha", BETA, alpha=ALPHA),
    planned("logo", "beta", NONE, beta=BETA),
]


@st.composite
def sweeps(draw):
    """Layers in any order, two probes, fits that fail, predictions that often tie."""
    layers = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True))
    found = []
    for layer in layers:
        for spec, seeds in ((probe(), (None,)), (probe("mlp", seeded=True), (4, 1))):
            rows = []
            for fold in FOLDS:
                size = len(fold.rows.predict)
                some = st.lists(st.integers(0, 3), min_size=size, max_size=size)
                fit = st.one_of(
                    st.just(FitFailure("It broke.")),
                    some.map(lambda values: FoldFit(np.array(values, dtype=float))),
                    some.map(lambda values: FoldFit(np.array(values, dtype=float))),
                )
                rows.append([draw(fit) for _ in seeds])
            found.append(Fitted(layer, spec, seeds, rows))
    return found


@given(sweeps())
@settings(max_examples=60, deadline=None)
def test_what_is_kept_is_what_a_reader_of_the_result_expects(sweep):
    records = collect(sweep, FOLDS, TABLE)
    choices = choose_layers(records.fits)
    summary = summarise(records.units, choices, TABLE.names)
    stored = stored_layers(records.fits, choices, summary)
    expected = {}
    for fitted in sweep:
        for fold, fits in zip(FOLDS, fitted.fits, strict=True):
            for seed, fit in zip(fitted.seeds, fits, strict=True):
                run = (fold.protocol, fold.fold.name, fitted.probe.name, seed)
                if isinstance(fit, FoldFit) and stored.get(run) == fitted.layer:
                    for name, _, values in fold.parts(fit.predictions):
                        if name is not None:
                            key = (*run[:2], name, *run[2:], fitted.layer)
                            expected[key] = values.tolist()
    assert kept_by_unit(records) == expected
