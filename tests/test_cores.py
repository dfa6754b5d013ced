"""Every room counts the cores that this process may use, by one count."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COUNT = """
import os
if hasattr(os, "sched_setaffinity") and {one}:
    os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})
import numpy as np
from threadpoolctl import threadpool_info
from cefrbench.contracts.probe import FoldRows
from cefrbench.cores import usable_cores
from cefrbench.engines.cores import cores_each, workers_for
from cefrbench.probing.parallel import fit_each
from cefrbench.provenance import _hardware

class Asks:
    def fit(self, X, y):
        self.threads = max(pool["num_threads"] for pool in threadpool_info())
    def predict(self, X):
        return np.full(len(X), self.threads)

rows = np.arange(2)
(fit,) = fit_each([(Asks(), FoldRows(rows, rows))], np.zeros((2, 1), "f4"), rows, None)
print(usable_cores(), workers_for(1, 10**9), cores_each(1), _hardware("cpu")["cpu_cores"],
      int(fit.predictions[0]))
"""


def count(one=False, **environment):
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(one=one)],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_a_process_held_to_one_core_counts_one_everywhere():
    assert count(one=True) == [1] * 5


def test_a_limit_set_by_the_user_counts_everywhere():
    assert count(LOKY_MAX_CPU_COUNT="1") == [1] * 5


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two cores",
)
def test_without_a_limit_there_are_more():
    assert all(cores > 1 for cores in count())
