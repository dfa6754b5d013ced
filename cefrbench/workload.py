"""All that is fitted of one encoder, laid out and counted before anything is computed.

Nothing is measured and no features are read, so a run can begin by saying it; how long it takes is
the forecast's (:mod:`cefrbench.forecast`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from cefrbench.border import in_bytes
from cefrbench.config import RunConfig
from cefrbench.contracts.cards import EncoderIdentity
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.contracts.protocol import Fold, Protocol, Skipped
from cefrbench.cores import usable_cores
from cefrbench.errors import EncoderError, UserError
from cefrbench.essays import Essays, EssayTable, Ints, pool
from cefrbench.features.compute import FeatureSet
from cefrbench.features.store import bytes_of
from cefrbench.folds import make_folds
from cefrbench.layers import parse_layers
from cefrbench.levels import SCALES
from cefrbench.plan import Job, Plan, penalties_of
from cefrbench.probing.jobs import Jobs, PlannedFold
from cefrbench.probing.penalties import read_penalties
from cefrbench.probing.store import FitStore
from cefrbench.probing.sweep import Sweep
from cefrbench.refits import SHORTLIST
from cefrbench.results.selection import headline, usual_of


@dataclass(frozen=True, slots=True)
class LaidOut:
    """What is fitted of one encoder.

    Attributes
    ----------
    sweep : Sweep
        Table and training sets.
    folds : list of PlannedFold
    skipped : list of (str, Skipped)
        Folds that can't be, by protocol.
    """

    sweep: Sweep
    folds: list[PlannedFold]
    skipped: list[tuple[str, Skipped]]


def layers_of(config: RunConfig, available: tuple[int, ...]) -> tuple[int, ...]:
    """Layers to fit: those asked for and, in the corrected form, layer 0 beside them."""
    asked = parse_layers(config.layers, available)
    if config.form == "study" or 0 in asked or 0 not in available:
        return asked
    return (0, *asked)


def prepare_sweep(
    plan: Plan,
    name: str,
    probes: Sequence[ProbeSpec],
    features: FeatureSet,
    essays: Sequence[Essays],
    job: Job,
) -> LaidOut:
    """Lay out all that is fitted of one encoder.

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
        texts=tuple(one.texts for one in essays),
        layers=layers_of(config, features.layers),
    )
    return LaidOut(sweep, folds, skipped)


def _folds(
    protocols: Sequence[Protocol], table: EssayTable, seed: int
) -> tuple[list[PlannedFold], list[tuple[str, Skipped]]]:
    planned: list[PlannedFold] = []
    skipped: list[tuple[str, Skipped]] = []
    # Two cuts that leave the same rows to train on have one array of them.
    known: dict[tuple[str, bytes], Ints] = {}

    def once(train: Ints) -> Ints:
        name = train.dtype.str, hashlib.sha256(train.tobytes()).digest()
        return known.setdefault(name, train)

    for protocol in protocols:
        for fold in make_folds(protocol, table, seed):
            if isinstance(fold, Fold) and table.form == "corrected" and not fold.inner:
                fold = Skipped(fold.name, "its training part is too small to choose a layer on")
            if isinstance(fold, Skipped):
                skipped.append((protocol.name, fold))
            else:
                manifest = fold.manifest(protocol.name, table.key)
                inner = tuple(replace(cut, train=once(cut.train)) for cut in fold.inner)
                fold = replace(fold, train=once(fold.train), inner=inner)
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


def _probe_device(device: str) -> str:
    """Where batched fits run: the device asked for, a CUDA device when there is a choice."""
    if device != "auto":
        return device
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


# -- how much that is ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProbeWork:
    """Fits of one probe.

    Attributes
    ----------
    fits, cached : int
        To make, and those that the cache holds.
    rows : int
        Training rows of the fits to make, a grid of penalties counted once.
    follows : bool
        Whether it is fitted at the layers alone that another probe chose.
    along, alone : tuple of int
        Training sets that each refit fits with all penalties, and those with one.
    refits : int
        Fits on resampled texts, all taken as to make: which, a choice decides.
    """

    fits: int
    cached: int
    rows: int
    follows: bool
    along: tuple[int, ...]
    alone: tuple[int, ...]
    refits: int


def work_of(spec: ProbeSpec, laid: LaidOut, layers: Sequence[int], config: RunConfig) -> ProbeWork:
    """Count the fits of one probe on some layers."""
    sweep, refits = laid.sweep, config.refits
    study = sweep.table.form == "study"
    follows = spec.card.layer_from is not None and not (config.every_layer or study)
    if follows:
        seeds, sizes = len(sweep.seeds_of(spec)), [len(rows.train) for rows in sweep.jobs.rows]
        fits, cached = len({one.job for one in sweep.jobs.scored}) * seeds, 0
        rows = seeds * sum(sizes[: sweep.jobs.scoring])
    else:
        units = [unit for layer in layers for unit in sweep.units(layer, spec) if unit.rows]
        missing = [unit for unit in units if not sweep.has(unit)]
        number = [len(u.rows) * len(u.penalties) * len(u.seeds) for u in units]
        fits = sum(len(u.rows) * len(u.penalties) * len(u.seeds) for u in missing)
        cached = sum(number) - fits
        rows = sum(len(u.seeds) * len(row.train) for u in missing for row in u.rows)
    along: list[int] = []
    alone: list[int] = []
    if refits and not study:
        along, alone = _refitted(sweep, laid.folds, follows, apart=0 in layers and len(layers) > 1)
    again = (len(along) * len(sweep.penalties_of(spec)) + len(alone)) * refits
    return ProbeWork(fits, cached, rows, follows, tuple(along), tuple(alone), again)


def _refitted(
    sweep: Sweep, folds: Sequence[PlannedFold], follows: bool, *, apart: bool
) -> tuple[list[int], list[int]]:
    """Training sets that each refit fits with all penalties, and those with one."""
    done = [planned.protocol for planned in folds]
    lead, outside = headline(done), usual_of("out", done)
    scored = {place: sweep.jobs.scored[place].job for place in range(len(folds))}
    ahead = sorted({job for place, job in scored.items() if done[place] in lead})
    if follows:
        return [], ahead * (2 if apart else 1)
    inner = sorted(
        {
            reading.job
            for place in scored
            if done[place] == outside
            for reading in sweep.jobs.held[place]
        }
    )
    return inner * (SHORTLIST + apart), sorted(set(scored.values())) + (ahead if apart else [])


def tell_work(
    config: RunConfig,
    identity: EncoderIdentity,
    laid: LaidOut,
    layers: Sequence[int],
    probes: Sequence[ProbeSpec],
) -> str:
    """Say in a sentence what is to be done for one encoder, and what the cache holds."""
    work = [work_of(spec, laid, layers, config) for spec in probes]
    corpora = laid.sweep.features.corpora
    texts = sum(len(one.texts) for one in corpora)
    absent = [
        len(one.texts[i]) for one in corpora for shard in one.absent() for i in one.plan[shard]
    ]
    size = bytes_of(identity) * len(absent) * len(identity.layers) * identity.width
    fits, cached = sum(one.fits for one in work), sum(one.cached for one in work)
    refits = sum(one.refits for one in work)
    parts = [
        f"{texts:,} texts of {_many(len(corpora), 'corpus', 'corpora')}",
        f"{len(absent):,} to encode ({sum(absent):,} characters, {in_bytes(size)} on disk)"
        if absent
        else "all encoded",
        f"{_many(fits, 'fit', 'fits')} on {_many(len(layers), 'layer', 'layers')} of "
        + _many(identity.width, "number", "numbers")
        + (f", {cached:,} more in the cache" if cached else ""),
        *([f"{refits:,} refits at most"] if refits else []),
    ]
    return f"{identity.name}: {'; '.join(parts)}."


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
