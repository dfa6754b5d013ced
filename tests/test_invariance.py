"""The unit of a feature changes no score: the real command, on one encoder in four disguises."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cefrbench.cli import cli
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench.results.model import RunResult

DISGUISES = ("tenfold", "shifted", "permuted")
PROBES = ("ridge", "logistic", "ordinal")
PROTOCOLS = ("iid", "lofo")
LEVELS = ["A1", "A2", "B1", "B2", "C1"]

PLUGIN = '''
import zlib

import numpy as np

from cefrbench import (
    Corpus, CorpusCard, Encoder, EncoderCard, EncoderIdentity, EncoderSpec, hookimpl,
)

WIDTH = 12
ORDER = np.random.default_rng(5).permutation(WIDTH)
DISGUISE = {
    "plain": lambda X: X,
    "tenfold": lambda X: X * np.float32(10),
    "shifted": lambda X: X + np.float32(3),
    "permuted": lambda X: X[..., ORDER],
}


class Planted(Corpus):
    def __init__(self, name):
        self.card = CorpusCard(
            name=name, title=name, languages=("en",), licence="CC0", source="https://example.org",
            citation="nobody", task="tests", rated_by="nobody",
        )

    def rows(self, access):
        raise AssertionError("the rows are in --data-dir")


class Disguised(Encoder):
    """Noise of a text, and along one direction its level: more of it at layer 2 than at 1."""

    def __init__(self, name, options):
        self.name = name
        self.identity = EncoderIdentity(
            name=name, model=name, pooling=None, instruction="", max_length=None,
            dtype="float32", layers=(0, 1, 2), width=WIDTH,
        )

    def encode(self, batch):
        return DISGUISE[self.name](np.stack([features(text) for text in batch]))


def features(text):
    noise = np.random.default_rng(zlib.crc32(text.encode())).normal(size=(3, WIDTH))
    signal = int(text.split()[-1])
    scale = np.geomspace(0.1, 5, WIDTH)
    noise[1:, 0] += [0.4 * signal, 0.9 * signal]
    # In 1024ths, so that float32 holds every disguise exactly: what differs then is the harness.
    return (np.rint((noise * scale + 1) * 1024) / 1024).astype(np.float32)


@hookimpl
def register_corpora(register):
    for name in ("a", "b", "c"):
        register(Planted(name))


@hookimpl
def register_encoders(register):
    for name in DISGUISE:
        register(EncoderSpec(EncoderCard(name=name, description="Planted."), Disguised))
'''


def write_corpora(folder: Path) -> None:
    """Sixty texts each, some of them twice with another level."""
    draw = random.Random(3)
    for name in "abc":
        rows = []
        for n in range(60):
            level = draw.choices(range(5), [3, 4, 5, 4, 2])[0]
            text = f"{name} {n} says {level}"
            rows.append({"lang": "en", "cefr_level": LEVELS[level], "text": text})
            if n % 12 == 0:
                rows.append(rows[-1] | {"cefr_level": LEVELS[max(level - 1, 0)]})
        (folder / f"{name}.json").write_text(json.dumps(rows))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[RunResult, Path]]:
    folder = tmp_path_factory.mktemp("invariance")
    for name in ("plugins", "data", "out"):
        (folder / name).mkdir()
    (folder / "plugins" / "disguises.py").write_text(PLUGIN)
    write_corpora(folder / "data")
    (folder / "config.toml").write_text("refits = 3\nreferences = []\n")
    words = ["--plugins-dir", str(folder / "plugins"), "run", "--quiet", "--device", "cpu"]
    words += ["--config", str(folder / "config.toml"), "--data-dir", str(folder / "data")]
    words += ["--output", str(folder / "out"), "--cache-dir", str(folder / "cache")]
    for option, names in (
        ("encoder", ("plain", *DISGUISES)),
        ("probe", PROBES),
        ("protocol", PROTOCOLS),
        ("corpus", "abc"),
    ):
        words += [word for name in names for word in (f"--{option}", name)]
    done = CliRunner().invoke(cli, words)
    if done.exception:
        raise done.exception
    paths = {name: folder / "out" / name / "cefr-v1.json" for name in ("plain", *DISGUISES)}
    return {name: (read_result(path), path) for name, path in paths.items()}


def comparable(record: Any) -> dict[str, Any]:
    """A record without what is no figure; sums over texts as the means that figures are of."""
    found: dict[str, Any] = record.model_dump(mode="json")
    for name in ("iterations", "message"):
        found.pop(name, None)
    if "sums" in found:
        found["sums"] = {name: value / found["n"] for name, value in found["sums"].items()}
    return found


def figures(value: Any, path: str = "") -> dict[str, Any]:
    """All that stands in some records, each by its place."""
    if isinstance(value, dict):
        return {k: v for key in value for k, v in figures(value[key], f"{path}.{key}").items()}
    if isinstance(value, list | tuple):
        return {k: v for n, own in enumerate(value) for k, v in figures(own, f"{path}{n}").items()}
    return {path: value}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("records", ["units", "scores", "choices", "summary", "fits"])
def test_every_figure_of_a_convex_probe_is_the_same(
    results: dict[str, tuple[RunResult, Path]], disguise: str, records: str
) -> None:
    found, plain = (
        figures([comparable(one) for one in getattr(results[name][0], records)])
        for name in (disguise, "plain")
    )
    assert len(plain) > 50
    assert found.keys() == plain.keys()
    off = {
        place: (value, found[place])
        for place, value in plain.items()
        if found[place] != (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value)
    }
    assert not off


@pytest.mark.parametrize("disguise", DISGUISES)
def test_so_is_every_prediction_and_refit(
    results: dict[str, tuple[RunResult, Path]], disguise: str
) -> None:
    """Refits are stored in half precision: they may differ in its last place."""
    tables = [dict(read_predictions_of(*results[name]).units()) for name in (disguise, "plain")]
    assert tables[0].keys() == tables[1].keys()
    refitted = 0
    for key, plain in tables[1].items():
        found = tables[0][key]
        assert found.text.tolist() == plain.text.tolist()
        assert found.prediction == pytest.approx(plain.prediction, abs=2e-6)
        assert found.score == pytest.approx(plain.score, abs=2e-6, nan_ok=True)
        refitted += plain.refit_prediction.shape[1]
        assert found.refit_prediction == pytest.approx(plain.refit_prediction, abs=4e-3)
    assert refitted == 3 * len(tables[1])


def test_the_signal_is_found_so_that_there_is_something_to_keep(
    results: dict[str, tuple[RunResult, Path]],
) -> None:
    result, _ = results["plain"]
    assert not result.failures
    for record in result.summary:
        assert record.chosen is not None
        assert record.chosen.qwk is not None
        assert 0.5 < record.chosen.qwk < 0.98
        assert record.chosen_layers == (2,)
    layers = {unit.layer for unit in result.units}
    assert layers == {0, 1, 2}
    assert len({fit.penalty for fit in result.fits}) > 2, "penalties are chosen, not fixed"
