"""Batches: every item once, within budget, at the least cost."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cefrbench.features.batches import plan_batches

COSTS = st.lists(st.integers(0, 40), max_size=40)


def price(batches, costs, overhead):
    return sum(len(b) * max(costs[i] for i in b) + overhead for b in batches)


@given(COSTS, st.integers(1, 200), st.integers(0, 50))
def test_every_item_stands_in_one_batch_within_the_budget(costs, budget, overhead):
    batches = plan_batches(costs, budget, overhead)
    assert sorted(i for batch in batches for i in batch) == list(range(len(costs)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(costs[i] for i in batch) <= budget


@given(COSTS, st.integers(1, 200))
def test_without_overhead_nothing_is_padded(costs, budget):
    for batch in plan_batches(costs, budget):
        assert len({costs[i] for i in batch}) == 1


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.integers(12, 60), st.integers(0, 9))
def test_no_way_to_cut_the_sorted_items_is_cheaper(costs, budget, overhead):
    ordered = sorted(costs)
    found = price(plan_batches(ordered, budget, overhead), ordered, overhead)
    count = len(ordered)
    for size in range(count):
        for cuts in combinations(range(1, count), size):
            edges = (0, *cuts, count)
            runs = [list(range(a, b)) for a, b in pairwise(edges)]
            if all(len(r) == 1 or len(r) * ordered[r[-1]] <= budget for r in runs):
                assert found <= price(runs, ordered, overhead)


def test_a_batch_costs_more_than_padding_a_little():
    assert plan_batches([10, 11, 30], budget=100, overhead=5) == [[0, 1], [2]]


@pytest.mark.parametrize("costs", [[], [7]])
def test_few_items(costs):
    assert plan_batches(costs, 10, 5) == ([[0]] if costs else [])


@pytest.mark.parametrize(
    ("costs", "budget", "overhead", "expected"),
    [
        # As many as the budget holds, and not one more.
        ([5, 5, 5, 5], 15, 1, [[0], [1, 2, 3]]),
        ([5, 5, 5, 5], 14, 1, [[0, 1], [2, 3]]),
        ([5, 5, 5], 15, 1, [[0, 1, 2]]),
        # What costs nothing is padded like all else, and what costs too much stands alone.
        ([0, 0, 3], 2, 5, [[0, 1], [2]]),
        ([9, 1, 8], 4, 0, [[1], [2], [0]]),
        # Padding 2 to 6 twice costs 8, which is more than a batch; to 3 twice it costs 2.
        ([2, 6, 2], 100, 3, [[0, 2], [1]]),
        ([2, 3, 2], 100, 3, [[0, 2, 1]]),
        # Of two ways that cost the same the longer run is taken.
        ([2, 4], 100, 2, [[0, 1]]),
        ([2, 4], 100, 1, [[0], [1]]),
    ],
)
def test_these_are_the_cheapest_batches(costs, budget, overhead, expected):
    assert plan_batches(costs, budget, overhead) == expected
