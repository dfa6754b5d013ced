"""`mlp-regressor` and `mlp-classifier`: one hidden layer as wide as the features."""

from __future__ import annotations

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


def make_regressor(options: ProbeOptions) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.mlp.probe import MLPRegressorProbe

    return MLPRegressorProbe(random_state=options.seed, device=options.device)


def make_classifier(options: ProbeOptions) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.mlp.probe import MLPClassifierProbe

    return MLPClassifierProbe(random_state=options.seed, device=options.device)


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(REGRESSOR, make_regressor))
    register(ProbeSpec(CLASSIFIER, make_classifier))
