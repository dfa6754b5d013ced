"""`given`: the mean level of given probabilities, fitted on nothing."""

from __future__ import annotations

from cefrbench import Estimator, ProbeCard, ProbeOptions, ProbeSpec, Register, hookimpl

CARD = ProbeCard(
    name="given",
    description="Mean level of an encoder's own probabilities over the levels (`rater:`): nothing "
    "is fitted, so that in and out of distribution it is the same.",
    kind="regressor",
)


def make(options: ProbeOptions) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.linear.given import GivenProbe

    return GivenProbe(options.n_classes)


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(CARD, make))
