"""Scores from sums are the scores of the field, with scikit-learn as the judge."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    f1_score,
    mean_absolute_error,
    r2_score,
)

from cefrbench.errors import UserError
from cefrbench.statistics.listing import STATISTICS, get_statistic
from cefrbench.statistics.scores import DIRECTIONS, scores, tally
from cefrbench.statistics.scoring import SUM_STATISTICS, cell_outcomes, outcomes


def drawn(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 5, n)
    return rng.normal(gold, 1.3), gold


def of_sums(score: str, prediction: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    statistic = SUM_STATISTICS[score]
    return float(statistic.value(statistic.columns(outcomes(prediction, low, high, 5)).sum(0)))


@pytest.mark.parametrize("seed", range(5))
def test_scores_from_sums_are_those_of_scikit_learn(seed: int) -> None:
    prediction, gold = drawn(seed)
    clipped = np.clip(prediction, 0, 4)
    predicted = np.rint(clipped).astype(int)
    expected = {
        "qwk": cohen_kappa_score(gold, predicted, weights="quadratic"),
        "macro_f1": f1_score(gold, predicted, average="macro"),
        "mae": mean_absolute_error(gold, clipped),
        "r2": r2_score(gold, clipped),
        "accuracy": accuracy_score(gold, predicted),
        "adjacent": np.mean(np.abs(gold - predicted) <= 1),
    }
    for score, value in expected.items():
        assert of_sums(score, prediction, gold, gold) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_errors_of_unclipped_predictions_are_those_of_the_studys_table(seed: int) -> None:
    """The study clips classes, but errors only where it knew the probe's name."""
    prediction, gold = drawn(seed)
    assert ((prediction < 0) | (prediction > 4)).any()
    predicted = np.clip(prediction.round().astype(int), 0, 4)
    counted = tally(prediction, gold, gold, 5, clip=False)
    found = scores(counted.confusion, counted.sums)
    assert found.qwk == pytest.approx(cohen_kappa_score(gold, predicted, weights="quadratic"))
    assert found.macro_f1 == pytest.approx(f1_score(gold, predicted, average="macro"))
    assert found.mae == pytest.approx(mean_absolute_error(gold, prediction))
    assert found.r2 == pytest.approx(r2_score(gold, prediction))
    clipped = tally(prediction, gold, gold, 5)
    assert clipped.confusion.tolist() == counted.confusion.tolist()
    assert clipped.sums.absolute < counted.sums.absolute


@pytest.mark.parametrize("seed", range(5))
def test_scores_from_sums_are_those_of_a_result_where_two_levels_are_right(seed: int) -> None:
    prediction, low = drawn(seed)
    high = np.minimum(low + np.random.default_rng(seed).integers(0, 2, len(low)), 4)
    counted = tally(prediction, low, high, 5)
    expected = scores(counted.confusion, counted.sums)
    for score in SUM_STATISTICS:
        value = of_sums(score, prediction, low, high)
        assert value == pytest.approx(getattr(expected, score), abs=1e-12)


def test_cells_of_a_confusion_matrix_give_the_scores_of_its_texts() -> None:
    prediction, gold = drawn(7)
    counted = tally(prediction, gold, gold, 5)
    for score, statistic in SUM_STATISTICS.items():
        if statistic.from_cells:
            cells = counted.confusion.ravel() @ statistic.columns(cell_outcomes(5))
            assert float(statistic.value(cells)) == pytest.approx(
                of_sums(score, prediction, gold, gold)
            )


def test_only_scores_of_rounded_predictions_come_from_cells() -> None:
    assert {name for name, one in SUM_STATISTICS.items() if not one.from_cells} == {"mae", "r2"}
    assert set(STATISTICS) - set(SUM_STATISTICS) == {"spearman", "recut"}


def test_tables_have_all_scores_in_their_order_and_direction() -> None:
    found = [(name, statistic.more_is_better) for name, statistic in STATISTICS.items()]
    assert found == list(DIRECTIONS.items())


@pytest.mark.parametrize("score", ["qwk", "r2"])
def test_a_score_that_one_level_leaves_undefined_is_nan(score: str) -> None:
    gold = np.full(10, 3)
    assert np.isnan(of_sums(score, np.linspace(0, 4, 10), gold, gold))


def test_no_texts_have_no_score() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    for score in SUM_STATISTICS:
        assert np.isnan(of_sums(score, np.zeros(0), nothing, nothing))


def test_an_unknown_score_is_named_with_its_neighbours() -> None:
    with pytest.raises(UserError, match="'qwk'"):
        get_statistic("qkw")
