"""What methods against corpus bias do: each beside what it has to beat, on the same texts.

- **Its probe**: the same probe without a method, with the standard's weights and choice of penalty.
- **The study's probe** (`unweighted`): no balanced weights; with `--penalty` a fixed penalty.
- **The same method on the length of a text**: what it makes of no model at all.

Errors are those of comparisons, of the whole procedure; Holm's correction is over the methods of
one encoder, score and side. Rank correlation and recut QWK know no thresholds: a method that moves
thresholds alone changes neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from cefrbench.errors import ResultError
from cefrbench.results.comparable import check_same_texts
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.question import difference, question_of
from cefrbench.results.samples import samples
from cefrbench.results.selection import USUAL, Side, headline
from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import Replicates, mean_of, resample
from cefrbench.statistics.errors import Errors
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.pairs import PairedTest, corrected, these_corpora
from cefrbench.statistics.resampling import REPLICATES, TextWeights
from cefrbench.statistics.sample import Sample

#: What a method is read against.
Against = Literal["probe", "study", "length"]
#: Scores that are told: all of a prediction, and what of it is direction.
TOLD = ("qwk", "recut", "spearman")
#: The name of a mean over encoders.
MEAN = "mean"
#: The method that is the study's baseline, and the encoder that reads the length of a text.
STUDY, LENGTH = "unweighted", "length"

#: Replicates of all probes: by encoder, side and probe.
MethodReplicates: TypeAlias = "dict[str, dict[Side, dict[str, Replicates]]]"


@dataclass(frozen=True, slots=True)
class MethodEffect:
    """One method on one encoder, beside one of what it has to beat.

    Attributes
    ----------
    encoder : str
        Its name, or ``mean``.
    method, probe, sees : str
        The method, the probe that it wraps, and what its card says that it sees.
    side : {"in", "out"}
        Of distribution.
    against : {"probe", "study", "length"}
    score : str
    value, baseline : float or None
        None where the score is undefined.
    test : PairedTest or None
        Of the difference; None where too few resamples have a score.
    """

    encoder: str
    method: str
    probe: str
    sees: str
    side: Side
    against: Against
    score: str
    value: float | None
    baseline: float | None
    test: PairedTest | None

    @property
    def difference(self) -> float | None:
        """Value less baseline."""
        if self.value is None or self.baseline is None:
            return None
        return self.value - self.baseline


@dataclass(frozen=True, slots=True)
class MethodEffects:
    """All of some results.

    Attributes
    ----------
    encoders : tuple of str
        Those that the mean is over come first, references last.
    averaged : tuple of str
    effects : tuple of MethodEffect
    """

    encoders: tuple[str, ...]
    averaged: tuple[str, ...]
    effects: tuple[MethodEffect, ...]

    def find(
        self, encoder: str, method: str, side: Side, against: Against = "probe", score: str = "qwk"
    ) -> MethodEffect | None:
        """One of them, of the first probe that the method wraps."""
        wanted = (encoder, method, side, against, score)
        return next(
            (
                e
                for e in self.effects
                if (e.encoder, e.method, e.side, e.against, e.score) == wanted
            ),
            None,
        )

    @property
    def methods(self) -> tuple[str, ...]:
        """Names, in the order of the results."""
        return tuple(dict.fromkeys(effect.method for effect in self.effects))


@dataclass(frozen=True, slots=True)
class _Wrapped:
    name: str
    method: str
    probe: str
    sees: str


def tell_methods(
    entries: Sequence[tuple[RunResult, PredictionTable]],
    *,
    scores: Sequence[str] = TOLD,
    averaged: Sequence[str] | None = None,
    outside: str | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> MethodEffects:
    """Read what methods do off results.

    Several results of one encoder are taken together: a method may be run by itself.

    Parameters
    ----------
    entries : sequence of (RunResult, PredictionTable)
    scores : sequence of str
    averaged : sequence of str, optional
        Encoders that the mean is over; those that are no references, if none are named.
    outside : str, optional
        The protocol that stands for out of distribution; the usual one, if none is named.
    replicates, seed : int

    Raises
    ------
    ResultError
        When the results were asked different questions, or none holds a method and its probe.
    """
    results = [result for result, _ in entries]
    for other in results[1:]:
        if (reason := difference(question_of(results[0]), question_of(other))) is not None:
            raise ResultError(
                f"{results[0].encoder.name} and {other.encoder.name} can't be compared: {reason}."
            )
    wrapped = _wrapped(results)
    if not wrapped:
        raise ResultError(
            "No result holds a method: run one with --probe METHOD+PROBE and --probe PROBE beside "
            "it."
        )
    roles = {result.encoder.name: result.encoder.role for result in results}
    over = [
        name
        for name, role in roles.items()
        if (role != "reference" if averaged is None else name in averaged)
    ]
    order = (*over, *(name for name in roles if name not in over))
    by_encoder = _samples(entries, outside)
    weights = TextWeights(replicates, seed)
    effects: list[MethodEffect] = []
    for score in scores:
        drawn: MethodReplicates = {
            name: {
                side: {
                    probe: resample(sample, get_statistic(score), weights).draws()
                    for probe, sample in own.items()
                }
                for side, own in by_encoder[name].items()
            }
            for name in order
        }
        if len(over) > 1:
            drawn[MEAN] = _means([drawn[name] for name in over])
        for name, sides in drawn.items():
            length = drawn.get(LENGTH, {}) if name != LENGTH else {}
            for side, own in sides.items():
                for against in ("probe", "study", "length"):
                    effects += _tested(
                        name, side, against, score, wrapped, own, length.get(side, {})
                    )
    if not effects:
        raise ResultError(
            "No method stands beside the probe that it wraps: run it once more with --probe PROBE."
        )
    return MethodEffects(order, tuple(over) if len(over) > 1 else (), tuple(effects))


def _wrapped(results: Sequence[RunResult]) -> list[_Wrapped]:
    found: dict[str, _Wrapped] = {}
    for result in results:
        for card in result.probes:
            method, plus, probe = card.name.partition("+")
            if plus:
                own = _Wrapped(card.name, method, probe, str(card.params.get("sees", "")))
                found.setdefault(card.name, own)
    return list(found.values())


def _samples(
    entries: Sequence[tuple[RunResult, PredictionTable]], outside: str | None
) -> dict[str, dict[Side, dict[str, Sample]]]:
    """Samples by encoder, side and probe; all of one side are of the same texts."""
    found: dict[str, dict[Side, dict[str, Sample]]] = {}
    first: dict[Side, tuple[str, Sample]] = {}
    for result, table in entries:
        name = result.encoder.name
        done = {split.protocol for split in result.splits if split.skipped is None}
        lead = headline(done) if outside is None else (*USUAL["in"], outside)
        for (protocol, probe), sample in samples(result, table).items():
            if protocol not in lead:
                continue
            side: Side = "in" if protocol in USUAL["in"] else "out"
            label, other = first.setdefault(side, (name, sample))
            check_same_texts([label, name], [other, sample])
            found.setdefault(name, {}).setdefault(side, {}).setdefault(probe, sample)
    return found


def _means(drawn: Sequence[dict[Side, dict[str, Replicates]]]) -> dict[Side, dict[str, Replicates]]:
    """Mean over encoders, of the probes that all have."""
    return {
        side: {
            probe: mean_of([one[side][probe] for one in drawn])
            for probe in drawn[0][side]
            if all(probe in one.get(side, {}) for one in drawn)
        }
        for side in drawn[0]
    }


def _tested(
    encoder: str,
    side: Side,
    against: Against,
    score: str,
    wrapped: Sequence[_Wrapped],
    own: dict[str, Replicates],
    length: dict[str, Replicates],
) -> list[MethodEffect]:
    """Test all methods of one encoder, score and side against one thing each."""
    pairs: list[tuple[_Wrapped, Replicates, Replicates]] = []
    for one in wrapped:
        base = {
            "probe": own.get(one.probe),
            "study": own.get(f"{STUDY}+{one.probe}") if one.method != STUDY else None,
            "length": length.get(one.name),
        }[against]
        if one.name in own and base is not None:
            pairs.append((one, own[one.name], base))
    if not pairs:
        return []
    found = [errors_of([value, base]) for _, value, base in pairs]
    errors = Errors(
        np.array([one.error[0, 1] for one in found]), np.array([one.freedom[0, 1] for one in found])
    )
    estimates = np.array([value.estimate - base.estimate for _, value, base in pairs])
    tests = corrected(these_corpora(estimates, errors))
    return [
        MethodEffect(
            *(encoder, one.method, one.probe, one.sees, side, against, score),
            *(_or_none(value.estimate), _or_none(base.estimate), tests.one(place)),
        )
        for place, (one, value, base) in enumerate(pairs)
    ]


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
