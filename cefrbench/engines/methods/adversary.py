"""A small network that reads levels and unlearns corpora: DANN (Ganin et al. 2016), in torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.adamw import adamw

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Singles = NDArray[np.float32]

#: Width of the representation and of the adversary's hidden layer.
WIDTH = 64
STEPS = 100
BATCH = 256
RATE = 2e-3
#: Weight decay of AdamW: so large that held-out texts of the same corpora are told as by ridge.
DECAY = 5.0


class Reversal(torch.autograd.Function):
    """Pass values on as they are, and gradients turned round and multiplied."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, strength: float) -> Tensor:
        """Change nothing."""
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        """Turn the gradient round."""
        return -ctx.strength * slopes[0], None


class Adversarial(nn.Module):
    """Features to a representation, from which one head tells the level, another the corpus.

    Attributes
    ----------
    body : Module
        From ``dim`` features to ``WIDTH`` numbers, the representation.
    level, corpus : Module
        Heads.
    """

    def __init__(self, dim: int, corpora: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(dim, WIDTH), nn.ReLU())
        self.level = nn.Linear(WIDTH, 1)
        self.corpus = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, corpora))

    def draw(self, generator: torch.Generator) -> None:
        """Draw all coefficients anew, by a generator of the host's: the same on every device."""
        for name, values in self.named_parameters():
            bound = 0.0 if name.endswith("bias") else math.sqrt(6 / sum(values.shape))
            drawn = torch.rand(values.shape, generator=generator, dtype=values.dtype)
            values.data.copy_((2 * drawn - 1) * bound)

    def loss(self, batch: Step, strength: float) -> Tensor:
        """Squared error of levels plus cross-entropy of corpora behind a reversed gradient."""
        hidden = self.body(batch.X)
        levels = self.level(hidden[: len(batch.y)])[:, 0]
        told = self.corpus(Reversal.apply(hidden, strength))  # type: ignore[no-untyped-call]
        fit = (levels - batch.y).square().mean()
        loss: Tensor = fit + nn.functional.cross_entropy(told, batch.corpus)
        return loss


@dataclass(frozen=True, slots=True)
class Step:
    """Texts of one step: those with levels stand first.

    Attributes
    ----------
    X : Tensor, shape (rows, dim)
    y : Tensor, shape (labelled,)
        Levels, of mean 0 and deviation 1.
    corpus : Tensor of int64, shape (rows,)
    """

    X: Tensor
    y: Tensor
    corpus: Tensor


@dataclass(frozen=True, slots=True)
class Pool:
    """All texts, and how often each is drawn into a batch.

    Attributes
    ----------
    X : ndarray of float32, shape (n, dim)
    y : ndarray of float32, shape (labelled,)
        Levels of the texts that stand first.
    corpus : ndarray of int64, shape (n,)
        0 to the number of corpora less one.
    labelled, all : ndarray of float64
        Chances ``[labelled]`` and ``[n]``, each of sum 1: the weights among labelled texts, and
        every corpus as often as another among all.
    """

    X: Singles
    y: Singles
    corpus: Ints
    labelled: Doubles
    all: Doubles

    def draw(self, rng: np.random.Generator) -> Ints:
        """Rows ``[step, row]``: half of a step's to read levels of, half for the adversary."""
        half = (STEPS, BATCH // 2)
        first = rng.choice(len(self.labelled), half, p=self.labelled)
        return np.hstack([first, rng.choice(len(self.all), half, p=self.all)])


def pool(X: Singles, y: Ints, corpus: Ints, weight: Doubles, unlabelled: Singles | None) -> Pool:
    """Put labelled texts and an unseen corpus, a corpus more, into one pool.

    Parameters
    ----------
    X : ndarray of float32, shape (n, dim)
    y, corpus : ndarray of int64, shape (n,)
    weight : ndarray of float64, shape (n,)
    unlabelled : ndarray of float32, shape (r, dim), or None
    """
    place = np.unique(corpus, return_inverse=True)[1]
    if unlabelled is not None:
        X = np.concatenate([X, unlabelled])
        place = np.concatenate([place, np.full(len(unlabelled), place.max() + 1)])
    share = np.concatenate([weight, np.ones(len(X) - len(y))])
    of_corpus = np.bincount(place, weights=share)
    held = np.count_nonzero(of_corpus)
    total = of_corpus[place] * held
    even = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
    labelled = weight / weight.sum()
    mean = labelled @ y
    spread = np.sqrt(labelled @ np.square(y - mean)) or 1.0
    return Pool(X, ((y - mean) / spread).astype(np.float32), place, labelled, even / even.sum())


class Descent:
    """AdamW as torch's function: its class imports a compiler, which takes longer than a fit."""

    def __init__(self, params: list[Tensor]) -> None:
        self._params = params
        self._first = [torch.zeros_like(one) for one in params]
        self._second = [torch.zeros_like(one) for one in params]
        self._clocks = [one.new_zeros(()) for one in params]

    def step(self, loss: Tensor) -> None:
        """Take one step down a loss."""
        gradients = list(torch.autograd.grad(loss, self._params))
        with torch.no_grad():
            adamw(
                self._params,
                gradients,
                self._first,
                self._second,
                [],
                self._clocks,
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=RATE,
                weight_decay=DECAY,
                eps=1e-8,
                maximize=False,
            )


def train(texts: Pool, strength: float, seed: int, device: str) -> Adversarial:
    """Train the network; the adversary's part grows as in the paper.

    Parameters
    ----------
    texts : Pool
    strength : float
        What the reversed gradient is multiplied with at the end.
    seed : int
    device : str
    """
    rng = np.random.default_rng(seed)
    network = Adversarial(texts.X.shape[1], int(texts.corpus.max()) + 1)
    network.draw(torch.Generator().manual_seed(seed))
    network.to(device)
    X, y = torch.tensor(texts.X).to(device), torch.tensor(texts.y).to(device)
    corpus = torch.tensor(texts.corpus).to(device)
    descent = Descent(list(network.parameters()))
    drawn = torch.from_numpy(texts.draw(rng)).to(device)
    for step, rows in enumerate(drawn):
        batch = Step(X[rows], y[rows[: BATCH // 2]], corpus[rows])
        grown = 2 / (1 + math.exp(-10 * step / STEPS)) - 1
        descent.step(network.loss(batch, strength * grown))
    return network.eval()


def read_level(network: Adversarial, X: Singles) -> Singles:
    """What a trained network's level head says of features ``[n, dim]``: float32 ``[n, 1]``."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        level: Singles = network.level(network.body(torch.tensor(X).to(device))).cpu().numpy()
    return level
