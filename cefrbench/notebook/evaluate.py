"""One call for notebooks: what `cefrbench run` does, by the same path."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from cefrbench.config import merge
from cefrbench.contracts.cards import Pooling
from cefrbench.contracts.corpus import Corpus
from cefrbench.contracts.encoder import EncoderSpec
from cefrbench.contracts.hookspecs import hookimpl
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.contracts.protocol import Protocol
from cefrbench.errors import UserError
from cefrbench.features.store import default_cache_dir
from cefrbench.notebook.models import as_spec
from cefrbench.plugins import PluginHost
from cefrbench.progress import Silent, Terminal
from cefrbench.provenance import PhaseClock
from cefrbench.registry import Register
from cefrbench.results.evaluation import Evaluation

if TYPE_CHECKING:
    from cefrbench.plan import Job


def evaluate(
    encoder: object,
    *,
    tokenizer: object = None,
    name: str | None = None,
    suite: str | None = None,
    corpora: str | Corpus | Sequence[str | Corpus] | None = None,
    probes: str | ProbeSpec | Sequence[str | ProbeSpec] | None = None,
    protocols: str | Protocol | Sequence[str | Protocol] | None = None,
    layers: str | int | Sequence[int] | None = None,
    pooling: Pooling | None = None,
    instruction: str | None = None,
    max_length: int | None = None,
    seeds: int | Sequence[int] | None = None,
    references: str | Sequence[str] | None = None,
    analyses: str | Sequence[str] | None = None,
    penalties: str | Sequence[str] | None = None,
    every_layer: bool | None = None,
    refits: int | None = None,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    device: str | None = None,
    dtype: Literal["auto", "float32", "bfloat16", "float16"] | None = None,
    batch_tokens: int | None = None,
    limit: int | None = None,
    offline: bool | None = None,
    trust_remote_code: bool | None = None,
    plugins_dir: str | Path | None = None,
    force: bool = False,
    fail_fast: bool = False,
    progress: bool = False,
) -> Evaluation:
    """Evaluate one encoder, as `cefrbench run` does.

    What isn't given is as the suite has it.

    Parameters
    ----------
    encoder : str, Path or object
        A name as on the command line (registered, ``hf:…``, ``st:…``, a folder); or a loaded
        model: one of transformers with its ``tokenizer`` (or the pair of both), one of
        sentence-transformers, an :class:`cefrbench.Encoder` or a :class:`cefrbench.EncoderSpec`,
        a :class:`cefrbench.ProbeSpec` that reads texts, which needs no encoder,
        or anything whose ``encode`` turns a list of texts into an array ``(text, dim)``. A model
        is left as it is.
    tokenizer : object, optional
        Of a model of transformers.
    name : str, optional
        What results call a model that was handed over, or that lies in a folder.
    suite : str, optional
        ``cefr-v1`` by default.
    corpora : str, Corpus or sequence of these, optional
    probes : str, ProbeSpec or sequence of these, optional
    protocols : str, Protocol or sequence of these, optional
        Names, or the things themselves. With a probe that is handed over nothing is read from the
        cache of fits, which can't always tell whether its code is as it was.
    layers : str, int or sequence of int, optional
        ``"all"``, ``"last"``, ``"study"``, ``"0-28:4"``, or numbers of layers.
    pooling, instruction, max_length, device, dtype, batch_tokens, limit, offline, trust_remote_code
        As the options of `cefrbench run`.
    seeds : int or sequence of int, optional
    references : str or sequence of str, optional
        Encoders whose scores stand in the result; an empty sequence for none.
    analyses : str or sequence of str, optional
        What to read beside scores; an empty sequence for nothing.
    penalties : str or sequence of str, optional
        ``"ridge=100"``: in place of the grid that a probe chooses from.
    every_layer, refits
        As the options of `cefrbench run`.
    data_dir, cache_dir, plugins_dir : str or Path, optional
    force : bool
        Fit again what the cache holds.
    fail_fast : bool
        Raise the first failure; by default it is written into the result, and a warning is given.
    progress : bool
        Show bars.

    Returns
    -------
    Evaluation
        ``result``, ``predictions``, ``units()`` and ``save(folder)``.

    Raises
    ------
    UserError
        With the sentence that the command line prints.
    """
    given = Given()
    host = PluginHost(plugins_dir=_path(plugins_dir), given=(given,))
    options: dict[str, Any] = {
        "suite": suite,
        "corpora": [_name(one, given.corpora) for one in _listed(corpora)],
        "probes": [_name(one, given.probes) for one in _listed(probes)],
        "protocols": [_name(one, given.protocols) for one in _listed(protocols)],
        "layers": None if layers is None else ",".join(map(str, _listed(layers))),
        "pooling": pooling,
        "instruction": instruction,
        "max_length": max_length,
        "seeds": _listed(seeds),
        "penalties": _listed(penalties),
        "every_layer": every_layer,
        "refits": refits,
        "data_dir": None if data_dir is None else str(data_dir),
        "device": device,
        "dtype": dtype,
        "batch_tokens": batch_tokens,
        "limit": limit,
        "offline": offline,
        "trust_remote_code": trust_remote_code,
    }
    options = {key: value for key, value in options.items() if value not in (None, [])}
    if references is not None:
        options["references"] = _listed(references)
    if analyses is not None:
        options["analyses"] = _listed(analyses)
    # A model that is handed over may be written here, to be loaded as any model in a folder is.
    with TemporaryDirectory(prefix="cefrbench-") as scratch:
        if isinstance(encoder, (str, Path)):
            options["encoders"] = [str(encoder)]
            if name is not None:
                options["name"] = name
        elif isinstance(encoder, ProbeSpec):
            options["encoders"] = [_in_an_encoders_place(encoder, given)]
        else:
            spec = as_spec(encoder, tokenizer, name, set(options), host, Path(scratch))
            given.encoders.append(spec)
            options["encoders"] = [spec.name]
            if host.get_encoder(spec.name) is not spec:
                raise UserError(
                    f"A model can't be called {spec.name!r}, for that name leads to an encoder "
                    "that is registered: choose another `name`."
                )
        force = force or bool(given.probes)
        return run_options(options, host, _job(cache_dir, force, fail_fast, progress))


class Given:
    """What was handed over instead of being named, registered as a plugin would."""

    def __init__(self) -> None:
        self.corpora: list[Corpus] = []
        self.encoders: list[EncoderSpec] = []
        self.probes: list[ProbeSpec] = []
        self.protocols: list[Protocol] = []

    @hookimpl
    def register_corpora(self, register: Register) -> None:
        """Register the corpora."""
        for one in self.corpora:
            register(one)

    @hookimpl
    def register_encoders(self, register: Register) -> None:
        """Register the model."""
        for one in self.encoders:
            register(one)

    @hookimpl
    def register_probes(self, register: Register) -> None:
        """Register the probes."""
        for one in self.probes:
            register(one)

    @hookimpl
    def register_protocols(self, register: Register) -> None:
        """Register the protocols."""
        for one in self.protocols:
            register(one)


def run_options(options: dict[str, Any], host: PluginHost, job: Job) -> Evaluation:
    """Evaluate the one encoder of a configuration, with what else it names."""
    # Importing it imports what fits probes: only when there is something to fit.
    from cefrbench.plan import load_corpora, make_plan
    from cefrbench.references import beside, plan_references, run_references
    from cefrbench.run import run_encoder

    config = merge(options, {})
    for plugin in host.broken():
        warnings.warn(f"Plugin {plugin.name} is out of use: {plugin.error}", stacklevel=3)
    plan = make_plan(config, host)
    clock = PhaseClock()
    with clock.phase("load corpora"):
        loaded = load_corpora(plan.config, host, job)
    (name,) = plan.config.encoders
    others = plan_references(plan, host)
    references, failed = (
        run_references(others, loaded, host, job, clock, lambda evaluation: None)
        if others
        else ([], [])
    )
    evaluation = beside(run_encoder(plan, name, loaded, host, job, clock), references, failed)
    if failures := evaluation.result.failures:
        warnings.warn(
            f"{len(failures)} parts of the evaluation failed, see `result.failures`; the first: "
            f"{failures[0].name}: {failures[0].cause}",
            stacklevel=3,
        )
    return evaluation


def _job(cache_dir: str | Path | None, force: bool, fail_fast: bool, progress: bool) -> Job:
    from cefrbench.plan import Job

    folder = _path(cache_dir)
    return Job(
        cache_dir=folder or default_cache_dir(),
        progress=Terminal() if progress else Silent(),
        download_dir=folder,
        force=force,
        fail_fast=fail_fast,
    )


def _name(thing: Any, given: list[Any]) -> str:
    """Name of a thing; one that is no name already is kept among those given."""
    if isinstance(thing, str):
        return thing
    given.append(thing)
    name: str = thing.name
    return name


def _in_an_encoders_place(probe: ProbeSpec, given: Given) -> str:
    """Register a probe that reads texts; its name stands where an encoder's does."""
    if probe.reads != "texts":
        raise UserError(
            f"Probe {probe.name!r} reads features, so it needs an encoder: "
            "cefrbench.evaluate(ENCODER, probes=…); or say ProbeSpec(…, reads='texts')."
        )
    given.probes.append(probe)
    return probe.name


def _listed(values: Any) -> list[Any]:
    """One value or several as a list."""
    if values is None:
        return []
    single = isinstance(values, (str, int, Corpus, ProbeSpec, Protocol))
    return [values] if single else list(values)


def _path(folder: str | Path | None) -> Path | None:
    return None if folder is None else Path(folder)
