"""Where, when and how a result was made: versions, hardware, time and memory."""

from __future__ import annotations

import platform
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from cefrbench.cores import usable_cores
from cefrbench.results.model import Provenance, Timing

_PACKAGES = (
    "datasets",
    "huggingface-hub",
    "numpy",
    "safetensors",
    "scikit-learn",
    "scipy",
    "sentence-transformers",
    "tokenizers",
    "torch",
    "transformers",
    "xgboost-cpu",
)


class PhaseClock:
    """Adds up the seconds of each phase, in the order in which phases were first entered."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a block as part of a phase."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def fork(self) -> PhaseClock:
        """Give a clock of its own to one of several runs that share what was timed so far."""
        clock = PhaseClock()
        clock.started, clock.seconds = self.started, dict(self.seconds)
        return clock

    def timings(self) -> tuple[Timing, ...]:
        """All phases so far."""
        return tuple(Timing(phase=k, seconds=round(v, 3)) for k, v in self.seconds.items())


def collect(
    clock: PhaseClock,
    command: str,
    device: str,
    plugins: dict[str, str],
    features: dict[str, float],
) -> Provenance:
    """Gather the provenance of a run that ends now.

    Parameters
    ----------
    clock : PhaseClock
    command : str
        The command that repeats the run.
    device : str
        The device that was used, resolved.
    plugins : dict
        Plugin (with version) of each name that no built-in registered.
    features : dict
        What computing the features came to.
    """
    from cefrbench import __version__

    return Provenance(
        cefrbench=__version__,
        started=clock.started.isoformat(timespec="seconds"),
        command=command,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages=_versions(),
        plugins=plugins,
        hardware=_hardware(device),
        timings=clock.timings(),
        peak_memory_bytes=peak_memory(),
        features=features,
    )


def peak_memory() -> int:
    """Largest resident memory so far of this process or any one of its children, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) * unit


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _hardware(device: str) -> dict[str, Any]:
    import psutil

    hardware: dict[str, Any] = {
        "device": device,
        "cpu_cores": usable_cores(),
        "memory_bytes": psutil.virtual_memory().total,
    }
    if device.startswith("cuda"):
        import torch

        properties = torch.cuda.get_device_properties(device)
        hardware |= {"gpu": properties.name, "gpu_memory_bytes": properties.total_memory}
        hardware["gpus"] = torch.cuda.device_count()
    return hardware
