"""Batches of like length, so that next to nothing is spent on padding."""

from __future__ import annotations

from collections.abc import Sequence


def plan_batches(costs: Sequence[int], budget: int, overhead: int = 0) -> list[list[int]]:
    """Group items into batches at the least total cost.

    A batch costs its number of items times its costliest item (shorter ones are padded), plus a
    fixed overhead. Over items in order of cost, an optimal grouping is one of runs, and dynamic
    programming over the run that ends at each item finds it.

    Parameters
    ----------
    costs : sequence of int
        Cost of each item in tokens.
    budget : int
        Most that a batch may cost without the overhead; an item that costs more has a batch of
        its own.
    overhead : int
        Cost of a batch besides its items, in tokens; with 0, items of different cost never share
        a batch.

    Returns
    -------
    list of list of int
        Indices of the items of each batch, cheap items first; every item stands in exactly one.

    Examples
    --------
    >>> plan_batches([3, 9, 3, 4], budget=12, overhead=2)
    [[0, 2, 3], [1]]
    >>> plan_batches([3, 9, 3, 4], budget=12)
    [[0, 2], [3], [1]]
    """
    order = sorted(range(len(costs)), key=lambda i: (costs[i], i))
    # best[n]: least cost of the n cheapest items, and where the last run of them begins.
    best: list[tuple[int, int]] = [(0, 0)]
    for end in range(1, len(order) + 1):
        longest = costs[order[end - 1]]
        most = max(1, budget // max(1, longest))
        best.append(
            min(
                (best[begin][0] + (end - begin) * longest + overhead, begin)
                for begin in range(max(0, end - most), end)
            )
        )
    batches: list[list[int]] = []
    end = len(order)
    while end:
        begin = best[end][1]
        batches.append(order[begin:end])
        end = begin
    return batches[::-1]
