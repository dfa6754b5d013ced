"""`cefrbench cache`: list, verify, prune."""

from __future__ import annotations

import json
import os
import time

import numpy as np
import pytest
from click.testing import CliRunner
from counting import Counting
from essay_factory import essays

from cefrbench.cli import main
from cefrbench.cli.cache import cache as command
from cefrbench.contracts.probe import FoldFit
from cefrbench.features.compute import compute_features
from cefrbench.features.store import FeatureStore
from cefrbench.probing.store import FitStore


@pytest.fixture
def cache(tmp_path):
    """Features of two encoders on one corpus, the second not used for ten days, and a fit."""
    one = essays("one", [(f"text {n}", "B1") for n in range(300)])
    for name in ("old", "young"):
        compute_features(Counting(name=name, instruction=name), [one], FeatureStore(tmp_path))
    (index,) = tmp_path.glob("features/old-*/*/index.json")
    os.utime(index, (time.time() - 10 * 86_400,) * 2)
    FitStore(tmp_path).save("ab" * 32, [[FoldFit(np.zeros(3))]])
    return tmp_path


def invoke(cache, *words, **kwargs):
    return CliRunner().invoke(command, [*words, "--cache-dir", str(cache)], **kwargs)


def names(cache):
    return {
        entry["name"] for entry in json.loads(invoke(cache, "list", "--json").stdout)["entries"]
    }


def damage(cache, pattern="features/old-*/*/shard-00000.safetensors"):
    (path,) = cache.glob(pattern)
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    return path


def test_list_shows_encoder_corpus_files_and_size(cache):
    entries = json.loads(invoke(cache, "list", "--json").stdout)["entries"]
    assert [entry["name"] for entry in entries] == ["old × one", "young × one", "probe fits"]
    assert [(e["files"], e["files_planned"]) for e in entries] == [(2, 2), (2, 2), (1, 1)]
    assert entries[0]["days_since_use"] == pytest.approx(10, abs=0.1)
    assert all(entry["bytes"] > 0 for entry in entries)
    assert "used 10 days ago  old × one" in invoke(cache, "list").stdout


def test_an_empty_cache_is_no_error(tmp_path):
    assert json.loads(invoke(tmp_path / "none", "list", "--json").stdout)["entries"] == []
    assert invoke(tmp_path / "none", "verify").exit_code == 0


def test_verify_passes_what_is_whole(cache):
    done = invoke(cache, "verify")
    assert done.exit_code == 0
    assert "5 files checked, 0 damaged." in done.stdout


def test_verify_exits_with_3_and_names_the_damaged_file(cache):
    path = damage(cache)
    done = invoke(cache, "verify")
    assert done.exit_code == 3
    assert str(path.relative_to(cache)) in done.stdout
    assert main(["cache", "verify", "--cache-dir", str(cache)]) == 3
    (record,) = json.loads(invoke(cache, "verify", "--json").stdout)["damaged"]
    assert record["path"] == str(path)


def test_verify_sees_a_damaged_fit(cache):
    path = damage(cache, "fits/*/*.safetensors")
    (record,) = json.loads(invoke(cache, "verify", "--json").stdout)["damaged"]
    assert record["path"] == str(path)


def test_verify_takes_a_missing_shard_for_unfinished_not_damaged(cache):
    next(cache.glob("features/old-*/*/shard-00001.safetensors")).unlink()
    assert invoke(cache, "verify").exit_code == 0


def test_prune_removes_what_is_old(cache):
    assert invoke(cache, "prune", "--older-than", "5", "--yes").exit_code == 0
    assert names(cache) == {"young × one", "probe fits"}


def test_prune_removes_what_is_damaged_and_no_more(cache):
    path = damage(cache)
    removed = json.loads(invoke(cache, "prune", "--damaged", "--yes", "--json").stdout)["removed"]
    assert removed == [str(path)]
    assert not path.exists()
    assert names(cache) == {"old × one", "young × one", "probe fits"}


def test_prune_removes_a_folder_that_nothing_describes(cache):
    (index,) = cache.glob("features/old-*/*/index.json")
    index.write_text("{")
    invoke(cache, "prune", "--damaged", "--yes")
    assert names(cache) == {"young × one", "probe fits"}


def test_prune_removes_all(cache):
    invoke(cache, "prune", "--all", "--yes")
    assert names(cache) == set()


def test_prune_asks_and_keeps_on_no(cache):
    words = ["cache", "prune", "--all", "--cache-dir", str(cache)]
    assert main(words) == 1, "nobody can be asked"
    assert len(names(cache)) == 3


@pytest.mark.parametrize("words", [[], ["--all", "--damaged"]])
def test_prune_wants_to_know_what(cache, words):
    assert invoke(cache, "prune", *words).exit_code == 2
