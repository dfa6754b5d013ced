"""The honest layer choice beside the oracle."""

import pytest
from result_factory import make_result

from cefrbench.statistics import layer_choice


def test_optimism_is_what_the_oracle_adds_to_the_honest_choice() -> None:
    result, _ = make_result(layers=(1, 2, 3, 4))
    for record in result.summary:
        found = layer_choice(result)[record.protocol, record.probe]
        assert record.chosen is not None
        assert found.chosen == record.chosen.qwk
        assert found.oracle == record.oracle.qwk
        assert found.optimism == pytest.approx((record.oracle.qwk or 0) - (record.chosen.qwk or 0))


def test_the_oracle_is_the_highest_point_of_the_curve_by_layer() -> None:
    result, _ = make_result(layers=(1, 2, 3, 4))
    for found in layer_choice(result).values():
        assert max(found.by_layer, key=found.by_layer.__getitem__) == found.oracle_layer
        assert found.by_layer[found.oracle_layer] == pytest.approx(found.oracle)
        mean = sum(found.by_layer.values()) / len(found.by_layer)
        assert mean == pytest.approx(found.layer_mean)


def test_choices_are_counted_by_fold_and_seed_without_groups() -> None:
    result, _ = make_result(seeds=(0, 1, 2))
    found = layer_choice(result)
    assert sum(found["iid", "ridge"].chosen_layers.values()) == 1
    assert sum(found["loco", "ridge"].chosen_layers.values()) == 3
    assert sum(found["loco", "mlp-classifier"].chosen_layers.values()) == 3 * 3


def test_the_study_chooses_no_layer_so_its_optimism_is_unknown() -> None:
    result, _ = make_result(form="study")
    for found in layer_choice(result).values():
        assert (found.chosen, found.optimism, found.chosen_layers) == (None, None, {})
        assert found.oracle is not None
