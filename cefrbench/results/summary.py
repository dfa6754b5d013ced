"""From corpus scores and choices to means: what a result's tables say.

The builder of a result and its checker use the same functions, so a table is recomputed, not
believed. Order: protocols, then probes, each as they first appear among the units.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from cefrbench.config import RunConfig, get_suite
from cefrbench.results.model import (
    ChoiceRecord,
    CorpusScore,
    RunResult,
    SplitRecord,
    SummaryRecord,
)
from cefrbench.results.selection import by_oracle, run_of
from cefrbench.statistics.scores import CONTINUOUS, Scores, mean_scores

#: Options with another value than the suite's make a result that is no result of the suite.
SUITE_DECIDES = (
    "form",
    "scale",
    "split_seed",
    "unclipped_probes",
    "source",
    "layers",
    "every_layer",
    "limit",
    "pooling",
    "instruction",
    "max_length",
    "penalties",
    "refits",
)

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")


def summarise(
    scores: Sequence[CorpusScore],
    splits: Iterable[SplitRecord],
    choices: Sequence[ChoiceRecord],
    corpora: Collection[str],
) -> tuple[SummaryRecord, ...]:
    """Summarise each probe under each protocol.

    Parameters
    ----------
    scores : sequence of CorpusScore
    splits : iterable of SplitRecord
    choices : sequence of ChoiceRecord
        Of :func:`cefrbench.results.selection.choose`.
    corpora : collection of str
        Names of the run's corpora: scores of anything else (groups such as ``merlin-all``) are
        left out of every mean.
    """
    counted = [score for score in scores if score.corpus in corpora]
    cells = _by(counted, lambda score: (score.protocol, score.probe))
    chosen = _by(choices, lambda choice: (choice.protocol, choice.probe))
    sizes = {
        (split.protocol, split.fold): len(set(split.scored) & set(corpora)) for split in splits
    }
    protocols = dict.fromkeys(protocol for protocol, _ in cells)
    probes = dict.fromkeys(probe for _, probe in cells)
    return tuple(
        _summary(protocol, probe, cells[protocol, probe], chosen.get((protocol, probe), []), sizes)
        for protocol in protocols
        for probe in probes
        if (protocol, probe) in cells
    )


def is_complete(result: RunResult) -> bool:
    """Whether a result covers all of its suite, in the suite's own form, and nothing failed.

    What ``result.complete`` says doesn't matter. Every layer, probe and seed has to be there on
    every fold that was not skipped.

    Raises
    ------
    UserError
        When this version of cefrbench has no such suite.
    """
    config, suite = result.config, RunConfig.model_validate(get_suite(result.suite).config)
    if suite.reference_probes and result.encoder.name in suite.references:
        suite = suite.model_copy(update={"probes": suite.reference_probes})
    covers = all(
        set(getattr(suite, kind)) <= set(getattr(config, kind))
        for kind in ("corpora", "probes", "protocols", "seeds", "references")
    )
    same = all(getattr(suite, name) == getattr(config, name) for name in SUITE_DECIDES)
    sound = not result.failures and _is_whole_grid(result)
    return covers and same and sound and _has_analyses(result, suite.analyses)


def _has_analyses(result: RunResult, asked: Collection[str]) -> bool:
    """Whether each analysis gave figures, or said why there are none; 2.0 knew no analyses."""
    given = {one.analysis for one in result.analyses}
    given |= {note.analysis for note in result.analysis_notes}
    return set(asked) <= given or result.schema_version == "2.0"


def _is_whole_grid(result: RunResult) -> bool:
    folds = [(split.protocol, split.fold) for split in result.splits if not split.skipped]
    runs = {
        (*fold, card.name, seed)
        for fold in folds
        for card in result.probes
        for seed in (result.config.seeds if card.seeded else (None,))
    }
    follows = {card.name for card in result.probes if card.layer_from}
    layers = {fit.layer for fit in result.fits if fit.probe not in follows}
    counts = Counter(map(run_of, result.fits))
    whole = result.config.form == "study" or result.config.every_layer
    return set(counts) == runs and all(
        n == (len(layers) if whole or run[2] not in follows else 1) for run, n in counts.items()
    )


def _summary(
    protocol: str,
    probe: str,
    scores: Sequence[CorpusScore],
    choices: Sequence[ChoiceRecord],
    sizes: Mapping[tuple[str, str], int],
) -> SummaryRecord:
    picked = [score for score in scores if score.layer is None]
    by_layer: dict[int, list[CorpusScore]] = defaultdict(list)
    for score in scores:
        if score.layer is not None:
            by_layer[score.layer].append(score)
    embedding = by_layer.pop(0, []) if choices and len(by_layer) > 1 else []
    means = {layer: mean_over_seeds(found) for layer, found in sorted(by_layer.items())}
    oracle = None
    if not choices:
        oracle = min(
            means, key=lambda layer: by_oracle(layer, len(by_layer[layer]), means[layer].qwk)
        )
    # A fold counts as often as it has corpora; one of a group has none of its own.
    pairs = [
        (c.oracle_qwk, c.scored_qwk)
        for c in choices
        for _ in range(sizes.get((c.protocol, c.fold), 0))
        if c.oracle_qwk is not None and c.scored_qwk is not None
    ]
    best, own = (_mean([pair[i] for pair in pairs]) for i in (0, 1))
    optimism = None if best is None or own is None else best - own
    mean = mean_over_seeds(picked) if choices and picked else None
    if oracle is not None:
        oracle_qwk = means[oracle].qwk
    elif mean is None or mean.qwk is None or optimism is None:
        oracle_qwk = None
    else:
        oracle_qwk = mean.qwk + optimism
    return SummaryRecord(
        protocol=protocol,
        probe=probe,
        corpora=tuple(dict.fromkeys(score.corpus for score in scores)),
        chosen=mean,
        chosen_layers=tuple(sorted({choice.layer for choice in choices})),
        chosen_penalties=tuple(
            sorted({choice.penalty for choice in choices if choice.penalty is not None})
        ),
        chosen_qwk_sd=_sd_over_seeds(picked) if choices else None,
        embedding=mean_over_seeds(embedding) if embedding else None,
        oracle=None if oracle is None else means[oracle],
        oracle_layer=oracle,
        oracle_qwk=oracle_qwk,
        optimism=optimism,
        layer_mean=_layer_mean(means.values(), choices),
    )


def _layer_mean(means: Iterable[Scores], choices: Sequence[ChoiceRecord]) -> Scores:
    """Mean over layers: none of continuous predictions, nor of a probe that follows."""
    if any(choice.follows for choice in choices):
        return Scores.undefined()
    return mean_scores(list(means)).model_copy(update=dict.fromkeys(CONTINUOUS))


def _seed_means(scores: Sequence[CorpusScore]) -> list[Scores]:
    """Mean over corpora for each seed."""
    seeds = _by(scores, lambda score: score.seed)
    return [mean_scores([score.scores for score in found]) for found in seeds.values()]


def mean_over_seeds(scores: Sequence[CorpusScore]) -> Scores:
    """Mean over corpora, then over seeds."""
    return mean_scores(_seed_means(scores))


def _sd_over_seeds(scores: Sequence[CorpusScore]) -> float | None:
    """Standard deviation (n - 1) of the mean QWK over seeds; none with fewer than two."""
    values = [mean.qwk for mean in _seed_means(scores) if mean.qwk is not None]
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _by(records: Iterable[R], key: Callable[[R], K]) -> dict[K, list[R]]:
    groups: dict[K, list[R]] = defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return groups
