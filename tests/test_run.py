"""The main job, end to end, on the sample corpora with real encoders."""

import json
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from click.testing import CliRunner

from cefrbench.cli import cli, main
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench.statistics.scores import tally

SMALL = ["--encoder", "random-qwen3-tiny", "--probe", "ridge", "--probe", "ordinal"]
CORPORA = ["--corpus", "merlin-cs", "--corpus", "merlin-it", "--corpus", "cople2"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def words(cache, out, *more):
    suite = ["run", "--suite", "quickstart", "--quiet", "--layers", "all"]
    return [*suite, *SMALL, *CORPORA, "--cache-dir", str(cache), "--output", str(out), *more]


def volatile_removed(path):
    data = json.loads(path.read_text())
    for key in ("provenance", "checksum"):
        del data[key]
    return data


@pytest.fixture(scope="module")
def result_path(cache, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert main(words(cache, out)) == 0
    return out / "random-qwen3-tiny" / "quickstart.json"


def test_a_run_gives_a_result_that_passes_its_own_check(result_path):
    assert main(["results", "check", str(result_path)]) == 0


def test_what_the_encoder_is_stands_in_the_result_as_on_its_card(result_path):
    assert read_result(result_path).encoder.role == "control"


def test_runs_that_differ_in_pooling_lie_side_by_side(cache, result_path):
    out = result_path.parents[1]
    before = result_path.read_bytes()
    corpora = ["--probe", "ridge", "--layers", "last"]
    for pooling in ("mean", "cls"):
        assert main(words(cache, out, *corpora, "--pooling", pooling)) == 0
    results = [read_result(path) for path in sorted(result_path.parent.glob("*.json"))]
    assert {result.encoder.pooling for result in results} == {"last", "mean", "cls"}
    assert result_path.read_bytes() == before


def test_every_unit_of_the_plan_is_there_once(result_path):
    result = read_result(result_path)
    units = [(u.protocol, u.fold, u.corpus, u.probe, u.layer, u.seed) for u in result.units]
    assert len(set(units)) == len(units)
    # Layer 0 too; five folds of iid score three corpora each, lofo each corpus once; two probes.
    assert result.encoder.layers[0] == 0
    assert len(units) == len(result.encoder.layers) * (5 * 3 + 3) * 2


def test_a_text_with_two_levels_is_scored_once_and_either_level_is_right(result_path):
    result = read_result(result_path)
    record = {c.card.name: c for c in result.corpora}["cople2"]
    assert record.units == record.texts / 2
    units = [u for u in result.units if u.corpus == "cople2"]
    assert {u.n for u in units if u.protocol == "lofo"} == {record.units}
    runs = Counter()
    for unit in units:
        runs[unit.protocol, unit.probe, unit.layer] += unit.n
    assert set(runs.values()) == {record.units}


def test_predictions_give_the_confusion_matrices_again(result_path):
    result = read_result(result_path)
    predictions = read_predictions_of(result, result_path)
    units = {(u.protocol, u.fold, u.corpus, u.probe, u.seed, u.layer): u for u in result.units}
    seen = 0
    for key, rows in predictions.units():
        counted = tally(rows.prediction, rows.low, rows.high, len(result.scale))
        assert np.array_equal(counted.confusion, units[tuple(key)].confusion)
        seen += 1
    # The chosen layer and layer 0, of two probes.
    assert seen == 2 * 2 * (5 * 3 + 3)


def test_the_same_run_again_gives_the_same_bytes_but_for_time(cache, result_path, tmp_path):
    for extra in ([], ["--force"]):
        assert main(words(cache, tmp_path, *extra)) == 0
        again = tmp_path / "random-qwen3-tiny" / "quickstart.json"
        assert volatile_removed(again) == volatile_removed(result_path)
        name = json.loads(again.read_text())["predictions"]["file"]
        assert again.with_name(name).read_bytes() == result_path.with_name(name).read_bytes()


def test_batches_and_threads_change_no_score(result_path, tmp_path):
    fresh = words(tmp_path / "cache", tmp_path, "--batch-tokens", "700")
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-m", "cefrbench", *fresh], check=True, env=environment)
    again = read_result(tmp_path / "random-qwen3-tiny" / "quickstart.json")
    for one, other in zip(again.units, read_result(result_path).units, strict=True):
        assert one.confusion == other.confusion


def test_the_configuration_of_a_result_repeats_it(cache, result_path, tmp_path):
    command = ["run", "--config", str(result_path), "--quiet", "--cache-dir", str(cache)]
    assert main([*command, "--output", str(tmp_path)]) == 0
    again = tmp_path / "random-qwen3-tiny" / "quickstart.json"
    assert volatile_removed(again) == volatile_removed(result_path)


def test_json_stands_alone_on_standard_output(cache, tmp_path):
    command = [w for w in words(cache, tmp_path) if w != "--quiet"]
    shown = CliRunner().invoke(cli, [*command, "--json"])
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["kind"] == "cefrbench-result"


def test_a_partial_run_is_not_complete(result_path):
    assert not read_result(result_path).complete


def test_the_result_holds_time_and_memory(result_path):
    provenance = read_result(result_path).provenance
    assert provenance.peak_memory_bytes > 50e6
    phases = {timing.phase for timing in provenance.timings}
    assert {"load corpora", "load model", "features", "probes", "scores"} <= phases


def test_an_edit_of_the_encoders_code_serves_neither_old_features_nor_old_fits(
    result_path, tmp_path, monkeypatch
):
    mine = tmp_path / "cache"
    assert main(words(mine, tmp_path / "before")) == 0
    old = {path: path.stat().st_mtime_ns for path in mine.rglob("shard-*")}
    fits = set(mine.glob("fits/*/*"))
    monkeypatch.setattr("cefrbench.features.compute.source_digest", lambda encoder: "edited")
    assert main(words(mine, tmp_path)) == 0
    assert all(path.stat().st_mtime_ns > old[path] for path in mine.rglob("shard-*"))
    assert len(set(mine.glob("fits/*/*"))) == 2 * len(fits)
    again = tmp_path / "random-qwen3-tiny" / "quickstart.json"
    assert volatile_removed(again) == volatile_removed(result_path)
