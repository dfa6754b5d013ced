"""One thread for every library: tests are small, and run side by side."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

#: Files that take minutes, the longest first: no worker should end long after the others.
LONG = (
    "check/test_built_ins.py",
    "leaderboard/test_in_browser.py",
    "leaderboard/test_finding.py",
    "leaderboard/test_front_in_browser.py",
    "leaderboard/test_data.py",
    "mutants/test_mutants.py",
    "test_run.py",
    "test_first_hour.py",
    "test_sample_package.py",
    "leaderboard/test_serve.py",
    "statistics/test_honesty.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    order = {name: place for place, name in enumerate(LONG)}

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(item.config.rootpath / "tests").as_posix()
        return order.get(name, len(LONG))

    items.sort(key=place)
