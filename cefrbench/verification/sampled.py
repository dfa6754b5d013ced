"""A sample settles it: texts drawn by a nonce are encoded again, what counts is fitted again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.encoder import Encoder
from cefrbench.essays import Essays
from cefrbench.features.compute import FeatureSet, compute_features
from cefrbench.features.store import FeatureStore
from cefrbench.memory import return_memory
from cefrbench.plan import Job, Loaded, Plan, probes_of
from cefrbench.plugins import PluginHost
from cefrbench.procedure import Procedure
from cefrbench.results.build import split_records
from cefrbench.results.findings import Mismatch, Mismatches, diff
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.run import encoder_options, load_encoder
from cefrbench.verification.again import Here, check_splits, load_again, plan_again
from cefrbench.verification.draw import draw_texts
from cefrbench.verification.fits import check_refitted
from cefrbench.verification.openings import Opened, read_openings, write_openings
from cefrbench.verification.record import VerificationRecord, make_record
from cefrbench.verification.tolerances import FEATURES
from cefrbench.workload import prepare_sweep

T = TypeVar("T")


@contextmanager
def loaded_encoder(plan: Plan, name: str, host: PluginHost, job: Job) -> Iterator[Encoder]:
    """Load an encoder, and free what it takes."""
    encoder = load_encoder(host, name, encoder_options(plan.config, job))
    try:
        yield encoder
    finally:
        encoder.close()
        return_memory()


def open_features(
    result: RunResult, nonce: str, path: Path, host: PluginHost, here: Here, job: Job
) -> tuple[int, ...]:
    """Write the openings that a nonce asks for, of the cache that the result was made with."""
    plan, name = plan_again(result, host, here)
    loaded = load_again(result, plan, host, job)
    with loaded_encoder(plan, name, host, job) as encoder:
        features = _encode(encoder, loaded.essays, job, here)
    return write_openings(result, features, nonce, path)


def verify_sample(
    result: RunResult,
    predictions: PredictionTable,
    openings: Path,
    *,
    nonce: str,
    sample: int,
    by: str,
    host: PluginHost,
    here: Here,
    job: Job,
) -> VerificationRecord:
    """Encode a sample again, fit what counts again, and say what doesn't agree.

    Raises
    ------
    ResultError
        When nothing can be said: no openings, or other texts than the result's.
    """
    opened = read_openings(result, nonce, openings)
    layers = sorted(next(iter(opened.values())))
    plan, name = plan_again(result, host, here)
    loaded = load_again(result, plan, host, job)
    texts = [(one.corpus, one.texts) for one in result.commitments]
    drawn = draw_texts(nonce, result.checksum, texts, sample)
    findings: list[Mismatch] = []
    with tempfile.TemporaryDirectory(prefix="cefrbench-verify-") as folder:
        own = replace(job, cache_dir=Path(folder), force=True)
        distance = None
        with loaded_encoder(plan, name, host, job) as encoder:
            findings += check_identity(result, encoder)
            # Of another encoder nothing can be compared.
            if not findings:
                again = _sampled(encoder, loaded.essays, drawn, own, here)
                distance, error = _compare(opened, drawn, again, result.encoder.dtype)
                findings += [error] if error else []
                features = _as_features(encoder, loaded.essays, opened, layers, own.cache_dir)
        if distance is not None:
            findings += _refit(result, predictions, plan, name, loaded, features, layers, host, own)
    return make_record(
        result,
        "sampled",
        findings,
        by=by,
        device=here.device,
        nonce=nonce,
        texts=0 if distance is None else sum(map(len, drawn.values())),
        layers=layers,
        features=distance,
    )


def check_identity(result: RunResult, encoder: Encoder) -> Mismatches:
    """The encoder loaded here must be the one that the result says it was."""
    skipped = {"name", "role", "parameters", "licence", "layers"}
    theirs = result.encoder.model_dump(mode="json", exclude=skipped)
    yield from diff("encoder", theirs, encoder.identity.model_dump(mode="json", exclude=skipped))


def _encode(encoder: Encoder, essays: Sequence[Essays], job: Job, here: Here) -> FeatureSet:
    return compute_features(
        encoder,
        essays,
        FeatureStore(job.cache_dir),
        data_dir=here.data_dir,
        batch_tokens=here.batch_tokens,
        fail_fast=True,
        progress=job.progress,
    )


def _sampled(
    encoder: Encoder, essays: Sequence[Essays], drawn: Mapping[str, list[int]], job: Job, here: Here
) -> FeatureSet:
    """Features of the drawn texts alone, in the order in which they were drawn."""
    parts = []
    for one in essays:
        first: dict[str, int] = {}
        for row, text in enumerate(one.texts):
            first.setdefault(text, row)
        rows = list(first.values())
        parts.append(_rows_of(one, [rows[number] for number in drawn[one.name]]))
    return _encode(encoder, parts, job, here)


def _rows_of(essays: Essays, rows: Sequence[int]) -> Essays:
    def of(column: Sequence[T]) -> tuple[T, ...]:
        return tuple(column[row] for row in rows) if column else ()

    return replace(
        essays,
        texts=of(essays.texts),
        levels=of(essays.levels),
        languages=of(essays.languages),
        authors=of(essays.authors),
        tasks=of(essays.tasks),
        titles=of(essays.titles),
    )


def _compare(
    opened: Opened, drawn: Mapping[str, list[int]], again: FeatureSet, dtype: str
) -> tuple[float, Mismatch | None]:
    """Largest distance of a drawn row, and what to say when it is too large."""
    worst, where, apart, rows = 0.0, "", 0, 0
    for layer in sorted(next(iter(opened.values()))):
        every = np.concatenate([opened[one.index.corpus][layer] for one in again.corpora])
        spread = every.std(axis=0, dtype=np.float64)
        for one in again.corpora:
            corpus = one.index.corpus
            mine, numbers = one.distinct(layer), drawn[corpus]
            off = distances(opened[corpus][layer][numbers], mine, spread)
            apart += int((off > FEATURES[dtype]).sum())
            rows += len(off)
            if off.max(initial=0.0) > worst:
                worst = float(off.max())
                where = f"text {numbers[int(off.argmax())]} of {corpus}, layer {layer}"
    if not apart:
        return worst, None
    found = f"{apart:,} of {rows:,} rows are others, the farthest by {worst:.3g} ({where})"
    return worst, Mismatch("features", found, f"at most {FEATURES[dtype]} away")


def distances(
    theirs: NDArray[np.float32], mine: NDArray[np.float32], spread: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far rows lie apart, as probes see them: in standard deviations of each dimension.

    Parameters
    ----------
    theirs, mine : ndarray of float32, shape (rows, width)
    spread : ndarray of float64, shape (width,)
        Standard deviation of each dimension over all texts.

    Returns
    -------
    ndarray of float64, shape (rows,)
        Mean over dimensions, each counted as 1 at most: rounding in a few dimensions that hold
        huge constants doesn't hide the others, nor stand for them.
    """
    if not mine.shape[1]:
        return np.zeros(len(mine))
    off = np.abs(theirs.astype(np.float64) - mine)
    scale = np.maximum(spread, 1e-6 * (1 + np.abs(mine)))
    found: NDArray[np.float64] = np.minimum(1.0, off / scale).mean(axis=1)
    # What is no number is no feature either.
    return np.where(np.isfinite(found), found, 1.0)


def _as_features(
    encoder: Encoder,
    essays: Sequence[Essays],
    opened: Opened,
    layers: Sequence[int],
    cache_dir: Path,
) -> FeatureSet:
    """Lay the opened features out as a run's: fits read them as they read any others."""
    identity = encoder.identity.model_copy(update={"layers": tuple(layers)})
    store = FeatureStore(cache_dir / "opened")
    corpora = []
    for one in essays:
        features = store.corpus(identity, one, "opened")
        values = np.stack([opened[one.name][layer] for layer in layers], axis=1)
        for shard in features.open():
            features.write(shard, values[features.plan[shard]])
        corpora.append(features)
    return FeatureSet(tuple(corpora), identity.layers, identity.width, {}, {})


def _refit(
    result: RunResult,
    predictions: PredictionTable,
    plan: Plan,
    name: str,
    loaded: Loaded,
    features: FeatureSet,
    layers: Sequence[int],
    host: PluginHost,
    job: Job,
) -> Iterator[Mismatch]:
    """Fit the opened layers again, choices and all, and hold them to the result."""
    probes = probes_of(plan, name, host)
    laid = prepare_sweep(plan, name, probes, features, loaded.essays, job)
    splits = list(check_splits(result, split_records(laid.folds, laid.skipped, laid.sweep.table)))
    yield from splits
    if splits:
        return
    collector, choices = Procedure(
        sweep=laid.sweep,
        folds=laid.folds,
        layers=tuple(layers),
        probes=probes,
        every_layer=plan.config.every_layer,
        refits=0,
        unclipped=plan.config.unclipped_probes,
        progress=job.progress,
    ).run()
    yield from check_refitted(result, predictions, collector, choices)
