"""Results as CSV: a row per unit, per corpus, per mean or per figure of an analysis."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import TypeVar

from cefrbench.border import cell as _cell
from cefrbench.results.model import (
    AnalysisRecord,
    CorpusScore,
    RunResult,
    SummaryRecord,
    UnitRecord,
)
from cefrbench.results.selection import run_of
from cefrbench.statistics.scores import DIRECTIONS, Scores

#: Scores that one unit has; those of ranks are of whole corpora.
UNIT_SCORES = tuple(name for name in DIRECTIONS if name not in ("spearman", "recut"))

#: Columns of the tidy CSV, in order.
HEADER = (
    "encoder",
    "suite",
    "protocol",
    "fold",
    "corpus",
    "layer",
    "probe",
    "seed",
    "n",
    *UNIT_SCORES,
    "penalty",
    "chosen",
    "oracle",
)

#: Columns of the CSV of whole corpora, in order.
CORPUS_HEADER = (
    "encoder",
    "suite",
    "protocol",
    "corpus",
    "layer",
    "probe",
    "seed",
    "n",
    *Scores.model_fields,
    "chosen",
    "chosen_layers",
)

#: Columns of the CSV of means, in order.
MEANS_HEADER = (
    "encoder",
    "suite",
    "role",
    "protocol",
    "probe",
    "what",
    "layers",
    *Scores.model_fields,
)


def to_csv(results: Sequence[RunResult]) -> str:
    """Tidy CSV: a row per unit, every figure in full precision, undefined scores empty.

    Results stand as given; rows of one by protocol, corpus, layer, probe and seed, in the order
    that the result lists them in, groups behind corpora. ``penalty`` is that of the unit's fit,
    ``chosen`` is 1 at the layer that was chosen for its fold, ``oracle`` at that which is best on
    the scored texts themselves: of the fold or, in the study's form, in the mean.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    # The same few names stand in thousands of rows.
    cell = cache(_cell)
    scores = attrgetter(*UNIT_SCORES)
    for result in results:
        encoder = cell(result.encoder.name), cell(result.suite)
        fitted = unit_fits(result)
        writer.writerows(
            (
                *encoder,
                cell(unit.protocol),
                cell(unit.fold),
                cell(unit.corpus),
                unit.layer,
                cell(unit.probe),
                unit.seed,
                unit.n,
                *scores(unit.scores),
                penalty,
                int(chosen),
                int(oracle),
            )
            for unit in _in_order(result, result.units)
            for penalty, chosen, oracle in (fitted[(*run_of(unit), unit.layer)],)
        )
    return buffer.getvalue()


def to_corpus_csv(results: Sequence[RunResult]) -> str:
    """Tidy CSV: a row per corpus, the texts of all folds together, in the order of the other one.

    ``layer`` is empty where each fold has the layer that was chosen for it; ``chosen`` is 1 there,
    and ``chosen_layers`` says which these are. Scores of
    continuous predictions stand at every layer, in results of schema 2.0 at those that are stored.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CORPUS_HEADER)
    cell = cache(_cell)
    scores = attrgetter(*Scores.model_fields)
    for result in results:
        encoder = cell(result.encoder.name), cell(result.suite)
        layers = _chosen_layers(result)
        writer.writerows(
            (
                *encoder,
                cell(one.protocol),
                cell(one.corpus),
                one.layer,
                cell(one.probe),
                one.seed,
                one.n,
                *scores(one.scores),
                int(bool(chosen)),
                chosen,
            )
            for one in _in_order(result, result.scores)
            for chosen in (_layers_of(one, layers),)
        )
    return buffer.getvalue()


def to_analyses_csv(results: Sequence[RunResult]) -> str:
    """Tidy CSV: a row per figure of an analysis, as results have them; undefined ones empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("encoder", "suite", *AnalysisRecord.model_fields))
    for result in results:
        encoder = _cell(result.encoder.name), _cell(result.suite)
        for one in result.analyses:
            values = (value for _, value in one)
            cells = (_cell(value) if isinstance(value, str) else value for value in values)
            writer.writerow((*encoder, *cells))
    return buffer.getvalue()


def unit_fits(result: RunResult) -> dict[tuple[object, ...], tuple[float | None, bool, bool]]:
    """Penalty of each unit's fit, whether its layer was chosen for its fold, or by the oracle.

    By protocol, fold, probe, seed and layer. A unit without a fit, which a result that doesn't
    pass its check may hold, has no penalty.
    """
    chosen = {(*run_of(choice), choice.layer) for choice in result.choices}
    penalties = {(*run_of(fit), fit.layer): fit.penalty for fit in result.fits}
    oracles = _oracles(result)
    return {
        place: (penalties.get(place), place in chosen, place in oracles)
        for place in ((*run_of(unit), unit.layer) for unit in result.units)
    }


def _oracles(result: RunResult) -> set[tuple[object, ...]]:
    """Places of the oracles, by protocol, fold, probe, seed and layer."""
    if result.choices:
        return {(*run_of(one), one.oracle_layer) for one in result.choices}
    layers = {(record.protocol, record.probe): record.oracle_layer for record in result.summary}
    places = ((*run_of(fit), fit.layer) for fit in result.fits)
    return {place for place in places if layers.get((place[0], place[2])) == place[-1]}


def _chosen_layers(result: RunResult) -> dict[tuple[object, ...], str]:
    """Layers that were chosen in the folds that score a corpus.

    By protocol, corpus, probe and seed.
    """
    chosen = {run_of(choice): choice.layer for choice in result.choices}
    found: dict[tuple[object, ...], set[int]] = {}
    for unit in result.units:
        if chosen.get(run_of(unit)) == unit.layer:
            place = unit.protocol, unit.corpus, unit.probe, unit.seed
            found.setdefault(place, set()).add(unit.layer)
    return {place: " ".join(map(str, sorted(layers))) for place, layers in found.items()}


def _layers_of(one: CorpusScore, layers: dict[tuple[object, ...], str]) -> str:
    """Layers behind a score of which each fold has its own; else none."""
    place = one.protocol, one.corpus, one.probe, one.seed
    return layers.get(place, "") if one.layer is None else ""


R = TypeVar("R", UnitRecord, CorpusScore)


def _in_order(result: RunResult, records: Sequence[R]) -> list[R]:
    protocols = _places([card.name for card in result.protocols], (r.protocol for r in records))
    probes = _places([card.name for card in result.probes], (r.probe for r in records))
    corpora = _places([one.card.name for one in result.corpora], (r.corpus for r in records))
    return sorted(
        records,
        key=lambda one: (
            protocols[one.protocol],
            corpora[one.corpus],
            -1 if one.layer is None else one.layer,
            probes[one.probe],
            -1 if one.seed is None else one.seed,
            getattr(one, "fold", ""),
        ),
    )


def _places(listed: Sequence[str], used: Iterable[str]) -> dict[str, int]:
    """Number the names that a result lists in its order, and behind them others in use."""
    others = sorted(set(used) - set(listed))
    return {name: i for i, name in enumerate([*listed, *others])}


def to_means_csv(results: Sequence[RunResult]) -> str:
    """Tidy CSV: up to four rows a probe and protocol, means over corpora and then over seeds.

    ``what`` is ``chosen``; ``layer 0``, the embedding output; ``oracle``, the best on the scored
    texts themselves (of each fold, where its QWK is known alone, or, in the study's form, one
    layer); or ``layers``, the mean over the other layers. ``layers`` are those that were chosen,
    or the oracle's.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(MEANS_HEADER)
    for result in results:
        names = [_cell(result.encoder.name), _cell(result.suite), result.encoder.role]
        for record in result.summary:
            own = [_cell(record.protocol), _cell(record.probe)]
            for what, (scores, layers) in _means(record).items():
                values = [getattr(scores, name) for name in Scores.model_fields]
                if any(value is not None for value in values):
                    places = " ".join(map(str, layers))
                    writer.writerow([*names, *own, what, places, *values])
    return buffer.getvalue()


def _means(record: SummaryRecord) -> dict[str, tuple[Scores, tuple[int, ...]]]:
    """Lines of one probe under one protocol, with their layers where these are known."""
    none = Scores.undefined()
    oracle = record.oracle or none.model_copy(update={"qwk": record.oracle_qwk})
    layer = () if record.oracle_layer is None else (record.oracle_layer,)
    return {
        "chosen": (record.chosen or none, record.chosen_layers),
        "layer 0": (record.embedding or none, (0,)),
        "oracle": (oracle, layer),
        "layers": (record.layer_mean, ()),
    }


#: What ``--format`` takes.
FORMATS: dict[str, Callable[[Sequence[RunResult]], str]] = {
    "csv": to_csv,
    "corpora": to_corpus_csv,
    "analyses": to_analyses_csv,
    "means": to_means_csv,
}


def with_marks(kind: str, results: Sequence[RunResult], marks: Sequence[str]) -> str:
    """Export results of which some are not to be trusted: a last column says why, row by row."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for number, (result, mark) in enumerate(zip(results, marks, strict=True)):
        header, *rows = csv.reader(io.StringIO(FORMATS[kind]([result])))
        if number == 0:
            writer.writerow([*header, "unchecked"])
        writer.writerows([*row, _cell(mark)] for row in rows)
    return buffer.getvalue()
