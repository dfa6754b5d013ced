"""`ordinal`: one slope, a threshold between each two levels."""

from __future__ import annotations

from cefrbench import Estimator, Penalty, ProbeCard, ProbeOptions, ProbeSpec, Register, hookimpl

CARD = ProbeCard(
    name="ordinal",
    description="Cumulative link model, all-threshold logistic loss, L2 on the slope alone.",
    kind="classifier",
    params={"alpha": 1.0},
    penalty=Penalty(
        name="alpha",
        values=(1e5, 1e4, 1e3, 1e2, 1e1, 1.0, 1e-1),
        strongest="largest",
    ),
    source="mord.LogisticAT; Rennie and Srebro (2005), Loss Functions for Preference Levels",
)


def make(options: ProbeOptions) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.linear.ordinal import OrdinalProbe

    alpha = 1.0 if options.penalty is None else options.penalty
    return OrdinalProbe(alpha=alpha, device=options.device)


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(CARD, make))
