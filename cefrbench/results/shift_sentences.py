"""Sentences on predicted levels, label shift, the ladder of shifts and what is read instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cefrbench.results.explanation import (
    Drift,
    Explanation,
    Figure,
    LabelShift,
    ShiftScore,
    Statement,
)
from cefrbench.results.model import AnalysisRecord
from cefrbench.results.wording import METHOD_WORDS, amount, unless


def drift_sentences(explanation: Explanation) -> Iterator[Statement]:
    """Say whether predicted levels shrink or drift to uniform."""
    own = {
        one.measure: (f"drifts[{place}]", one)
        for place, one in enumerate(explanation.drifts)
        if one.probe == explanation.probe and one.corpus is None
    }
    if not {"spread", "evenness", "slope"} <= own.keys():
        return
    spread, evenness, slope = (own[name][1] for name in ("spread", "evenness", "slope"))
    told = _told(spread, evenness)
    text = (
        f"Out of distribution predicted levels {told}: their spread over that of the true levels "
        f"changes by {amount(spread.change, sign=True)}, their evenness by "
        f"{amount(evenness.change, sign=True)}, and their slope on the true level by "
        f"{amount(slope.change, sign=True)}."
    )
    places = tuple(f"{own[n][0]}.change" for n in ("spread", "evenness", "slope"))
    yield Statement(topic="drift", text=text, figures=places)


def _told(spread: Drift, evenness: Drift) -> str:
    """Shrinkage narrows, drift to uniform widens and evens; both at once can't be told apart."""
    wider, narrower = _direction_of(spread.change)
    more_even, less_even = _direction_of(evenness.change)
    if narrower and not more_even:
        return "shrink towards their middle and don't drift to uniform"
    if (wider and not less_even) or (more_even and not narrower):
        return "drift towards uniform and don't shrink"
    if narrower or wider or more_even or less_even:
        return "neither plainly shrink nor plainly drift to uniform"
    return "are not shown to shrink or to drift to uniform"


def _direction_of(figure: Figure) -> tuple[bool, bool]:
    """Whether it is shown to be above 0, and below."""
    value = figure.value or 0.0
    return figure.shown and value > 0, figure.shown and value < 0


def label_shift_sentences(explanation: Explanation) -> Iterator[Statement]:
    """Say whether another mix of levels is all, and what correcting it gives."""
    own = [
        (place, one)
        for place, one in enumerate(explanation.label_shifts)
        if one.probe == explanation.probe
    ]
    corpora = list(dict.fromkeys(one.corpus for _, one in own))
    if not own:
        return
    far = max(own, key=lambda pair: pair[1].misfit)
    near = min(own, key=lambda pair: pair[1].misfit)
    yield Statement(
        topic="label shift",
        text=(
            "Were another mix of levels all, predicted levels would follow from it; they are off "
            f"that by {near[1].misfit:.2f} ({near[1].corpus}) to {far[1].misfit:.2f} "
            f"({far[1].corpus}) in total variation."
        ),
        figures=tuple(f"label_shifts[{place}].misfit" for place, _ in (near, far)),
    )
    for method in ("known", "bbse", "em"):
        these = [(place, one) for place, one in own if one.method == method]
        yield _correction(method, these, corpora)


def _correction(
    method: str, these: Sequence[tuple[int, LabelShift]], corpora: Sequence[str]
) -> Statement:
    said = []
    for name, of in (("gain", "their classes"), ("cut_gain", "their continuous predictions")):
        gains = [(one.corpus, found) for _, one in these if (found := getattr(one, name))]
        better, worse = (
            [corpus for corpus, one in gains if one.shown and sign * (one.value or 0) > 0]
            for sign in (1, -1)
        )
        if gains:
            said.append(
                f"by {of} helps on {_some(better, corpora)} and hurts on {_some(worse, corpora)}"
            )
    return Statement(
        topic="label shift",
        text=(
            f"Correcting the prior to {METHOD_WORDS[method]}{_known(method)} "
            f"{', '.join(said)}, as far as is shown{_distances(these)}."
        ),
        figures=tuple(
            f"label_shifts[{place}].{name}" for place, _ in these for name in ("gain", "cut_gain")
        ),
    )


def _known(method: str) -> str:
    return " (which nobody knows beforehand: the most that such a correction can do)" * (
        method == "known"
    )


def _some(names: Sequence[str], of: Sequence[str]) -> str:
    return f"{len(names)} of {len(of)} corpora" + (f" ({', '.join(names)})" if names else "")


def _distances(these: Sequence[tuple[int, LabelShift]]) -> str:
    """How far estimated shares lie from the truth."""
    if these[0][1].method == "known":
        return ""
    far = max((one for _, one in these), key=lambda one: one.distance)
    return f"; its level shares are off by up to {far.distance:.2f} (total variation, {far.corpus})"


def shift_sentences(explanation: Explanation) -> Iterator[Statement]:
    """Say what each step of the ladder of shifts costs."""
    for score, words in (("qwk", "QWK"), ("recut", "recut QWK")):
        own = [
            (place, one)
            for place, one in enumerate(explanation.shifts)
            if one.score == score and one.probe == explanation.probe
        ]
        steps = [(place, one) for place, one in own if one.step and one.step.value is not None]
        if steps:
            said = "; ".join(f"to {one.words}: {_step(one)}" for _, one in steps)
            yield Statement(
                topic="shifts",
                text=f"Step by step, on the texts that two rungs share, {words} changes {said}.",
                figures=tuple(f"shifts[{place}].step" for place, _ in steps),
            )


def _step(one: ShiftScore) -> str:
    assert one.step is not None
    return f"{amount(one.step, sign=True)} from {one.before}{unless(one.step)}"


def reading_sentences(explanation: Explanation) -> Iterator[Statement]:
    """Say how well corpus, family, language and task are read off all texts, over layers."""
    found: dict[str, list[tuple[int, AnalysisRecord]]] = {}
    for place, one in enumerate(explanation.analyses):
        if one.analysis == "identity" and one.corpus is None and one.value is not None:
            found.setdefault(one.target or "", []).append((place, one))
    for target, own in found.items():
        low = min(own, key=lambda pair: pair[1].value or 0.0)
        high = max(own, key=lambda pair: pair[1].value or 0.0)
        chance = "" if low[1].chance is None else f", where a guess has {low[1].chance:.3f}"
        yield Statement(
            topic="readings",
            text=(
                f"The {target} of a text is read off its features with a balanced accuracy of "
                f"{low[1].value:.3f} (layer {low[1].layer}) to {high[1].value:.3f} (layer "
                f"{high[1].layer}){chance}."
            ),
            figures=tuple(dict.fromkeys(f"analyses[{place}].value" for place, _ in (low, high))),
        )
