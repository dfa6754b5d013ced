"""`ridge`: least squares on class numbers with an L2 penalty."""

from __future__ import annotations

from cefrbench import Estimator, Penalty, ProbeCard, ProbeOptions, ProbeSpec, Register, hookimpl

CARD = ProbeCard(
    name="ridge",
    description="Ridge regression on class numbers; intercept not penalised.",
    kind="regressor",
    params={"alpha": 1.0},
    penalty=Penalty(
        name="alpha",
        values=(1e5, 1e4, 1e3, 1e2, 1e1, 1.0, 1e-1),
        strongest="largest",
    ),
    source="sklearn.linear_model.Ridge",
)


def make(options: ProbeOptions) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.linear.ridge import RidgeProbe

    alpha = 1.0 if options.penalty is None else options.penalty
    return RidgeProbe(alpha=alpha, device=options.device)


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(CARD, make))
