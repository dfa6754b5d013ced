"""Ridge on TF-IDF of character n-grams, fitted on many folds and penalties at once.

N-grams of all texts are counted once, which looks at no label and at no other text. Which of them
count and how much (document frequencies) is told by the training texts of each fold alone, so that
every fold is fitted as it would be if no other text were there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import Ridge
from sklearn.utils.validation import check_is_fitted

from cefrbench.contracts.probe import FoldFit, FoldRows
from cefrbench.cores import usable_cores
from cefrbench.engines.checks import training_weight

#: Where conjugate gradients stop: the residual beside the right-hand side.
_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Terms:
    """What training texts say of n-grams: which count, and how much."""

    kept: NDArray[np.intp]
    tfidf: TfidfTransformer

    @classmethod
    def of(cls, counts: Any, min_df: int) -> Terms:
        """Take n-grams that stand in at least ``min_df`` of the texts."""
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        kept = np.flatnonzero(frequency >= min_df)
        return cls(kept, TfidfTransformer(sublinear_tf=True).fit(counts[:, kept]))

    def weigh(self, counts: Any) -> Any:
        """TF-IDF of some texts, each of length 1."""
        return self.tfidf.transform(counts[:, self.kept])


class NgramRidge(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Ridge on sublinear TF-IDF of character n-grams inside words; it reads texts.

    Parameters
    ----------
    alpha : float
    longest : int
        Characters of the longest n-gram; the shortest has one.
    min_df : int
        Fewest training texts that an n-gram stands in.
    """

    def __init__(self, alpha: float = 1.0, longest: int = 4, min_df: int = 2) -> None:
        self.alpha = alpha
        self.longest = longest
        self.min_df = min_df

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NgramRidge:
        """Fit on texts ``X [n]``."""
        self.counter_ = self._counter()
        counts = self.counter_.fit_transform(X)
        self.terms_ = Terms.of(counts, self.min_df)
        self.ridge_ = _ridge(self.alpha).fit(self.terms_.weigh(counts), y, sample_weight)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict texts ``X [n]``."""
        check_is_fitted(self)
        return _predict(self.ridge_, self.terms_.weigh(self.counter_.transform(X)))

    def fit_paths(
        self,
        X: NDArray[Any],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        penalties: Sequence[float],
        sample_weight: NDArray[np.float64] | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[list[FoldFit]]]:
        """Fit all folds with all penalties on texts ``X [n]``, folds side by side.

        Parameters and result are those of :meth:`cefrbench.FitsPaths.fit_paths`.
        """
        from joblib import Parallel, delayed

        counts = self._counter().fit_transform(X).tocsr()
        fits = Parallel(n_jobs=usable_cores(), prefer="threads")(
            delayed(self._path)(counts, y, fold, penalties, sample_weight) for fold in folds
        )
        return [[[fit] * len(seeds) for fit in path] for path in fits]

    def _counter(self) -> CountVectorizer:
        return CountVectorizer(analyzer="char_wb", ngram_range=(1, self.longest), dtype=np.float32)

    def _path(
        self,
        counts: Any,
        y: NDArray[np.int64],
        fold: FoldRows,
        penalties: Sequence[float],
        sample_weight: NDArray[np.float64] | None,
    ) -> list[FoldFit]:
        rows, weight = fold.train, training_weight(fold, sample_weight)
        if weight is not None:
            rows, weight = rows[weight > 0], weight[weight > 0]
        terms = Terms.of(counts[rows], self.min_df)
        learnt, asked = terms.weigh(counts[rows]), terms.weigh(counts[fold.predict])
        found = []
        for alpha in penalties:
            values = _predict(_ridge(alpha).fit(learnt, y[rows], weight), asked)
            found.append(FoldFit(values, scores=values))
        return found


def _ridge(alpha: float) -> Ridge:
    return Ridge(alpha=alpha, solver="sparse_cg", tol=_TOLERANCE)


def _predict(ridge: Ridge, weighed: Any) -> NDArray[np.float64]:
    return np.asarray(ridge.predict(weighed), dtype=np.float64)
