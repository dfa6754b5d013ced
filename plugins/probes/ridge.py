"""`ridge`: least squares on class numbers with an L2 penalty."""

from __future__ import annotations

from cefrbench import Estimator, ProbeCard, ProbeOptions, ProbeSpec, Register, hookimpl

CARD = ProbeCard(
    name="ridge",
    description="Ridge regression on class numbers; intercept not penalised.",
    kind="regressor",
    params={"alpha": 1.0},
    source="sklearn.linear_model.Ridge",
)


def make(options: ProbeOptions) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.linear.ridge import RidgeProbe

    return RidgeProbe(alpha=1.0, device=options.device)


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(CARD, make))
