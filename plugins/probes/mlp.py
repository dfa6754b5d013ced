"""`mlp-regressor` and `mlp-classifier`, and the same stopped early."""

from __future__ import annotations

from functools import partial

from cefrbench import Estimator, ProbeCard, ProbeOptions, ProbeSpec, Register, hookimpl

PARAMS: dict[str, float | int | str | bool | None] = {
    "hidden_layer": "as wide as the features",
    "activation": "relu",
    "solver": "adam",
    "learning_rate": 1e-3,
    "batch_size": 200,
    "alpha": 1e-4,
    "tol": 1e-4,
    "n_iter_no_change": 10,
    "max_iter": 1000,
}

#: Early stopping, in scikit-learn's meaning: by the score of held-out training texts.
EARLY = PARAMS | {"early_stopping": True, "validation_fraction": 0.1}

REGRESSOR = ProbeCard(
    name="mlp-regressor",
    description="One hidden layer as wide as the features, squared loss on class numbers.",
    kind="regressor",
    seeded=True,
    params=PARAMS,
    source="sklearn.neural_network.MLPRegressor",
)

CLASSIFIER = ProbeCard(
    name="mlp-classifier",
    description="One hidden layer as wide as the features, log loss over the levels.",
    kind="classifier",
    seeded=True,
    params=PARAMS,
    source="sklearn.neural_network.MLPClassifier",
)

EARLY_REGRESSOR = REGRESSOR.model_copy(
    update={
        "name": "mlp-regressor-early",
        "description": f"{REGRESSOR.description[:-1]}; stops by held-out training texts.",
        "params": EARLY,
        "layer_from": "ridge",
    }
)

EARLY_CLASSIFIER = CLASSIFIER.model_copy(
    update={
        "name": "mlp-classifier-early",
        "description": f"{CLASSIFIER.description[:-1]}; stops by held-out training texts.",
        "params": EARLY,
        "layer_from": "logistic",
    }
)


def make_regressor(options: ProbeOptions, *, early: bool = False) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.mlp.probe import MLPRegressorProbe

    return MLPRegressorProbe(random_state=options.seed, device=options.device, early_stopping=early)


def make_classifier(options: ProbeOptions, *, early: bool = False) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.mlp.probe import MLPClassifierProbe

    return MLPClassifierProbe(
        random_state=options.seed, device=options.device, early_stopping=early
    )


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(REGRESSOR, make_regressor))
    register(ProbeSpec(CLASSIFIER, make_classifier))
    register(ProbeSpec(EARLY_REGRESSOR, partial(make_regressor, early=True)))
    register(ProbeSpec(EARLY_CLASSIFIER, partial(make_classifier, early=True)))
