"""`hist-gradient-boosting`: the surface baseline with scikit-learn alone."""

from __future__ import annotations

from cefrbench import Estimator, ProbeCard, ProbeOptions, ProbeSpec, Register, hookimpl

PARAMS: dict[str, float | int | str | bool | None] = {
    "max_iter": 300,
    "max_depth": 4,
    "max_leaf_nodes": None,
    "learning_rate": 0.05,
    "max_features": 0.8,
    "min_samples_leaf": 1,
    "early_stopping": False,
}

CARD = ProbeCard(
    name="hist-gradient-boosting",
    description=(
        "300 boosted trees of depth 4 on class numbers; like `xgboost`, but on all rows, "
        "since scikit-learn's histogram trees don't draw subsamples."
    ),
    kind="regressor",
    seeded=True,
    params=PARAMS,
    source="sklearn.ensemble.HistGradientBoostingRegressor",
)


def make(options: ProbeOptions) -> Estimator:
    """Make the estimator; without a seed, with the study's 42."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    seed = 42 if options.seed is None else options.seed
    estimator: Estimator = HistGradientBoostingRegressor(**PARAMS, random_state=seed)
    return estimator


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(CARD, make))
