"""Small results that are real: the whole procedure on invented texts, but for the fits.

Texts, splits, choices, refits and records are the package's own; what a fit predicts is planted.
Gold levels and splits depend on the corpora alone, so results of two encoders are comparable, text
by text. What an encoder knows is ``skill``: the share of the gold level in its predictions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import cache, wraps
from pathlib import Path
from typing import ParamSpec

import numpy as np

from cefrbench.config import RunConfig, get_suite
from cefrbench.contracts.cards import (
    CorpusCard,
    EncoderIdentity,
    Penalty,
    ProbeCard,
    ProtocolCard,
    Role,
)
from cefrbench.contracts.probe import FoldFit, FoldRows, ProbeSpec
from cefrbench.contracts.protocol import Protocol, Skipped
from cefrbench.essays import CleaningReport, Essays, EssayTable, Form, pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE, Level
from cefrbench.plugins import PluginHost
from cefrbench.probing.jobs import Jobs, PlannedFold
from cefrbench.probing.sweep import Fits, Penalties, Seeds, Sweep
from cefrbench.procedure import Procedure
from cefrbench.progress import Silent
from cefrbench.results.build import split_records
from cefrbench.results.corpus_scores import corpus_scores
from cefrbench.results.io import write_result
from cefrbench.results.model import (
    AnalysisRecord,
    CorpusRecord,
    FailureRecord,
    Provenance,
    ReferenceRecord,
    RunResult,
    Timing,
)
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import favoured_probe
from cefrbench.results.summary import is_complete, summarise
from cefrbench.statistics.scoring import round_to_class

#: Penalties of the probes that have one, from the strongest.
PENALTIES = (100.0, 1.0)
#: Probes whose choice of a layer others take, as the real ones do.
LEADERS = {"mlp-regressor-early": "ridge", "mlp-classifier-early": "logistic"}
GROUP = "twin"
HOST = PluginHost(load="")
#: Results that are remembered, by how they were asked for.
REMEMBERED = 12
Asked = ParamSpec("Asked")
LEVELS = ("A1", "A2", "B1", "B2", "C1")


def remembered(
    make: Callable[Asked, tuple[RunResult, PredictionTable]],
) -> Callable[Asked, tuple[RunResult, PredictionTable]]:
    """Make a result once, however many tests ask for it; each gets predictions of its own."""
    made: dict[str, tuple[RunResult, PredictionTable]] = {}

    @wraps(make)
    def remember(*args: Asked.args, **options: Asked.kwargs) -> tuple[RunResult, PredictionTable]:
        key = repr((args, sorted(options.items())))
        if key not in made:
            made[key] = make(*args, **options)
            if len(made) > REMEMBERED:
                del made[next(iter(made))]
        result, table = made[key]
        own = {one.name: getattr(table, one.name).copy() for one in fields(table)}
        return result, replace(table, **own)

    return remember


@remembered
def make_result(
    encoder: str = "planted",
    *,
    suite: str | None = None,
    form: Form = "corrected",
    corpora: Sequence[str] = ("alpha", "beta", "gamma"),
    texts: int = 40,
    layers: Sequence[int] = (1, 2, 3),
    asked: Sequence[int] | None = None,
    probes: Sequence[str] = ("ridge", "mlp-classifier"),
    seeds: Sequence[int] = (0, 1),
    protocols: Sequence[str] = ("iid", "loco"),
    skill: float = 0.8,
    conflicts: float = 0.1,
    failures: Sequence[FailureRecord] = (),
    role: Role = "candidate",
    refits: int | None = None,
    references: Sequence[RunResult] = (),
) -> tuple[RunResult, PredictionTable]:
    """Make a result and its predictions.

    The first two corpora are one group, so ``loco`` has a fold ``twin-all`` that no mean counts.
    The middle layer knows most; of corpora that a fit was not trained on, half the skill is gone.
    ``conflicts`` is the share of texts with two levels (corrected form only). Layer 0 stands
    beside the layers in the corrected form; ``asked`` are those of the encoder's layers that are
    fitted, else all. ``refits`` are the suite's where all of its corpora
    are here, else two.
    """
    suite = suite or ("cefr-v1" if form == "corrected" else "paper")
    options = get_suite(suite).config
    if refits is None:
        whole = set(options["corpora"]) <= set(corpora)
        refits = options.get("refits", 0) if whole or form == "study" else 2
    config = RunConfig(
        **(
            options
            | {
                "suite": suite,
                "encoders": (encoder,),
                "corpora": tuple(corpora),
                "probes": tuple(probes),
                "protocols": tuple(protocols),
                "seeds": tuple(seeds),
                "form": form,
                "refits": refits,
                "instruction": None,
                "pooling": None,
                "layers": options.get("layers", "all")
                if asked is None
                else ",".join(map(str, asked)),
            }
        )
    )
    essays, table, folds, skipped, jobs = _laid_out(
        tuple(corpora), tuple(protocols), form, texts, conflicts
    )
    fitted = layers if asked is None else asked
    fitted = tuple(dict.fromkeys((0, *fitted) if form == "corrected" else fitted))
    specs = tuple(_probe(name, probes) for name in probes)
    sweep = PlantedSweep(
        features=None,  # type: ignore[arg-type]
        data_key="",
        table=table,
        jobs=jobs,
        seeds=tuple(seeds),
        store=None,  # type: ignore[arg-type]
        encoder=encoder,
        skill=skill,
        layers=layers,
    )
    collector, choices = Procedure(
        sweep=sweep,
        folds=folds,
        layers=fitted,
        probes=specs,
        every_layer=False,
        refits=refits,
        unclipped=config.unclipped_probes,
        progress=Silent(),
    ).run()
    records = collector.records
    predictions = collector.kept.predictions(refits if form == "corrected" else 0)
    splits = split_records(folds, skipped, table)
    scores = corpus_scores(
        records.units, choices, predictions, len(FIVE), collector.kept.continuous
    )
    result = RunResult(
        suite=suite,
        encoder=EncoderIdentity(
            name=encoder,
            role=role,
            model=encoder,
            revision="0" * 40,
            pooling="last",
            instruction="",
            max_length=512,
            dtype="float32",
            layers=tuple(dict.fromkeys((0, *layers))),
            width=16,
            parameters=1000,
        ),
        scale=FIVE.classes,
        complete=False,
        corpora=tuple(_corpus_record(one) for one in essays),
        probes=tuple(spec.card for spec in specs),
        protocols=tuple(_protocol(name).card for name in protocols),
        splits=splits,
        summary=summarise(scores, splits, choices, corpora),
        scores=scores,
        references=tuple(map(_reference, references)),
        choices=choices,
        units=tuple(records.units),
        fits=tuple(records.fits),
        failures=(*failures, *records.failures),
        analyses=tuple(_analysis(name, k) for name in config.analyses for k in fitted),
        predictions=None,
        config=config,
        provenance=_provenance(),
    )
    result = result.model_copy(update={"complete": is_complete(result)})
    return result, predictions


def _analysis(name: str, layer: int) -> AnalysisRecord:
    """One figure of an analysis, the better the higher the layer."""
    value = 0.5 + min(layer, 40) / 100
    return AnalysisRecord(
        analysis=name,
        layer=layer,
        target="corpus",
        measure="balanced_accuracy",
        value=value,
        chance=0.25,
        sd=0.01,
        n=100,
        draws=5,
    )


def write_made(folder: Path, encoder: str = "planted", **options: object) -> Path:
    """Make a result, write it below ``folder``, give the path of the JSON file."""
    result, predictions = make_result(encoder, **options)  # type: ignore[arg-type]
    return write_result(result, predictions, folder)


class PlantedSweep(Sweep):
    """A sweep whose fits are planted: they know a share of the gold level, the rest is noise."""

    def __init__(
        self, *, encoder: str, skill: float, layers: Sequence[int], **fields: object
    ) -> None:
        super().__init__(**fields)  # type: ignore[arg-type]
        for name, value in (("encoder", encoder), ("skill", skill), ("layers", layers)):
            object.__setattr__(self, name, value)

    def fit(
        self,
        layer: int,
        probe: ProbeSpec,
        rows: Sequence[FoldRows],
        penalties: Penalties,
        seeds: Seeds,
    ) -> Fits:
        """Plant what fits predict."""
        return [
            [
                [self._planted(layer, probe, one, penalty, seed) for seed in seeds]
                for penalty in penalties
            ]
            for one in rows
        ]

    def _planted(
        self, layer: int, probe: ProbeSpec, rows: FoldRows, penalty: float | None, seed: int | None
    ) -> FoldFit:
        asked, table = rows.predict, self.table
        seen = np.isin(table.corpus[asked], table.corpus[rows.train])
        known = self.skill * self._share_of(layer) * np.where(seen, 1.0, 0.5)
        place = (self.encoder, probe.name, layer, penalty, seed)
        noise = _rng("noise", place, rows.train.tobytes()).normal(2.0, 1.2, len(table))[asked]
        if rows.weight is not None:
            # A refit weighs its texts otherwise, and errs otherwise by a little.
            noise += _rng("refit", place, rows.weight.tobytes()).normal(0.0, 0.2, len(table))[asked]
        score = known * (table.low[asked] + table.high[asked]) / 2 + (1 - known) * noise
        classes = probe.card.kind == "classifier"
        value = round_to_class(score, len(table.scale)).astype(np.float64) if classes else score
        return FoldFit(value, scores=score)

    def _share_of(self, layer: int) -> float:
        """The middle layer knows most, and layer 0 little."""
        own = [one for one in self.layers if one > 0] or [0]
        if layer == 0 and own != [0]:
            return 0.3
        return 1.0 - 0.4 * abs(layer - own[len(own) // 2]) / len(own)


def _rng(*parts: object) -> np.random.Generator:
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8]))


def _essays(corpus: str, count: int, conflicts: float, *, twin: bool) -> Essays:
    """Invented texts, as many of each level; one of two levels stands in two rows."""
    rng = _rng("texts", corpus)
    levels = np.arange(count) % 5
    if count < 25:
        # Five folds need a level with five texts.
        levels = np.array([2] * 5 + [0, 1, 3, 4] * 5)[:count]
    low = levels[rng.permutation(count)]
    high = np.minimum(low + (rng.random(count) < conflicts), 4)
    rows = [
        (f"Invented text {i} of {corpus}.", level)
        for i in range(count)
        for level in dict.fromkeys((int(low[i]), int(high[i])))
    ]
    return Essays(
        card=CorpusCard(
            name=corpus,
            title=f"Invented corpus {corpus}",
            languages=("en",),
            licence="CC0-1.0",
            source="https://example.org",
            citation="Nobody (2026).",
            task="None: invented.",
            rated_by="Nobody.",
            group=GROUP if twin else None,
        ),
        texts=tuple(text for text, _ in rows),
        levels=tuple(Level[LEVELS[level]] for _, level in rows),
        languages=("en",) * len(rows),
        report=CleaningReport(rows=len(rows) + 2, kept=len(rows), dropped={"no level": 2}),
    )


def _corpus_record(essays: Essays) -> CorpusRecord:
    counts = np.bincount([FIVE.index(level) for level in essays.levels], minlength=len(FIVE))
    return CorpusRecord(
        card=essays.card,
        revision=None,
        fingerprint=essays.fingerprint,
        source="file",
        texts=len(essays),
        units=len(set(essays.texts)),
        levels={level: int(n) for level, n in zip(FIVE.classes, counts, strict=True)},
        cleaning=essays.report,
    )


@cache
def _laid_out(
    corpora: Sequence[str], protocols: Sequence[str], form: Form, texts: int, conflicts: float
) -> tuple[list[Essays], EssayTable, list[PlannedFold], list[tuple[str, Skipped]], Jobs]:
    """Texts, folds and training sets, which all encoders have in common."""
    essays = [
        _essays(name, texts, conflicts if form == "corrected" else 0, twin=name in corpora[:2])
        for name in corpora
    ]
    table = pool(essays, FIVE, form)
    folds, skipped = _folds(protocols, table)
    return essays, table, folds, skipped, Jobs(folds, table)


def _folds(
    protocols: Sequence[str], table: EssayTable
) -> tuple[list[PlannedFold], list[tuple[str, Skipped]]]:
    planned, skipped = [], []
    for protocol in map(_protocol, protocols):
        for fold in make_folds(protocol, table, 42):
            if isinstance(fold, Skipped):
                skipped.append((protocol.name, fold))
            else:
                manifest = fold.manifest(protocol.name, table.key)
                planned.append(PlannedFold(protocol.name, fold, manifest))
    return planned, skipped


@cache
def _protocol(name: str) -> Protocol:
    """One of the package's own protocols, under a planted card."""
    own = HOST.get_protocol(name)
    card = ProtocolCard(
        name=name,
        title=name,
        description=f"Planted {name}.",
        distribution=own.card.distribution,
    )
    return Protocol(card, own.folds)


def _probe(name: str, probes: Sequence[str]) -> ProbeSpec:
    seeded = name.startswith("mlp")
    leader = LEADERS.get(name)
    card = ProbeCard(
        name=name,
        description=f"Planted {name}.",
        kind="regressor"
        if name in ("ridge", "mlp-regressor", "mlp-regressor-early")
        else "classifier",
        seeded=seeded,
        penalty=None if seeded else Penalty(name="alpha", values=PENALTIES, strongest="largest"),
        layer_from=leader if leader in probes else None,
    )

    def make(options: object) -> object:
        raise AssertionError("what is planted is never fitted")

    return ProbeSpec(card, make)  # type: ignore[arg-type]


def _reference(result: RunResult) -> ReferenceRecord:
    return ReferenceRecord(
        encoder=result.encoder, favoured=favoured_probe(result).probe, summary=result.summary
    )


def _provenance() -> Provenance:
    return Provenance(
        cefrbench="0.1.0",
        started="2026-01-01T00:00:00+00:00",
        command="cefrbench run",
        python="3.11.0",
        platform="Linux x86_64",
        packages={"numpy": "2.0.0"},
        plugins={},
        hardware={"device": "cpu", "cpu_cores": 2},
        timings=(Timing(phase="features", seconds=1.5), Timing(phase="probes", seconds=0.5)),
        peak_memory_bytes=1_000_000,
        features={"texts": 120.0},
    )
