"""What a run names, looked up, and its corpora read, before anything slow begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cefrbench.analyses.registry import check_analyses
from cefrbench.config import RunConfig
from cefrbench.contracts.cards import PLUS, EncoderCard
from cefrbench.contracts.corpus import Access
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.contracts.protocol import Protocol
from cefrbench.corpora.load import load_essays
from cefrbench.crew import Crew
from cefrbench.errors import CorpusError, UserError
from cefrbench.essays import Essays
from cefrbench.layers import parse_layers
from cefrbench.levels import parse_level, study_level
from cefrbench.plugins import PluginHost
from cefrbench.probing.wrapped import find_probe, spelt_probe
from cefrbench.progress import Progress
from cefrbench.published import local_name
from cefrbench.results.model import FailureRecord


@dataclass(frozen=True, slots=True)
class Job:
    """What a run needs beside its configuration: where to keep things, how to talk.

    Attributes
    ----------
    cache_dir : Path
        Features and fits.
    progress : Progress
    download_dir : Path or None
        Where files from the hub go; none means the hub client's own place.
    force : bool
        Fit again what the cache holds.
    fail_fast : bool
        Stop at the first thing that fails.
    crew : Crew or None
        Other processes that fill the same cache.
    helps : bool
        Whether this process is one of them: it fills the cache and gives nothing.
    """

    cache_dir: Path
    progress: Progress
    download_dir: Path | None = None
    force: bool = False
    fail_fast: bool = False
    crew: Crew | None = None
    helps: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run names, found before anything slow begins."""

    config: RunConfig
    probes: tuple[ProbeSpec, ...]
    protocols: tuple[Protocol, ...]
    origins: dict[str, str]


@dataclass(slots=True)
class Loaded:
    """The corpora that could be loaded, and those that could not."""

    essays: list[Essays]
    failures: list[FailureRecord] = field(default_factory=list)


def make_plan(config: RunConfig, host: PluginHost, download_dir: Path | None = None) -> Plan:
    """Look every name up, so that a misspelt one is an error at once.

    Parameters
    ----------
    config : RunConfig
    host : PluginHost
    download_dir : Path, optional
        Where models from the hub lie; by default the hub client's own place.
    """
    host.check_names()
    config = _spelt(config, host)
    for kind in ("encoders", "corpora", "probes", "protocols"):
        if not getattr(config, kind):
            raise UserError(f"No {kind} are named: add --{_option(kind)} NAME or a suite that has.")
    for name in config.encoders:
        _check_layers(config.layers, name, host.get_encoder(name).card, download_dir)
    if config.name is not None:
        _check_name(config, config.name, host)
    for name in config.corpora:
        host.get_corpus(name)
    if config.device not in ("auto", "cpu"):
        from cefrbench.engines.transformer.loading import choose_devices

        choose_devices(config.device)
    check_analyses(config.analyses, config.form)
    return Plan(
        config=config,
        probes=_probes(config, host),
        protocols=tuple(host.get_protocol(name) for name in dict.fromkeys(config.protocols)),
        origins=_origins(config, host),
    )


def _probes(config: RunConfig, host: PluginHost) -> tuple[ProbeSpec, ...]:
    """Probes by name, and before each the one whose choice of a layer it takes."""
    names: dict[str, None] = {}
    for name in config.probes:
        leader = find_probe(host, name).card.layer_from
        if leader is not None and config.form == "corrected" and not config.every_layer:
            names.setdefault(leader)
        names.setdefault(name)
    for name in names:
        if PLUS in name and config.form == "study":
            raise UserError(
                f"Probe {name!r} has a method before it, and the study had none: leave it out, or "
                "run a suite of the standard."
            )
        if host.text_probe(name) is not None:
            raise UserError(
                f"Probe {name!r} reads texts and no encoder's features: run it by its name in an "
                f"encoder's place, --encoder {name}, and leave --probe {name} out."
            )
    return tuple(find_probe(host, name) for name in names)


def probes_of(plan: Plan, encoder: str, host: PluginHost) -> tuple[ProbeSpec, ...]:
    """Probes of one encoder: those of the plan; of a probe in an encoder's place, itself alone."""
    own = host.text_probe(encoder)
    return plan.probes if own is None else (own,)


def penalties_of(plan: Plan, probes: Sequence[ProbeSpec]) -> tuple[str, ...]:
    """Penalties that were asked for of some probes; those of other encoders' are left out."""
    own = {spec.name for spec in probes}
    others = {*(spec.name for spec in plan.probes), *plan.config.encoders} - own
    return tuple(one for one in plan.config.penalties if one.partition("=")[0] not in others)


def load_corpora(config: RunConfig, host: PluginHost, job: Job) -> Loaded:
    """Load all corpora; one that can't be loaded is recorded and the others go on.

    Raises
    ------
    CorpusError
        When none is left, or with ``fail_fast``.
    """
    loaded = Loaded([])
    absent: list[str] = []
    names = tuple(dict.fromkeys(config.corpora))
    for name in names:
        try:
            essays = load_essays(
                host.get_corpus(name),
                sample=config.source == "sample" and not config.data_dir,
                data_dir=Path(config.data_dir) if config.data_dir else None,
                access=Access(offline=config.offline, cache_dir=job.download_dir),
                limit=config.limit,
                seed=config.split_seed,
                read_level=study_level if config.form == "study" else parse_level,
            )
        except CorpusError as error:
            if job.fail_fast or len(names) == 1:
                raise
            loaded.failures.append(FailureRecord(stage="corpus", name=name, cause=str(error)))
            absent += [error.absent] if error.absent else []
            continue
        loaded.essays.append(essays)
    if len(absent) == len(names):
        raise CorpusError(
            f"None of the {len(names)} corpora is cached, and --offline forbids fetching them: "
            f"{', '.join(absent)}. Run `cefrbench corpora fetch` once while online, name a folder "
            "of files that you have with --data-dir, or try `cefrbench run --suite quickstart` on "
            "invented texts."
        )
    if not loaded.essays:
        causes = " ".join(failure.cause for failure in loaded.failures[:3])
        raise CorpusError(f"None of the {len(names)} corpora can be loaded. {causes}")
    return loaded


def _check_layers(layers: str, name: str, card: EncoderCard, download_dir: Path | None) -> None:
    """Refuse what no encoder has, or this one can't have, before texts and weights are read."""
    known = card.layers
    if known is None and card.name in ("hf:", "st:"):
        from cefrbench.engines.transformer.find import declared_depth

        known = declared_depth(name.removeprefix(card.name), download_dir)
    parse_layers(layers, tuple(range((10**6 if known is None else known) + 1)))


def _check_name(config: RunConfig, name: str, host: PluginHost) -> None:
    """See that a model's name is for one model, in a folder, and nobody else's."""
    if len(config.encoders) > 1:
        raise UserError(
            f"--name {name!r} is for one encoder, and {len(config.encoders)} are named: run them "
            "one by one."
        )
    if host.encoders.spelt(name) in host.encoders.items:
        raise UserError(f"--name {name!r} is the name of another encoder: choose one of its own.")
    local_name(config.encoders[0], host.get_encoder(config.encoders[0]).card.name, name)


def _option(kind: str) -> str:
    return {"corpora": "corpus"}.get(kind, kind.removesuffix("s"))


def _spelt(config: RunConfig, host: PluginHost) -> RunConfig:
    """The configuration with every name as its plugin spells it, each once."""
    named = {
        kind: tuple(dict.fromkeys(map(getattr(host, kind).spelt, getattr(config, kind))))
        for kind in ("corpora", "encoders", "protocols")
    }
    named["probes"] = tuple(dict.fromkeys(spelt_probe(host, name) for name in config.probes))
    return config.model_copy(update=named)


def _origins(config: RunConfig, host: PluginHost) -> dict[str, str]:
    """Plugin of every name in use that no built-in registered."""
    origin = {plugin.name: plugin.origin for plugin in host.plugins}
    found: dict[str, str] = {}
    for registry, names in _registries(config, host):
        for name in names:
            owner = registry.get(name)
            if owner and origin[owner] != "built-in":
                found[name] = f"{owner} ({origin[owner]})"
    return found


def _registries(
    config: RunConfig, host: PluginHost
) -> Iterator[tuple[dict[str, str], tuple[str, ...]]]:
    yield host.corpora.owners, config.corpora
    yield host.encoders.owners, config.encoders
    parts = [name.rpartition(PLUS) for name in config.probes]
    yield host.probes.owners, tuple(probe for _, _, probe in parts)
    yield host.methods.owners, tuple(method for method, plus, _ in parts if plus)
    yield host.protocols.owners, config.protocols
