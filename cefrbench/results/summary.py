"""From units and chosen layers to means: what a result's tables say.

The builder of a result and its checker use the same functions, so a table is recomputed, not
believed. Order: protocols, then probes, each as they first appear among the units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from cefrbench.config import RunConfig, get_suite
from cefrbench.results.model import ChoiceRecord, RunResult, SummaryRecord, UnitRecord
from cefrbench.results.selection import Run, by_oracle, run_of
from cefrbench.statistics.scores import Scores, mean_scores

#: Options with another value than the suite's make a result that is no result of the suite.
SUITE_DECIDES = (
    "form",
    "scale",
    "split_seed",
    "unclipped_probes",
    "source",
    "layers",
    "limit",
    "pooling",
    "instruction",
    "max_length",
)

K = TypeVar("K", bound=Hashable)


def summarise(
    units: Sequence[UnitRecord], choices: Iterable[ChoiceRecord], corpora: Collection[str]
) -> tuple[SummaryRecord, ...]:
    """Summarise each probe under each protocol.

    Parameters
    ----------
    units : sequence of UnitRecord
    choices : iterable of ChoiceRecord
        Of :func:`cefrbench.results.selection.choose_layers`.
    corpora : collection of str
        Names of the run's corpora: units of anything else (groups such as ``merlin-all``) are
        left out of every mean.
    """
    counted = [unit for unit in units if unit.corpus in corpora]
    chosen = {run_of(choice): choice.layer for choice in choices}
    cells = _by(counted, lambda unit: (unit.protocol, unit.probe))
    protocols = dict.fromkeys(protocol for protocol, _ in cells)
    probes = dict.fromkeys(probe for _, probe in cells)
    return tuple(
        _summary(protocol, probe, cells[protocol, probe], chosen)
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
        for kind in ("corpora", "probes", "protocols", "seeds")
    )
    same = all(getattr(suite, name) == getattr(config, name) for name in SUITE_DECIDES)
    return covers and same and not result.failures and _is_whole_grid(result)


def _is_whole_grid(result: RunResult) -> bool:
    folds = [(split.protocol, split.fold) for split in result.splits if not split.skipped]
    runs = {
        (*fold, card.name, seed)
        for fold in folds
        for card in result.probes
        for seed in (result.config.seeds if card.seeded else (None,))
    }
    layers = {fit.layer for fit in result.fits}
    return len(result.fits) == len(runs) * len(layers) and {run_of(f) for f in result.fits} == runs


def _summary(
    protocol: str, probe: str, units: Sequence[UnitRecord], chosen: Mapping[Run, int]
) -> SummaryRecord:
    by_layer = _by(units, lambda unit: unit.layer)
    layer_means = {layer: mean_over_seeds(found) for layer, found in sorted(by_layer.items())}
    oracle_layer = min(
        layer_means,
        key=lambda layer: by_oracle(layer, len(by_layer[layer]), layer_means[layer].qwk),
    )
    picked = [unit for unit in units if chosen.get(run_of(unit)) == unit.layer]
    return SummaryRecord(
        protocol=protocol,
        probe=probe,
        corpora=tuple(dict.fromkeys(unit.corpus for unit in units)),
        chosen=mean_over_seeds(picked) if picked else None,
        chosen_layers=tuple(sorted({unit.layer for unit in picked})),
        chosen_qwk_sd=_sd_over_seeds(picked),
        oracle=layer_means[oracle_layer],
        oracle_layer=oracle_layer,
        layer_mean=mean_scores(list(layer_means.values())),
    )


def _seed_means(units: Sequence[UnitRecord]) -> list[Scores]:
    """Mean over corpora for each seed."""
    seeds = _by(units, lambda unit: unit.seed)
    return [mean_scores([unit.scores for unit in found]) for found in seeds.values()]


def mean_over_seeds(units: Sequence[UnitRecord]) -> Scores:
    """Mean over corpora, then over seeds."""
    return mean_scores(_seed_means(units))


def _sd_over_seeds(units: Sequence[UnitRecord]) -> float | None:
    """Standard deviation (n - 1) of the mean QWK over seeds; none with fewer than two."""
    values = [mean.qwk for mean in _seed_means(units) if mean.qwk is not None]
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _by(units: Iterable[UnitRecord], key: Callable[[UnitRecord], K]) -> dict[K, list[UnitRecord]]:
    groups: dict[K, list[UnitRecord]] = defaultdict(list)
    for unit in units:
        groups[key(unit)].append(unit)
    return groups
