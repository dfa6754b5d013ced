"""One run of the real command in which every row, weight, choice and figure is known by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from planted_world import Text, World, encoded_in, fits_in, left, right
from sklearn.metrics import cohen_kappa_score

from cefrbench.cli import main
from cefrbench.essays import text_key
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench.results.model import RunResult

PROBES = ("together", "alone", "seeded")
CLASS = {"A1": 0, "A2": 1, "B1": 2, "B2": 3, "C1": 4}

#: Of layer 1, the layer that validation chooses: gold in rows, predictions in columns. ``left``
#: says A2 of an A1 text, B1 of a B2 text, and C+ of the text that is B1 or B2; ``right`` says B2
#: of an A2 text, and 1.75 of the text that is B1 or B2.
CONFUSION = {
    "left": [[0, 1, 0, 0, 0], [0, 1, 0, 0, 0], [0] * 5, [0, 0, 1, 0, 1], [0, 0, 0, 0, 1]],
    "right": [[1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]],
}
ABSOLUTE = {"left": 1.25 + 0.5 + 0.5, "right": 2 + 0.25}
SQUARED = {"left": 1.25**2 + 0.5**2 + 0.5**2, "right": 2**2 + 0.25**2}
GOLD = 0 + 1 + 3 + 4 + 2.5
GOLD_SQUARED = 0 + 1 + 9 + 16 + 2.5**2
#: Of both corpora: A1 and the text that is A1 or A2, then B1, B2 and C+, twice.
VALIDATION = {
    1: [[4, 0, 0, 0, 0], [0] * 5, [0, 0, 2, 0, 0], [0, 0, 0, 2, 0], [0, 0, 0, 0, 2]],
    2: [[0, 0, 2, 0, 0], [0, 0, 2, 0, 0], [0, 0, 2, 0, 0], [0, 0, 2, 0, 0], [0, 0, 2, 0, 0]],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def log(world: World) -> list[dict]:
    return world.run("--seed", "1", probes=PROBES, protocols=("by-hand", "loco"))


@pytest.fixture(scope="module")
def path(world: World, log: list[dict]) -> Path:
    return world.output / "reader" / "cefr-v1.json"


@pytest.fixture(scope="module")
def result(path: Path) -> RunResult:
    return read_result(path)


def listed(matrix: object) -> list[list[int]]:
    return np.array(matrix).tolist()


def kappa(confusion: list[list[int]]) -> float:
    """Quadratic weighted kappa by scikit-learn, from single texts."""
    gold, predicted = np.nonzero(confusion)
    counts = np.array(confusion)[gold, predicted]
    pair = np.repeat(gold, counts), np.repeat(predicted, counts)
    return float(cohen_kappa_score(*pair, weights="quadratic", labels=range(5)))


def test_every_text_is_encoded_once(log: list[dict]) -> None:
    assert encoded_in(log) == [*range(21), *range(100, 121)]


def test_a_fold_is_fitted_on_its_rows_with_their_own_levels_and_weights(log: list[dict]) -> None:
    """Twelve rows of each corpus; the two rows of one text share its weight."""
    expected = []
    for texts in (left(), right()):
        expected += [(text.number, CLASS[text.levels[0]], 1.0) for text in texts[:10]]
        expected += [(texts[10].number, 1, 0.5), (texts[10].number, 2, 0.5)]
    fits = [fit for fit in fits_in(log) if [tuple(row) for row in fit["train"]] == expected]
    # One fit a layer, probe and seed; the seeds of a run are 0 and 1.
    counts = Counter((fit["probe"], fit["layer"], fit["seed"]) for fit in fits)
    probes = [("alone", 0), ("together", 0), ("seeded", 0), ("seeded", 1)]
    told = {(probe, layer, seed) for probe, seed in probes for layer in (1, 2)}
    assert {(p, n, s if p == "seeded" else 0) for p, n, s in counts} == told
    assert set(counts.values()) == {1}


def test_no_probe_sees_the_corpus_left_out(log: list[dict]) -> None:
    own = {1: set(range(21)), 2: set(range(100, 121))}
    of_loco = [
        fit["train"] for fit in fits_in(log) if len({n // 100 for n, *_ in fit["train"]}) == 1
    ]
    # Two folds, two layers, four fits of probes and seeds.
    assert len(of_loco) == 2 * 2 * 4
    for train in of_loco:
        texts = {number for number, *_ in train}
        assert texts < own[1] or texts < own[2]
        # Of 21 texts a fifth, rounded up, chooses the layer.
        assert len(texts) == 16
        for number, _, weight in train:
            assert weight == (0.5 if number % 100 in (10, 15, 20) else 1.0)


def test_each_unit_is_the_count_by_hand(result: RunResult) -> None:
    units = [u for u in result.units if u.protocol == "by-hand"]
    assert len(units) == 2 * 2 * 4, "two layers, two corpora, three probes, one with two seeds"
    for unit in units:
        assert (unit.fold, unit.n) == ("all", 5)
        if unit.layer == 1:
            assert listed(unit.confusion) == CONFUSION[unit.corpus]
            assert unit.sums.absolute == ABSOLUTE[unit.corpus]
            assert unit.sums.squared == SQUARED[unit.corpus]
            assert unit.scores.qwk == pytest.approx(kappa(CONFUSION[unit.corpus]), abs=1e-12)
        else:
            assert listed(unit.confusion) == np.eye(5, dtype=int).tolist()
            assert unit.sums.absolute == unit.sums.squared == 0
        assert (unit.sums.gold, unit.sums.gold_squared) == (GOLD, GOLD_SQUARED)


def test_the_layer_is_chosen_on_validation_texts_and_the_oracle_on_scored_ones(
    result: RunResult,
) -> None:
    fits = [fit for fit in result.fits if fit.protocol == "by-hand"]
    assert {(fit.layer, str(listed(fit.validation))) for fit in fits} == {
        (layer, str(matrix)) for layer, matrix in VALIDATION.items()
    }
    choices = [choice for choice in result.choices if choice.protocol == "by-hand"]
    assert len(choices) == 4
    assert {(choice.layer, choice.validation_qwk) for choice in choices} == {(1, 1.0)}
    chosen = np.mean([kappa(CONFUSION[name]) for name in ("left", "right")])
    for record in (s for s in result.summary if s.protocol == "by-hand"):
        assert record.chosen_layers == (1,)
        assert record.chosen is not None
        assert record.chosen.qwk == pytest.approx(chosen, abs=1e-12)
        assert record.chosen.mae == pytest.approx((2.25 / 5 + 2.25 / 5) / 2)
        assert (record.oracle_layer, record.oracle.qwk) == (2, 1.0)


def test_the_split_says_how_many_rows_are_where(result: RunResult) -> None:
    (split,) = (split for split in result.splits if split.protocol == "by-hand")
    assert (split.train, split.validation, split.scored) == (24, 10, {"left": 5, "right": 5})
    # Two texts a level in each corpus, and the rows of the twin.
    assert split.train_levels == (4, 6, 6, 4, 4)


def test_predictions_kept_are_what_each_text_says_at_the_chosen_layer(
    result: RunResult, path: Path
) -> None:
    said = {text_key(str(text)): text.says[0] for text in (*left(), *right())}
    table = read_predictions_of(result, path)
    seen: Counter[str] = Counter()
    for key, rows in table.units():
        if key.protocol == "by-hand":
            seen[key.probe] += 1
            texts = {"left": left(), "right": right()}[key.corpus][16:]
            assert [text_key(str(text)) for text in texts] == list(rows.text)
            assert [said[text] for text in rows.text] == rows.prediction.tolist()
            assert list(zip(rows.low, rows.high, strict=True)) == [interval(text) for text in texts]
    assert seen == {"together": 2, "alone": 2, "seeded": 4}


def interval(text: Text) -> tuple[int, int]:
    return CLASS[text.levels[0]], CLASS[text.levels[-1]]


def test_a_corpus_left_out_is_scored_as_a_whole(result: RunResult) -> None:
    """Training texts say 9 at layer 1 (C+) and -9 at layer 2 (A1); the others as above."""
    for unit in (u for u in result.units if u.protocol == "loco"):
        assert (unit.fold, unit.n) == (unit.corpus, 21)
        expected = np.zeros((5, 5), dtype=int)
        for text in {"left": left(), "right": right()}[unit.corpus]:
            predicted = int(np.rint(np.clip(text.says[unit.layer - 1], 0, 4)))
            low, high = interval(text)
            expected[min(max(predicted, low), high), predicted] += 1
        assert listed(unit.confusion) == expected.tolist()


def test_the_check_of_results_agrees(path: Path) -> None:
    assert main(["results", "check", str(path)]) == 0


def test_another_encoder_is_not_given_these_fits(world: World, result: RunResult) -> None:
    """The mirror hears 4 - x where the reader hears x, and shares the cache."""
    log = world.run("--seed", "1", encoder="mirror", probes=PROBES, protocols=("by-hand", "loco"))
    assert len(fits_in(log)) == 3 * 2 * 4, "three folds, two layers, four fits"
    mirrored = read_result(world.output / "mirror" / "cefr-v1.json")
    for unit in (u for u in mirrored.units if u.protocol == "by-hand" and u.layer == 2):
        # A1, A2, B2 and C+ are told as C+, B2, A2 and A1; 4 - 2 is right for B1 or B2.
        expected = np.zeros((5, 5), dtype=int)
        expected[[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]] = 1
        assert listed(unit.confusion) == expected.tolist()
    again = world.run("--seed", "1", probes=PROBES, protocols=("by-hand", "loco"))
    assert again == [], "nothing is encoded or fitted a second time"
    assert read_result(world.output / "reader" / "cefr-v1.json").units == result.units
