"""`logistic`: multinomial logistic regression with an L2 penalty."""

from __future__ import annotations

from cefrbench import Estimator, ProbeCard, ProbeOptions, ProbeSpec, Register, hookimpl

CARD = ProbeCard(
    name="logistic",
    description="Multinomial logistic regression, L2; intercepts not penalised.",
    kind="classifier",
    params={"C": 1.0},
    source="sklearn.linear_model.LogisticRegression",
)


def make(options: ProbeOptions) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.linear.logistic import LogisticProbe

    return LogisticProbe(C=1.0, device=options.device)


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(CARD, make))
