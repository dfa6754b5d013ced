"""Layers too large for memory: laid out on disk, the same rows in the same order."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import numpy as np
import pytest
from counting import Counting
from essay_factory import essays

from cefrbench.errors import CacheError
from cefrbench.essays import pool
from cefrbench.features.compute import compute_features
from cefrbench.features.store import FeatureStore
from cefrbench.forecast import _spread
from cefrbench.levels import FIVE
from cefrbench.mapped import StoredTexts, keep_texts, stretches
from cefrbench.results.commitments import Roots


@pytest.fixture
def features(tmp_path):
    draw = random.Random(0)
    texts = ["".join(draw.choices("abcdef", k=draw.randint(1, 60))) for _ in range(300)]
    corpora = [essays(name, [(text, "B1") for text in texts[:end]])
               for name, end in (("one", 300), ("two", 40))]  # fmt: skip
    return compute_features(Counting(), corpora, FeatureStore(tmp_path))


def roots_of(features):
    roots = Roots()
    return [one.roots for one in roots.records(features, features.layers)]


def test_a_layer_on_disk_is_the_layer_in_memory(features, monkeypatch, tmp_path):
    held, roots = features.layer(1), roots_of(features)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr("cefrbench.mapped.HELD_BYTES", 16 * 100)
    monkeypatch.setattr("cefrbench.mapped.STRETCH_BYTES", 16 * 7)
    there = features.layer(1)
    assert type(there.base) is not type(held.base)
    np.testing.assert_array_equal(there, held)
    assert there.dtype == np.float32
    assert roots_of(features) == roots
    # Its file has no name.
    assert sorted(tmp_path.rglob("*")) == before


def test_texts_in_a_file_are_those_in_memory(monkeypatch, tmp_path):
    """Whatever is made of them is the same, and the file is gone with them."""
    held = essays("one", [(f"Ein längerer Text \U0001f600 {n % 40}", "B1") for n in range(60)])
    monkeypatch.setattr("cefrbench.mapped.HELD_TEXT_BYTES", 100)
    there = replace(held, texts=keep_texts(held.texts))
    assert isinstance(there.texts, StoredTexts)
    assert tuple(there.texts) == held.texts == there.texts[:]
    assert there.texts[-1] == held.texts[-1]
    assert there.texts[50:3:-7] == held.texts[50:3:-7]
    with pytest.raises(IndexError):
        there.texts[60]
    assert there.fingerprint == held.fingerprint
    assert pool([there], FIVE, "corrected").key == pool([held], FIVE, "corrected").key
    pair = [compute_features(Counting(), [one], FeatureStore(tmp_path / kind)).layer(1)
            for kind, one in (("held", held), ("there", there))]  # fmt: skip
    np.testing.assert_array_equal(*pair)
    handle = there.texts._handle
    os.fstat(handle)
    del there
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(handle)


def test_a_full_disk_for_texts_is_one_sentence(monkeypatch):
    monkeypatch.setattr("cefrbench.mapped.HELD_TEXT_BYTES", 0)
    monkeypatch.setattr("tempfile.tempdir", "/dev/null")
    with pytest.raises(CacheError, match="TMPDIR"):
        keep_texts(["text"])


def test_stretches_cover_every_row_once(monkeypatch):
    monkeypatch.setattr("cefrbench.mapped.STRETCH_BYTES", 4 * 5 * 3)
    rows = np.zeros((10, 5), dtype=np.float32)
    parts = list(stretches(rows))
    assert [len(rows[part]) for part in parts] == [3, 3, 3, 1]
    assert sum(part.stop - part.start for part in stretches(rows, 25)) == 25


def test_a_plan_spreads_its_sample_over_rows_on_disk_as_in_memory(monkeypatch, tmp_path):
    sampled = (["a", "bbb", "ccccc"], np.random.default_rng(0).normal(size=(3, 4)))
    sampled = (sampled[0], sampled[1].astype(np.float32))
    texts = ["x" * (n % 7) for n in range(50)]
    held = _spread(sampled, texts, tmp_path)
    monkeypatch.setattr("cefrbench.mapped.HELD_BYTES", 0)
    monkeypatch.setattr("cefrbench.mapped.STRETCH_BYTES", 16 * 7)
    np.testing.assert_array_equal(_spread(sampled, texts, tmp_path), held)
