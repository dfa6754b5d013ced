"""`ot`: training features moved onto the unseen corpus by linear optimal transport."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cefrbench import (
    MethodCard,
    MethodOptions,
    MethodSpec,
    PluginError,
    Prepared,
    Register,
    Source,
    hookimpl,
)
from cefrbench.engines.methods.spread import Shrunk, spread_of
from cefrbench_plugins.methods._by_corpus import weights_of

CARD = MethodCard(
    name="ot",
    title="Optimal transport",
    description="Each training corpus is moved onto the unseen one by the linear map that "
    "carries one normal distribution into the other at the least cost; covariances are shrunk.",
    sees="unlabelled",
    moves="features",
    paper="Flamary, Lounici and Ferrari (2019), Concentration bounds for linear Monge mapping "
    "estimation and optimal transport domain adaptation",
    url="https://arxiv.org/abs/1905.10155",
    library="POT",
    extra="methods",
)


@dataclass(frozen=True, slots=True)
class MongeMap:
    """The linear Monge map from each training corpus to the unseen one.

    In double precision, by torch: on an accelerator that has it.
    """

    device: str

    def prepare(self, source: Source, unlabelled: NDArray[np.float32] | None) -> Prepared:
        """Move training corpora; scored texts stay where they are."""
        import torch
        from ot.gaussian import bures_wasserstein_mapping

        assert unlabelled is not None
        device = self.device if self.device.startswith("cuda") else "cpu"

        def moments(spread: Shrunk) -> tuple[torch.Tensor, torch.Tensor]:
            values = spread.mean, spread.covariance()
            mean, covariance = (torch.tensor(one, device=device) for one in values)
            return mean, covariance

        mean, covariance = moments(spread_of(unlabelled.astype(np.float64)))
        moved = np.empty_like(source.X)
        for corpus in np.unique(source.corpus):
            rows = source.corpus == corpus
            own = spread_of(source.X[rows].astype(np.float64), weights_of(source, rows))
            start, spread = moments(own)
            matrix, shift = bures_wasserstein_mapping(start, mean, spread, covariance)
            moved[rows] = source.X[rows] @ matrix.cpu().numpy() + shift.cpu().numpy()
        return Prepared(moved, source.y, source.weight)


def make(options: MethodOptions) -> MongeMap:
    """Make the method.

    Raises
    ------
    PluginError
        When POT is not installed.
    """
    try:
        import ot.gaussian  # noqa: F401
    except ImportError as error:
        raise PluginError(
            "The method 'ot' needs the package POT, which is not installed: run "
            "`pip install 'cefrbench[methods]'`, or name 'coral' instead."
        ) from error
    return MongeMap(options.device)


@hookimpl
def register_methods(register: Register) -> None:
    register(MethodSpec(CARD, make))
