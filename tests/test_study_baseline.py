"""The suite `paper` runs the study's surface baseline beside every encoder, figure for figure.

The figures are computed again here from the rows of the files, as the study's script describes it:
features by hand, XGBoost's regressor, scikit-learn's split and scores.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

from cefrbench.cli import main
from cefrbench.results.checked import check_result
from cefrbench.results.io import read_result
from cefrbench.results.model import RunResult

CORPORA = ("icle500", "merlin-it", "cople2")
KEPT = {"A1": 0, "A2": 1, "B1": 2, "B1+": 2, "B2": 3, "B2+": 3, "C1": 4, "C2": 4}
BREAKS = (" ", " ", " ", "\n", "\\n")


def invent(corpus: str, count: int) -> list[dict[str, str]]:
    """Longer texts at higher levels; every seventh in all corpora, some with a title."""
    draw = random.Random(corpus)
    rows = []
    for n in range(count):
        level = draw.choice([*KEPT, "A2+", "C1+", "NA"])
        shared = random.Random(n) if n % 7 == 0 else draw
        length = n % 40 + 10 * (2 if n % 7 == 0 else KEPT.get(level, 0)) + 3
        words = ["w" * shared.randint(1, 9) for _ in range(length)]
        text = "".join(word + shared.choice(BREAKS) for word in words) + f"end {n % 29}"
        title = f"Title: {n}\n\n" if corpus == "icle500" and n % 3 == 0 else ""
        rows.append({"text": title + text, "cefr_level": level, "lang": "xx"})
    return rows


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for n, name in enumerate(CORPORA):
        (folder / f"{name}.json").write_text(json.dumps(invent(name, 150 + 40 * n)))
    return folder


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    cache = tmp_path_factory.mktemp("cache")

    def run(*words: str, status: int = 0) -> Path:
        out = tmp_path_factory.mktemp("out")
        command = ["run", "--suite", "paper", "--quiet", "--data-dir", str(data)]
        command += [word for name in CORPORA for word in ("--corpus", name)]
        command += ["--cache-dir", str(cache), "--output", str(out), *words]
        assert main(command) == status
        return out

    return run


def features(text: str) -> list[float]:
    words = re.findall("[a-zA-Z]+", text)
    lines = [line for line in text.replace("\\n", "\n").splitlines() if line.split()]
    if len(lines) < 2:
        every = " ".join(lines).split()
        lines = [" ".join(every[i : i + 15]) for i in range(0, len(every), 15)]
    lengths = [len(line.split()) for line in lines]
    return [len(text), float(np.mean([len(word) for word in words])), float(np.mean(lengths))]


def scored(gold: Any, raw: Any) -> tuple[float, float, float]:
    clipped = np.clip(np.asarray(raw, dtype=np.float64), 0, 4)
    return (
        cohen_kappa_score(gold, clipped.round().astype(int), weights="quadratic"),
        mean_absolute_error(gold, clipped),
        r2_score(gold, clipped),
    )


def figures_of_the_study(data: Path) -> dict[tuple[str, str], tuple[float, float, float]]:
    from xgboost import XGBRegressor

    def fit(rows: Any) -> XGBRegressor:
        model = XGBRegressor(
            n_estimators=300,
            max_depth=4,
            learning_rate=0.05,
            subsample=0.8,
            colsample_bytree=0.8,
            random_state=42,
        )
        return model.fit(X[rows], y[rows])

    texts, levels, sources = [], [], []
    for name in CORPORA:
        for row in json.loads((data / f"{name}.json").read_text()):
            if row["cefr_level"] in KEPT:
                whole = name == "icle500" and row["text"].startswith("Title:")
                text = row["text"].split("\n", 1)[1] if whole else row["text"]
                texts.append(text.strip() if name == "icle500" else text)
                levels.append(KEPT[row["cefr_level"]])
                sources.append(name)
    X, y, source = np.array([features(t) for t in texts]), np.array(levels), np.array(sources)
    train, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=42, stratify=y)
    pooled, found = fit(train), {}
    for name in CORPORA:
        held, out = test[source[test] == name], np.flatnonzero(source == name)
        found["iid", name] = scored(y[held], pooled.predict(X[held]))
        left = fit(np.flatnonzero(source != name))
        found["loco", name] = scored(y[out], left.predict(X[out]))
    return found


@pytest.fixture(scope="module")
def beside(run: Callable[..., Path]) -> Path:
    pytest.importorskip("xgboost")
    return run("--encoder", "length", "--probe", "ridge")


def test_the_baseline_beside_an_encoder_is_the_studys(beside: Path, data: Path) -> None:
    result = read_result(beside / "surface" / "paper.json")
    assert [card.name for card in result.probes] == ["xgboost"]
    assert check_result(beside / "surface" / "paper.json") == []
    found = {(u.protocol, u.corpus): u.scores for u in result.units}
    for place, expected in figures_of_the_study(data).items():
        scores = found[place]
        assert (scores.qwk, scores.mae, scores.r2) == pytest.approx(expected, abs=1e-5), place


def probes_of(path: Path) -> list[str]:
    result: RunResult = read_result(path)
    return [card.name for card in result.probes]


def test_the_encoder_that_was_named_has_its_own_result(beside: Path) -> None:
    assert probes_of(beside / "length" / "paper.json") == ["ridge"]


def test_a_reference_that_is_named_is_run_as_any_encoder_and_once(
    run: Callable[..., Path],
) -> None:
    out = run("--encoder", "surface", "--probe", "ridge")
    assert [path.name for path in out.iterdir()] == ["surface"]
    assert probes_of(out / "surface" / "paper.json") == ["ridge"]


def test_layers_that_are_asked_for_are_those_of_the_encoder(run: Callable[..., Path]) -> None:
    pytest.importorskip("xgboost")
    out = run("--encoder", "random-qwen3-tiny", "--probe", "ridge", "--layers", "2")
    layers = {
        name: {unit.layer for unit in read_result(out / name / "paper.json").units}
        for name in ("random-qwen3-tiny", "surface")
    }
    assert layers == {"random-qwen3-tiny": {2}, "surface": {1}}


def test_what_is_printed_as_json_is_the_encoder_that_was_named(
    run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("xgboost")
    out = run("--encoder", "length", "--probe", "ridge", "--json")
    assert json.loads(capsys.readouterr().out)["encoder"]["name"] == "length"
    assert (out / "surface" / "paper.json").is_file()


def test_without_xgboost_the_encoder_is_run_and_the_sentence_names_the_extra(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    out = run("--encoder", "length", "--probe", "ridge", status=3)
    assert probes_of(out / "length" / "paper.json") == ["ridge"]
    assert "cefrbench[paper]" in capsys.readouterr().err
