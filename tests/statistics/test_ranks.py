"""Ranks with intervals and ties."""

from dataclasses import replace

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.errors import ResultError
from cefrbench.statistics import Contender, compare_results, contenders, rank, ranking
from cefrbench.statistics.compare import Entry
from cefrbench.statistics.resampling import TextWeights

SKILLS = {"best": 1.0, "good": 0.6, "equal": 0.6, "poor": 0.1}
WEIGHTS = TextWeights(1000)


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return [
        make_result(name, skill=skill, texts=120, layers=(1,)) for name, skill in SKILLS.items()
    ]


def test_the_best_is_first_and_ranks_are_those_of_the_scores(entries: list[Entry]) -> None:
    ranked = ranking(entries, "ridge", "loco", weights=WEIGHTS)
    estimates = [one.interval.estimate or 0 for one in ranked]
    assert estimates == sorted(estimates, reverse=True)
    assert ranked[0].rank == 1
    assert ranked[-1].name == "poor"
    assert (ranked[-1].rank, ranked[-1].rank_low, ranked[-1].rank_high) == (4, 4, 4)


def test_ties_are_the_differences_that_compare_does_not_show(entries: list[Entry]) -> None:
    """Over all pairs of one protocol both make the same family of tests."""
    report = compare_results(entries, probe="ridge", protocols=["loco"], replicates=1000)
    shown = {name: [0, 0] for name in SKILLS}
    for pair in report.pairs:
        assert pair.these is not None
        if pair.these.significant:
            ahead = (pair.difference or 0) > 0
            shown[pair.first if ahead else pair.second][0] += 1
            shown[pair.second if ahead else pair.first][1] += 1
    ranked = ranking(entries, "ridge", "loco", weights=WEIGHTS)
    assert {one.name: [one.better_than, one.worse_than] for one in ranked} == shown


def test_entries_that_are_not_told_apart_share_a_rank(entries: list[Entry]) -> None:
    ranked = {one.name: one for one in ranking(entries, "ridge", "loco", weights=WEIGHTS)}
    assert [ranked[name].tie for name in SKILLS] == [1, 2, 2, 3]
    assert [ranked[name].rank for name in SKILLS] == [1, 2, 2, 4]
    for name in ("good", "equal"):
        assert (ranked[name].rank_low, ranked[name].rank_high) == (2, 3)


def test_the_order_of_results_does_not_matter(entries: list[Entry]) -> None:
    there = ranking(entries, "ridge", "iid", weights=WEIGHTS)
    assert ranking(entries[::-1], "ridge", "iid", weights=WEIGHTS) == there


def test_copies_of_one_result_tie() -> None:
    one = make_result("one")
    first, second = ranking([one, one], "ridge", "loco", weights=WEIGHTS)
    assert (first.rank, second.rank, first.tie, second.tie) == (1, 1, 1, 1)
    assert first.worse_than == second.worse_than == 0


def test_the_smallest_gap_is_first(entries: list[Entry]) -> None:
    ranked = ranking(entries, "ridge", "gap", weights=WEIGHTS)
    estimates = [one.interval.estimate or 0 for one in ranked]
    assert estimates == sorted(estimates)


def test_a_result_without_that_probe_is_left_out(entries: list[Entry]) -> None:
    other = make_result("other", probes=("mlp-classifier",))
    ranked = ranking([*entries, other], "ridge", "loco", weights=WEIGHTS)
    assert "other" not in {one.name for one in ranked}


def test_an_undefined_score_comes_last_without_a_rank() -> None:
    found = made("one", 0.5)
    without = replace(found.interval, estimate=None, low=None, high=None)
    ranked = rank([replace(found, name="none", interval=without), found])
    assert [one.name for one in ranked] == ["one", "none"]
    assert (ranked[1].rank, ranked[1].tie) == (None, None)


def test_results_of_other_corpora_are_not_ranked_together(entries: list[Entry]) -> None:
    other = make_result("other", corpora=("alpha", "beta", "delta"), texts=120, layers=(1,))
    with pytest.raises(ResultError, match="can't be ranked together"):
        ranking([*entries, other], "ridge", "loco", weights=WEIGHTS)


def test_nothing_has_no_ranking() -> None:
    assert ranking([], "ridge", "loco") == []


def made(name: str, skill: float) -> Contender:
    return contenders(make_result(name, skill=skill), weights=WEIGHTS)["loco", "ridge"]


def test_equal_encoders_fall_into_one_tie_group_in_most_worlds() -> None:
    """Twenty encoders of one skill: a difference is claimed in no more than 1 of 20 rankings."""
    rng = np.random.default_rng(0)
    base = made("one", 0.7)
    error = base.interval.error or 0
    claims = 0
    for _ in range(60):
        contenders = []
        for i in range(20):
            # Each one's errors on the texts are its own; so are its replicates.
            influence = rng.normal(0, error / np.sqrt(len(base.texts)), len(base.texts))
            noise = rng.normal(0, error, len(base.replicates))
            estimate = 0.5 + rng.normal(0, error)
            contenders.append(
                replace(
                    base,
                    name=f"{i:02d}",
                    interval=replace(base.interval, estimate=estimate),
                    replicates=(estimate + noise).astype(np.float32),
                    influence=influence.astype(np.float32),
                )
            )
        claims += any(one.worse_than for one in rank(contenders))
    assert claims <= 6
