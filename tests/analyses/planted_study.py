"""A run on features that are planted: real folds, fits, choices and predictions, no encoder.

A corpus's texts have a level each; ``columns`` says what the features say of it there. The rest of
the features is noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from cefrbench.analyses.studied import Studied
from cefrbench.contracts.cards import CorpusCard
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.contracts.protocol import Fold
from cefrbench.essays import CleaningReport, Essays, pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE, Level
from cefrbench.plugins import PluginHost
from cefrbench.probing.jobs import Jobs, PlannedFold
from cefrbench.probing.store import FitStore
from cefrbench.probing.sweep import Sweep
from cefrbench.procedure import Procedure
from cefrbench.progress import Silent

LEVELS = ("A1", "A2", "B1", "B2", "C1")
HOST = PluginHost()


@dataclass(frozen=True)
class Planted:
    """One corpus: how many texts, and what two features say of them.

    Attributes
    ----------
    name : str
    texts : int
    shift, scale : float
        Of what the first feature says of the level.
    turned : float
        Share of what is said that stands in the second feature instead.
    noise : float
        Deviation of both features, in levels.
    group : str or None
    authors : int
        How many wrote them; 0: nobody knows.
    levels : sequence of str
        That its texts have, in turn.
    """

    name: str
    texts: int = 300
    shift: float = 0.0
    scale: float = 1.0
    turned: float = 0.0
    noise: float = 0.7
    group: str | None = None
    authors: int = 0
    levels: Sequence[str] = LEVELS


def study(
    folder: Path,
    corpora: Sequence[Planted],
    *,
    probes: Sequence[str] = ("ridge",),
    protocols: Sequence[str] = ("iid", "lofo"),
    seed: int = 0,
) -> Studied:
    """Run the procedure on planted features of one layer."""
    rng = np.random.default_rng(seed)
    table = pool([essays_of(one, rng) for one in corpora], FIVE, "corrected")
    X = np.concatenate([_features(one, table, c, rng) for c, one in enumerate(corpora)])
    folds = [
        PlannedFold(name, fold, fold.manifest(name, table.key))
        for name in protocols
        for fold in make_folds(HOST.get_protocol(name), table, 42)
        if isinstance(fold, Fold)
    ]
    specs: list[ProbeSpec] = [HOST.get_probe(name) for name in probes]
    features: Any = SimpleNamespace(layer=lambda k: X)
    sweep = Sweep(features, f"planted {seed}", table, Jobs(folds, table), (0, 1), FitStore(folder))
    collector, choices = Procedure(sweep, folds, (1,), specs, False, 0, (), Silent()).run()
    result: Any = SimpleNamespace(
        choices=choices,
        probes=tuple(spec.card for spec in specs),
        summary=(),
        config=SimpleNamespace(split_seed=42),
    )
    predictions = collector.kept.predictions(0)
    return Studied(result, predictions, table, folds, (1,), specs, sweep, Silent())


def essays_of(one: Planted, rng: np.random.Generator) -> Essays:
    """Texts of one corpus, each with a level."""
    levels = rng.permutation([one.levels[n % len(one.levels)] for n in range(one.texts)])
    card = CorpusCard(
        name=one.name,
        title=one.name,
        languages=("en",),
        licence="CC0",
        source="https://example.org",
        citation="nobody",
        task="tests",
        rated_by="nobody",
        group=one.group,
    )
    return Essays(
        card=card,
        texts=tuple(f"{one.name} {n}" for n in range(one.texts)),
        levels=tuple(Level[level] for level in levels),
        languages=("en",) * one.texts,
        report=CleaningReport(rows=one.texts, kept=one.texts),
        authors=tuple(str(n % one.authors) for n in range(one.texts)) if one.authors else (),
    )


def _features(one: Planted, table, corpus: int, rng: np.random.Generator) -> np.ndarray:
    level = table.label[table.rows_of(corpus)]
    X = rng.normal(size=(one.texts, 6))
    X[:, :2] *= one.noise
    says = one.shift + 2 + one.scale * (level - 2)
    X[:, 0] += (1 - one.turned) * says
    X[:, 1] += one.turned * says
    return X.astype(np.float32)
