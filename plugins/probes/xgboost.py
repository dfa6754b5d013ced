"""`xgboost`: the study's surface baseline."""

from __future__ import annotations

from cefrbench import Estimator, ProbeCard, ProbeError, ProbeOptions, ProbeSpec, Register, hookimpl

#: The seed is part of the baseline's definition: no other one is drawn.
PARAMS: dict[str, float | int | str | bool | None] = {
    "n_estimators": 300,
    "max_depth": 4,
    "learning_rate": 0.05,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "random_state": 42,
}

CARD = ProbeCard(
    name="xgboost",
    description="300 boosted trees of depth 4 on class numbers: the study's surface baseline.",
    kind="regressor",
    params=PARAMS,
    source="xgboost.XGBRegressor",
    extra="paper",
)


def make(options: ProbeOptions) -> Estimator:
    """Make the estimator.

    Raises
    ------
    ProbeError
        When XGBoost is not installed.
    """
    try:
        from xgboost import XGBRegressor
    except ImportError as error:
        raise ProbeError(
            "The probe 'xgboost' needs the package XGBoost, which is not installed: run "
            "`pip install 'cefrbench[paper]'`, or name 'hist-gradient-boosting' instead."
        ) from error
    estimator: Estimator = XGBRegressor(**PARAMS)
    return estimator


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(CARD, make))
