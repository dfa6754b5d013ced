"""The honest layer choice, the oracle, and the optimism between them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from cefrbench.results.model import RunResult


@dataclass(frozen=True, slots=True)
class LayerChoice:
    """How a probe's layers do under one protocol, and what choosing among them costs or gains.

    Attributes
    ----------
    protocol, probe, score : str
    by_layer : dict of int to float
        Mean over corpora, then over seeds, at each layer where it is defined.
    chosen : float or None
        At the layers chosen on validation texts; None in the study's form, which chooses none.
    chosen_layers : dict of int to int
        How many folds and seeds chose each layer.
    oracle : float or None
        At the layer that the scored texts themselves prefer: what the study reports.
    oracle_layer : int
    layer_mean : float or None
        Mean over layers.
    optimism : float or None
        Oracle less chosen: how much the study's way of reporting promises too much.
    """

    protocol: str
    probe: str
    score: str
    by_layer: dict[int, float]
    chosen: float | None
    chosen_layers: dict[int, int]
    oracle: float | None
    oracle_layer: int
    layer_mean: float | None
    optimism: float | None


def layer_choice(result: RunResult, score: str = "qwk") -> dict[tuple[str, str], LayerChoice]:
    """Layer choices of all probes by ``(protocol, probe)``.

    The optimism of a score other than QWK may be negative: the oracle's layer is that of QWK.
    """
    corpora = {record.card.name for record in result.corpora}
    curves = _curves(result, corpora, score)
    picked: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for choice in result.choices:
        if any(
            split.protocol == choice.protocol
            and split.fold == choice.fold
            and corpora & split.scored.keys()
            for split in result.splits
        ):
            picked[choice.protocol, choice.probe][choice.layer] += 1
    found = {}
    for record in result.summary:
        place = record.protocol, record.probe
        chosen = None if record.chosen is None else getattr(record.chosen, score)
        oracle = getattr(record.oracle, score)
        known = chosen is not None and oracle is not None
        found[place] = LayerChoice(
            protocol=record.protocol,
            probe=record.probe,
            score=score,
            by_layer=curves.get(place, {}),
            chosen=chosen,
            chosen_layers=dict(sorted(picked[place].items())),
            oracle=oracle,
            oracle_layer=record.oracle_layer,
            layer_mean=getattr(record.layer_mean, score),
            optimism=oracle - chosen if known else None,
        )
    return found


def _curves(
    result: RunResult, corpora: set[str], score: str
) -> dict[tuple[str, str], dict[int, float]]:
    """Mean over corpora, then over seeds, by place and layer."""
    values: dict[tuple[str, str, int], dict[int | None, list[float]]] = {}
    for unit in result.units:
        value = getattr(unit.scores, score)
        if unit.corpus in corpora and value is not None:
            seeds = values.setdefault((unit.protocol, unit.probe, unit.layer), defaultdict(list))
            seeds[unit.seed].append(value)
    curves: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for (protocol, probe, layer), seeds in sorted(values.items(), key=lambda item: item[0]):
        mean = np.mean([np.mean(found) for found in seeds.values()])
        curves[protocol, probe][layer] = float(mean)
    return dict(curves)
