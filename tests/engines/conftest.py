"""The references are fitted on one core: more of them only wait for each other at these sizes."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_core():
    with threadpool_limits(limits=1):
        yield
