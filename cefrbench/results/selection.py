"""Which of a result's figures is meant: the one answer, for terminal, pages, exports and checks.

- **Layer**: the one chosen on the validation rows of its fold; where a fold has none (the study's
  form), the *oracle's*: the best on the scored texts themselves.
- **Predictions**: those of that layer are kept, of no other.
- **Probe**: where one has to stand for all, the one that the validation texts favour; the oracle's
  in the study's form.
- **In and out of distribution**: ``iid`` and ``loco``, or else the first protocol of that kind.

What may be compared stands in :mod:`cefrbench.results.question`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal

from cefrbench.contracts.cards import ProtocolCard
from cefrbench.results.model import (
    ChoiceRecord,
    FitRecord,
    RunResult,
    SummaryRecord,
    UnitRecord,
)
from cefrbench.statistics.scores import qwks

#: (protocol, fold, probe, seed): all layers of one of these are fitted on the same rows.
Run = tuple[str, str, str, int | None]
#: What a choice was made on. An oracle looks at the very texts that it is then scored on.
Rule = Literal["validation", "oracle"]
Side = Literal["in", "out"]

#: Protocols that stand for in and out of distribution where they were run.
USUAL: Final[dict[Side, str]] = {"in": "iid", "out": "loco"}
#: What tables call the two sides, and what sentences do.
TITLES: Final[dict[Side, str]] = {"in": "IID", "out": "OOD"}
WORDS: Final[dict[Side, str]] = {"in": "in distribution", "out": "out of distribution"}
#: The two protocols whose difference is the gap.
GAP: Final = (USUAL["in"], USUAL["out"])


# -- layers --------------------------------------------------------------------------------------


def run_of(record: FitRecord | UnitRecord | ChoiceRecord) -> Run:
    """Which run over layers a fit, unit or choice belongs to."""
    return record.protocol, record.fold, record.probe, record.seed


def by_validation(layer: int, qwk: float | None) -> tuple[float, int]:
    """Sort key of layers in one run: best QWK on validation rows first, of equals the lowest.

    An undefined QWK is worse than any.
    """
    return -_or_worst(qwk), layer


def by_oracle(layer: int, units: int, qwk: float | None) -> tuple[int, float, int]:
    """Sort key of layers under one protocol: best mean QWK on scored texts first, then lowest.

    Layers that lack units come last: one where the hard corpus failed must not win by that.
    """
    return -units, -_or_worst(qwk), layer


def choose_layers(fits: Iterable[FitRecord]) -> tuple[ChoiceRecord, ...]:
    """Choose a layer for each protocol, fold, probe and seed, on validation rows alone.

    Runs without validation rows (the study's form) have no choice.
    """
    runs: dict[Run, list[tuple[int, float | None]]] = defaultdict(list)
    validated = [(fit, fit.validation) for fit in fits if fit.validation is not None]
    values = qwks([validation for _, validation in validated])
    for (fit, _), value in zip(validated, values, strict=True):
        runs[run_of(fit)].append((fit.layer, value))
    choices = []
    for (protocol, fold, probe, seed), layers in runs.items():
        layer, best = min(layers, key=lambda entry: by_validation(*entry))
        choices.append(
            ChoiceRecord(
                protocol=protocol,
                fold=fold,
                probe=probe,
                seed=seed,
                layer=layer,
                validation_qwk=best,
            )
        )
    return tuple(choices)


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


# -- probes --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Favoured:
    """The probe that stands for a result, and what it was chosen on."""

    probe: str
    rule: Rule


def favoured_probe(result: RunResult) -> Favoured:
    """Choose the probe with the best mean QWK on validation texts, the first of equals.

    A probe's mean is over folds, each the mean over seeds; probes that lack folds come last. In
    the study's form there are no validation texts: the rule is then the oracle, the best mean over
    protocols of the QWK on the scored texts, which is how the study reads its tables. Scored texts
    have no say where there are validation texts, even if none gives a defined QWK.
    """
    rule: Rule = "validation" if result.choices else "oracle"
    values: dict[str, dict[tuple[str, str], list[float]]]
    values = {card.name: defaultdict(list) for card in result.probes}
    if rule == "validation":
        for choice in result.choices:
            if choice.validation_qwk is not None:
                values[choice.probe][choice.protocol, choice.fold].append(choice.validation_qwk)
    else:
        for record in result.summary:
            if record.oracle.qwk is not None:
                values[record.probe][record.protocol, ""].append(record.oracle.qwk)

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
            found[side] = usual if usual in names else names[0]
    return found


def protocol_title(name: str) -> str:
    """What tables call a protocol: the usual ones by what they stand for, others by their name."""
    return next((TITLES[side] for side, usual in USUAL.items() if usual == name), name)


def protocol_words(name: str, title: str = "") -> str:
    """What a sentence calls a protocol, or the gap; others by their name, with their title."""
    if name == "gap":
        return "between in and out of distribution"
    known = {usual: WORDS[side] for side, usual in USUAL.items()}
    return known.get(name, f"under {name}" + (f" ({title.lower()})" if title else ""))


def _or_worst(value: float | None) -> float:
    return float("-inf") if value is None else value
