"""`logistic`: multinomial logistic regression with an L2 penalty."""

from __future__ import annotations

from cefrbench import Estimator, Penalty, ProbeCard, ProbeOptions, ProbeSpec, Register, hookimpl

CARD = ProbeCard(
    name="logistic",
    description="Multinomial logistic regression, L2; intercepts not penalised.",
    kind="classifier",
    params={"C": 1.0},
    penalty=Penalty(
        name="C", values=(1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 1e1), strongest="smallest"
    ),
    source="sklearn.linear_model.LogisticRegression",
)


def make(options: ProbeOptions) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.linear.logistic import LogisticProbe

    C = 1.0 if options.penalty is None else options.penalty
    return LogisticProbe(C=C, device=options.device)


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(CARD, make))
