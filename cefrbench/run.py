"""One encoder on corpora that are read: the straight line that all data takes.

essays → table → folds → features → sweep → records → result → analyses
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from cefrbench import provenance
from cefrbench.analyses.registry import analyse
from cefrbench.analyses.studied import Studied
from cefrbench.config import RunConfig, as_command
from cefrbench.contracts.cards import EncoderIdentity
from cefrbench.contracts.encoder import Encoder, EncoderOptions
from cefrbench.contracts.protocol import Skipped
from cefrbench.errors import EncoderError, UserError, contained
from cefrbench.essays import Essays, text_key
from cefrbench.features.compute import FeatureSet, compute_features, plan_features
from cefrbench.features.store import FeatureStore
from cefrbench.levels import Scale
from cefrbench.memory import return_memory
from cefrbench.plan import Job, Loaded, Plan, probes_of
from cefrbench.plugins import PluginHost
from cefrbench.probing.jobs import PlannedFold
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
from cefrbench.workload import LaidOut, layers_of, prepare_sweep, tell_work


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
    store, roots = FeatureStore(job.cache_dir), Roots()
    with clock.phase("load model"):
        encoder = load_encoder(host, name, encoder_options(config, job))

    def lay_out(features: FeatureSet, essays: list[Essays]) -> LaidOut:
        with clock.phase("splits"):
            laid = prepare_sweep(plan, name, probes, features, essays, job)
            job.progress.say(tell_work(config, encoder.identity, laid, layers, probes))
        return laid

    try:
        layers = layers_of(config, encoder.identity.layers)
        ahead = plan_features(encoder, loaded.essays, store)
        laid = lay_out(ahead, loaded.essays) if ahead else None
        with clock.phase("features"):
            features = compute_features(
                encoder,
                loaded.essays,
                store,
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
    features = replace(features, watch=roots.take)
    if laid is None or features.failed:
        laid = lay_out(features, essays)
    sweep = replace(laid.sweep, features=features)
    with clock.phase("probes"):
        collector, choices = Procedure(
            sweep=sweep,
            folds=laid.folds,
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
        *(encoder.identity, layers, features, essays, laid.folds, laid.skipped),
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


def _published(config: RunConfig, name: str, scheme: str) -> RunConfig:
    """The configuration of one encoder's result: no place on this machine stands in it."""
    shown = local_name(name, scheme, None) or name
    return config.model_copy(update={"encoders": (shown,), "data_dir": None})


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


def _feature_stats(features: FeatureSet) -> dict[str, float]:
    return {key: float(value) for key, value in features.stats.items()}
