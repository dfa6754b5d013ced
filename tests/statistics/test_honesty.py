"""Equal encoders are seldom told apart, and intervals hold the truth, with refits: planted data."""

import pytest
from honesty import CONDITIONS, coverage, told_apart

#: 60 pairs at a true 5 %: 7 or more are told apart three times in 100.
MOST = 7 / 60


@pytest.mark.slow
def test_equal_encoders_are_told_apart_seldom_with_refits_and_often_without() -> None:
    found = told_apart(60, (0, 20), scores=("qwk",), alpha=3.0, sizes=(80, 200, 120, 200), seed=5)
    assert all(found["qwk", name, 20] < MOST for name in ("iid", "lofo", "gap"))
    assert found["qwk", "lofo", 0] >= MOST


@pytest.mark.slow
def test_a_better_encoder_is_told_apart() -> None:
    found = told_apart(20, (20,), scores=("qwk",), noise=(0.5, 1.0), seed=6)
    assert found["qwk", "lofo", 20] >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CONDITIONS)[1:])
def test_intervals_hold_the_truth_over_training_and_scored_texts(name: str) -> None:
    found = coverage(40, (20,), CONDITIONS[name], scores=("qwk",), seed=3)
    for place in ("iid", "lofo", "gap"):
        cell = found["qwk", place, 20]
        # 40 runs at a true 95 %: fewer than 34 hold it three times in 1,000.
        assert cell["held"] >= 34 / 40
        assert 0.75 <= cell["error"] / cell["spread"] <= 1.75
