"""Merge what parts of a run say of where, when and how they were computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from cefrbench.results.model import Provenance, Timing


def merge_provenance(parts: Sequence[Provenance]) -> Provenance:
    """One provenance: seconds and counts added, the most memory, differing values side by side."""
    seconds: dict[str, float] = {}
    features: dict[str, float] = {}
    for part in parts:
        for timing in part.timings:
            seconds[timing.phase] = seconds.get(timing.phase, 0.0) + timing.seconds
        for name, value in part.features.items():
            features[name] = features.get(name, 0.0) + value

    def joined(values: Iterable[str]) -> str:
        return "; ".join(dict.fromkeys(values))

    packages = dict.fromkeys(name for part in parts for name in part.packages)
    hardware = dict.fromkeys(key for part in parts for key in part.hardware)
    return Provenance(
        cefrbench=joined(part.cefrbench for part in parts),
        started=min(part.started for part in parts),
        command=joined(part.command for part in parts),
        python=joined(part.python for part in parts),
        platform=joined(part.platform for part in parts),
        packages={n: joined(p.packages[n] for p in parts if n in p.packages) for n in packages},
        plugins=reduce(or_, (part.plugins for part in parts)),
        hardware={k: _values(p.hardware[k] for p in parts if k in p.hardware) for k in hardware},
        timings=tuple(Timing(phase=k, seconds=round(v, 3)) for k, v in seconds.items()),
        peak_memory_bytes=max(part.peak_memory_bytes for part in parts),
        features=features,
    )


def _values(values: Iterable[object]) -> object:
    """One value when all are the same, else the list of them."""
    different: list[object] = []
    for value in values:
        if value not in different:
            different.append(value)
    return different[0] if len(different) == 1 else different
