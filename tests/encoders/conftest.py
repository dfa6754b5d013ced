"""One thread: tiny models gain nothing from more, and tests run side by side."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)
