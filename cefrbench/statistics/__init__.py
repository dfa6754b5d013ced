"""Numbers one can trust: scores, resampling, intervals, paired tests, ranks; all on arrays.

What needs a result (its samples, comparisons, bands) is in :mod:`cefrbench.results`, on top of
this; ``docs/statistics.md`` says why each is computed as it is.
"""
