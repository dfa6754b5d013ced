"""One encoder on corpora that are read: the straight line that all data takes.

essays → features → table → folds → sweep → records → result → analyses
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from cefrbench import provenance
from cefrbench.analyses.registry import analyse
from cefrbench.analyses.studied import Studied
from cefrbench.config import RunConfig, as_command
from cefrbench.contracts.cards import EncoderIdentity
from cefrbench.contracts.encoder import Encoder, EncoderOptions
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.contracts.protocol import Fold, Protocol, Skipped
from cefrbench.cores import usable_cores
from cefrbench.errors import EncoderError, UserError, contained
from cefrbench.essays import Essays, EssayTable, pool, text_key
from cefrbench.features.compute import FeatureSet, compute_features
from cefrbench.features.store import FeatureStore
from cefrbench.folds import make_folds
from cefrbench.layers import parse_layers
from cefrbench.levels import SCALES, Scale
from cefrbench.memory import return_memory
from cefrbench.plan import Job, Loaded, Plan, penalties_of, probes_of
from cefrbench.plugins import PluginHost
from cefrbench.probing.jobs import Jobs, PlannedFold
from cefrbench.probing.penalties import read_penalties
from cefrbench.probing.store import FitStore
from cefrbench.probing.sweep import Sweep
from cefrbench.procedure import Procedure
from cefrbench.provenance import PhaseClock
from cefrbench.published import local_name
from cefrbench.results.build import Collector, split_records
from cefrbench.results.commitments import Roots
from cefrbench.results.corpus_scores import corpus_scores
from cefrbench.results.evaluation import Evaluation
from cefrbench.results.model import ChoiceRecord, CorpusRecord, FailureRecord, RunResult
from cefrbench.results.summary import is_complete, summarise


@dataclass(frozen=True, slots=True)
class _Fits:
    """One encoder's features and fits, before anything is made of them."""

    identity: EncoderIdentity
    layers: tuple[int, ...]
    features: FeatureSet
    essays: list[Essays]
    folds: list[PlannedFold]
    skipped: list[tuple[str, Skipped]]
    sweep: Sweep
    collector: Collector
    choices: tuple[ChoiceRecord, ...]
    roots: Roots


def help_encoder(
    plan: Plan, name: str, loaded: Loaded, host: PluginHost, job: Job, clock: PhaseClock
) -> None:
    """Fill the cache with what an evaluation of one encoder needs, beside the run that makes it."""
    _fit_encoder(plan, name, loaded, host, job, clock)


def _fit_encoder(
    plan: Plan, name: str, loaded: Loaded, host: PluginHost, job: Job, clock: PhaseClock
) -> _Fits:
    """Compute features, fit, choose and refit; what is in the cache is read from there."""
    config, probes = plan.config, probes_of(plan, name, host)
    with clock.phase("load model"):
        encoder = load_encoder(host, name, encoder_options(config, job))
    try:
        layers = layers_of(config, encoder)
        with clock.phase("features"):
            features = compute_features(
                encoder,
                loaded.essays,
                FeatureStore(job.cache_dir),
                data_dir=Path(config.data_dir) if config.data_dir else None,
                batch_tokens=config.batch_tokens,
                fail_fast=job.fail_fast,
                progress=job.progress,
                company=job.crew,
            )
    finally:
        encoder.close()
        return_memory()
    essays = [one for one in loaded.essays if one.name not in features.failed]
    roots = Roots()
    features = replace(features, watch=roots.take)
    with clock.phase("splits"):
        sweep, folds, skipped = prepare_sweep(plan, name, probes, features, essays, job)
    with clock.phase("probes"):
        collector, choices = Procedure(
            sweep=sweep,
            folds=folds,
            layers=layers,
            probes=probes,
            every_layer=config.every_layer,
            refits=config.refits,
            unclipped=config.unclipped_probes,
            progress=job.progress,
            company=job.crew,
            helps=job.helps,
        ).run()
    return _Fits(
        *(encoder.identity, layers, features, essays, folds, skipped),
        *(sweep, collector, choices, roots),
    )


def run_encoder(
    plan: Plan, name: str, loaded: Loaded, host: PluginHost, job: Job, clock: PhaseClock
) -> Evaluation:
    """Evaluate one encoder on loaded corpora.

    Raises
    ------
    EncoderError
        When the model can't be loaded or gives no usable features of any corpus.
    """
    config, probes = plan.config, probes_of(plan, name, host)
    fits = _fit_encoder(plan, name, loaded, host, job, clock)
    features, essays, folds, skipped = fits.features, fits.essays, fits.folds, fits.skipped
    collector, choices, sweep, table = fits.collector, fits.choices, fits.sweep, fits.sweep.table
    records = collector.records
    splits = split_records(folds, skipped, table)
    predictions = collector.kept.predictions(0 if config.form == "study" else config.refits)
    with clock.phase("scores"):
        scores = corpus_scores(
            records.units, choices, predictions, len(table.scale), collector.kept.continuous
        )
        cards = tuple(protocol.card for protocol in plan.protocols)
        corpora = tuple(
            _corpus_record(one, table.scale).model_copy(
                update={"reads": read.index.reads, "notes": features.notes.get(one.name, ())}
            )
            for one, read in zip(essays, features.corpora, strict=True)
        )
        summary = summarise(scores, splits, choices, [c.card.name for c in corpora])
    not_encoded = [
        FailureRecord(stage="features", name=corpus, cause=cause)
        for corpus, cause in features.failed.items()
    ]
    failures = (*loaded.failures, *not_encoded, *records.failures)
    card = host.get_encoder(name).card
    own = _published(config, name, card.name)
    # Where texts lie is the reader's to fill in.
    command = as_command(own.model_copy(update={"data_dir": config.data_dir and "DIR"}))
    made = partial(
        provenance.collect, clock, command, sweep.device, plan.origins, _feature_stats(features)
    )
    result = RunResult(
        suite=config.suite,
        # What an encoder is stands on its card alone, whatever its identity says.
        encoder=fits.identity.model_copy(
            update={
                "role": card.role,
                "name": local_name(name, card.name, config.name) or fits.identity.name,
            }
        ),
        scale=table.scale.classes,
        complete=False,
        corpora=corpora,
        probes=tuple(spec.card for spec in probes),
        protocols=cards,
        splits=splits,
        summary=summary,
        scores=scores,
        references=(),
        choices=choices,
        units=tuple(records.units),
        fits=tuple(records.fits),
        failures=failures,
        commitments=tuple(fits.roots.records(features, fits.layers)),
        predictions=None,
        config=own,
        provenance=made(),
    )
    studied = Studied(
        result, predictions, table, folds, fits.layers, probes, sweep, progress=job.progress
    )
    with clock.phase("analyses"):
        found = analyse(config.analyses, studied, fail_fast=job.fail_fast)
    result = result.model_copy(
        update={
            "analyses": tuple(found.records),
            "analysis_notes": tuple(found.notes),
            "failures": (*failures, *found.failures),
            "provenance": made(),
        }
    )
    result = result.model_copy(update={"complete": is_complete(result)})
    return Evaluation(result, predictions)


def prepare_sweep(
    plan: Plan,
    name: str,
    probes: Sequence[ProbeSpec],
    features: FeatureSet,
    essays: Sequence[Essays],
    job: Job,
) -> tuple[Sweep, list[PlannedFold], list[tuple[str, Skipped]]]:
    """Lay out all that is fitted of one encoder: table, folds (those skipped too), training sets.

    Raises
    ------
    UserError
        When no fold is left.
    """
    config = plan.config
    baseline = name in config.own_level_encoders
    table = pool(essays, SCALES[config.scale], config.form, baseline=baseline)
    folds, skipped = _folds(plan.protocols, table, config.split_seed)
    if not folds:
        _refuse(skipped, name, features.failed)
    sweep = Sweep(
        features=features,
        data_key=_data_key(features, essays, config, baseline),
        table=table,
        jobs=Jobs(folds, table),
        seeds=tuple(dict.fromkeys(config.seeds)),
        store=FitStore(job.cache_dir),
        device=_probe_device(config.device),
        processes=usable_cores(),
        force=job.force,
        fixed=read_penalties(penalties_of(plan, probes), probes),
        texts=tuple(text for one in essays for text in one.texts),
    )
    return sweep, folds, skipped


def _published(config: RunConfig, name: str, scheme: str) -> RunConfig:
    """The configuration of one encoder's result: no place on this machine stands in it."""
    shown = local_name(name, scheme, None) or name
    return config.model_copy(update={"encoders": (shown,), "data_dir": None})


def layers_of(config: RunConfig, encoder: Encoder) -> tuple[int, ...]:
    """Layers to fit: those asked for and, in the corrected form, layer 0 beside them."""
    available = encoder.identity.layers
    asked = parse_layers(config.layers, available)
    if config.form == "study" or 0 in asked or 0 not in available:
        return asked
    return (0, *asked)


def encoder_options(config: RunConfig, job: Job) -> EncoderOptions:
    """What an encoder is loaded with."""
    return EncoderOptions(
        pooling=config.pooling,
        instruction=config.instruction,
        max_length=config.max_length,
        device=config.device,
        dtype=config.dtype,
        offline=config.offline,
        trust_remote_code=config.trust_remote_code,
        cache_dir=job.download_dir,
    )


def load_encoder(host: PluginHost, name: str, options: EncoderOptions) -> Encoder:
    """Load an encoder; what its plugin raises is one sentence."""
    try:
        with contained():
            encoder = host.get_encoder(name).load(name, options)
    except (UserError, MemoryError):
        raise
    except Exception as error:
        raise EncoderError(
            f"Encoder {name!r} can't be loaded ({type(error).__name__}: {error}): "
            "that is a fault of its plugin; --debug shows where."
        ) from error
    if not isinstance(encoder, Encoder):
        raise EncoderError(
            f"Encoder {name!r} can't be loaded: its plugin gave {type(encoder).__name__} where an "
            "Encoder was expected, which is a fault of the plugin."
        )
    return encoder


def _folds(
    protocols: Sequence[Protocol], table: EssayTable, seed: int
) -> tuple[list[PlannedFold], list[tuple[str, Skipped]]]:
    planned: list[PlannedFold] = []
    skipped: list[tuple[str, Skipped]] = []
    for protocol in protocols:
        for fold in make_folds(protocol, table, seed):
            if isinstance(fold, Fold) and table.form == "corrected" and not fold.inner:
                fold = Skipped(fold.name, "its training part is too small to choose a layer on")
            if isinstance(fold, Skipped):
                skipped.append((protocol.name, fold))
            else:
                manifest = fold.manifest(protocol.name, table.key)
                planned.append(PlannedFold(protocol.name, fold, manifest))
    return planned, skipped


def _refuse(skipped: list[tuple[str, Skipped]], encoder: str, failed: dict[str, str]) -> NoReturn:
    """Say why nothing can be run: these corpora never could, or this encoder failed on some."""
    reasons = "; ".join(f"{name} {skip.name}: {skip.reason}" for name, skip in skipped)
    if failed:
        causes = " ".join(failed.values())
        raise EncoderError(
            f"Encoder {encoder!r} fails on {', '.join(failed)}, and no protocol can be run on the "
            f"other corpora ({reasons}). {causes}"
        )
    raise UserError(f"No protocol can be run on these corpora ({reasons}): add corpora.")


def _data_key(
    features: FeatureSet, essays: Sequence[Essays], config: RunConfig, baseline: bool
) -> str:
    """Name the rows and features that probes are fitted on, and what computed the features."""
    index = features.corpora[0].index
    reads = [sorted(one.index.reads.items()) for one in features.corpora]
    parts = [
        index.encoder.digest(),
        index.software,
        [(e.name, e.fingerprint, *read) for e, read in zip(essays, reads, strict=True)],
        [config.scale, config.form, baseline],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _corpus_record(essays: Essays, scale: Scale) -> CorpusRecord:
    """Describe a corpus by its own rows and their own levels, whatever a form makes of them."""
    counts = Counter(scale.index(level) for level in essays.levels)
    return CorpusRecord(
        card=essays.card,
        revision=essays.revision,
        fingerprint=essays.fingerprint,
        source=essays.source,
        texts=len(essays),
        units=len({text_key(text) for text in essays.texts}),
        levels={name: counts[index] for index, name in enumerate(scale.classes)},
        cleaning=essays.report,
    )


def _probe_device(device: str) -> str:
    """Where batched fits run: the device asked for, a CUDA device when there is a choice."""
    if device != "auto":
        return device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _feature_stats(features: FeatureSet) -> dict[str, float]:
    return {key: float(value) for key, value in features.stats.items()}
