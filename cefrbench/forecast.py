"""What a run will cost, said before it: counted where that can be, timed for a moment where not.

Texts, tokens, shards and fits are counted. Seconds are what a sample of the work took on this
device, times how much more there is: batches of texts of all lengths, and fits of each probe on
features of the real width and number of rows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.encoder import Encoder
from cefrbench.contracts.probe import FoldRows, ProbeOptions, ProbeSpec
from cefrbench.engines.linear.probe import LinearProbe
from cefrbench.features.batches import plan_batches
from cefrbench.features.compute import FeatureSet, corpus_texts
from cefrbench.features.store import FeatureStore, bytes_of
from cefrbench.mapped import Gathered, stretches
from cefrbench.plan import Job, Loaded, Plan, probes_of
from cefrbench.plugins import PluginHost
from cefrbench.probing.ensemble import stacked_layers
from cefrbench.probing.fit import fit_paths
from cefrbench.probing.sweep import Penalties
from cefrbench.provenance import peak_memory
from cefrbench.run import encoder_options, load_encoder
from cefrbench.sources import source_digest
from cefrbench.workload import LaidOut, layers_of, prepare_sweep, work_of

#: Seconds that all samples of one encoder may take together, about.
CALIBRATION = 60.0
#: Texts of the first sample; the next is four times as large, while there is time.
FIRST_TEXTS = 32
#: Spread of the noise that tells rows apart which share a sampled text's features.
NOISE = 0.3


@dataclass(frozen=True, slots=True)
class PhaseCost:
    """One phase of a run.

    Attributes
    ----------
    phase : str
    count : int
        Tokens to encode, or fits to make, without what the cache holds.
    unit : str
    cached : int
        How many the cache holds.
    seconds : float
    """

    phase: str
    count: int
    unit: str
    cached: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an evaluation of one encoder will cost.

    Attributes
    ----------
    encoder, device : str
    texts : int
        Distinct ones of all corpora.
    layers, width : int
        Layers that are fitted, numbers in one feature vector.
    phases : tuple of PhaseCost
    feature_bytes : int
        What features will add to the cache.
    peak_memory_bytes : int
        Most that this process held while it sampled, which had the run's own sizes.
    calibration_seconds : float
        What it took to say this.
    """

    encoder: str
    device: str
    texts: int
    layers: int
    width: int
    phases: tuple[PhaseCost, ...]
    feature_bytes: int
    peak_memory_bytes: int
    calibration_seconds: float

    @property
    def seconds(self) -> float:
        """All phases together."""
        return sum(one.seconds for one in self.phases)


def forecast(
    plan: Plan, name: str, loaded: Loaded, host: PluginHost, job: Job, budget: float = CALIBRATION
) -> Forecast:
    """Say what an evaluation of one encoder will cost; nothing is put into the cache.

    Parameters
    ----------
    plan, name, loaded, host, job
        As for :func:`cefrbench.run.run_encoder`.
    budget : float
        Seconds for samples, about.

    Raises
    ------
    EncoderError
        When the model can't be loaded or can't encode a sample.
    """
    begun = time.perf_counter()
    probes = probes_of(plan, name, host)
    encoder = load_encoder(host, name, encoder_options(plan.config, job))
    try:
        load = time.perf_counter() - begun
        layers = layers_of(plan.config, encoder.identity.layers)
        features, missing = _planned(encoder, loaded, job, plan)
        costs, cached = _tokens(encoder, missing), _tokens(encoder, _present(features, missing))
        batch = plan.config.batch_tokens or encoder.batch_cost
        sampled = None
        seconds = 0.0
        if costs:
            texts = [text for some in missing for text in some]
            sampled, rate = _encode_sample(encoder, texts, batch, budget / 3)
            seconds = rate * _cost(costs, batch, encoder.batch_overhead)
        identity = encoder.identity
    finally:
        encoder.close()
    laid = prepare_sweep(plan, name, probes, features, loaded.essays, job)
    sweep = laid.sweep
    middle = layers[len(layers) // 2]
    if sampled is None:
        X = features.layer(middle)
    else:
        X = _spread(sampled, sweep.all_texts(), features.corpora[0].folder)
    phases = [
        PhaseCost("load model", 1, "model", 0, load),
        PhaseCost("features", sum(costs), "tokens", sum(cached), seconds),
    ]
    for spec in probes:
        phases += _of_probe(spec, laid, layers, X, plan, budget / 3 / len(probes))
    number = sum(len(some) for some in missing)
    return Forecast(
        encoder=identity.name,
        device=sweep.device,
        texts=sum(len(one.texts) for one in features.corpora),
        layers=len(layers),
        width=identity.width,
        phases=tuple(phases),
        feature_bytes=bytes_of(identity) * number * len(identity.layers) * identity.width,
        peak_memory_bytes=peak_memory(),
        calibration_seconds=time.perf_counter() - begun,
    )


# -- features ------------------------------------------------------------------------------------


def _planned(
    encoder: Encoder, loaded: Loaded, job: Job, plan: Plan
) -> tuple[FeatureSet, list[list[str]]]:
    """The features as they will be, and the texts of each corpus that are to be encoded."""
    store, source = FeatureStore(job.cache_dir), source_digest(encoder)
    data_dir = Path(plan.config.data_dir) if plan.config.data_dir else None
    corpora, missing = [], []
    for one in loaded.essays:
        own = encoder.for_corpus(corpus_texts(one, data_dir))
        features = store.corpus(encoder.identity, one, source, own.reads)
        corpora.append(features)
        missing.append([features.texts[i] for n in features.missing() for i in features.plan[n]])
    identity = encoder.identity
    return FeatureSet(tuple(corpora), identity.layers, identity.width, {}, {}), missing


def _present(features: FeatureSet, missing: Sequence[Sequence[str]]) -> list[list[str]]:
    return [
        [text for text in one.texts if text not in lacking]
        for one, lacking in zip(features.corpora, map(set, missing), strict=True)
    ]


def _tokens(encoder: Encoder, texts: Sequence[Sequence[str]]) -> list[int]:
    return [encoder.cost(item) for some in texts if some for item in encoder.prepare(some)]


def _cost(costs: Sequence[int], budget: int, overhead: int) -> int:
    """What texts cost in batches, padding and calls counted, in tokens."""
    return sum(
        len(batch) * max(costs[i] for i in batch) + overhead
        for batch in plan_batches(costs, budget, overhead)
    )


def _encode_sample(
    encoder: Encoder, texts: Sequence[str], batch: int, budget: float
) -> tuple[tuple[list[str], NDArray[np.float32]], float]:
    """Features of the middle layer of some texts, and the seconds that a token takes."""
    ordered = sorted(texts, key=len)
    replicas = encoder.replicas()
    count, begun = FIRST_TEXTS, time.perf_counter()
    warm = False
    while True:
        places = np.unique(np.linspace(0, len(ordered) - 1, count).astype(int))
        some = [ordered[place] for place in places]
        items = encoder.prepare(some)
        costs = [encoder.cost(item) for item in items]
        batches = plan_batches(costs, batch, encoder.batch_overhead)
        if not warm:
            for replica in replicas:
                replica.encode([items[i] for i in batches[0]])
            warm = True
        start = time.perf_counter()
        features = _encode_all(replicas, items, batches)
        seconds = time.perf_counter() - start
        spent = time.perf_counter() - begun
        if len(some) == len(ordered) or spent + 4 * seconds > budget:
            break
        count *= 4
    middle = features.shape[1] // 2
    rate = seconds / _cost(costs, batch, encoder.batch_overhead)
    return (some, features[:, middle]), rate


def _encode_all(
    replicas: Sequence[Encoder], items: Sequence[object], batches: Sequence[Sequence[int]]
) -> NDArray[np.float32]:
    """Encode batches as a run does: the next free replica takes the next."""
    free: SimpleQueue[Encoder] = SimpleQueue()
    for replica in replicas:
        free.put(replica)

    def encode(batch: Sequence[int]) -> NDArray[np.float32]:
        replica = free.get()
        try:
            return replica.encode([items[i] for i in batch])
        finally:
            free.put(replica)

    with ThreadPoolExecutor(len(replicas)) as pool:
        parts = list(pool.map(encode, batches))
    order = np.argsort(np.concatenate([np.asarray(batch) for batch in batches]))
    features: NDArray[np.float32] = np.concatenate(parts)[order]
    return features


def _spread(
    sampled: tuple[list[str], NDArray[np.float32]], texts: NDArray[np.object_], folder: Path
) -> NDArray[np.float32]:
    """Features for all rows: those of the sampled text of the nearest length, with some noise."""
    lengths = np.array([len(text) for text in sampled[0]])
    nearest = np.searchsorted(lengths, [len(text) for text in texts]).clip(0, len(lengths) - 1)
    draw, spread = np.random.default_rng(0), NOISE * sampled[1].std(axis=0)
    gathered = Gathered((len(texts), sampled[1].shape[1]), folder)
    for part in stretches(sampled[1], len(texts)):
        values = sampled[1][nearest[part]]
        noise = draw.normal(size=values.shape).astype(np.float32)
        gathered.put(np.arange(part.start, part.stop), values + spread * noise)
    return gathered.rows()


# -- fits ----------------------------------------------------------------------------------------


def _of_probe(
    spec: ProbeSpec,
    laid: LaidOut,
    layers: Sequence[int],
    X: NDArray[np.float32],
    plan: Plan,
    budget: float,
) -> list[PhaseCost]:
    """Fits and refits of one probe, and the seconds that they take."""
    sweep, work = laid.sweep, work_of(spec, laid, layers, plan.config)
    penalties = sweep.penalties_of(spec)
    depths = [len(stacked_layers(layers, layer)) for layer in layers]
    data: Any = X
    if spec.reads == "texts":
        data = sweep.all_texts()
    elif spec.reads == "layers":
        data = [X] * math.ceil(sum(depths) / len(depths))
    options = ProbeOptions(device=sweep.device, n_classes=len(sweep.table.scale))

    def measure(values: Penalties) -> float:
        """Seconds that a training row takes, in a fit with these penalties."""
        return _rate(
            lambda rows: fit_paths(
                spec,
                options,
                data,
                sweep.table.label,
                rows,
                penalties=values,
                seeds=sweep.seeds_of(spec)[:1],
                jobs=sweep.processes,
            ),
            sweep.jobs.rows,
            budget,
            _at_once(spec, options, sweep.jobs.rows, X),
        )

    path = measure((None,) if work.follows else penalties)
    single = path if work.follows or len(penalties) == 1 else measure(penalties[:1])
    sizes = [len(rows.train) for rows in sweep.jobs.rows]
    found = [PhaseCost(f"fits of {spec.name}", work.fits, "fits", work.cached, path * work.rows)]
    if work.refits:
        seconds = plan.config.refits * (
            path * sum(sizes[job] for job in work.along)
            + single * sum(sizes[job] for job in work.alone)
        )
        found.append(PhaseCost(f"refits of {spec.name}", work.refits, "fits", 0, seconds))
    return found


def _at_once(
    spec: ProbeSpec, options: ProbeOptions, rows: Sequence[FoldRows], X: NDArray[np.float32]
) -> int:
    """Training sets of a sample that takes a run's memory: as many as a probe fits in step."""
    probe = spec.make(options)
    return probe.at_once(rows, X.shape) if isinstance(probe, LinearProbe) else 1


def _rate(
    fit: Callable[[Sequence[FoldRows]], object],
    rows: Sequence[FoldRows],
    budget: float,
    least: int = 2,
) -> float:
    """Seconds a training row, of as many training sets at once as there is time for."""
    count, begun = min(max(2, least), len(rows)), time.perf_counter()
    while True:
        chosen = [rows[place] for place in np.linspace(0, len(rows) - 1, count).astype(int)]
        start = time.perf_counter()
        fit(chosen)
        seconds = time.perf_counter() - start
        rate = seconds / sum(len(one.train) for one in chosen)
        if count == len(rows) or time.perf_counter() - begun + 4 * seconds > budget:
            return rate
        count = min(4 * count, len(rows))
