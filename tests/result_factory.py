"""Small results that are real: invented texts, a planted signal, everything tallied from it.

Gold levels and splits depend on the corpus alone, so results of two encoders are comparable, text
by text. What an encoder knows is ``skill``: the share of the gold level in its predictions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cefrbench.config import RunConfig, get_suite
from cefrbench.contracts.cards import CorpusCard, EncoderIdentity, ProbeCard, ProtocolCard, Role
from cefrbench.essays import CleaningReport, Form, text_key
from cefrbench.levels import FIVE
from cefrbench.results.io import write_result
from cefrbench.results.model import (
    CorpusRecord,
    FailureRecord,
    FitRecord,
    Provenance,
    RunResult,
    SplitRecord,
    Timing,
    UnitRecord,
)
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.selection import choose_layers, stored_layers
from cefrbench.results.summary import is_complete, summarise
from cefrbench.statistics.scores import Tally, scores, tally
from cefrbench.statistics.scoring import round_to_class

SEEDED = ("mlp-regressor", "mlp-classifier")
CLASSIFIERS = ("logistic", "ordinal", "mlp-classifier")
GROUP = "twin"


@dataclass(frozen=True)
class Texts:
    """Some invented texts: keys and gold intervals."""

    key: NDArray[np.str_]
    low: NDArray[np.int64]
    high: NDArray[np.int64]

    def __getitem__(self, rows: NDArray[np.intp]) -> Texts:
        return Texts(self.key[rows], self.low[rows], self.high[rows])

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class Fold:
    """One fold as the factory sees it."""

    protocol: str
    name: str
    train: Texts
    validation: Texts
    scored: dict[str, Texts]


def make_result(
    encoder: str = "planted",
    *,
    suite: str | None = None,
    form: Form = "corrected",
    corpora: Sequence[str] = ("alpha", "beta", "gamma"),
    texts: int = 40,
    layers: Sequence[int] = (1, 2, 3),
    probes: Sequence[str] = ("ridge", "mlp-classifier"),
    seeds: Sequence[int] = (0, 1),
    protocols: Sequence[str] = ("iid", "loco"),
    skill: float = 0.8,
    conflicts: float = 0.1,
    failures: Sequence[FailureRecord] = (),
    role: Role = "candidate",
) -> tuple[RunResult, PredictionTable]:
    """Make a result and its predictions.

    The first two corpora are one group, so ``loco`` has a fold ``twin-all`` that no mean counts.
    The middle layer knows most; out of distribution half the skill is gone. ``conflicts`` is the
    share of texts with two levels (corrected form only).
    """
    suite = suite or ("cefr-v1" if form == "corrected" else "paper")
    unclipped = tuple(get_suite(suite).config.get("unclipped_probes", ()))
    pool = {name: _texts(name, texts, conflicts if form == "corrected" else 0) for name in corpora}
    folds = [fold for protocol in protocols for fold in _folds(protocol, pool, form)]
    fits, units, blocks = [], [], []
    for layer in layers:
        for probe in probes:
            for fold in folds:
                for seed in seeds if probe in SEEDED else (None,):
                    place = (encoder, fold.protocol, fold.name, probe, layer, seed)
                    known = skill * _layer_share(layer, layers)
                    known *= 0.5 if fold.protocol == "loco" else 1.0
                    counted = {
                        name: _predict(part, known, probe, (*place, name))
                        for name, part in fold.scored.items()
                    }
                    validation = _predict(fold.validation, known, probe, (*place, "validation"))
                    fits.append(_fit(place, fold, validation))
                    for name, values in counted.items():
                        counted_part = _tally(
                            fold.scored[name], values, clip=probe not in unclipped
                        )
                        units.append(_unit(place, name, counted_part))
                        blocks.append(_block(place, name, fold.scored[name], values))
    choices = choose_layers(fits)
    summary = summarise(units, choices, corpora)
    stored = stored_layers(fits, choices, summary)
    kept = [
        block
        for block in blocks
        for key, _ in block.units()
        if stored.get((key.protocol, key.fold, key.probe, key.seed)) == key.layer
    ]
    config = RunConfig(
        suite=suite,
        encoders=(encoder,),
        corpora=tuple(corpora),
        probes=tuple(probes),
        protocols=tuple(protocols),
        seeds=tuple(seeds),
        form=form,
        max_length=get_suite(suite).config.get("max_length"),
        unclipped_probes=unclipped,
    )
    result = RunResult(
        suite=config.suite,
        encoder=EncoderIdentity(
            name=encoder,
            role=role,
            model=encoder,
            revision="0" * 40,
            pooling="last",
            instruction="",
            max_length=512,
            dtype="float32",
            layers=tuple(layers),
            width=16,
            parameters=1000,
        ),
        scale=FIVE.classes,
        complete=False,
        corpora=tuple(_corpus(name, pool[name], name in corpora[:2]) for name in corpora),
        probes=tuple(_probe(name) for name in probes),
        protocols=tuple(_protocol(name) for name in protocols),
        splits=tuple(_split(fold) for fold in folds),
        summary=summary,
        choices=choices,
        units=tuple(units),
        fits=tuple(fits),
        failures=tuple(failures),
        predictions=None,
        config=config,
        provenance=_provenance(),
    )
    result = result.model_copy(update={"complete": is_complete(result)})
    return result, PredictionTable.concat(kept)


def write_made(folder: Path, encoder: str = "planted", **options: object) -> Path:
    """Make a result, write it below ``folder``, give the path of the JSON file."""
    result, predictions = make_result(encoder, **options)  # type: ignore[arg-type]
    return write_result(result, predictions, folder)


def _rng(*parts: object) -> np.random.Generator:
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8]))


def _texts(corpus: str, count: int, conflicts: float) -> Texts:
    rng = _rng("texts", corpus)
    low = np.sort(rng.permutation(np.arange(count) % 5))[rng.permutation(count)]
    high = np.minimum(low + (rng.random(count) < conflicts), 4)
    keys = np.array([text_key(f"Invented text {i} of {corpus}.") for i in range(count)])
    return Texts(keys, low.astype(np.int64), high.astype(np.int64))


def _join(parts: Sequence[Texts]) -> Texts:
    return Texts(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("key", "low", "high")))


def _every(texts: Texts, nth: int, take: bool) -> Texts:
    return texts[np.flatnonzero((np.arange(len(texts)) % nth == 0) == take)]


def _folds(protocol: str, pool: dict[str, Texts], form: Form) -> Iterator[Fold]:
    if protocol == "iid":
        rest = _join([_every(part, 5, take=False) for part in pool.values()])
        scored = {name: _every(part, 5, take=True) for name, part in pool.items()}
        yield _cut(protocol, "all", rest, scored, form)
        return
    names = list(pool)
    for name in names:
        others = [part for other, part in pool.items() if other != name]
        if others:
            yield _cut(protocol, name, _join(others), {name: pool[name]}, form)
    if len(names) > 2:
        twins = {f"{GROUP}-all": _join([pool[name] for name in names[:2]])}
        yield _cut(protocol, f"{GROUP}-all", _join([pool[n] for n in names[2:]]), twins, form)


def _cut(protocol: str, name: str, rest: Texts, scored: dict[str, Texts], form: Form) -> Fold:
    nothing = rest[np.arange(0)]
    validation = _every(rest, 5, take=True) if form == "corrected" else nothing
    return Fold(protocol, name, _every(rest, 5, take=False), validation, scored)


def _layer_share(layer: int, layers: Sequence[int]) -> float:
    middle = layers[len(layers) // 2]
    return 1.0 - 0.4 * abs(layer - middle) / max(1, len(layers))


def _predict(
    part: Texts, known: float, probe: str, place: tuple[object, ...]
) -> NDArray[np.float64]:
    noise = _rng("noise", place).normal(2.0, 1.2, len(part))
    values = known * (part.low + part.high) / 2 + (1 - known) * noise
    return round_to_class(values, 5).astype(np.float64) if probe in CLASSIFIERS else values


def _tally(part: Texts, values: NDArray[np.float64], *, clip: bool = True) -> Tally:
    return tally(values, part.low, part.high, 5, clip=clip)


def _confusion(counted: Tally) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(cell) for cell in row) for row in counted.confusion)


def _fit(place: tuple[object, ...], fold: Fold, values: NDArray[np.float64]) -> FitRecord:
    _, protocol, name, probe, layer, seed = place
    confusion = _confusion(_tally(fold.validation, values)) if len(fold.validation) else None
    return FitRecord(
        protocol=protocol, fold=name, probe=probe, layer=layer, seed=seed, validation=confusion
    )


def _unit(place: tuple[object, ...], corpus: str, counted: Tally) -> UnitRecord:
    _, protocol, name, probe, layer, seed = place
    return UnitRecord(
        protocol=protocol,
        fold=name,
        corpus=corpus,
        probe=probe,
        layer=layer,
        seed=seed,
        n=counted.n,
        confusion=_confusion(counted),
        sums=counted.sums,
        scores=scores(counted.confusion, counted.sums),
    )


def _block(
    place: tuple[object, ...], corpus: str, part: Texts, values: NDArray[np.float64]
) -> PredictionTable:
    _, protocol, name, probe, layer, seed = place
    return PredictionTable.of_unit(
        protocol=protocol,
        fold=name,
        corpus=corpus,
        probe=probe,
        seed=seed,
        layer=layer,
        text=part.key,
        low=part.low,
        high=part.high,
        prediction=values,
    )


def _corpus(name: str, part: Texts, twin: bool) -> CorpusRecord:
    counts = np.bincount(part.low, minlength=5)
    return CorpusRecord(
        card=CorpusCard(
            name=name,
            title=f"Invented corpus {name}",
            languages=("en",),
            licence="CC0-1.0",
            source="https://example.org",
            citation="Nobody (2026).",
            task="None: invented.",
            rated_by="Nobody.",
            group=GROUP if twin else None,
        ),
        revision=None,
        fingerprint=hashlib.sha256(name.encode()).hexdigest(),
        source="file",
        texts=len(part),
        units=len(part),
        levels={level: int(n) for level, n in zip(FIVE.classes, counts, strict=True)},
        cleaning=CleaningReport(rows=len(part) + 2, kept=len(part), dropped={"no level": 2}),
    )


def _probe(name: str) -> ProbeCard:
    kind = "classifier" if name in CLASSIFIERS else "regressor"
    return ProbeCard(name=name, description=f"Planted {name}.", kind=kind, seeded=name in SEEDED)


def _protocol(name: str) -> ProtocolCard:
    side = "in" if name == "iid" else "out"
    return ProtocolCard(name=name, title=name, description=f"Planted {name}.", distribution=side)


def _split(fold: Fold) -> SplitRecord:
    return SplitRecord(
        protocol=fold.protocol,
        fold=fold.name,
        manifest=hashlib.sha256(f"{fold.protocol} {fold.name}".encode()).hexdigest(),
        train=len(fold.train),
        validation=len(fold.validation),
        scored={name: len(part) for name, part in fold.scored.items()},
        train_levels=tuple(int(n) for n in np.bincount(fold.train.low, minlength=5)),
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
