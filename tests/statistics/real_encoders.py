"""Encoders that are equal by construction, made of a real one, through the whole procedure.

Each pair is run on other texts of real corpora, with noise of its own on every text: penalties are
chosen, fits refitted and scores resampled as in a run of ``cefr-v1``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from honesty import PROTOCOLS, REPLICATES, draws_of, p_value
from numpy.typing import NDArray
from simulated_fits import Doubles

from cefrbench import EncoderOptions, Fold
from cefrbench.config import RunConfig
from cefrbench.essays import Essays, EssayTable, pool
from cefrbench.features.compute import compute_features
from cefrbench.features.store import FeatureStore
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE
from cefrbench.plan import Job, load_corpora
from cefrbench.plugins import PluginHost
from cefrbench.probing.jobs import Jobs, PlannedFold
from cefrbench.probing.store import FitStore
from cefrbench.probing.sweep import Sweep
from cefrbench.procedure import Procedure
from cefrbench.progress import Silent
from cefrbench.results.predictions import PredictionTable
from cefrbench.statistics.resampling import TextWeights, text_codes
from cefrbench.statistics.sample import Part, Refits, Sample, Scored

CORPORA = (
    "merlin-cs",
    "merlin-it",
    "merlin-de",
    "universalcefr:et-exams",
    "universalcefr:cows-l2h",
)
REFITS = 20
#: Of an encoder's own, in standard deviations of each feature.
NOISE = 0.7


@dataclass(frozen=True, eq=False)
class Real:
    """One layer of an encoder on real texts.

    Attributes
    ----------
    data_dir, cache_dir : Path
    layer : int
    features : dict of str to ndarray of float32, shape (width,)
        By text key.
    spread : ndarray of float32, shape (width,)
        Standard deviation of each feature over all texts.
    """

    data_dir: Path
    cache_dir: Path
    layer: int
    features: dict[str, NDArray[np.float32]]
    spread: NDArray[np.float32]


def load_essays(data_dir: Path, cache_dir: Path, limit: int | None, seed: int) -> list[Essays]:
    """Read the corpora, at most so many texts of each, drawn by a seed."""
    config = RunConfig(corpora=CORPORA, data_dir=str(data_dir), limit=limit, split_seed=seed)
    return load_corpora(config, PluginHost(), Job(cache_dir, Silent())).essays


def load(data_dir: Path, cache_dir: Path, encoder: str = "minilm", layer: int = 4) -> Real:
    """Compute the features of one layer on all texts, or read them back."""
    essays = load_essays(data_dir, cache_dir, None, 42)
    model = (
        PluginHost()
        .get_encoder(encoder)
        .load(encoder, EncoderOptions(max_length=512, device="cpu"))
    )
    found = compute_features(model, essays, FeatureStore(cache_dir), progress=Silent())
    model.close()
    X = found.layer(layer)
    table = pool(essays, FIVE, "corrected")
    return Real(data_dir, cache_dir, layer, dict(zip(table.key, X, strict=True)), X.std(0))


@dataclass(frozen=True, eq=False)
class _OneLayer:
    """Features in memory, as a sweep reads them."""

    X: NDArray[np.float32]

    def layer(self, layer: int) -> NDArray[np.float32]:
        return self.X


def evaluate(X: NDArray[np.float32], table: EssayTable, name: str) -> dict[str, Sample]:
    """Run ridge through the whole procedure: its penalty chosen, its fits refitted."""
    host = PluginHost()
    folds = [
        PlannedFold(protocol, fold, "")
        for protocol in PROTOCOLS
        for fold in make_folds(host.get_protocol(protocol), table, 42)
        if isinstance(fold, Fold)
    ]
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(
            cast("Any", _OneLayer(X)),
            name,
            table,
            Jobs(folds, table),
            (0,),
            FitStore(Path(folder)),
        )
        collector, _ = Procedure(
            sweep, folds, (1,), [host.get_probe("ridge")], False, REFITS, (), Silent()
        ).run()
    return _samples(collector.kept.predictions(REFITS), name, table.names)


def _samples(table: PredictionTable, name: str, corpora: Sequence[str]) -> dict[str, Sample]:
    found = {}
    for protocol in PROTOCOLS:
        parts = []
        for corpus in corpora:
            rows = table.take((table.protocol == protocol) & (table.corpus == corpus))
            rows = rows.take(np.argsort(rows.text, kind="stable"))
            again = rows.refit_prediction.T.astype(np.float64)
            one = Scored(
                text_codes(rows.text),
                rows.low,
                rows.high,
                rows.prediction,
                rows.score,
                Refits(again, again),
            )
            parts.append(Part.of("all", corpus, {None: one}, len(FIVE)))
        found[protocol] = Sample(name, "ridge", protocol, tuple(parts))
    return found


def told_apart(
    real: Real,
    seeds: Sequence[int],
    *,
    limit: int = 200,
    noise: tuple[float, float] = (NOISE, NOISE),
) -> dict[tuple[str, str, int], list[tuple[float, float]]]:
    """Difference and p-value of each pair, by score, protocol and refits; a pair a seed."""
    found: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        essays = load_essays(real.data_dir, real.cache_dir, limit, seed)
        table = pool(essays, FIVE, "corrected")
        X: Doubles = np.stack([real.features[key] for key in table.key]).astype(np.float64)
        both = [X + each * real.spread * rng.standard_normal(X.shape) for each in noise]
        samples = [
            evaluate(one.astype(np.float32), table, f"{seed}-{e}") for e, one in enumerate(both)
        ]
        weights = TextWeights(REPLICATES)
        for score in ("qwk", "recut"):
            one, two = (draws_of(each, score, weights) for each in samples)
            for place in one:
                for refits in (0, REFITS):
                    p = p_value(one[place], two[place], refits)
                    d = one[place].estimate - two[place].estimate
                    found.setdefault((score, place, refits), []).append((d, p))
    return found
