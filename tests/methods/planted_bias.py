"""Five corpora with one planted bias each, and what methods make of them.

A text has an ability, and features in 24 dimensions: one says the ability, two say the corpus, one
says the ability otherwise in each corpus, the others are noise; all are turned by one rotation.
Four corpora are trained on, one is unseen. With no bias planted, they differ in the mean ability
alone, and the unseen one's is their mean.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import ortho_group
from sklearn.linear_model import Ridge
from sklearn.metrics import cohen_kappa_score

import cefrbench_plugins.methods
from cefrbench.contracts.method import MethodOptions, MethodSpec, Prepared, Source

DIM, TEXTS, CLASSES = 24, 300, 5
#: How training corpora differ: in what goes with their place along the first of three directions
#: that say the corpus, and in what doesn't. The unseen one lies beyond the last of them.
ALONG = np.array([-1.5, -0.5, 0.5, 1.5, 2.5])
ACROSS = np.array([0.5, -1.0, 1.0, -0.5, 0.0])
CURVED = np.array([1.0, -1.0, -1.0, 1.0, 0.0])
#: Which way a spurious feature goes with ability.
GOES = np.array([1.5, 1.0, 0.5, 0.0, -1.0])
CUTS = np.array([-1.2, -0.4, 0.4, 1.2])
PENALTY = 10.0
LABELS = 32


@dataclass(frozen=True)
class Bias:
    """How much of each is planted.

    signal: what ability says beside noise.
    apart: how far corpora lie from each other in directions that say nothing else.
    signature: how much further on writers of one training corpus are than of the next, which shows
    in its place alone, as features say how somebody writes beside others of the corpus.
    ability: the same, and features say it.
    thresholds: how much more is asked for a level in the unseen corpus, whose writers are so much
    ahead; less of that, both ways, in training.
    shift: how far writers of the unseen corpus are ahead at the same thresholds.
    spurious: how strongly a feature goes with ability in training, otherwise in each corpus, and
    against it in the unseen one.
    gain: by what power of e features are stretched, otherwise in each corpus; what says ability is
    squeezed in the unseen one.
    length: what a text's length adds to the feature that says ability; texts of the unseen corpus
    are longer.
    wordy: how much longer those write who are further on.
    even: whether all texts weigh the same, as in the study.
    """

    signal: float = 2.0
    apart: float = 2.0
    signature: float = 0.0
    ability: float = 0.0
    thresholds: float = 0.0
    shift: float = 0.0
    spurious: float = 0.0
    gain: float = 0.0
    length: float = 0.0
    wordy: float = 0.0
    even: bool = False


#: Each bias at three strengths, and what stands with it.
STRENGTHS: dict[str, tuple[tuple[float, float, float], dict[str, float | bool]]] = {
    "signal": ((0.5, 1.0, 4.0), {}),
    "signature": ((0.3, 0.6, 0.9), {}),
    "ability": ((0.3, 0.6, 0.9), {}),
    "imbalance": ((0.3, 0.6, 0.9), {"signal": 1.0, "even": True}),
    "thresholds": ((0.5, 1.0, 1.5), {}),
    "shift": ((0.5, 1.0, 1.5), {}),
    "spurious": ((0.5, 1.0, 2.0), {"signal": 1.0}),
    "gain": ((0.3, 0.6, 0.9), {}),
    "length": ((0.5, 1.0, 2.0), {}),
    "wordy": ((0.5, 1.0, 2.0), {}),
}


def planted(name: str, strength: float) -> Bias:
    """One bias at one strength."""
    field = "ability" if name == "imbalance" else name
    return Bias(**{**STRENGTHS[name][1], field: strength})


@dataclass(frozen=True)
class Corpora:
    """Training corpora, and three samples of the unseen one: scored, labelled few, and to learn.

    lengths are those of scored texts; earlier are two more layers of training and scored texts,
    with noise of their own, and in which nothing spurious goes with ability.
    """

    source: Source
    unseen: np.ndarray
    gold: np.ndarray
    few: np.ndarray
    few_gold: np.ndarray
    own: np.ndarray
    own_gold: np.ndarray
    lengths: np.ndarray
    earlier: list[tuple[np.ndarray, np.ndarray]]


def draw(bias: Bias, seed: int) -> Corpora:
    """Draw all corpora."""
    rng, beside = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    turn = ortho_group.rvs(DIM, random_state=rng)
    stretch = rng.choice([-1.0, 1.0], size=(5, DIM))
    stretch[4, 0] = -1.0

    def corpus(n, c):
        """Corpus ``c``; the unseen one is number 4."""
        unseen = c == 4
        asked = bias.thresholds * (1.0 if unseen else ACROSS[c] / 2)
        ahead = bias.signature * (0.0 if unseen else ALONG[c])
        ability = (bias.shift if unseen else bias.ability * ALONG[c]) + rng.normal(size=n)
        level = np.digitize(ability + ahead + 0.2 * rng.normal(size=n), CUTS)
        noise = rng.normal(size=(n, DIM))
        long = bias.wordy * ability + (1.5 if unseen else 0.0) + beside.normal(size=n) / 3

        def layer(X, spurious):
            X[:, 0] = X[:, 0] * 0.5 + bias.signal * (ability + asked) / 2 + bias.length * long
            X[:, 1:4] += bias.apart * np.array([ALONG[c], ACROSS[c], CURVED[c]])
            X[:, 4] += spurious * GOES[c] * ability
            X *= np.exp(bias.gain * stretch[c] * (1.0 if unseen else ACROSS[c] / 2))
            return X @ turn

        earlier = [layer(beside.normal(size=(n, DIM)), 0.0) for _ in range(2)]
        return [*earlier, layer(noise, bias.spurious)], level, 6 + 0.5 * long

    parts = [corpus(TEXTS, c) for c in range(4)]
    y, length = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    X = [np.concatenate(layers) for layers in zip(*[part[0] for part in parts], strict=True)]
    origin = np.repeat(np.arange(4), TEXTS)
    unit = [(layer.mean(axis=0), layer.std(axis=0)) for layer in X]
    known = [in_unit(layer, *own) for layer, own in zip(X, unit, strict=True)]
    samples = [corpus(n, 4) for n in (TEXTS, LABELS, 4 * TEXTS)]
    weight = np.ones(len(y)) if bias.even else balanced(y, origin)
    unseen = [in_unit(layer, *own) for layer, own in zip(samples[0][0], unit, strict=True)]
    return Corpora(
        Source(known[-1], y, origin, origin, weight, np.zeros(len(y), bool), length),
        *(one for layers, level, _ in samples for one in (in_unit(layers[-1], *unit[-1]), level)),
        lengths=samples[0][2],
        earlier=list(zip(known[:-1], unseen[:-1], strict=True)),
    )


def in_unit(X, mean, spread):
    """Features in a layer's unit."""
    return ((X - mean) / spread).astype(np.float32)


def balanced(y, corpus):
    """The standard's weights, by its definition: docs/protocol.md."""
    cell = np.bincount(corpus * CLASSES + y)
    weight = 1 / (cell[corpus * CLASSES + y] + 10)
    weight /= np.bincount(corpus, weights=weight)[corpus]
    return weight * len(y) / weight.sum()


def with_few(corpora: Corpora) -> Source:
    """The training texts with the few labelled ones of the unseen corpus among them."""
    s = corpora.source
    y, origin = np.append(s.y, corpora.few_gold), np.append(s.corpus, np.full(LABELS, 4))
    few = origin == 4
    return Source(np.concatenate([s.X, corpora.few]), y, origin, origin, balanced(y, origin), few)


def specs() -> dict[str, MethodSpec]:
    """All built-in methods by name."""
    found: dict[str, MethodSpec] = {}
    package = cefrbench_plugins.methods
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        hook = getattr(importlib.import_module(module.name), "register_methods", None)
        if hook is not None:
            hook(register=lambda spec: found.update({spec.name: spec}))
    return found


def predict(prepared: Prepared, source: Source, unseen: np.ndarray, *beside) -> np.ndarray:
    """Fit the probe, and let the method finish its predictions.

    beside: lengths of training texts and of scored ones, for methods that are handed them.
    """
    probe = Ridge(PENALTY).fit(prepared.X, prepared.y, prepared.weight)
    handed = [
        (X, *length) for X, length in zip((source.X, unseen), beside or ((), ()), strict=True)
    ]
    training, scored = (
        probe.predict(prepared.transform(*one)).astype(np.float64) for one in handed
    )
    return prepared.finish(training, scored)


def agreement(gold, predicted) -> float:
    """QWK of rounded predictions."""
    level = np.clip(np.floor(predicted + 0.5), 0, CLASSES - 1).astype(int)
    return float(cohen_kappa_score(gold, level, weights="quadratic", labels=range(CLASSES)))


def plain(corpora: Corpora) -> float:
    """What the probe gets without a method."""
    s = corpora.source
    return agreement(corpora.gold, predict(Prepared(s.X, s.y, s.weight), s, corpora.unseen))


def ceiling(corpora: Corpora) -> float:
    """What the probe gets when trained on 1200 other texts of the unseen corpus, spread as they."""
    probe = Ridge(PENALTY).fit(corpora.own, corpora.own_gold)
    known, gold = probe.predict(corpora.own), corpora.own_gold
    scored = (probe.predict(corpora.unseen) - known.mean()) / known.std()
    return agreement(corpora.gold, gold.mean() + scored * gold.std())


def score(spec: MethodSpec, corpora: Corpora, strength: float | None = None) -> float:
    """What the probe gets with a method."""
    source = with_few(corpora) if spec.card.sees == "labels" else corpora.source
    if spec.card.moves == "layers":
        return agreement(corpora.gold, predict_layers(spec, corpora))
    unlabelled = corpora.unseen if spec.card.sees == "unlabelled" else None
    method = spec.make(MethodOptions(n_classes=CLASSES, strength=strength))
    prepared = method.prepare(source, unlabelled)
    lengths = ((source.length,), (corpora.lengths,)) if spec.card.length else ()
    return agreement(corpora.gold, predict(prepared, source, corpora.unseen, *lengths))


def predict_layers(spec: MethodSpec, corpora: Corpora) -> np.ndarray:
    """The weighted mean of what the probe says on all layers, by its definition."""
    s = corpora.source
    layers = [*corpora.earlier, (s.X, corpora.unseen)]
    weights = spec.make(MethodOptions(n_classes=CLASSES)).weigh(len(layers))
    found = [Ridge(PENALTY).fit(X, s.y, s.weight).predict(unseen) for X, unseen in layers]
    return np.average(found, axis=0, weights=weights)


#: Where something else than the strength that changes most is planted for: few features are few.
CHOSEN = {"inlp": 2.0}
SEEDS = 3
#: What each method recovers, by its paper, and how much of what the bias took, at its strongest.
RECOVERS = {
    "adabn": ("signature", 0.5),
    "after-length": ("length", 0.7),
    "c-mixup": ("imbalance", 0.5),
    "centre": ("signature", 0.5),
    "coral": ("gain", 0.5),
    "dann": ("signature", 0.25),
    "dann-sources": ("signature", 0.1),
    "group-dro": ("spurious", 0.4),
    "inlp": ("signature", 0.4),
    "layers": ("spurious", 0.4),
    "leace": ("signature", 0.4),
    "lisa": ("imbalance", 0.5),
    "moments": ("thresholds", 0.5),
    "ot": ("gain", 0.5),
    "prior": ("thresholds", 0.5),
    "rank-labels": ("signature", 0.5),
    "recalibrate": ("thresholds", 0.5),
    "v-rex": ("spurious", 0.4),
    "whiten": ("gain", 0.5),
}
#: Where what each method assumes is broken: it recovers nothing, or does harm.
BREAKS = {
    "adabn": "shift",
    "after-length": "wordy",
    "c-mixup": "spurious",
    "centre": "shift",
    "coral": "spurious",
    "dann": "ability",
    "dann-sources": "ability",
    "group-dro": "thresholds",
    "inlp": "ability",
    "layers": "thresholds",
    "leace": "ability",
    "lisa": "spurious",
    "moments": "shift",
    "ot": "spurious",
    "prior": "shift",
    "rank-labels": "thresholds",
    "recalibrate": "spurious",
    "v-rex": "gain",
    "whiten": "spurious",
}


@cache
def worlds(bias: Bias) -> tuple[Corpora, ...]:
    """Corpora of every seed."""
    return tuple(draw(bias, seed) for seed in range(SEEDS))


@cache
def cell(row: str, bias: Bias) -> float:
    """Mean QWK over seeds of a method, of ``plain`` or of the ``ceiling``."""
    if row in ("plain", "ceiling"):
        of = {"plain": plain, "ceiling": ceiling}[row]
        return float(np.mean([of(corpora) for corpora in worlds(bias)]))
    spec = specs()[row]
    return float(np.mean([score(spec, corpora, CHOSEN.get(row)) for corpora in worlds(bias)]))


def recovered(row: str, name: str) -> float:
    """Share of what a bias took at its strongest that a method brings back."""
    bias = planted(name, STRENGTHS[name][0][-1])
    bare = cell("plain", bias)
    return (cell(row, bias) - bare) / (cell("ceiling", bias) - bare)
