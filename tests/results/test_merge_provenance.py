"""What parts of a run say of where and how they were computed, put together."""

import pytest

from cefrbench.results.merge_provenance import merge_provenance
from cefrbench.results.model import Provenance, Timing


def provenance(**own):
    return Provenance(
        **{
            "cefrbench": "0.1.0",
            "started": "2026-02-02T00:00:00+00:00",
            "command": "cefrbench run",
            "python": "3.11.0",
            "platform": "Linux",
            "packages": {"numpy": "2.0.0", "torch": "2.4"},
            "plugins": {"mine": "mine 1"},
            "hardware": {"device": "cpu", "cores": 2},
            "timings": (Timing(phase="features", seconds=1.25), Timing(phase="fits", seconds=2.0)),
            "peak_memory_bytes": 700,
            "features": {"texts": 120.0, "tokens": 7.0},
        }
        | own
    )


def test_seconds_and_counts_add_up_and_what_differs_stands_side_by_side():
    parts = [
        provenance(),
        provenance(
            cefrbench="0.2.0",
            started="2026-01-01T00:00:00+00:00",
            command="cefrbench run --probe knn",
            python="3.12.1",
            packages={"numpy": "2.1.0", "scipy": "1.14"},
            plugins={"theirs": "theirs 2"},
            hardware={"device": "cuda", "memory": [1, 2]},
            timings=(Timing(phase="fits", seconds=0.12345), Timing(phase="write", seconds=4.0)),
            peak_memory_bytes=900,
            features={"texts": 30.0, "shards": 3.0},
        ),
        provenance(platform="Darwin", peak_memory_bytes=800, hardware={"cores": 2}),
    ]
    assert merge_provenance(parts) == Provenance(
        cefrbench="0.1.0; 0.2.0",
        started="2026-01-01T00:00:00+00:00",
        command="cefrbench run; cefrbench run --probe knn",
        python="3.11.0; 3.12.1",
        platform="Linux; Darwin",
        packages={"numpy": "2.0.0; 2.1.0", "torch": "2.4", "scipy": "1.14"},
        plugins={"mine": "mine 1", "theirs": "theirs 2"},
        hardware={"device": ["cpu", "cuda"], "cores": 2, "memory": [1, 2]},
        timings=(
            Timing(phase="features", seconds=2.5),
            Timing(phase="fits", seconds=4.123),
            Timing(phase="write", seconds=4.0),
        ),
        peak_memory_bytes=900,
        features={"texts": 270.0, "tokens": 14.0, "shards": 3.0},
    )


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_is_equal_in_all_parts_stands_once(times):
    merged = merge_provenance([provenance()] * times)
    expected = provenance(
        timings=(
            Timing(phase="features", seconds=1.25 * times),
            Timing(phase="fits", seconds=2.0 * times),
        ),
        features={"texts": 120.0 * times, "tokens": 7.0 * times},
    )
    assert merged == expected
