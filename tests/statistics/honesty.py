"""How often equal encoders are told apart, and how often intervals hold the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from simulated_fits import EVEN, Doubles, World, fitted, make_world

from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import Replicates, Resampled, gap, resample
from cefrbench.statistics.errors import Errors
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import STATISTICS
from cefrbench.statistics.pairs import these_corpora
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Sample

PROTOCOLS = ("iid", "lofo")
#: Resamples of texts: enough for an error, fewer than for a result.
REPLICATES = 400


def as_if(draws: Replicates, refits: int) -> Replicates:
    """What would be known with the first so many refits; none: fits held fixed."""
    return replace(draws, refits=draws.refits[:refits])


def p_value(one: Replicates, two: Replicates, refits: int) -> float:
    """Of the test that boards and comparisons use."""
    pair = [as_if(one, refits), as_if(two, refits)]
    errors = errors_of(pair)
    at = Errors(errors.error[0, 1], errors.freedom[0, 1])
    return float(these_corpora(one.estimate - two.estimate, at).p)


def draws_of(samples: dict[str, Sample], score: str, weights: TextWeights) -> dict[str, Replicates]:
    """Replicates under each protocol, and of their gap."""
    found: dict[str, Resampled] = {
        name: resample(sample, STATISTICS[score], weights) for name, sample in samples.items()
    }
    return {name: one.draws() for name, one in found.items()} | {
        "gap": gap(found["iid"], found["lofo"])
    }


def told_apart(
    pairs: int,
    refits: Sequence[int],
    *,
    scores: Sequence[str] = ("qwk", "recut"),
    sizes: Sequence[int] = (150,) * 5,
    alpha: float = 10.0,
    noise: tuple[float, float] = (1.0, 1.0),
    seed: int = 0,
) -> dict[tuple[str, str, int], float]:
    """Share of pairs told apart at 5 %, by score, protocol and number of refits.

    Both encoders of a pair see the same texts and corpus effects; the noise of their features is
    drawn apart. With equal ``noise`` they are equal by construction.
    """
    rng = np.random.default_rng(seed)
    found: dict[tuple[str, str, int], list[bool]] = {}
    for _ in range(pairs):
        world = make_world(rng)
        texts = world.texts(rng, sizes)
        both = [world.features(rng, texts, noise=each) for each in noise]
        weights = TextWeights(REPLICATES)
        samples = [
            {
                name: fitted(texts, [X], name, refits=max(refits), alpha=alpha, encoder=str(e))[0]
                for name in PROTOCOLS
            }
            for e, X in enumerate(both)
        ]
        for score in scores:
            one, two = (draws_of(each, score, weights) for each in samples)
            for name in one:
                for count in refits:
                    p = p_value(one[name], two[name], count)
                    found.setdefault((score, name, count), []).append(p < 0.05)
    return {place: float(np.mean(each)) for place, each in found.items()}


@dataclass(frozen=True)
class Condition:
    """Corpora, and how probes are fitted on them."""

    sizes: tuple[int, ...] = (150,) * 5
    shares: tuple[tuple[float, ...], ...] = (EVEN,) * 5
    seeds: int = 1
    alpha: float = 10.0


#: What the statistics were not tuned on.
ODD = (0.05, 0.85, 0.05, 0.03, 0.02)
CONDITIONS = {
    "five corpora of 150": Condition(),
    "two of 30 among three of 300": Condition(sizes=(30, 300, 300, 30, 300)),
    "85 % in one level": Condition(shares=(ODD,) * 5),
    "three seeds": Condition(seeds=3),
}


def hidden(rng: np.random.Generator, width: int, seeds: int) -> list[tuple[Doubles, Doubles]]:
    """Random hidden layers: what a seed is to a network."""
    return [
        (rng.standard_normal((width, 16)) / np.sqrt(width), rng.standard_normal(16))
        for _ in range(seeds)
    ]


def seen_by(layers: Sequence[tuple[Doubles, Doubles]], X: Doubles) -> list[Doubles]:
    """Features of each seed: those of the hidden layer, or the encoder's own without one."""
    if len(layers) == 1:
        return [X]
    return [np.maximum(X @ turn + offset, 0.0) for turn, offset in layers]


def one_run(
    rng: np.random.Generator,
    world: World,
    condition: Condition,
    refits: int,
    scores: Sequence[str],
) -> dict[tuple[str, str], tuple[Replicates, float]]:
    """Draws, and the true score of these very fits, by score and protocol."""
    texts = world.texts(rng, condition.sizes)
    many = world.texts(rng, (1500,) * len(condition.sizes))
    layers = hidden(rng, len(world.direction), condition.seeds)
    own, other = (seen_by(layers, world.features(rng, each)) for each in (texts, many))
    encoder = str(rng.integers(2**60))
    weights = TextWeights(REPLICATES)
    samples, truths = {}, {}
    for name in PROTOCOLS:
        samples[name], truths[name] = fitted(
            texts,
            own,
            name,
            refits=refits,
            alpha=condition.alpha,
            encoder=encoder,
            beyond=(many, other),
        )
    found = {}
    for score in scores:
        statistic = STATISTICS[score]
        true = {
            name: float(
                np.mean([statistic.scores(part.outcomes) for one in each for part in one.parts])
            )
            for name, each in truths.items()
        }
        true["gap"] = true["iid"] - true["lofo"]
        for name, draws in draws_of(samples, score, weights).items():
            found[score, name] = draws, true[name]
    return found


def coverage(
    runs: int,
    refits: Sequence[int],
    condition: Condition,
    *,
    scores: Sequence[str] = ("qwk", "recut"),
    seed: int = 0,
) -> dict[tuple[str, str, int], dict[str, float]]:
    """Share of intervals that hold the true mean over training *and* scored texts.

    The corpora stay as they are; all texts are drawn anew in each run, and with them the fits.
    The truth is the mean, over all runs, of each run's fits scored on very many other texts.
    """
    rng = np.random.default_rng(seed)
    world = make_world(np.random.default_rng(seed + 1000), condition.shares)
    found = [one_run(rng, world, condition, max(refits), scores) for _ in range(runs)]
    shares = {}
    for score, name in found[0]:
        truth = float(np.mean([run[score, name][1] for run in found]))
        draws = [run[score, name][0] for run in found]
        statistic = None if name == "gap" else STATISTICS[score]
        for count in refits:
            each = [from_draws(as_if(one, count), statistic) for one in draws]
            held = [
                one.low <= truth <= one.high
                for one in each
                if one.low is not None and one.high is not None
            ]
            errors = [one.error for one in each if one.error is not None]
            shares[score, name, count] = {
                "held": float(np.mean(held)),
                "truth": truth,
                "mean": float(np.mean([one.estimate for one in draws])),
                "spread": float(np.std([one.estimate for one in draws], ddof=1)),
                "error": float(np.sqrt(np.mean(np.square(errors)))),
                "settled": float(np.std(errors) / np.mean(errors)),
            }
    return shares
