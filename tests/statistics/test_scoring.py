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
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Scored
from cefrbench.statistics.scores import DIRECTIONS, scores, tally
from cefrbench.statistics.scoring import (
    SUM_STATISTICS,
    Outcomes,
    SumStatistic,
    cell_outcomes,
    outcomes,
    round_to_class,
)


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


# -- each definition by hand ----------------------------------------------------------------------


def test_each_score_has_its_scale_its_bounds_and_what_it_is_made_of() -> None:
    found = {
        name: (one.link, one.bounds, one.proportion, one.more_is_better, one.from_cells)
        for name, one in SUM_STATISTICS.items()
    }
    assert found == {
        "qwk": ("fisher", (-1.0, 1.0), False, True, True),
        "macro_f1": ("logit", (0.0, 1.0), False, True, True),
        "mae": ("log", (0.0, np.inf), False, False, False),
        "r2": ("log1m", (-np.inf, 1.0), False, True, False),
        "accuracy": ("identity", (0.0, 1.0), True, True, True),
        "adjacent": ("identity", (0.0, 1.0), True, True, True),
    }
    assert [one.name for one in SUM_STATISTICS.values()] == list(found)


def test_predictions_round_to_the_nearest_class_of_the_scale_and_halves_to_the_even_one() -> None:
    values = np.array([-7.0, -0.6, 0.49, 0.5, 0.51, 1.5, 2.5, 2.6, 3.2, 9.0])
    assert round_to_class(values, 4).tolist() == [0, 0, 0, 0, 1, 2, 2, 3, 3, 3]
    assert round_to_class(values, 4).dtype == np.int64


@pytest.mark.parametrize("clip", [True, False])
def test_outcomes_are_counted_from_the_nearer_end_of_the_gold_interval(clip: bool) -> None:
    values = np.array([-1.25, 0.75, 1.5, 2.75, 5.5])
    low, high = np.array([0, 1, 1, 1, 3]), np.array([0, 2, 2, 2, 3])
    score = np.arange(5.0)
    found = outcomes(values, low, high, 5, score, clip=clip)
    assert found.predicted.tolist() == [0, 1, 2, 3, 4]
    assert found.gold.tolist() == [0, 1, 2, 2, 3]
    ends = [0.0, 1.0] if clip else [-1.25, 2.5]
    assert found.error.tolist() == [ends[0], -0.25, 0, 0.75, ends[1]]
    assert found.middle.tolist() == [0, 1.5, 1.5, 1.5, 3]
    assert (found.low is low, found.high is high, found.score is score) == (True, True, True)
    assert found.n_classes == 5
    assert (
        outcomes(values, low, high, 5).error.tolist()
        == outcomes(values, low, high, 5, clip=True).error.tolist()
    )
    rows = np.array([3, 0])
    some = found.take(rows)
    assert (some.predicted.tolist(), some.gold.tolist()) == ([3, 0], [2, 0])
    assert some.error.tolist() == [0.75, ends[0]]
    assert (some.low.tolist(), some.high.tolist(), some.n_classes) == ([1, 0], [2, 0], 5)
    assert some.score is not None
    assert some.score.tolist() == [3.0, 0.0]
    assert outcomes(values, low, high, 5).take(rows).score is None


def test_cells_stand_row_by_row() -> None:
    found = cell_outcomes(3)
    assert found.gold.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert found.predicted.tolist() == [0, 1, 2] * 3
    assert found.error.tolist() == [0, 1, 2, -1, 0, 1, -2, -1, 0]
    assert found.low.tolist() == found.high.tolist() == found.gold.tolist()
    assert found.n_classes == 3


@pytest.mark.parametrize(
    ("values", "levels", "expected"),
    [
        # Two texts, as few as have a kappa: one of them a level too high.
        ([0.0, 2.25], [0, 1], {"qwk": 1 - 2 / 6, "mae": 0.625, "r2": 1 - 1.5625 / 0.5}),
        ([1.0, 1.0], [0, 1], {"qwk": 0.0, "macro_f1": 1 / 3, "accuracy": 0.5, "adjacent": 1.0}),
        ([2.0, 2.0], [0, 1], {"macro_f1": 0.0, "accuracy": 0.0, "adjacent": 0.5, "mae": 1.5}),
        # Classes 0, 1 and 3 occur: F1 of 2/3, 1/2 and 0; class 2 is neither seen nor given.
        (
            [0.0, 1.0, 0.25, 3.0, 1.0],
            [0, 1, 0, 1, 3],
            {"macro_f1": (1 + 1 / 2 + 0) / 3, "accuracy": 3 / 5, "adjacent": 3 / 5},
        ),
    ],
)
def test_scores_of_few_texts_by_hand(
    values: list[float], levels: list[int], expected: dict[str, float]
) -> None:
    gold = np.array(levels)
    found = {name: of_sums(name, np.array(values), gold, gold) for name in expected}
    assert found == pytest.approx(expected)


# -- parts ----------------------------------------------------------------------------------------


def part_of(codes: list[int], seeds: int, seed: int) -> Part:
    """Texts whose codes may stand there twice."""
    rng = np.random.default_rng(seed)
    texts = np.array(codes, dtype=np.uint64)
    low = rng.integers(0, 4, len(codes))
    high = low + rng.integers(0, 2, len(codes))
    scored = {s: Scored(texts, low, high, rng.normal(low, 1)) for s in range(seeds)}
    return Part.of("all", "one", scored, 5)


def value_of(statistic: SumStatistic, one: Outcomes, rows: np.ndarray) -> float:
    return float(statistic.value(statistic.columns(one.take(rows)).sum(0)))


@pytest.mark.parametrize("score", SUM_STATISTICS)
def test_a_part_is_scored_resampled_and_left_without_a_text_as_its_rows_are(score: str) -> None:
    statistic = SUM_STATISTICS[score]
    codes = [7, 3, 9, 3, 1, 8, 2]
    part, weights = part_of(codes, 3, 1), TextWeights(12)
    rows = np.arange(7)
    whole = [value_of(statistic, one, rows) for one in part.outcomes]
    assert len(set(whole)) > 1
    np.testing.assert_allclose(statistic.scores(part.outcomes), whole)
    often = weights.of(part.texts)[part.rows]
    expected = [
        [value_of(statistic, one, np.repeat(rows, often[:, r])) for one in part.outcomes]
        for r in range(12)
    ]
    np.testing.assert_allclose(statistic.resampled(part, weights), expected, rtol=1e-6)
    losses = [
        [was - value_of(statistic, one, rows[part.rows != text]) for text in range(6)]
        for was, one in zip(whole, part.outcomes, strict=True)
    ]
    np.testing.assert_allclose(statistic.losses(part), losses, atol=1e-12)


def test_parts_are_resampled_together_as_each_by_itself_in_their_order() -> None:
    weights = TextWeights(15)
    parts = [
        part_of([4, 2, 9], 2, 1),
        part_of([1, 2, 9, 5], 1, 2),
        part_of([2, 4, 9], 1, 3),
        part_of([9, 4, 2], 3, 4),
        part_of([5, 2, 9, 1], 2, 5),
    ]
    for statistic in (SUM_STATISTICS["mae"], STATISTICS["recut"]):
        found = statistic.resampled_all(parts, weights)
        assert [one.shape for one in found] == [(15, 2), (15, 1), (15, 1), (15, 3), (15, 2)]
        for one, part in zip(found, parts, strict=True):
            np.testing.assert_array_equal(one, statistic.resampled(part, weights))


def test_a_score_is_found_by_its_name_and_a_wrong_name_is_said() -> None:
    assert get_statistic("recut") is STATISTICS["recut"]
    assert list(STATISTICS) == [*SUM_STATISTICS, "spearman", "recut"]
    with pytest.raises(UserError) as raised:
        get_statistic("spaerman")
    said = "There is no score named 'spaerman': did you mean 'spearman'?"
    assert str(raised.value) == said
