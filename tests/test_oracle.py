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

PROBES = ("together", "seeded")
CLASS = {"A1": 0, "A2": 1, "B1": 2, "B2": 3, "C1": 4}

#: Of layer 1, the layer that the inner cut chooses: gold in rows, predictions in columns. ``left``
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
#: What each corpus holds out: A1 and the text that is A1 or A2, then B1, B2 and C+.
HELD = {
    1: [[2, 0, 0, 0, 0], [0] * 5, [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]],
    2: [[0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]],
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


def weighed(texts: list[Text]) -> list[tuple[int, int, float]]:
    """Number, level and weight of the rows of one corpus: a text of n at its level 1 / (n + 10)."""
    rows = [(t.number, CLASS[level], 1 / len(t.levels)) for t in texts for level in t.levels]
    of_level: Counter[int] = Counter()
    for _, level, share in rows:
        of_level[level] += share  # type: ignore[assignment]
    raw = [(number, level, share / (of_level[level] + 10)) for number, level, share in rows]
    total = sum(weight for *_, weight in raw)
    # A mean of 1 a text; both corpora have as many texts, and weigh the same.
    return [(number, level, weight / total * len(texts)) for number, level, weight in raw]


@pytest.mark.parametrize(("texts", "seeds"), [(16, (0, 1)), (11, (0,))], ids=["fold", "inner cut"])
def test_a_fit_has_its_rows_with_their_own_levels_and_balanced_weights(
    log: list[dict], texts: int, seeds: tuple[int, ...]
) -> None:
    """18 rows of each corpus, 12 inside; an inner cut is fitted with the first seed alone."""
    expected = [row for corpus in (left(), right()) for row in weighed(corpus[:texts])]
    fits = [
        fit
        for fit in fits_in(log)
        if [tuple(row[:2]) for row in fit["train"]] == [row[:2] for row in expected]
    ]
    counts = Counter((fit["probe"], fit["layer"], fit["seed"] or 0) for fit in fits)
    probes = [("together", 0), *(("seeded", seed) for seed in seeds)]
    assert counts == {(probe, layer, seed): 1 for probe, seed in probes for layer in (1, 2)}
    for fit in fits:
        found = [weight for *_, weight in fit["train"]]
        assert found == pytest.approx([weight for *_, weight in expected], rel=1e-12)


def test_no_probe_sees_the_corpus_left_out(log: list[dict]) -> None:
    of_loco = [
        {number for number, *_ in fit["train"]}
        for fit in fits_in(log)
        if len({number // 100 for number, *_ in fit["train"]}) == 1
    ]
    # Two folds on two layers: all of a corpus for three probes and seeds, and five inner folds
    # of it, each for two probes.
    assert len(of_loco) == 2 * 2 * (3 + 5 * 2)
    whole = [set(range(21)), set(range(100, 121))]
    assert Counter(map(len, of_loco))[21] == 2 * 2 * 3
    assert all(texts <= whole[0] or texts <= whole[1] for texts in of_loco)


def test_each_unit_is_the_count_by_hand(result: RunResult) -> None:
    units = [u for u in result.units if u.protocol == "by-hand"]
    assert len(units) == 2 * 2 * 3, "two layers, two corpora, two probes, one with two seeds"
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


def test_the_layer_is_chosen_on_what_the_inner_cut_held_out_and_the_oracle_on_scored_texts(
    result: RunResult,
) -> None:
    fits = [fit for fit in result.fits if fit.protocol == "by-hand"]
    assert len(fits) == 2 * 3
    for fit in fits:
        assert {held.corpus: listed(held.confusion) for held in fit.held} == {
            "left": HELD[fit.layer],
            "right": HELD[fit.layer],
        }
    chosen = np.mean([kappa(CONFUSION[name]) for name in ("left", "right")])
    choices = [choice for choice in result.choices if choice.protocol == "by-hand"]
    assert len(choices) == 3
    for choice in choices:
        assert (choice.layer, choice.penalty, choice.inner_qwk) == (1, None, 1.0)
        assert choice.scored_qwk == pytest.approx(chosen, abs=1e-12)
        assert (choice.oracle_layer, choice.oracle_qwk) == (2, 1.0)
    for record in (s for s in result.summary if s.protocol == "by-hand"):
        assert record.chosen_layers == (1,)
        assert record.chosen is not None
        assert record.chosen.qwk == pytest.approx(chosen, abs=1e-12)
        assert record.chosen.mae == pytest.approx((2.25 / 5 + 2.25 / 5) / 2)
        assert record.oracle_qwk == 1.0
        assert record.optimism == pytest.approx(1 - chosen, abs=1e-12)


def test_the_split_says_how_many_rows_are_where(result: RunResult) -> None:
    (split,) = (split for split in result.splits if split.protocol == "by-hand")
    assert (split.train, split.inner, split.scored) == (36, 1, {"left": 5, "right": 5})
    # In each corpus two texts a level, one more of all but A2, and a row a level of two twins.
    assert split.train_levels == (8, 8, 8, 6, 6)


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
    assert seen == {"together": 2, "seeded": 4}


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
    assert len(fits_in(log)) == 2 * (3 * 3 + (1 + 5 + 5) * 2), "of a layer: folds, inner cuts"
    mirrored = read_result(world.output / "mirror" / "cefr-v1.json")
    for unit in (u for u in mirrored.units if u.protocol == "by-hand" and u.layer == 2):
        # A1, A2, B2 and C+ are told as C+, B2, A2 and A1; 4 - 2 is right for B1 or B2.
        expected = np.zeros((5, 5), dtype=int)
        expected[[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]] = 1
        assert listed(unit.confusion) == expected.tolist()
    again = world.run("--seed", "1", probes=PROBES, protocols=("by-hand", "loco"))
    assert again == [], "nothing is encoded or fitted a second time"
    assert read_result(world.output / "reader" / "cefr-v1.json").units == result.units


def test_the_penalty_is_chosen_on_what_the_inner_cut_held_out(tmp_path: Path) -> None:
    """The strong one tells levels upside down; where neither tells any, the strong one stays."""
    world = World(tmp_path)
    world.run(probes=("graded",))
    result = read_result(world.output / "reader" / "cefr-v1.json")
    for fit in result.fits:
        upside_down = kappa([row[::-1] for row in mirrored(fit.layer)])
        upright = kappa(HELD[fit.layer])
        strong, weak = fit.path
        assert (strong.penalty, weak.penalty, fit.penalty) == (3, 1, 1 if fit.layer == 1 else 3)
        assert strong.inner_qwk == pytest.approx(upside_down, abs=1e-12)
        assert weak.inner_qwk == pytest.approx(upright, abs=1e-12)
    (choice,) = result.choices
    assert (choice.layer, choice.penalty, choice.inner_qwk) == (1, 1, 1.0)
    assert (choice.oracle_layer, choice.oracle_penalty, choice.oracle_qwk) == (2, 1, 1.0)


def mirrored(layer: int) -> list[list[int]]:
    """What is held out with its gold, where 4 less what was said is read back from the right."""
    if layer == 2:
        return HELD[2]
    # The text that is A1 or A2 is told as C+, and is then an A2 text.
    return [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0], *HELD[1][2:]]
