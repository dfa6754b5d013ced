"""The claim ladder: how far does an encoder read proficiency beyond corpora?

Out of distribution its QWK is tested against that of each reference, from the humblest: one level
for all texts, an untrained model, its own layer 0, the length of the text, its surface, its
complexity, its parses. Every test is paired, with errors of the whole procedure, on these corpora;
Holm's correction is over all rungs that are tested. Both sides take the probe that their own inner
cuts favour, so no scored text has a say. What is not there is untested, and no untested rung is
passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from operator import itemgetter
from pathlib import Path
from typing import Final

import numpy as np

from cefrbench.errors import ResultError
from cefrbench.results.checked import read_checked
from cefrbench.results.comparable import check_comparable, check_same_texts
from cefrbench.results.explanation import Claim, ClaimRung, Figure
from cefrbench.results.io import slug
from cefrbench.results.model import RunResult
from cefrbench.results.parts import Explained, figure
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.samples import samples
from cefrbench.results.selection import favoured_probe, protocol_words
from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import Replicates, resample
from cefrbench.statistics.errors import Errors
from cefrbench.statistics.pairs import holm, these_corpora
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Sample
from cefrbench.statistics.scoring import SUM_STATISTICS

QWK = SUM_STATISTICS["qwk"]
#: Rungs from the humblest, with their words in a sentence.
LADDER: Final = {
    "majority": "one level for all texts",
    "untrained": "an untrained model",
    "layer 0": "its own layer 0, subwords without context",
    "length": "the length of the text",
    "surface": "surface features",
    "complexity": "complexity features",
    "ud": "features of parses",
}
#: Rungs that an encoder of this name stands for.
NAMED: Final = ("length", "surface", "complexity", "ud")


@dataclass(frozen=True, slots=True)
class Rival:
    """What stands on one rung.

    Attributes
    ----------
    rung : str
    reference, probe : str or None
    draws : Replicates or None
        Its QWK out of distribution; None where the rung can't be tested.
    reason : str
        Why not.
    """

    rung: str
    reference: str | None
    probe: str | None
    draws: Replicates | None
    reason: str = ""


# -- references ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Beside:
    """References that lie beside a result, and why some could not be taken.

    Attributes
    ----------
    results : tuple of (RunResult, PredictionTable)
    reasons : dict of str to str
        By encoder.
    """

    results: tuple[tuple[RunResult, PredictionTable], ...]
    reasons: dict[str, str]


def find_references(result: RunResult, path: Path, folders: Iterable[Path] = ()) -> Beside:
    """Read the references of a result: beside its own folder, and in others.

    Parameters
    ----------
    result : RunResult
    path : Path
        Of its file, ``DIR/<encoder>/<suite>.json``; references lie in ``DIR/<reference>/``.
    folders : iterable of Path
        Where else to look, in the same order of folders.
    """
    places = [path.absolute().parent.parent, *folders]
    named = [*NAMED, *result.config.references]
    named += [record.encoder.name for record in result.references]
    found: list[tuple[RunResult, PredictionTable]] = []
    reasons: dict[str, str] = {}
    for name in dict.fromkeys(named):
        if name == result.encoder.name:
            continue
        there = [
            file
            for place in places
            for stem in dict.fromkeys((path.name, f"{result.suite}.json"))
            if (file := place / slug(name) / stem).is_file()
        ]
        if not there:
            reasons[name] = f"no result of {name} lies beside it"
            continue
        try:
            found.append(
                read_checked(there[0], first=lambda other: check_comparable([result, other]))
            )
        except ResultError as error:
            reasons[name] = str(error)
    return Beside(tuple(found), reasons)


# -- the ladder ----------------------------------------------------------------------------------


def make_claim(source: Explained, outside: str, probe: str, found: Beside) -> Claim | None:
    """Test one probe of a result against each rung; None where it has no predictions there."""
    result = source.result
    sample = source.raw.get((outside, probe))
    if sample is None:
        return None
    own = resample(sample, QWK, source.weights).draws()
    return climb(result.encoder.name, outside, probe, own, _rivals(source, sample, found))


def climb(
    encoder: str, protocol: str, probe: str, own: Replicates, rivals: Sequence[Rival]
) -> Claim:
    """Test one score against what stands on each rung; the rung `majority` is put below them.

    Parameters
    ----------
    encoder, protocol, probe : str
    own : Replicates
        The encoder's QWK out of distribution.
    rivals : sequence of Rival
        Of the rungs above `majority`, from the humblest, on the same texts.
    """
    rungs = _test(own, [Rival("majority", None, None, _nothing(own)), *rivals])
    passed = list(takewhile(lambda rung: rung.status == "passed", rungs))
    claim = Claim(
        probe=probe,
        protocol=protocol,
        qwk=figure(own, QWK),
        rungs=tuple(rungs),
        height=len(passed),
        top=passed[-1].name if passed else None,
        verdict="",
    )
    return claim.model_copy(update={"verdict": verdict(encoder, claim)})


def _nothing(own: Replicates) -> Replicates:
    """A QWK of 0 whatever is drawn: that of one level for all texts."""
    return Replicates(
        estimate=0.0,
        values=np.zeros_like(own.values),
        luck=np.zeros_like(own.luck),
        spread=0.0,
        doubt=0.0,
        refits=np.zeros(0),
        texts=own.texts,
        influence=np.zeros_like(own.influence),
        corpora={},
    )


def _rivals(source: Explained, sample: Sample, found: Beside) -> list[Rival]:
    rivals = [_untrained(source, sample, found), _layer_0(source, sample)]
    rivals += [
        _named(source, sample, found, name) for name in NAMED if name != source.result.encoder.name
    ]
    return rivals


def _untrained(source: Explained, sample: Sample, found: Beside) -> Rival:
    """The strongest of the untrained models that were run on the same texts."""
    names = [r.encoder.name for r in source.result.references if r.encoder.role == "control"]
    reasons = [found.reasons[name] for name in names if name in found.reasons]
    rivals = [
        _rival(source, sample, "untrained", result, table)
        for result, table in found.results
        if result.encoder.role == "control"
    ]
    tested = [(rival.draws.estimate, rival) for rival in rivals if rival.draws is not None]
    if tested:
        return max(tested, key=itemgetter(0))[1]
    reason = next(
        iter([*(r.reason for r in rivals), *reasons]), "no untrained model lies beside it"
    )
    return Rival("untrained", None, None, None, reason)


def _layer_0(source: Explained, sample: Sample) -> Rival:
    found = samples(source.result, source.table, embedding=True)
    own = found.get((sample.protocol, sample.probe))
    if own is None:
        return Rival("layer 0", None, None, None, "no layer 0 stands beside the layers chosen from")
    draws = _alike(source.weights, sample, own, (source.result.encoder.name, "its layer 0"))
    return replace(draws, rung="layer 0", reference=source.result.encoder.name)


def _named(source: Explained, sample: Sample, found: Beside, name: str) -> Rival:
    for result, table in found.results:
        if result.encoder.name == name:
            return _rival(source, sample, name, result, table)
    reason = found.reasons.get(name, f"no result of {name} lies beside it")
    return Rival(name, None, None, None, reason)


def _rival(
    source: Explained, sample: Sample, rung: str, result: RunResult, table: PredictionTable
) -> Rival:
    probe = favoured_probe(result).probe
    own = samples(result, table).get((sample.protocol, probe))
    name = result.encoder.name
    if own is None:
        reason = f"{name} has no predictions of {probe} under {sample.protocol}"
        return Rival(rung, name, probe, None, reason)
    tested = _alike(source.weights, sample, own, (source.result.encoder.name, name))
    return replace(tested, rung=rung, reference=name)


def _alike(weights: TextWeights, sample: Sample, own: Sample, labels: Sequence[str]) -> Rival:
    """A rival on the same texts; untested where they aren't the same."""
    try:
        check_same_texts(labels, [sample, own])
    except ResultError as error:
        return Rival("", None, own.probe, None, str(error))
    return Rival("", None, own.probe, resample(own, QWK, weights).draws())


def _test(own: Replicates, rivals: Sequence[Rival]) -> list[ClaimRung]:
    """Test all rungs that can be, and correct over them."""
    able = [rival.draws for rival in rivals if rival.draws is not None]
    errors = errors_of([own, *able])
    difference = np.array([own.estimate - one.estimate for one in able])
    tests = these_corpora(difference, Errors(errors.error[0, 1:], errors.freedom[0, 1:]))
    corrected, _ = holm(tests.p)
    rungs, place = [], 0
    for rival in rivals:
        if rival.draws is None:
            rungs.append(
                ClaimRung(
                    name=rival.rung,
                    reference=rival.reference,
                    probe=rival.probe,
                    status="untested",
                    reason=rival.reason,
                )
            )
            continue
        p, p_holm = tests.p[place], corrected[place]
        known = not np.isnan(p)
        shown = known and p_holm < 0.05
        rungs.append(
            ClaimRung(
                name=rival.rung,
                reference=rival.reference,
                probe=rival.probe,
                status=("passed" if difference[place] > 0 else "worse")
                if shown
                else ("not shown" if known else "untested"),
                reason="" if known else "the texts are too few, or have one level only",
                qwk=_or_none(rival.draws.estimate),
                difference=Figure(
                    value=_or_none(difference[place]),
                    low=_or_none(tests.low[place]),
                    high=_or_none(tests.high[place]),
                    error=_or_none(errors.error[0, 1 + place]),
                    refits=max(len(own.refits), len(rival.draws.refits)),
                ),
                p=_or_none(p),
                p_holm=_or_none(p_holm),
            )
        )
        place += 1
    return rungs


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


# -- in words ------------------------------------------------------------------------------------


def verdict(name: str, claim: Claim) -> str:
    """Say how far an encoder comes, in one sentence."""
    where = protocol_words(claim.protocol, (claim.protocol,))
    passed = [LADDER[rung.name] for rung in claim.rungs[: claim.height]]
    stopped = claim.rungs[claim.height] if claim.height < len(claim.rungs) else None
    if passed:
        beaten = f"{name} reads more than {_listed(passed)} {where}"
    else:
        beaten = f"{name} is not shown to read more than the humblest reference {where}"
    if stopped is None:
        return f"{beaten}: it comes to the top of the ladder."
    words = LADDER[stopped.name]
    why = {
        "untested": f"{words} is untested ({stopped.reason.rstrip('.')})",
        "worse": f"it is worse than {words}",
        "not shown": f"it is not shown to be better than {words}",
        "passed": "",
    }[stopped.status]
    above = [rung.name for rung in claim.rungs[claim.height :] if rung.status == "passed"]
    more = f" (higher up it is better than {_listed(above)})" if above else ""
    return f"{beaten}; there it stops: {why}{more}."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
