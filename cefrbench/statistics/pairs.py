"""The paired test behind comparisons, boards and ranks: p-values and intervals of differences.

All pairs of a family are tested at once. Two scopes. *These corpora*: corpora are fixed, texts are
resampled inside them, and probes fitted on resampled training texts, jointly for all results; the
difference over its standard error is Student's with the freedom of :mod:`.errors`, or normal where
the fits are held fixed. *Corpora beyond these*: corpora are the second level, a sample of corpora
that could have been there; the difference varies with the spread of the corpora's own differences,
and the test is Student's with one degree of freedom fewer than corpora, never with less error or
more freedom than the first scope has (the Hartung–Knapp test of a random-effects meta-analysis, as
modified in Röver, Knapp & Friede 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cefrbench.statistics.errors import Errors, quantile
from cefrbench.statistics.scoring import Floats

#: With two corpora the t quantile is 12.7: nothing could be said beyond them.
FEWEST_CORPORA = 3
#: Two-sided level of all tests, over their family.
LEVEL = 0.05
#: Differences and errors below this are rounding.
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class PairedTest:
    """One test of "no difference".

    Attributes
    ----------
    low, high : float
        95 % interval of the difference.
    p : float
        Two-sided; below 0.05 exactly where the interval leaves 0 out.
    p_holm : float
        Corrected for all tests of the same scope that were made beside it.
    low_holm, high_holm : float
        Interval at the level at which Holm's method tested this difference; ``p_holm`` is below
        0.05 exactly where it leaves 0 out.
    """

    low: float
    high: float
    p: float
    p_holm: float
    low_holm: float
    high_holm: float

    @property
    def significant(self) -> bool:
        """Whether the difference is shown, at 5 % over all tests."""
        return self.p_holm < LEVEL


@dataclass(frozen=True, slots=True, eq=False)
class PairedTests:
    """A family of tests in one scope, as arrays of one shape; NaN where there is no test.

    Intervals follow from these, and are computed for those that are asked for: of half a million
    pairs a board shows a few thousand, and quantiles take longer than all else.

    Attributes
    ----------
    difference, error, freedom : ndarray of float64
        What was tested, its standard error, and whose Student's distribution it was tested with.
    p, p_holm : ndarray of float64
        As in :class:`PairedTest`.
    asked : ndarray of float64
        Among how many tests each was one, when Holm's method came to it.
    """

    difference: Floats
    error: Floats
    freedom: Floats
    p: Floats
    p_holm: Floats
    asked: Floats

    @property
    def low(self) -> Floats:
        """Lower ends of the 95 % intervals."""
        return self.difference - quantile(self.freedom) * self.error

    @property
    def high(self) -> Floats:
        """Upper ends of the 95 % intervals."""
        return self.difference + quantile(self.freedom) * self.error

    @property
    def low_holm(self) -> Floats:
        """Lower ends at the level at which Holm's method tested each."""
        return self.difference - quantile(self.freedom, self.asked) * self.error

    @property
    def high_holm(self) -> Floats:
        """Upper ends at that level."""
        return self.difference + quantile(self.freedom, self.asked) * self.error

    def at(self, place: Any) -> PairedTests:
        """Some of them, by any index of NumPy's."""
        return PairedTests(*(getattr(self, field.name)[place] for field in fields(self)))

    def take(self, rows: Sequence[int]) -> PairedTests:
        """Those of some rows among themselves, of tests of all pairs."""
        return self.at(np.ix_(rows, rows))

    def one(self, *place: int) -> PairedTest | None:
        """One of them; None where there is no test."""
        own = self.at(place)
        if np.isnan(own.p):
            return None
        return PairedTest(*(float(getattr(own, field.name)) for field in fields(PairedTest)))


def pair_tests(scores: ArrayLike, errors: Errors) -> PairedTests:
    """Test all pairs of some scores on these corpora, Holm's correction over all of them.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
    errors : Errors
        Of shape ``(n, n)``.

    Returns
    -------
    PairedTests
        Of shape ``(n, n)``: the row's score less the column's. NaN on the diagonal.
    """
    values = np.asarray(scores, dtype=np.float64)
    first, second = np.triu_indices(len(values), 1)
    tests = these_corpora(values[first] - values[second], _of_pairs(errors, first, second))
    return _both_ways(tests, first, second, len(values))


def pair_tests_beyond(scores: ArrayLike, errors: Errors, corpora: Floats) -> PairedTests:
    """Test all pairs of some scores beyond these corpora, Holm's correction over all of them.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
    errors : Errors
        Of shape ``(n, n)``.
    corpora : ndarray of float64, shape (n, corpora)
        Scores by corpus; NaN where there is none.
    """
    values = np.asarray(scores, dtype=np.float64)
    first, second = np.triu_indices(len(values), 1)
    tests = beyond_corpora(
        values[first] - values[second],
        _of_pairs(errors, first, second),
        (corpora.T[:, first] - corpora.T[:, second]).T,
    )
    return _both_ways(tests, first, second, len(values))


def _both_ways(
    tests: PairedTests, first: NDArray[np.intp], second: NDArray[np.intp], n: int
) -> PairedTests:
    """Tests of all pairs, each once, corrected and laid out as ``(n, n)``."""

    def square(above: Floats, sign: float = 1.0) -> Floats:
        found = np.full((n, n), np.nan)
        found[first, second], found[second, first] = above, sign * above
        return found

    one = corrected(tests)
    return PairedTests(
        square(one.difference, -1.0),
        *map(square, (one.error, one.freedom, one.p, one.p_holm, one.asked)),
    )


def _of_pairs(errors: Errors, first: NDArray[np.intp], second: NDArray[np.intp]) -> Errors:
    return Errors(errors.error[first, second], errors.freedom[first, second])


def these_corpora(difference: ArrayLike, errors: Errors) -> PairedTests:
    """Test differences over texts and fits on fixed corpora; not corrected."""
    return _test(np.asarray(difference, np.float64), errors)


def beyond_corpora(difference: ArrayLike, errors: Errors, corpora: Floats) -> PairedTests:
    """Test differences over corpora; not corrected, NaN with fewer than three corpora.

    Parameters
    ----------
    difference : array_like of float, shape (...)
        Mean over corpora.
    errors : Errors, shape (...)
        On these corpora, of :func:`.differences.difference_errors`.
    corpora : ndarray of float64, shape (..., corpora)
        Difference of each corpus; NaN where there is none.
    """
    count, mean, squares = (np.zeros(corpora.shape[:-1]) for _ in range(3))
    # Corpus by corpus: they are few, and of a board's pairs there is half a million.
    each = [corpora[..., place] for place in range(corpora.shape[-1])]
    for one in each:
        there = ~np.isnan(one)
        count += there
        mean += np.where(there, one, 0.0)
    able, n = count >= FEWEST_CORPORA, np.maximum(count, 2)
    mean /= n
    for one in each:
        squares += np.where(np.isnan(one), 0.0, one - mean) ** 2
    spread = np.sqrt(squares / (n - 1) / n)
    larger = np.where(able, np.maximum(errors.error, spread), np.nan)
    freedom = np.minimum(n - 1, errors.freedom)
    return _test(np.asarray(difference, np.float64), Errors(larger, freedom))


def _test(difference: Floats, errors: Errors) -> PairedTests:
    from scipy.special import stdtr

    # Identical predictions differ by nothing, and nothing but rounding is in the way.
    sure = errors.error <= _NOTHING
    tail = stdtr(errors.freedom, -np.abs(difference) / np.where(sure, 1.0, errors.error))
    certain = np.where(np.abs(difference) <= _NOTHING, 1.0, 0.0)
    # No test where anything is unknown.
    none = 0 * (errors.error + difference)
    p = np.where(sure, certain, 2 * tail) + none
    error = np.where(sure, 0.0, errors.error)
    return PairedTests(difference + none, error + none, errors.freedom + none, p, p, 1 + none)


def corrected(tests: PairedTests) -> PairedTests:
    """Correct some tests, all of one family, by Holm's method: p-values and intervals.

    Holm tests the clearest of ``m`` differences at .05 / m, the next at .05 / (m - 1), and so on
    until one fails; all that are left are then tested at the level of that one. The interval of
    each is that of its level (as in Serlin 1993, "Confidence intervals and the scientific method:
    a case for Holm on the range"). So interval and p-value never say different things; that all
    intervals hold their truths at once is not claimed.

    Parameters
    ----------
    tests : PairedTests
        Of shape ``(m,)``.
    """
    p_holm, asked = holm(tests.p)
    return replace(tests, p_holm=p_holm, asked=asked)


def holm(p: Floats) -> tuple[Floats, Floats]:
    """Holm's step-down correction (Holm 1979).

    Parameters
    ----------
    p : ndarray of float64, shape (m,)
        NaN where no test was made.

    Returns
    -------
    p_holm : ndarray of float64, shape (m,)
        Corrected p-values, at most 1, in the order of ``p``.
    asked : ndarray of float64, shape (m,)
        Among how many tests each was one.
    """
    made: NDArray[np.intp] = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    steps = np.arange(len(order), 0, -1)
    stepped = np.minimum(np.maximum.accumulate(p[order] * steps), 1.0)
    failed = stepped >= LEVEL
    if failed.any():
        first = int(failed.argmax())
        steps[first:] = steps[first]
    p_holm, asked = np.full((2, len(p)), np.nan)
    p_holm[order], asked[order] = stepped, steps
    return p_holm, asked
