"""What the docs say that the study costs on other machines: arithmetic, of counts that hold."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from cefrbench.config import merge
from cefrbench.essays import pool
from cefrbench.folds import make_folds
from cefrbench.levels import SCALES
from cefrbench.plan import Job, load_corpora, make_plan
from cefrbench.plugins import PluginHost
from cefrbench.progress import Silent

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def study():
    """The benchmark's script, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("study", ROOT / "benchmarks" / "study.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["study"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["study"]


def test_the_table_in_the_docs_is_what_the_arithmetic_gives(study):
    assert f"<!-- begin costs -->\n{study.costs()}<!-- end costs -->" in study.PAGE.read_text()


def test_its_counts_are_those_of_the_suite(study, tmp_path):
    host = PluginHost()
    config = merge({"suite": "paper", "encoders": ("length",), "source": "sample"}, {})
    plan = make_plan(config, host)
    essays = load_corpora(plan.config, host, Job(cache_dir=tmp_path, progress=Silent())).essays
    table = pool(essays, SCALES[plan.config.scale], plan.config.form)
    folds = [fold for protocol in plan.protocols for fold in make_folds(protocol, table, 42)]
    assert len(folds) == study.FOLDS
    trained = sum(len(fold.train) for fold in folds) / len(folds) / len(table)
    assert trained == pytest.approx(study.TRAINED, abs=0.02)
    assert sum(spec.name.startswith("mlp") for spec in plan.probes) == study.MLPS
    assert len(plan.config.seeds) == study.SEEDS
    assert set(study.CORPORA_DRAWN) == set(plan.config.corpora)


def test_its_shapes_are_those_of_the_encoders(study):
    host = PluginHost()
    for name, (depth, width, weights) in study.SHAPES.items():
        card = host.get_encoder(name).card
        assert (card.layers, card.width) == (depth, width)
        # Bytes are the tokens there, 257 of them.
        assert card.parameters - 257 * width == pytest.approx(weights, rel=0.02)


def test_a_step_moves_the_weights_of_all_nets(study):
    one = study.Machine("", 1, (1, 1, 1), 1.0, 1.0)
    eight = study.Machine("", 8, (1, 1, 1), 1.0, 1.0)
    taken = study.least("random-qwen3-0.6b", one, 200, 10, 1, 1)
    # Seven layers, eleven folds, two nets; 0.7 of one step.
    assert taken["MLPs' memory"] == pytest.approx(0.7 * 7 * 11 * 2 * 40 * 1024**2 / 1e12)
    assert taken["MLPs' products"] == pytest.approx(0.7 * 7 * 11 * 2 * 800 * 1024**2 / 1e12)
    assert taken["forward pass"] == pytest.approx(2 * 0.44e9 * 2000 / 1e12)
    assert study.least("random-qwen3-0.6b", eight, 200, 10, 1, 1)["forward pass"] == pytest.approx(
        taken["forward pass"] / 8
    )
    assert [study.in_time(seconds) for seconds in (1.234, 95.0, 123_456.0, 5e6)] == [
        *("1.2 s", "1.6 min", "34 h", "58 d")
    ]
