"""The study's residual analysis against counts by hand and against numpy and scipy."""

import numpy as np
import pytest
import scipy.stats
from result_factory import make_result

from cefrbench.results.residuals import (
    PredictedLevels,
    Residuals,
    confusions,
    entropy,
    level_residuals,
    predicted_levels,
    residuals_of,
    row_percentages,
    total_variation,
)


def test_entropy_by_hand() -> None:
    assert entropy([0.5, 0.25, 0.25, 0.0, 0.0]) == pytest.approx(1.5)
    assert entropy([0.2] * 5) == pytest.approx(np.log2(5))
    assert entropy([1.0, 0, 0, 0, 0]) == 0.0


def test_entropy_is_scipys() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(5))
    assert entropy(shares) == pytest.approx(scipy.stats.entropy(shares, base=2))


def test_total_variation_by_hand() -> None:
    assert total_variation([0.5, 0.5, 0.0], [0.2, 0.5, 0.3]) == pytest.approx(0.3)
    assert total_variation([1, 0], [0, 1]) == 1.0
    assert total_variation([0.3, 0.7], [0.3, 0.7]) == 0.0


def test_rows_of_a_confusion_matrix_add_up_to_100_per_cent() -> None:
    assert row_percentages([[1, 3, 0], [0, 0, 0], [0, 1, 1]]) == [
        [25.0, 75.0, 0.0],
        [None, None, None],
        [0.0, 50.0, 50.0],
    ]


def test_residuals_by_level_are_those_of_the_texts() -> None:
    """Every text's residual, written out from the matrices, with numpy as the judge."""
    result, _ = make_result(probes=("mlp-classifier",))
    for place, levels in level_residuals(result).items():
        counts = confusions(result)[place]
        for gold, level in enumerate(levels):
            each = np.concatenate([np.full(counts[gold, p], p - gold) for p in range(5)])
            assert level.level == result.scale[gold]
            assert level.n == len(each)
            assert level.mean == pytest.approx(each.mean())
            assert level.sd == pytest.approx(each.std())
            quartiles = np.quantile(each, [0.25, 0.5, 0.75], method="inverted_cdf")
            assert level.quartiles == tuple(quartiles)
            assert level.histogram == {
                float(value): int((each == value).sum()) for value in np.unique(each)
            }


def test_groups_are_left_out_and_corpora_can_be_chosen() -> None:
    result, _ = make_result()
    units = [u for u in result.units if (u.protocol, u.probe, u.layer) == ("loco", "ridge", 1)]
    assert len(units) == 4
    expected = sum(unit.n for unit in units if unit.corpus in ("alpha", "beta", "gamma"))
    assert sum(level.n for level in level_residuals(result)["loco", "ridge", 1]) == expected
    alone = level_residuals(result, corpora=["beta"])["loco", "ridge", 1]
    assert sum(level.n for level in alone) == 40


def test_a_level_without_texts_has_no_residuals() -> None:
    result, _ = make_result(texts=4, conflicts=0.0)
    last = level_residuals(result)["loco", "ridge", 1][4]
    assert (last.n, last.mean, last.sd, last.quartiles, last.histogram) == (0, None, None, None, {})


def test_predicted_levels_against_uniform_prior_and_truth() -> None:
    result, _ = make_result(probes=("ridge",))
    found = predicted_levels(result)["loco", "ridge", 2]
    counts = confusions(result)["loco", "ridge", 2]
    predicted, truth = counts.sum(0) / counts.sum(), counts.sum(1) / counts.sum()
    folds = [s for s in result.splits if s.protocol == "loco" and s.fold != "twin-all"]
    weight = np.array([sum(split.scored.values()) for split in folds], dtype=float)
    priors = np.array([np.array(s.train_levels) / sum(s.train_levels) for s in folds])
    prior = weight @ priors / weight.sum()
    assert found.predicted == pytest.approx(tuple(predicted))
    assert found.prior == pytest.approx(tuple(prior))
    assert found.entropy == pytest.approx(scipy.stats.entropy(predicted, base=2))
    assert found.evenness == pytest.approx(found.entropy / np.log2(5))
    assert found.to_uniform == pytest.approx(np.abs(predicted - 0.2).sum() / 2)
    assert found.to_prior == pytest.approx(np.abs(predicted - prior).sum() / 2)
    assert found.to_truth == pytest.approx(np.abs(predicted - truth).sum() / 2)
    assert found.n == counts.sum()


def test_the_prior_is_weighted_by_the_texts_that_met_it() -> None:
    result, _ = make_result(probes=("ridge",), protocols=("loco",), layers=(1,))
    sizes = {"alpha": 10, "beta": 300, "gamma": 40}
    shares = {"alpha": (8, 2, 0, 0, 0), "beta": (0, 0, 5, 5, 0), "gamma": (1, 1, 1, 1, 1)}
    units = tuple(
        unit.model_copy(update={"n": sizes.get(unit.corpus, unit.n)}) for unit in result.units
    )
    splits = tuple(
        split.model_copy(update={"train_levels": shares.get(split.fold, split.train_levels)})
        for split in result.splits
    )
    changed = result.model_copy(update={"units": units, "splits": splits})
    found = predicted_levels(changed)["loco", "ridge", 1]
    expected = [(10 * 0.8 + 8) / 350, (10 * 0.2 + 8) / 350, 158 / 350, 158 / 350, 8 / 350]
    assert found.prior == pytest.approx(expected)


def test_without_recorded_priors_there_is_no_distance_to_them() -> None:
    result, _ = make_result(probes=("ridge",))
    bare = tuple(split.model_copy(update={"train_levels": ()}) for split in result.splits)
    found = predicted_levels(result.model_copy(update={"splits": bare}))["iid", "ridge", 1]
    assert (found.prior, found.to_prior) == (None, None)


def test_residuals_of_a_matrix_by_hand() -> None:
    """Of six texts of the first level one is right, four are one too high, one is two too high."""
    first, second, third = residuals_of(
        np.array([[1, 4, 1], [0, 0, 0], [2, 0, 2]]), ("A", "B", "C")
    )
    assert first == Residuals(
        "A", 6, 1.0, pytest.approx(np.sqrt(1 / 3)), (1.0, 1.0, 1.0), {0.0: 1, 1.0: 4, 2.0: 1}
    )
    assert second == Residuals("B", 0, None, None, None, {})
    assert third == Residuals("C", 4, -1.0, 1.0, (-2.0, -2.0, 0.0), {-2.0: 2, 0.0: 2})


def planted(matrices, train_levels=(1, 1, 1, 1, 4)):  # type: ignore[no-untyped-def]
    """A result whose units of one fold each have these matrices."""
    result, _ = make_result(probes=("ridge",), protocols=("loco",), layers=(1,))
    units = tuple(
        unit.model_copy(
            update={
                "confusion": tuple(map(tuple, matrices[unit.corpus].tolist())),
                "n": int(matrices[unit.corpus].sum()),
            }
        )
        for unit in result.units
        if unit.corpus in matrices
    )
    splits = tuple(
        split.model_copy(update={"train_levels": train_levels}) for split in result.splits
    )
    return result.model_copy(update={"units": units, "splits": splits})


def test_predicted_levels_by_hand() -> None:
    """Half of the texts are given the first level, a quarter each the next two."""
    alpha, beta = np.zeros((2, 5, 5), dtype=np.int64)
    alpha[0, 0], alpha[4, 0], beta[1, 1], beta[3, 2] = 3, 1, 2, 2
    result = planted({"alpha": alpha, "beta": beta, "gamma": np.zeros((5, 5), dtype=np.int64)})
    assert predicted_levels(result)["loco", "ridge", 1] == PredictedLevels(
        predicted=(0.5, 0.25, 0.25, 0.0, 0.0),
        truth=(0.375, 0.25, 0.0, 0.25, 0.125),
        prior=(0.125, 0.125, 0.125, 0.125, 0.5),
        entropy=1.5,
        evenness=pytest.approx(1.5 / np.log2(5)),
        to_uniform=pytest.approx(0.4),
        to_prior=pytest.approx(0.625),
        to_truth=pytest.approx(0.375),
        n=8,
    )
    (alone,) = {*predicted_levels(result, corpora=["beta", "none"]).values()}
    assert (alone.n, alone.predicted) == (4, (0.0, 0.5, 0.5, 0.0, 0.0))
    assert confusions(result, ["gamma"]) == {}


def test_a_fold_without_a_split_or_a_prior_has_none() -> None:
    alpha = np.diag([1, 2, 3, 4, 5])
    result = planted({"alpha": alpha, "beta": alpha})
    place = "loco", "ridge", 1
    assert predicted_levels(result)[place].prior is not None
    lost = tuple(split for split in result.splits if split.fold != "beta")
    assert predicted_levels(result.model_copy(update={"splits": lost}))[place].prior is None
    assert predicted_levels(planted({"alpha": alpha}, (0,) * 5))[place].prior is None
