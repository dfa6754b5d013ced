"""Merge partial results of one encoder: other probes, protocols, seeds or layers of the work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import TypeVar

from cefrbench.config import RunConfig, get_suite
from cefrbench.contracts.cards import Card
from cefrbench.errors import ResultError
from cefrbench.results.analyses import analysis_key
from cefrbench.results.commitments import merge_commitments
from cefrbench.results.corpus_scores import as_of, corpus_scores, layer_scores
from cefrbench.results.merge_provenance import merge_provenance
from cefrbench.results.model import (
    ChoiceRecord,
    CorpusScore,
    FailureRecord,
    FitRecord,
    ReferenceRecord,
    RunResult,
    SplitRecord,
    UnitRecord,
)
from cefrbench.results.predictions import PredictionTable, UnitKey, unit_key
from cefrbench.results.selection import choose, kept_units, refitted_units, run_of
from cefrbench.results.summary import is_complete, summarise

R = TypeVar("R", bound=Card)

#: Options that must be the same in all parts, because they change what a unit is.
SAME_OPTIONS = (
    "form",
    "scale",
    "split_seed",
    "limit",
    "own_level_encoders",
    "unclipped_probes",
    "penalties",
    "every_layer",
    "refits",
    "references",
)


def merge_results(
    parts: Sequence[tuple[RunResult, PredictionTable]],
) -> tuple[RunResult, PredictionTable]:
    """Merge parts into one result, in the order in which one run would have given it.

    Units that several parts hold must be identical. A failure that another part overcame is
    dropped, and so is what a probe that takes another's layer gave at a layer that is not the
    whole's.

    Raises
    ------
    ResultError
        When the parts are not of the same encoder, suite, corpora and splits, when two
        contradict each other, or when predictions that the whole needs are in none of them.
    """
    results = [result for result, _ in parts]
    for other in results[1:]:
        _check_alike(results[0], other)
    merged = _merge_records(results)
    predictions = _merge_predictions(merged, [table for _, table in parts])
    known = [score for result in results for score in result.scores]
    scores = corpus_scores(merged.units, merged.choices, predictions, len(merged.scale), known)
    return _with_tables(merged, as_of(merged.schema_version, scores)), predictions


def _with_tables(merged: RunResult, scores: tuple[CorpusScore, ...]) -> RunResult:
    """Add what follows from the scores."""
    names = [corpus.card.name for corpus in merged.corpora]
    summary = summarise(scores, merged.splits, merged.choices, names)
    merged = merged.model_copy(update={"scores": scores, "summary": summary})
    return merged.model_copy(update={"complete": is_complete(merged)})


def _merge_records(results: Sequence[RunResult]) -> RunResult:
    config = _merge_configs(results)
    probes = _union("the probe", (r.probes for r in results), lambda card: card.name)
    protocols = _union("the protocol", (r.protocols for r in results), lambda card: card.name)
    splits = _union("the split", (r.splits for r in results), lambda s: (s.protocol, s.fold))
    fits = _union("the fit", (r.fits for r in results), _fit_key)
    units = _union("the unit", (r.units for r in results), unit_key)
    choices = choose(fits, probes)
    fits, units = _at_leaders_layers(fits, units, choices)
    _check_held(fits)
    rank = _Rank(config, splits, {c.probe for c in choices if c.follows})
    fits.sort(key=rank.of_fit)
    units.sort(key=rank.of_unit)
    splits.sort(key=rank.of_split)
    cards = tuple(sorted(probes, key=lambda card: rank.probe(card.name)))
    references, apart = _merge_references(results, rank)
    merged = results[0].model_copy(
        update={
            "probes": cards,
            "protocols": tuple(sorted(protocols, key=lambda card: rank.protocol(card.name))),
            "splits": tuple(splits),
            "fits": tuple(fits),
            "units": tuple(units),
            "choices": choose(fits, cards),
            "references": references,
            "failures": (*_left_failures(results), *apart),
            **_merge_analyses(results, config.analyses),
            "commitments": merge_commitments([result.commitments for result in results]),
            "config": config,
            "provenance": merge_provenance([result.provenance for result in results]),
        }
    )
    return _with_tables(merged, tuple(layer_scores(units)))


def _check_alike(first: RunResult, other: RunResult) -> None:
    """See that two results are parts of the same work."""
    facts: dict[str, Callable[[RunResult], object]] = {
        "suite": lambda r: r.suite,
        "encoder": lambda r: r.encoder.name,
        "encoder's identity": lambda r: r.encoder.digest(),
        "encoder's role": lambda r: r.encoder.role,
        "schema version": lambda r: r.schema_version,
        "corpora": lambda r: ", ".join(corpus.card.name for corpus in r.corpora),
    }
    for name, fact in facts.items():
        _same(name, fact(first), fact(other))
    for mine, theirs in zip(first.corpora, other.corpora, strict=True):
        name = f"rows of {mine.card.name} (fingerprint)"
        _same(name, mine.fingerprint[:12], theirs.fingerprint[:12])
        _same(f"reading beside {mine.card.name}", mine.reads, theirs.reads)
    for option in SAME_OPTIONS:
        _same(f"option {option}", getattr(first.config, option), getattr(other.config, option))
    manifests = {(s.protocol, s.fold): s.manifest for s in first.splits}
    for split in other.splits:
        mine_manifest = manifests.get((split.protocol, split.fold), split.manifest)
        _same(f"split of {split.protocol} {split.fold}", mine_manifest, split.manifest)


def _same(what: str, first: object, other: object) -> None:
    if first != other:
        raise ResultError(
            f"These results can't be merged: the {what} is {first!r} in one and {other!r} in "
            "another; merge only parts of one run."
        )


def _union(what: str, parts: Iterable[Sequence[R]], key: Callable[[R], Hashable]) -> list[R]:
    """All records, each once, in order of appearance; two of one key must be equal."""
    found: dict[Hashable, R] = {}
    for record in (record for part in parts for record in part):
        if found.setdefault(key(record), record) != record:
            raise ResultError(
                f"These results can't be merged: {what} {_words(key(record))} differs between "
                "two of them; leave one out, or run it again."
            )
    return list(found.values())


def _words(key: object) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    return " ".join(str(part) for part in parts if part is not None)


def _fit_key(fit: FitRecord) -> tuple[object, ...]:
    return (*run_of(fit), fit.layer)


def _at_leaders_layers(
    fits: Sequence[FitRecord], units: Sequence[UnitRecord], choices: Sequence[ChoiceRecord]
) -> tuple[list[FitRecord], list[UnitRecord]]:
    """Leave out what probes that follow another gave at layers which that one chose in parts."""
    layers = {run_of(choice): choice.layer for choice in choices if choice.follows}
    return (
        [fit for fit in fits if layers.get(run_of(fit), fit.layer) == fit.layer],
        [unit for unit in units if layers.get(run_of(unit), unit.layer) == unit.layer],
    )


def _check_held(fits: Iterable[FitRecord]) -> None:
    """See that all seeds of a probe choose by the fits of one seed, as they do in one run."""
    first: dict[tuple[object, ...], FitRecord] = {}
    for fit in fits:
        one = first.setdefault((fit.protocol, fit.fold, fit.probe, fit.layer), fit)
        if one.held != fit.held:
            raise ResultError(
                f"These results can't be merged: {fit.probe} chose its layer with seed {one.seed} "
                f"in one and with seed {fit.seed} in another; run its seeds together."
            )


class _Rank:
    """Sort keys that give the order of one run: layer, probe, fold, seed, scored corpus.

    Probes and protocols stand as in the suite, others behind them as they appeared; folds as in
    the first part that has them. Probes that follow another come last, one after the other.
    """

    def __init__(
        self, config: RunConfig, splits: Sequence[SplitRecord], following: Collection[str]
    ) -> None:
        self._config, self._following = config, following
        self._folds = {(s.protocol, s.fold): i for i, s in enumerate(splits)}
        self._scored = {(s.protocol, s.fold): list(s.scored) for s in splits}

    def probe(self, name: str) -> int:
        return self._config.probes.index(name)

    def protocol(self, name: str) -> int:
        return self._config.protocols.index(name)

    def of_split(self, split: SplitRecord) -> tuple[int, ...]:
        fold = self._folds[split.protocol, split.fold]
        return split.skipped is not None, self.protocol(split.protocol), fold

    def of_fit(self, fit: FitRecord | UnitRecord) -> tuple[int, ...]:
        fold = self.protocol(fit.protocol), self._folds[fit.protocol, fit.fold]
        probe = self.probe(fit.probe)
        if fit.probe in self._following:
            return 1, probe, fit.layer, *fold, self._seed(fit.seed)
        return 0, fit.layer, probe, *fold, self._seed(fit.seed)

    def of_prediction(self, unit: UnitRecord) -> tuple[int, ...]:
        """What is stored stands probe by probe."""
        follows, *_, seed, corpus = self.of_unit(unit)
        fold = self.protocol(unit.protocol), self._folds[unit.protocol, unit.fold]
        return follows, self.probe(unit.probe), unit.layer, *fold, seed, corpus

    def of_unit(self, unit: UnitRecord) -> tuple[int, ...]:
        scored = self._scored[unit.protocol, unit.fold]
        return *self.of_fit(unit), scored.index(unit.corpus)

    def _seed(self, seed: int | None) -> int:
        return -1 if seed is None else self._config.seeds.index(seed)


def _merge_configs(results: Sequence[RunResult]) -> RunConfig:
    first = results[0].config
    suite = RunConfig.model_validate(get_suite(first.suite).config)

    def ordered(kind: str, used: Sequence[Sequence[object]]) -> tuple[object, ...]:
        names = dict.fromkeys(name for part in used for name in part)
        known = [name for name in getattr(suite, kind) if name in names]
        return tuple(dict.fromkeys([*known, *names]))

    layers = {result.config.layers for result in results}
    fitted = sorted({fit.layer for result in results for fit in result.fits})
    return first.model_copy(
        update={
            "probes": ordered("probes", [[p.name for p in r.probes] for r in results]),
            "protocols": ordered("protocols", [[p.name for p in r.protocols] for r in results]),
            "seeds": ordered("seeds", [r.config.seeds for r in results]),
            "analyses": ordered("analyses", [r.config.analyses for r in results]),
            "layers": first.layers if len(layers) == 1 else ",".join(map(str, fitted)),
        }
    )


def _merge_references(
    results: Sequence[RunResult], rank: _Rank
) -> tuple[tuple[ReferenceRecord, ...], list[FailureRecord]]:
    """References of all parts, their tables put together; one whose parts disagree is left out."""
    found: dict[str, list[ReferenceRecord]] = {}
    for result in results:
        for record in result.references:
            found.setdefault(record.encoder.name, []).append(record)
    merged, failures = [], []
    for name, parts in found.items():
        summary = _union(
            f"the reference {name}", (p.summary for p in parts), lambda s: (s.protocol, s.probe)
        )
        summary.sort(key=lambda s: (rank.protocol(s.protocol), rank.probe(s.probe)))
        if {part.favoured for part in parts} == {parts[0].favoured}:
            merged.append(parts[0].model_copy(update={"summary": tuple(summary)}))
        else:
            cause = "Its parts favour different probes: run the whole to have it beside."
            failures.append(FailureRecord(stage="encoder", name=name, cause=cause))
    return tuple(merged), failures


def _merge_analyses(
    results: Sequence[RunResult], names: Sequence[str]
) -> dict[str, tuple[Card, ...]]:
    """Figures and notes of all parts, each once: by analysis, then by layer."""
    records = _union("the analysis", (r.analyses for r in results), analysis_key)
    records.sort(
        key=lambda one: (names.index(one.analysis), -1 if one.layer is None else one.layer)
    )
    notes = dict.fromkeys(note for result in results for note in result.analysis_notes)
    ordered = sorted(notes, key=lambda note: names.index(note.analysis))
    return {"analyses": tuple(records), "analysis_notes": tuple(ordered)}


def _left_failures(results: Sequence[RunResult]) -> tuple[FailureRecord, ...]:
    """Failures of all parts, but for those that another part overcame."""
    fitted = [{_fit_key(fit) for fit in result.fits} for result in results]

    def overcome(failure: FailureRecord) -> bool:
        place = (failure.protocol, failure.fold, failure.name, failure.seed, failure.layer)
        return any(
            place in fits and failure not in result.failures
            for fits, result in zip(fitted, results, strict=True)
        )

    failures = dict.fromkeys(failure for result in results for failure in result.failures)
    return tuple(failure for failure in failures if not overcome(failure))


def _merge_predictions(merged: RunResult, tables: Sequence[PredictionTable]) -> PredictionTable:
    """Keep the predictions of the merged result's stored layers, in the order of its units."""
    have: dict[UnitKey, PredictionTable] = {}
    for table in tables:
        for key, rows in table.units():
            if not rows.equals(have.setdefault(key, rows)):
                raise ResultError(
                    f"These results can't be merged: the predictions of {_words(key)} differ "
                    "between two of them; leave one out, or run it again."
                )
    rank = _Rank(merged.config, merged.splits, {c.probe for c in merged.choices if c.follows})
    units = sorted((unit for unit in kept_units(merged) if unit.n), key=rank.of_prediction)
    wanted = [unit_key(unit) for unit in units]
    for key in wanted:
        if key not in have:
            raise ResultError(
                f"These results can't be merged: layer {key.layer} of {key.probe} under "
                f"{key.protocol} is the best of the whole but of no part, so its predictions were "
                "not kept; run the parts together (what is in the cache is not computed again)."
            )
    refitted = {unit_key(unit) for unit in refitted_units(merged)}
    return PredictionTable.concat(
        [
            # A part may have refits that the whole has not: with another first seed, say.
            have[key] if key in refitted else have[key].without_refits()
            for key in wanted
        ]
    )
