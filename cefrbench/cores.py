"""How many cores this process may use: the one place that counts them."""

from __future__ import annotations


def usable_cores() -> int:
    """Count the cores that affinity (``taskset``), cgroups (containers) and the user leave us.

    The user's word is ``LOKY_MAX_CPU_COUNT``, joblib's own variable.
    """
    import joblib

    cores: int = joblib.cpu_count()
    return cores
