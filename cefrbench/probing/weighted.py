"""Hand weights of rows to any estimator of scikit-learn, or say what its author can do."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.probe import Estimator
from cefrbench.errors import ProbeError

#: What the author of an estimator without weights can do.
ADD_WEIGHTS = (
    "add sample_weight=None to its fit and pass it on; an estimator that can't weigh rows can draw "
    "them with probability by weight, from its seed"
)
#: What the author of an estimator that hands weights to others can do.
ROUTE_WEIGHTS = (
    "put .set_fit_request(sample_weight=True) behind each part that takes weights (and "
    ".set_score_request(sample_weight=True), where a search scores it), after "
    "sklearn.set_config(enable_metadata_routing=True) at the beginning of make()"
)


def fit_weighted(
    estimator: Estimator, X: NDArray[Any], y: NDArray[Any], weight: NDArray[np.float64]
) -> None:
    """Fit with weights: a pipeline's steps get them, and parts that have asked for them.

    Raises
    ------
    ProbeError
        When the estimator takes no weights, or does not hand them on.
    """
    from sklearn import config_context

    asked = _asks(estimator)
    names = ["sample_weight"] if asked else weight_parameters(estimator)
    if not names:
        raise ProbeError(f"{no_weights(estimator)}: {ADD_WEIGHTS}.")
    try:
        # Whether weights are routed is the estimator's own matter, in whatever process it is.
        with config_context(enable_metadata_routing=asked):
            estimator.fit(X, y, **dict.fromkeys(names, weight))
    except (TypeError, ValueError) as error:
        if "sample_weight" not in str(error) or not (asked or _takes_any(estimator)):
            raise
        raise ProbeError(
            f"{type(estimator).__name__} does not hand sample_weight on to all of its parts: "
            f"{ROUTE_WEIGHTS}."
        ) from error


def no_weights(estimator: Estimator) -> str:
    """Say that an estimator takes no weights, and which of a pipeline's steps doesn't."""
    from sklearn.pipeline import Pipeline

    name = type(estimator).__name__
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
        name = f"{type(estimator).__name__}, the last step of a pipeline,"
    return f"{name} takes no sample_weight, and rows are weighted"


def weight_parameters(estimator: Estimator) -> list[str]:
    """Names under which an estimator's ``fit`` takes weights.

    Those of a pipeline are its steps' (``step__sample_weight``); none when its last one takes none.
    """
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import has_fit_parameter

    if has_fit_parameter(estimator, "sample_weight"):
        return ["sample_weight"]
    if isinstance(estimator, Pipeline):
        steps = [(name, step) for name, step in estimator.steps if hasattr(step, "fit")]
        names = [f"{name}__{each}" for name, step in steps for each in weight_parameters(step)]
        last = estimator.steps[-1][0]
        return names if any(name.startswith(f"{last}__") for name in names) else []
    # What takes any parameter and predicts, a search say, hands it on.
    return ["sample_weight"] if _takes_any(estimator) and hasattr(estimator, "predict") else []


def _takes_any(estimator: Estimator) -> bool:
    parameters = inspect.signature(estimator.fit).parameters.values()
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)


def _asks(estimator: Any) -> bool:
    """Whether any part of an estimator has asked for weights, by scikit-learn's routing.

    ``get_metadata_routing`` would say so too, but recurses without end for ``RidgeCV``
    (scikit-learn 1.9), so what ``set_fit_request`` leaves behind is looked at.
    """
    if not hasattr(estimator, "get_params"):
        return False
    parts = (estimator, *estimator.get_params(deep=True).values())
    requests = (getattr(part, "_metadata_request", None) for part in parts)
    return any(r is not None and r.consumes("fit", {"sample_weight"}) for r in requests)
