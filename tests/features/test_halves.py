"""A model's own bfloat16 take two bytes each on disk, and come back to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from essay_factory import essays
from safetensors.numpy import safe_open

from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.features.compute import compute_features
from cefrbench.features.shards import check_shard, read_layer, write_shard
from cefrbench.features.store import FeatureStore, bytes_of
from cefrbench.plugins import PluginHost

TEXTS = ["a text", "a longer text", "one more", "words " * 20, "the end"]


@pytest.mark.parametrize(("pooling", "stored"), [("last", np.uint16), ("mean", np.float32)])
def test_a_models_own_bfloat16_take_two_bytes_each_and_means_four(tmp_path, pooling, stored):
    options = EncoderOptions(dtype="bfloat16", pooling=pooling, device="cpu")
    encoder = PluginHost().get_encoder("random-qwen3-tiny").load("random-qwen3-tiny", options)
    features = compute_features(
        encoder, [essays("one", [(text, "B1") for text in TEXTS])], FeatureStore(tmp_path)
    )
    (path,) = tmp_path.rglob("shard-*")
    with safe_open(path, framework="numpy") as file:
        kept = {file.get_tensor(f"layer.{layer:03d}").dtype for layer in range(5)}
    assert kept == {np.dtype(stored)}
    assert bytes_of(encoder.identity) == np.dtype(stored).itemsize
    for layer in encoder.identity.layers:
        for row, text in enumerate(TEXTS):
            (own,) = encoder.encode(encoder.prepare([text]))
            np.testing.assert_allclose(features.layer(layer)[row], own[layer], rtol=0.1, atol=0.1)


def test_halves_are_kept_only_where_nothing_is_lost(tmp_path):
    odd = np.array([[[1.0, -0.0, 3.0e-38, 1e-45]], [[-2.5, 3e38, 65280.0, 1 + 2**-8]]], np.float32)
    even = (odd.view(np.uint32) & 0xFFFF0000).view(np.float32)
    path, rows = tmp_path / "shard", np.array([1, 0])
    write_shard(path, "key", rows, np.concatenate([even, odd], axis=1), (0, 1))
    with safe_open(path, framework="numpy") as file:
        types = [file.get_tensor(f"layer.00{layer}").dtype for layer in (0, 1)]
    assert types == [np.uint16, np.float32]
    check_shard(path, "key", rows, (0, 1))
    for layer, values in ((0, even), (1, odd)):
        found = read_layer(path, layer)[1]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found.view(np.uint32), values[:, 0].view(np.uint32))
