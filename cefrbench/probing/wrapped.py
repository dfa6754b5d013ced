"""A method against corpus bias around a probe: ``METHOD+PROBE`` is a probe like any other.

Here it gets its name and its card; how it is fitted stands in :mod:`cefrbench.probing.method_fits`
and, for what puts several layers together, in :mod:`cefrbench.probing.ensemble`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cefrbench.contracts.cards import PLUS, MethodCard, ProbeCard
from cefrbench.contracts.method import MethodSpec
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.errors import PluginError, UserError
from cefrbench.probing.ensemble import LayerProbe
from cefrbench.probing.method_fits import WrappedProbe
from cefrbench.probing.settings import MethodSettings

if TYPE_CHECKING:
    from cefrbench.plugins import PluginHost

#: Most strengths of a method: each costs as many fits as the whole grid of penalties.
MOST = 5


def find_probe(host: PluginHost, name: str) -> ProbeSpec:
    """Find a probe by name, or make one of a method and a probe: ``METHOD+PROBE``.

    Raises
    ------
    UserError
        For a name that nobody registered, and for a probe that reads texts.
    """
    method, plus, probe = name.partition(PLUS)
    if not plus:
        return host.get_probe(name)
    if PLUS in probe:
        raise UserError(
            f"The probe {name!r} has more than one method before it: write METHOD+PROBE, with one."
        )
    return wrap(host.get_method(method), host.get_probe(probe))


def spelt_probe(host: PluginHost, name: str) -> str:
    """A probe's name as it was registered, whatever its case; with its method's, if it has one."""
    method, plus, probe = name.partition(PLUS)
    if not plus:
        return host.probes.spelt(name)
    return f"{host.methods.spelt(method)}{PLUS}{host.probes.spelt(probe)}"


def wrap(method: MethodSpec, probe: ProbeSpec) -> ProbeSpec:
    """Make the probe that a method and a probe are together.

    Raises
    ------
    UserError
        For a probe that reads texts, and a method whose card can't be.
    """
    card = method.card
    if probe.reads == "texts":
        raise UserError(
            f"Probe {probe.name!r} reads texts, and method {card.name!r} changes features: wrap a "
            "probe of features, ridge say."
        )
    if card.moves == "layers" and card.sees != "source":
        raise PluginError(
            f"Method {card.name!r} puts layers together and says that it sees {card.sees}: it is "
            'shown no text, so say sees="source".'
        )
    if len(card.strengths) > MOST:
        raise PluginError(
            f"Method {card.name!r} has {len(card.strengths)} strengths: {MOST} at most, each costs "
            "a sweep."
        )
    layers = card.moves == "layers"
    return ProbeSpec(
        wrapped_card(card, probe.card),
        partial(LayerProbe if layers else WrappedProbe, method, probe),
        reads="layers" if layers else "features",
    )


def wrapped_card(method: MethodCard, probe: ProbeCard) -> ProbeCard:
    """What a wrapped probe says of itself."""
    settings = MethodSettings(probe.penalty, method.strengths)
    params = dict(probe.params) | {"method": method.name, "sees": method.sees}
    if method.strengths:
        params["strengths"] = " ".join(f"{value:g}" for value in method.strengths)
        if probe.penalty is not None:
            params[f"{probe.penalty.name}s"] = " ".join(f"{v:g}" for v in probe.penalty.values)
    follows = probe.layer_from
    return ProbeCard(
        name=f"{method.name}{PLUS}{probe.name}",
        description=f"{method.description.rstrip('.')}; then {probe.name}: {probe.description}",
        # What moves or averages predictions moves them off the classes.
        kind="regressor" if method.moves in ("predictions", "layers") else probe.kind,
        seeded=probe.seeded or method.seeded,
        params=params,
        layer_from=None if follows is None else f"{method.name}{PLUS}{follows}",
        penalty=settings.axis if follows is None else None,
        source=f"{method.paper}; {probe.source}" if probe.source else method.paper,
        extra=probe.extra,
    )
