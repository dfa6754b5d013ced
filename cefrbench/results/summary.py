"""From fits and units to chosen layers and means: what a result's tables say.

The builder of a result and its checker use the same functions, so a table is recomputed, not
believed. Order: protocols, then probes, each as they first appear among the units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from cefrbench.config import RunConfig, get_suite
from cefrbench.results.model import (
    ChoiceRecord,
    FitRecord,
    RunResult,
    SummaryRecord,
    UnitRecord,
)
from cefrbench.statistics.scores import Scores, mean_scores, qwks

#: Options with another value than the suite's make a result that is no result of the suite.
SUITE_DECIDES = (
    "form",
    "scale",
    "split_seed",
    "source",
    "layers",
    "limit",
    "pooling",
    "instruction",
    "max_length",
)

K = TypeVar("K", bound=Hashable)
#: (protocol, fold, probe, seed): all layers of one of these are fitted on the same rows.
Run = tuple[str, str, str, int | None]


def run_of(record: FitRecord | UnitRecord | ChoiceRecord) -> Run:
    """Which run over layers a fit, unit or choice belongs to."""
    return record.protocol, record.fold, record.probe, record.seed


def choose_layers(fits: Iterable[FitRecord]) -> tuple[ChoiceRecord, ...]:
    """Choose a layer for each protocol, fold, probe and seed, on validation rows alone.

    The layer with the best QWK on the validation rows, the lowest of equals; an undefined QWK
    counts as worse than any. Runs without validation rows (the study's form) have no choice.
    """
    runs: dict[Run, list[tuple[int, float | None]]] = defaultdict(list)
    validated = [(fit, fit.validation) for fit in fits if fit.validation is not None]
    values = qwks([validation for _, validation in validated])
    for (fit, _), value in zip(validated, values, strict=True):
        runs[run_of(fit)].append((fit.layer, value))
    choices = []
    for (protocol, fold, probe, seed), layers in runs.items():
        layer, best = min(layers, key=lambda entry: (-_or_worst(entry[1]), entry[0]))
        choices.append(
            ChoiceRecord(
                protocol=protocol,
                fold=fold,
                probe=probe,
                seed=seed,
                layer=layer,
                validation_qwk=best,
            )
        )
    return tuple(choices)


def summarise(
    units: Sequence[UnitRecord], choices: Iterable[ChoiceRecord], corpora: Collection[str]
) -> tuple[SummaryRecord, ...]:
    """Summarise each probe under each protocol.

    Parameters
    ----------
    units : sequence of UnitRecord
    choices : iterable of ChoiceRecord
        Of :func:`choose_layers`.
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


def stored_layers(
    fits: Iterable[FitRecord],
    choices: Iterable[ChoiceRecord],
    summary: Iterable[SummaryRecord],
) -> dict[Run, int]:
    """Layer of each run whose predictions are kept: the chosen one, or else the oracle's.

    A run that has no fit at the oracle's layer is absent.
    """
    chosen = {run_of(choice): choice.layer for choice in choices}
    oracle = {(record.protocol, record.probe): record.oracle_layer for record in summary}
    stored: dict[Run, int] = {}
    for fit in fits:
        run = run_of(fit)
        if fit.layer == chosen.get(run, oracle.get((fit.protocol, fit.probe))):
            stored[run] = fit.layer
    return stored


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
    layer_means = {layer: _mean_over_seeds(found) for layer, found in sorted(by_layer.items())}
    oracle_layer = _best_layer(layer_means, {layer: len(by_layer[layer]) for layer in by_layer})
    picked = [unit for unit in units if chosen.get(run_of(unit)) == unit.layer]
    return SummaryRecord(
        protocol=protocol,
        probe=probe,
        corpora=tuple(dict.fromkeys(unit.corpus for unit in units)),
        chosen=_mean_over_seeds(picked) if picked else None,
        chosen_layers=tuple(sorted({unit.layer for unit in picked})),
        chosen_qwk_sd=_sd_over_seeds(picked),
        oracle=layer_means[oracle_layer],
        oracle_layer=oracle_layer,
        layer_mean=mean_scores(list(layer_means.values())),
    )


def _best_layer(means: Mapping[int, Scores], counts: Mapping[int, int]) -> int:
    """Lowest layer with the best mean QWK, among those that lack fewest units.

    A layer where the hard corpus failed must not win by that.
    """
    most = max(counts.values())
    whole = [layer for layer in means if counts[layer] == most]
    return min(whole, key=lambda layer: (-_or_worst(means[layer].qwk), layer))


def _seed_means(units: Sequence[UnitRecord]) -> list[Scores]:
    """Mean over corpora for each seed."""
    seeds = _by(units, lambda unit: unit.seed)
    return [mean_scores([unit.scores for unit in found]) for found in seeds.values()]


def _mean_over_seeds(units: Sequence[UnitRecord]) -> Scores:
    """Mean over corpora, then over seeds."""
    return mean_scores(_seed_means(units))


def _sd_over_seeds(units: Sequence[UnitRecord]) -> float | None:
    """Standard deviation (n - 1) of the mean QWK over seeds; none with fewer than two."""
    values = [mean.qwk for mean in _seed_means(units) if mean.qwk is not None]
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _or_worst(value: float | None) -> float:
    return -np.inf if value is None else value


def _by(units: Iterable[UnitRecord], key: Callable[[UnitRecord], K]) -> dict[K, list[UnitRecord]]:
    groups: dict[K, list[UnitRecord]] = defaultdict(list)
    for unit in units:
        groups[key(unit)].append(unit)
    return groups
