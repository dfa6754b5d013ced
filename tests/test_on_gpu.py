"""The whole way on a CUDA device: memory given back, batches that don't fit, and a run."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cefrbench.cli import main
from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.features.filling import Budget, encode_batch
from cefrbench.plugins import PluginHost
from cefrbench.results.io import read_predictions_of, read_result

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here"),
]
NAME = "random-qwen3-0.6b"


def loaded():
    return PluginHost().get_encoder(NAME).load(NAME, EncoderOptions(device="cuda:0"))


def test_a_closed_encoder_leaves_nothing_on_the_device():
    # The workspace of cuBLAS is made once and stays.
    _ = torch.ones(8, 8, device="cuda") @ torch.ones(8, 8, device="cuda")
    before = torch.cuda.memory_allocated()
    encoder = loaded()
    held = torch.cuda.memory_allocated() - before
    encoder.encode(encoder.prepare(["a text", "another text"]))
    encoder.close()
    assert held > 8e8
    assert torch.cuda.memory_allocated() - before < 0.01 * held


def test_a_batch_that_does_not_fit_is_halved_until_it_does():
    encoder = loaded()
    items = encoder.prepare([f"{i} " + "word " * 100 for i in range(64)])
    costs = [encoder.cost(item) for item in items]
    expected = np.concatenate([encoder.encode(items[i : i + 4]) for i in range(0, 64, 4)])
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    rest = torch.empty(free - 900 * 2**20, dtype=torch.uint8, device="cuda")
    budget = Budget(sum(costs))
    found = encode_batch(encoder, items, costs, budget)
    del rest
    encoder.close()
    assert budget.cost < sum(costs)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999


def test_a_run_on_the_device_predicts_what_one_on_the_host_does(tmp_path):
    tables = []
    for device in ("cpu", "cuda"):
        options = ["run", "--suite", "quickstart", "--encoder", "surface", "--no-references"]
        options += ["--device", device, "--cache-dir", str(tmp_path / device), "--quiet"]
        assert main([*options, "--output", str(tmp_path / device)]) == 0
        path = tmp_path / device / "surface" / "quickstart.json"
        tables.append(read_predictions_of(read_result(path), path))
    here, there = tables
    assert len(here) > 100
    np.testing.assert_array_equal(here.probe, there.probe)
    np.testing.assert_array_equal(here.layer, there.layer)
    np.testing.assert_allclose(here.prediction, there.prediction, atol=1e-5)
