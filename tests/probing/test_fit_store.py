"""Fits on disk: what is read back is what was kept, or nothing."""

import hashlib
import json
from importlib import metadata

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save, save_file

from cefrbench.contracts.probe import FoldFit
from cefrbench.probing.store import FORMAT, FitStore, fit_key

KEY = "ab" * 32


def kept(store):
    fits = [
        [FoldFit(np.arange(3.0), 4, False, "too few steps", np.array([0.5, 0.25, 2.0]))],
        [FoldFit(np.ones(2)), FoldFit(np.zeros(2), scores=np.array([7.0, 8.0]))],
    ]
    store.save(KEY, fits)
    return fits


def test_continuous_scores_are_read_back_where_there_are_any(tmp_path):
    store = FitStore(tmp_path)
    assert store.load(KEY) is None
    fits = kept(store)
    for row, expected_row in zip(store.load(KEY), fits, strict=True):
        for fit, expected in zip(row, expected_row, strict=True):
            np.testing.assert_array_equal(fit.predictions, expected.predictions)
            assert (fit.scores is None) == (expected.scores is None)
            if expected.scores is not None:
                np.testing.assert_array_equal(fit.scores, expected.scores)
            assert (fit.iterations, fit.message) == (expected.iterations, expected.message)


def test_a_file_is_what_safetensors_writes(tmp_path):
    store = FitStore(tmp_path)
    for fits in (kept(store), [[FoldFit(np.arange(3))]], [[]]):
        store.save(KEY, fits)
        with safe_open(store._path(KEY), framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in ("predictions", "scores")}
            assert store._path(KEY).read_bytes() == save(tensors, metadata=file.metadata())


def test_scores_that_were_altered_are_not_served(tmp_path):
    store = FitStore(tmp_path)
    kept(store)
    with safe_open(store._path(KEY), framework="numpy") as file:
        header, values = file.metadata(), file.get_tensor("predictions")
        scores = file.get_tensor("scores")
    save_file({"predictions": values, "scores": scores + 1}, store._path(KEY), metadata=header)
    assert store.load(KEY) is None


def test_a_file_without_scores_is_not_served(tmp_path):
    store = FitStore(tmp_path)
    kept(store)
    with safe_open(store._path(KEY), framework="numpy") as file:
        header, values = file.metadata(), file.get_tensor("predictions")
    save_file({"predictions": values}, store._path(KEY), metadata=header)
    assert store.load(KEY) is None


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("too few steps", "converged"),
        lambda text: text.replace('"iterations": 4', '"iterations": 400'),
        lambda text: text.replace('"n": 3', '"n": 2'),
        lambda text: text.replace('"folds"', '"fold"'),
        lambda text: json.dumps([text]),
        lambda text: "[" * 5000,
        lambda text: text[:-1],
    ],
)
def test_what_describes_the_fits_is_covered_too(tmp_path, edit):
    store = FitStore(tmp_path)
    kept(store)
    with safe_open(store._path(KEY), framework="numpy") as file:
        header, values = file.metadata(), file.get_tensor("predictions")
        scores = file.get_tensor("scores")
    tensors = {"predictions": values, "scores": scores}
    save_file(tensors, store._path(KEY), metadata={"fits": header["fits"]})
    assert store.load(KEY) is not None
    save_file(tensors, store._path(KEY), metadata={"fits": edit(header["fits"])})
    assert store.load(KEY) is None


def test_a_key_is_of_all_parts_the_format_and_the_versions_of_what_computes():
    versions = {
        name: metadata.version(name)
        for name in ("cefrbench", "numpy", "scipy", "scikit-learn", "torch")
    }
    parts = {"layer": 3, "data": "x"}
    text = json.dumps({**parts, "format": FORMAT, "versions": versions}, sort_keys=True)
    assert fit_key(parts) == hashlib.sha256(text.encode()).hexdigest()
    assert fit_key({"data": "x", "layer": 3}) == fit_key(parts) != fit_key(parts | {"layer": 4})


def test_fits_lie_below_the_first_two_signs_of_their_key(tmp_path):
    store = FitStore(tmp_path)
    assert not store.has("ab" * 32)
    kept(store)
    assert (tmp_path / "fits" / "ab" / f"{KEY}.safetensors").is_file()
    assert store.has(KEY)
    assert store.load("cd" * 32) is None
    store._path(KEY).write_bytes(b"torn")
    assert store.has(KEY), "whole or not"
    assert store.load(KEY) is None


def test_all_that_a_fit_says_comes_back_wherever_it_stands(tmp_path):
    store = FitStore(tmp_path)
    fits = [
        [
            FoldFit(np.array([0.5, 1.5])),
            FoldFit(np.array([2.5]), 0, True, "", np.array([9.0])),
            FoldFit(np.array([3.5, 4.5, 5.5]), 7, False, "late", np.array([1.0, 2.0, 3.0])),
        ],
        [],
        [FoldFit(np.array([6.5]), None, True, "x"), FoldFit(np.zeros(0), scores=np.zeros(0))],
        [FoldFit(np.array([7.5, 8.5]), 1, True, "", np.array([4.0, 5.0]))],
    ]
    store.save(KEY, fits)
    found = store.load(KEY)
    assert [len(row) for row in found] == [3, 0, 2, 1]
    for row, expected_row in zip(found, fits, strict=True):
        for fit, expected in zip(row, expected_row, strict=True):
            assert fit.predictions.tolist() == expected.predictions.tolist()
            assert (fit.iterations, fit.converged, fit.message) == (
                expected.iterations, expected.converged, expected.message,
            )  # fmt: skip
            own = None if fit.scores is None else fit.scores.tolist()
            assert own == (None if expected.scores is None else expected.scores.tolist())


def test_predictions_in_another_shape_are_not_served(tmp_path):
    """The same bytes, as rows of one."""
    store = FitStore(tmp_path)
    kept(store)
    with safe_open(store._path(KEY), framework="numpy") as file:
        header, values = file.metadata(), file.get_tensor("predictions")
        scores = file.get_tensor("scores")
    for changed in (
        {"predictions": values[:, None], "scores": scores},
        {"predictions": values, "scores": scores[:, None]},
        {"predictions": values.view(np.int64), "scores": scores},
        {"predictions": values + 1, "scores": scores},
    ):
        save_file(changed, store._path(KEY), metadata=header)
        assert store.load(KEY) is None
    save_file({"predictions": values, "scores": scores}, store._path(KEY), metadata=header)
    assert store.load(KEY) is not None
    save_file({"predictions": values, "scores": scores}, store._path(KEY))
    assert store.load(KEY) is None
