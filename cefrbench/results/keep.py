"""Keep predictions as they are made: those of the best layer so far, and of layer 0.

Which layer is best is said by the orders in :mod:`cefrbench.results.selection`, by which a result
chooses too. So what is held when the sweep ends is what the result stores: it is read back from
nowhere, and no more than that is ever held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cefrbench.essays import EssayTable, Ints
from cefrbench.probing.jobs import PlannedFold
from cefrbench.results.corpus_scores import continuous_scores
from cefrbench.results.model import CorpusScore
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import by_inner, by_oracle
from cefrbench.results.summary import mean_over_seeds

Doubles = NDArray[np.float64]
#: Probe, fold by its place, seed.
Place = tuple[str, int, "int | None"]


@dataclass(frozen=True, slots=True)
class Predicted:
    """What one fit predicted of the texts that its fold scores, in the order of the fold.

    Attributes
    ----------
    probe : str
    fold : int
        By its place.
    seed : int or None
    layer : int
    penalty, inner_qwk : float or None
    values : ndarray of float64, shape (n,)
        Predictions, unrounded and unclipped.
    scores : ndarray of float64, shape (n,), optional
        Continuous scores.
    refit_values, refit_scores : ndarray of float16, shape (n, replicates), optional
        The same of fits on resampled training texts.
    """

    probe: str
    fold: int
    seed: int | None
    layer: int
    penalty: float | None
    inner_qwk: float | None
    values: Doubles
    scores: Doubles | None
    refit_values: NDArray[np.float16] | None = None
    refit_scores: NDArray[np.float16] | None = None

    @property
    def place(self) -> Place:
        """What it is the best layer of."""
        return self.probe, self.fold, self.seed

    def parts(self, planned: PlannedFold) -> Iterator[tuple[str, Ints, Doubles, Doubles | None]]:
        """Take it apart by scored corpus: name, rows, predictions, continuous scores."""
        for name, rows, part in _slices(planned):
            yield name, rows, self.values[part], None if self.scores is None else self.scores[part]

    def alone(self) -> Predicted:
        """Copy the arrays: a view would hold the predictions of all folds."""
        scores = None if self.scores is None else np.array(self.scores)
        return replace(self, values=np.array(self.values), scores=scores)


def _slices(planned: PlannedFold) -> Iterator[tuple[str, Ints, slice]]:
    start = 0
    for name, rows in planned.fold.scored.items():
        stop = start + len(rows)
        yield name, rows, slice(start, stop)
        start = stop


@dataclass(slots=True)
class Kept:
    """The predictions that a result stores, as far as the sweep has come.

    Attributes
    ----------
    folds : sequence of PlannedFold
    table : EssayTable
    apart : bool
        Whether layer 0 stands apart: it does wherever there is another one.
    choice, embedding : dict
        What is held of the layers that count, and of layer 0.
    continuous : list of CorpusScore
        Scores of continuous predictions, of every layer that passed by.
    """

    folds: Sequence[PlannedFold]
    table: EssayTable
    apart: bool = True
    choice: dict[Place, Predicted] = field(default_factory=dict)
    embedding: dict[Place, Predicted] = field(default_factory=dict)
    continuous: list[CorpusScore] = field(default_factory=list)
    _best: dict[tuple[object, ...], tuple[float, ...]] = field(default_factory=dict)

    def offer(self, predicted: Sequence[Predicted], scored: Sequence[CorpusScore]) -> None:
        """Take what one probe gave on one layer, and hold it where the layer is the best so far.

        Parameters
        ----------
        predicted : sequence of Predicted
            One a fold and seed.
        scored : sequence of CorpusScore
            The same by corpus.
        """
        if not predicted:
            return
        # All folds of a layer are here, and the predictions of most layers are stored nowhere.
        size = len(self.table.scale)
        self.continuous += continuous_scores(self.tabulate(predicted), size)
        probe, layer = predicted[0].probe, predicted[0].layer
        if self.table.form == "study":
            self._offer_oracle(probe, layer, predicted, scored)
            return
        for one in predicted:
            if self.apart and layer == 0:
                self.embedding[one.place] = one.alone()
            elif self._leads(one.place, by_inner(layer, one.inner_qwk)):
                self.choice[one.place] = one.alone()

    def _offer_oracle(
        self,
        probe: str,
        layer: int,
        predicted: Sequence[Predicted],
        scored: Sequence[CorpusScore],
    ) -> None:
        """Hold a layer under the protocols whose oracle it is so far."""
        for protocol in dict.fromkeys(score.protocol for score in scored):
            # Groups of corpora are in no mean.
            own = [s for s in scored if s.protocol == protocol and s.corpus in self.table.names]
            order = by_oracle(layer, len(own), mean_over_seeds(own).qwk) if own else None
            if order is None or not self._leads((probe, protocol), order):
                continue
            # A run that failed on the oracle's layer has none to store.
            for place in [
                p for p in self.choice if p[0] == probe and self._protocol(p) == protocol
            ]:
                del self.choice[place]
            for one in predicted:
                if self._protocol(one.place) == protocol:
                    self.choice[one.place] = one.alone()

    def _protocol(self, place: Place) -> str:
        return self.folds[place[1]].protocol

    def _leads(self, place: tuple[object, ...], order: tuple[float, ...]) -> bool:
        if place in self._best and self._best[place] <= order:
            return False
        self._best[place] = order
        return True

    def predictions(self, replicates: int) -> PredictionTable:
        """All that is held: the layers that count, then layer 0, each in the order it came."""
        held = [*self.choice.values(), *self.embedding.values()]
        probes = list(dict.fromkeys(one.probe for one in held))
        held.sort(key=lambda one: (probes.index(one.probe), one.layer, one.fold))
        return self.tabulate(held, replicates)

    def tabulate(self, predicted: Iterable[Predicted], replicates: int = 0) -> PredictionTable:
        """Lay predictions out as a table, in their order."""
        keys = np.array(self.table.key, dtype=np.object_)
        return PredictionTable.concat(
            [part for one in predicted for part in self._parts(one, keys, replicates)]
        )

    def _parts(
        self, one: Predicted, keys: NDArray[np.object_], replicates: int
    ) -> Iterator[PredictionTable]:
        planned, table = self.folds[one.fold], self.table
        for name, rows, part in _slices(planned):
            yield PredictionTable.of_unit(
                protocol=planned.protocol,
                fold=planned.fold.name,
                corpus=name,
                probe=one.probe,
                seed=one.seed,
                layer=one.layer,
                text=keys[rows],
                low=table.low[rows],
                high=table.high[rows],
                prediction=one.values[part],
                score=None if one.scores is None else one.scores[part],
                refit_prediction=None if one.refit_values is None else one.refit_values[part],
                refit_score=None if one.refit_scores is None else one.refit_scores[part],
                replicates=replicates,
            )
