"""A result's own configuration, ready to be run again on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cefrbench.config import RunConfig
from cefrbench.errors import ResultError
from cefrbench.essays import Essays, pool
from cefrbench.levels import SCALES
from cefrbench.plan import Job, Loaded, Plan, load_corpora, make_plan
from cefrbench.plugins import PluginHost
from cefrbench.progress import Silent
from cefrbench.results.findings import Mismatches, diff
from cefrbench.results.model import RunResult, SplitRecord
from cefrbench.results.stripped import gold_by_key


@dataclass(frozen=True, slots=True)
class Here:
    """What this machine decides, and no result.

    Attributes
    ----------
    encoder : str or None
        Where the model is, for one in a folder.
    data_dir : Path or None
    device : str
    offline : bool
    trust_remote_code : bool
        A result can't ask for it: its author would run code on the verifier's machine.
    batch_tokens : int or None
    """

    encoder: str | None = None
    data_dir: Path | None = None
    device: str = "auto"
    offline: bool = False
    trust_remote_code: bool = False
    batch_tokens: int | None = None


def encoder_of(result: RunResult, here: Here) -> str:
    """The encoder to load: at the revision that the result names, where it names one.

    Raises
    ------
    ResultError
        When its model lay in a folder, and none is named.
    """
    if here.encoder is not None:
        return here.encoder
    name = result.config.encoders[0] if result.config.encoders else result.encoder.name
    if name.partition(":")[2].startswith("./") or name.startswith("./"):
        raise ResultError(
            f"The model of {name!r} lay in a folder: name it with --encoder PATH, or publish it "
            "where it can be had."
        )
    pinned = name.startswith(("hf:", "st:")) and result.encoder.revision and "@" not in name
    return f"{name}@{result.encoder.revision}" if pinned else name


def plan_again(result: RunResult, host: PluginHost, here: Here) -> tuple[Plan, str]:
    """Look up all that a result names; give the plan and the encoder's name."""
    name = encoder_of(result, here)
    own = {
        "encoders": (name,),
        "name": result.config.name if here.encoder else None,
        "references": (),
        "dtype": result.encoder.dtype,
        "data_dir": str(here.data_dir) if here.data_dir else None,
        "device": here.device,
        "offline": here.offline,
        "trust_remote_code": here.trust_remote_code,
        "batch_tokens": here.batch_tokens,
    }
    config = RunConfig.model_validate(result.config.model_dump() | own)
    plan = make_plan(config, host)
    return plan, plan.config.encoders[0]


def load_again(result: RunResult, plan: Plan, host: PluginHost, job: Job) -> Loaded:
    """Read the corpora that a result has, in its order.

    Raises
    ------
    ResultError
        When one can't be read, or has other texts or levels than the result says: nothing can be
        said of a result without its texts.
    """
    loaded = load_corpora(plan.config, host, job)
    by_name = {one.name: one for one in loaded.essays}
    causes = {failure.name: failure.cause for failure in loaded.failures}
    essays: list[Essays] = []
    for corpus in result.corpora:
        name = corpus.card.name
        if name not in by_name:
            raise ResultError(f"The texts of {name} can't be read here: {causes.get(name, '')}")
        found = by_name[name].fingerprint
        if found != corpus.fingerprint:
            raise ResultError(
                f"The texts of {name} are not those of the result (fingerprint {found[:12]}…, and "
                f"the result's {corpus.fingerprint[:12]}…): get the revision {corpus.revision}, or "
                "the owner's own files."
            )
        essays.append(by_name[name])
    return Loaded(essays)


def check_splits(result: RunResult, again: Sequence[SplitRecord]) -> Mismatches:
    """Folds must be those that the protocols give, to the last text."""
    ours = {(split.protocol, split.fold): split for split in again}
    theirs = {(split.protocol, split.fold): split for split in result.splits}
    for protocol, fold in dict.fromkeys([*theirs, *ours]):
        mine, its = ours.get((protocol, fold)), theirs.get((protocol, fold))
        found = its.manifest if its else "no such fold"
        expected = mine.manifest if mine else "no such fold"
        yield from diff(f"splits {protocol} {fold}", found, expected)


def gold_of(
    result: RunResult, host: PluginHost, *, data_dir: Path | None, offline: bool
) -> dict[str, tuple[int, int]]:
    """Gold levels of a result's texts by their keys, from the corpora; no model is needed."""
    here = Here(encoder="length", data_dir=data_dir, offline=offline)
    plan, _ = plan_again(result, host, here)
    job = Job(cache_dir=Path(), progress=Silent())
    loaded = load_again(result, plan, host, job)
    own = set(result.config.encoders) & set(result.config.own_level_encoders)
    table = pool(loaded.essays, SCALES[result.config.scale], result.config.form, baseline=bool(own))
    return gold_by_key(table.key, table.low, table.high)
