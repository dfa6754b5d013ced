"""Which of a result's figures is meant: the one answer, for terminal, pages, exports and checks.

- **Layer and penalty**: those with the best mean QWK on what the inner cuts of a fold held out;
  in the study's form, which cuts nothing, the *oracle's* layer: the best on the scored texts
  themselves. Layer 0 stands apart: it is shown and never chosen.
- **Predictions**: those of that layer are kept, and those of layer 0, of no other.
- **Probe**: where one has to stand for all, the one that the inner cuts favour; the oracle's
  in the study's form.
- **In and out of distribution**: ``iid``, and ``lofo`` before ``loco``, or else the first protocol
  of that kind.

What may be compared stands in :mod:`cefrbench.results.question`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal

from cefrbench.contracts.cards import PLUS, ProbeCard, ProtocolCard
from cefrbench.results.model import (
    ChoiceRecord,
    CorpusScore,
    FitRecord,
    PenaltyRecord,
    RunResult,
    SummaryRecord,
    UnitRecord,
)

#: (protocol, fold, probe, seed): all layers of one of these are fitted on the same rows.
Run = tuple[str, str, str, int | None]
#: What a choice was made on. An oracle looks at the very texts that it is then scored on.
Rule = Literal["inner", "oracle"]
Side = Literal["in", "out"]

#: Protocols that stand for in and out of distribution where they were run, first to last.
USUAL: Final[dict[Side, tuple[str, ...]]] = {"in": ("iid",), "out": ("lofo", "loco")}
#: What tables call the two sides, and what sentences do.
TITLES: Final[dict[Side, str]] = {"in": "IID", "out": "OOD"}
WORDS: Final[dict[Side, str]] = {"in": "in distribution", "out": "out of distribution"}


# -- layers and penalties ------------------------------------------------------------------------


def run_of(record: FitRecord | UnitRecord | ChoiceRecord) -> Run:
    """Which run over layers a fit, unit or choice belongs to."""
    return record.protocol, record.fold, record.probe, record.seed


def by_inner(layer: int, qwk: float | None) -> tuple[float, int]:
    """Sort key of layers in one run: best QWK on the inner cuts first, of equals the lowest.

    An undefined QWK is worse than any.
    """
    return -_or_worst(qwk), layer


def by_oracle(layer: int, units: int, qwk: float | None) -> tuple[int, float, int]:
    """Sort key of layers under one protocol: best mean QWK on scored texts first, then lowest.

    Layers that lack units come last: one where the hard corpus failed must not win by that.
    """
    return -units, -_or_worst(qwk), layer


def best_penalty(path: Sequence[PenaltyRecord]) -> int:
    """Place of the penalty with the best QWK on the inner cuts; of equals the strongest."""
    return min(range(len(path)), key=lambda p: (-_or_worst(path[p].inner_qwk), p))


def choose(fits: Iterable[FitRecord], cards: Iterable[ProbeCard]) -> tuple[ChoiceRecord, ...]:
    """Choose layer and penalty for each protocol, fold, probe and seed, on inner cuts alone.

    A probe that follows another (its card's ``layer_from``) was fitted at that one's layer alone.
    Runs without inner cuts have no choice.
    """
    leaders = {card.name: card.layer_from for card in cards}
    runs: dict[Run, list[FitRecord]] = defaultdict(list)
    for fit in fits:
        runs[run_of(fit)].append(fit)
    choices: list[ChoiceRecord] = []
    led: dict[tuple[str, str, str], int] = {}
    for run, layers in runs.items():
        eligible = [fit for fit in layers if fit.layer > 0] or layers
        follows = leaders.get(run[2]) if not eligible[0].held else None
        if not eligible[0].held and follows is None:
            continue
        if follows is not None:
            # Parts of a run that are merged may hold fits at layers of their own choices.
            layer = led.get((run[0], run[1], follows))
            eligible = [fit for fit in eligible if fit.layer == layer] or eligible
        best = min(eligible, key=lambda fit: by_inner(fit.layer, inner_qwk(fit)))
        led[run[:3]] = best.layer
        oracle = None if follows else _oracle(eligible)
        choices.append(
            ChoiceRecord(
                protocol=run[0],
                fold=run[1],
                probe=run[2],
                seed=run[3],
                layer=best.layer,
                penalty=best.penalty,
                inner_qwk=inner_qwk(best),
                scored_qwk=scored_qwk(best),
                follows=follows,
                oracle_layer=oracle[0] if oracle else None,
                oracle_penalty=oracle[1].penalty if oracle else None,
                oracle_qwk=oracle[1].scored_qwk if oracle else None,
            )
        )
    return tuple(choices)


def inner_qwk(fit: FitRecord) -> float | None:
    """QWK on the inner cuts, at the penalty of the fit."""
    return next(point.inner_qwk for point in fit.path if point.penalty == fit.penalty)


def scored_qwk(fit: FitRecord) -> float | None:
    """QWK on the scored texts, at the penalty of the fit."""
    return next(point.scored_qwk for point in fit.path if point.penalty == fit.penalty)


def _oracle(fits: Sequence[FitRecord]) -> tuple[int, PenaltyRecord]:
    """Layer and penalty with the best mean QWK on a fold's scored texts, under the same freedom."""
    points = [(fit.layer, point) for fit in fits for point in fit.path]
    return min(points, key=lambda entry: (-_or_worst(entry[1].scored_qwk), entry[0]))


def stored_layers(
    fits: Iterable[FitRecord],
    choices: Iterable[ChoiceRecord],
    summary: Iterable[SummaryRecord],
) -> dict[Run, int]:
    """Layer of each run that counts: the chosen one, or else the oracle's.

    Its predictions are kept (:mod:`cefrbench.results.keep` keeps them as they are made). A run
    that has no fit at the oracle's layer is absent.
    """
    chosen = {run_of(choice): choice.layer for choice in choices}
    oracle = {(record.protocol, record.probe): record.oracle_layer for record in summary}
    stored: dict[Run, int] = {}
    for fit in fits:
        run = run_of(fit)
        if fit.layer == chosen.get(run, oracle.get((fit.protocol, fit.probe))):
            stored[run] = fit.layer
    return stored


def counted_units(result: RunResult) -> Iterator[UnitRecord]:
    """Units at the layers that count, in the result's order."""
    stored = stored_layers(result.fits, result.choices, result.summary)
    return (unit for unit in result.units if stored.get(run_of(unit)) == unit.layer)


def counted_scores(result: RunResult) -> Iterator[CorpusScore]:
    """Scores by corpus at the layers that count, in the result's order."""
    oracle = {(record.protocol, record.probe): record.oracle_layer for record in result.summary}
    for score in result.scores:
        if score.layer == (None if result.choices else oracle[score.protocol, score.probe]):
            yield score


def kept_units(result: RunResult) -> Iterator[UnitRecord]:
    """Units whose predictions are kept: at the layers that count, and at layer 0 beside them."""
    stored = stored_layers(result.fits, result.choices, result.summary)
    for unit in result.units:
        layer = stored.get(run_of(unit))
        if unit.layer == layer or (unit.layer == 0 and result.choices):
            yield unit


def refitted_units(result: RunResult) -> Iterator[UnitRecord]:
    """Units whose fits are made again on resampled training texts, with the first seed.

    Those at the chosen layers; of layer 0 and of probes that follow another, under the protocols
    of the gap alone; of layer 0 of methods, none.
    """
    if not result.config.refits or not result.choices:
        return
    lead = headline({split.protocol for split in result.splits if split.skipped is None})
    follows = {choice.probe for choice in result.choices if choice.follows}
    apart = any(fit.layer > 0 for fit in result.fits)
    for unit in kept_units(result):
        if unit.seed not in (None, result.config.seeds[0]):
            continue
        beside = unit.probe in follows or (apart and unit.layer == 0)
        if apart and unit.layer == 0 and PLUS in unit.probe:
            continue
        if unit.protocol in lead or not beside:
            yield unit


# -- probes --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Favoured:
    """The probe that stands for a result, and what it was chosen on."""

    probe: str
    rule: Rule


def favoured_probe(result: RunResult) -> Favoured:
    """Choose the probe with the best mean QWK on the inner cuts, the first of equals.

    A probe's mean is over folds, each the mean over seeds; probes that lack folds come last, and
    with them those that take their layer from another. A method against corpus bias (METHOD+PROBE)
    stands for a result only where no probe does. In the study's form there are no inner
    cuts: the rule is then the oracle, the best mean over protocols of the QWK on the scored texts,
    which is how the study reads its tables. Scored texts have no say where there are inner cuts,
    even if none gives a defined QWK.
    """
    rule: Rule = "inner" if result.choices else "oracle"
    values: dict[str, dict[tuple[str, str], list[float]]]
    plain = [card.name for card in result.probes if PLUS not in card.name]
    values = {name: defaultdict(list) for name in plain or [c.name for c in result.probes]}
    if rule == "inner":
        for choice in result.choices:
            if choice.inner_qwk is not None and choice.probe in values:
                values[choice.probe][choice.protocol, choice.fold].append(choice.inner_qwk)
    else:
        for record in result.summary:
            if record.oracle_qwk is not None and record.probe in values:
                values[record.probe][record.protocol, ""].append(record.oracle_qwk)

    def merit(probe: str) -> tuple[int, float]:
        folds = values[probe].values()
        return len(folds), fmean(map(fmean, folds)) if folds else 0.0

    return Favoured(max(values, key=merit), rule)


# -- protocols -----------------------------------------------------------------------------------


def sides(cards: Iterable[ProtocolCard], done: Container[str]) -> dict[Side, str]:
    """Protocols that stand for in and out of distribution, among those that were run.

    The usual one, or else the first of its kind; a side without any is absent.
    """
    cards = tuple(cards)
    found: dict[Side, str] = {}
    for side, usual in USUAL.items():
        names = [card.name for card in cards if card.distribution == side and card.name in done]
        if names:
            found[side] = next((name for name in usual if name in names), names[0])
    return found


def usual_of(side: Side, done: Container[str]) -> str | None:
    """The protocol that stands for a side, among those that were run."""
    return next((name for name in USUAL[side] if name in done), None)


def headline(done: Container[str]) -> tuple[str, ...]:
    """Protocols that the gap is or would be between, among those that were run."""
    found = [usual_of(side, done) for side in USUAL]
    return tuple(name for name in found if name is not None)


def gap_of(done: Container[str]) -> tuple[str, str] | None:
    """The two protocols whose difference is the gap, among those that were run."""
    found = headline(done)
    return (found[0], found[1]) if len(found) == len(USUAL) else None


def protocol_title(name: str) -> str:
    """What tables call a protocol: the usual ones by what they stand for, others by their name."""
    return {"iid": TITLES["in"], "lofo": TITLES["out"]}.get(name, name)


def protocol_words(name: str, done: Container[str], title: str = "") -> str:
    """What a sentence calls a protocol, or the gap; others by their name, with their title.

    Of those that were run, the two that the gap is between are in and out of distribution.
    """
    if name == "gap":
        return "between in and out of distribution"
    for side, usual in USUAL.items():
        if name == next((one for one in usual if one in done), None):
            return WORDS[side]
    return f"under {name}" + (f" ({title.lower()})" if title else "")


def _or_worst(value: float | None) -> float:
    return float("-inf") if value is None else value
