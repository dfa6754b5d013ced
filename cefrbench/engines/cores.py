"""Spread independent fits over the cores of one process.

A core that works on a fit of its own never waits; cores that share one small matrix product wait
for each other several thousand times a second, and on a busy machine for much longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

# Imported here so that its BLAS, which is not NumPy's, is loaded when the controller looks.
import scipy.linalg  # noqa: F401
from threadpoolctl import ThreadpoolController

from cefrbench.cores import usable_cores

T = TypeVar("T")
R = TypeVar("R")


def workers_for(item_bytes: int, budget: int) -> int:
    """How many items of some size may be in work at once: one a core, within a memory budget."""
    return max(1, min(usable_cores(), budget // max(1, item_bytes)))


def over_cores(function: Callable[[T], R], items: Sequence[T], workers: int) -> list[R]:
    """Call a function for each item, in threads that each compute on their share of the cores.

    NumPy, LAPACK and torch let go of the interpreter while they compute.
    """
    blas = _controller().select(user_api="blas")
    allowed = min((library["num_threads"] for library in blas.info()), default=1)
    # Never more than the user allows, by OPENBLAS_NUM_THREADS for instance.
    with (
        blas.limit(limits=min(cores_each(workers), allowed)),
        ThreadPoolExecutor(workers) as pool,
    ):
        return list(pool.map(function, items))


def cores_each(workers: int) -> int:
    """Cores for each of some workers."""
    return max(1, usable_cores() // workers)


@cache
def _controller() -> ThreadpoolController:
    """Finding the libraries takes milliseconds, so they are looked for once."""
    return ThreadpoolController()
