"""Penalties that a user fixes, in place of a probe's own grid."""

from __future__ import annotations

import math
from collections.abc import Iterable

from cefrbench.contracts.probe import ProbeSpec
from cefrbench.errors import UserError, unknown_name


def read_penalties(
    given: Iterable[str], probes: Iterable[ProbeSpec]
) -> dict[str, tuple[float, ...]]:
    """Read ``PROBE=VALUE``; several values of one probe stand from the strongest to the weakest.

    Raises
    ------
    UserError
        For a probe that isn't run or has no penalty to choose, and for a value that is none.
    """
    specs = {spec.name: spec for spec in probes}
    found: dict[str, set[float]] = {}
    for entry in given:
        name, separator, text = entry.partition("=")
        if name not in specs:
            raise unknown_name("probe", name, specs)
        if specs[name].card.penalty is None:
            raise UserError(
                f"Probe {name!r} has no penalty that could be set: leave --penalty {entry} out."
            )
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not separator or not 0 < value < math.inf:
            raise UserError(
                f"--penalty {entry!r} can't be read: write PROBE=VALUE with a number above zero, "
                f"for instance {name}=100."
            )
        found.setdefault(name, set()).add(value)
    ordered = {}
    for name, values in found.items():
        penalty = specs[name].card.penalty
        down = penalty is not None and penalty.strongest == "largest"
        ordered[name] = tuple(sorted(values, reverse=down))
    return ordered
