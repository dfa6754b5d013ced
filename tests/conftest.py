"""One thread for every library: tests are small, and run side by side."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the file that takes longest, so that no worker ends long after the others."""
    items.sort(key=lambda item: item.path.name != "test_reference.py")
