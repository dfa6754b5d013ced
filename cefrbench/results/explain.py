"""Explain a result from itself and its predictions: no features, no corpora, no model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from cefrbench.errors import ResultError, UserError, unknown_name
from cefrbench.results.claims import find_references, make_claim
from cefrbench.results.doubts import doubts
from cefrbench.results.explanation import Explanation, Statement
from cefrbench.results.label_shift import label_shifts
from cefrbench.results.model import RunResult
from cefrbench.results.parts import (
    Explained,
    decompositions,
    drifts,
    layer_decompositions,
    residuals,
)
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.samples import samples
from cefrbench.results.selection import favoured_probe, sides
from cefrbench.results.sentences import write_sentences
from cefrbench.results.shifts import shift_ladder
from cefrbench.statistics.resampling import REPLICATES, TextWeights
from cefrbench.statistics.sample import Sample

T = TypeVar("T")


def explain_result(
    result: RunResult,
    table: PredictionTable,
    path: Path,
    *,
    references: Iterable[Path] = (),
    probe: str | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Explanation:
    """Say why a result's scores fall out of distribution.

    Parameters
    ----------
    result : RunResult
    table : PredictionTable
        Its predictions.
    path : Path
        Of its file: references lie in the folders beside its own.
    references : iterable of Path
        Where else they lie.
    probe : str, optional
        Probe that sentences and ladders speak of; the favoured one, if none is named.
    replicates, seed : int
        Of the resamples of the texts.

    Raises
    ------
    ResultError
        When it has no predictions to explain.
    UserError
        When it has no such probe.
    """
    names = [card.name for card in result.probes]
    if probe is not None and probe not in names:
        raise unknown_name("probe", probe, names)
    source = Explained.of(result, table, TextWeights(replicates, seed))
    if not source.raw:
        raise ResultError(
            f"The result of {result.encoder.name!r} has no predictions of any corpus, so nothing "
            "can be explained: run it again."
        )
    pair = sides(result.protocols, source.protocols)
    inside, outside = pair.get("in"), pair.get("out")
    own = probe or favoured_probe(result).probe
    notes = [f"Doubtful: {line}." for line in doubts(result)]
    notes += _notes(result, inside, outside)
    gap = (inside, outside) if inside and outside else None
    explanation = Explanation(
        encoder=result.encoder.name,
        suite=result.suite,
        checksum=result.checksum,
        probe=own,
        inside=inside,
        outside=outside,
        sentences=(),
        decompositions=tuple(decompositions(source, *gap)) if gap else (),
        layers=tuple(layer_decompositions(result, *gap)) if gap else (),
        residuals=tuple(residuals(result, [p for p in (inside, outside) if p])),
        drifts=tuple(drifts(source, *gap)) if gap else (),
        label_shifts=_or_note(lambda: label_shifts(source, outside), notes) if outside else (),
        shifts=tuple(shift_ladder(source, own)),
        claim=make_claim(source, outside, own, find_references(result, path, references))
        if outside
        else None,
        analyses=result.analyses,
        notes=tuple(notes),
        replicates=replicates,
        seed=seed,
    )
    return explanation.model_copy(update={"sentences": write_sentences(explanation)})


def tell_gap(
    result: RunResult,
    table: PredictionTable,
    weights: TextWeights,
    taken: Mapping[tuple[str, str], Sample] | None = None,
) -> tuple[Statement, ...]:
    """Say of the gap what an explanation says: its size, its halves, where most is lost, layers.

    The sentences are those of :func:`explain_result`, of the same figures, without what takes
    long: the parts of the thresholds, other probes and references.

    Parameters
    ----------
    result : RunResult
    table : PredictionTable
        Its predictions.
    weights : TextWeights
        Share one over many results.
    taken : mapping, optional
        Its :func:`~.samples.samples`, where they are at hand.

    Returns
    -------
    tuple of Statement
        Empty without a protocol on either side.
    """
    raw = samples(result, table) if taken is None else dict(taken)
    source = Explained(result, table, raw, {}, weights)  # a third of the work
    pair = sides(result.protocols, source.protocols)
    if len(pair) < 2:
        return ()
    own = favoured_probe(result).probe
    brief = Explanation(
        encoder=result.encoder.name,
        suite=result.suite,
        checksum=result.checksum,
        probe=own,
        inside=pair["in"],
        outside=pair["out"],
        sentences=(),
        decompositions=tuple(decompositions(source, pair["in"], pair["out"], [own])),
        layers=tuple(layer_decompositions(result, pair["in"], pair["out"])),
        residuals=(),
        drifts=(),
        label_shifts=(),
        shifts=(),
        claim=None,
        analyses=(),
        notes=(),
        replicates=weights.replicates,
        seed=weights.seed,
    )
    told = ("decomposition", "layers")
    return tuple(one for one in write_sentences(brief) if one.topic in told)


def _or_note(make: Callable[[], Iterator[T]], notes: list[str]) -> tuple[T, ...]:
    """What needs a package that may not be there; without it, a note says so."""
    try:
        return tuple(make())
    except UserError as error:
        notes.append(f"Label shift is left out: {error}")
        return ()


def _notes(result: RunResult, inside: str | None, outside: str | None) -> Iterator[str]:
    """What can't be said of a result, and what would have to be run for it."""
    for side, protocol, name in (("in", inside, "iid"), ("out of", outside, "lofo")):
        if protocol is None:
            yield (
                f"No protocol {side} distribution was run, so there is no gap to take apart: "
                f"run it with --protocol {name} too."
            )
    skipped = [split for split in result.splits if split.skipped is not None]
    for split in skipped:
        yield f"{split.protocol} {split.fold} was skipped: {split.skipped}."
    for record in result.corpora:
        if sum(1 for count in record.levels.values() if count) == 1:
            yield f"{record.card.name} has texts of one level only: QWK says nothing of it."
    if not result.config.refits and result.config.form == "corrected":
        yield "The result has no refits, so intervals hold the fits fixed: run it with --refits 20."
    if result.config.form == "study":
        yield (
            "The result is in the study's form: its layer is an oracle's, no fit was made on "
            "resampled texts and none inside the training part, so prior corrections and rungs "
            "that need these are missing."
        )
    if result.schema_version == "2.0":
        yield (
            "The result is of schema 2.0, whose layers have no recut QWK: run it again to see the "
            "gap by layer."
        )
