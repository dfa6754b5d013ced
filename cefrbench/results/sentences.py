"""What an explanation says in words: every sentence from figures, and no more than they show.

A part of the gap or a change is called a loss or a gain where its 95 % interval leaves out 0, and
not shown otherwise; a test speaks after Holm's correction. Nothing here computes a statistic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cefrbench.results.explanation import (
    PARTS,
    Decomposition,
    Drift,
    Explanation,
    Figure,
    LabelShift,
    LayerDecomposition,
    PartName,
    ShiftScore,
    Statement,
)

#: What each part of the gap is, in words.
PART_WORDS: Final[dict[PartName, str]] = {
    "gap": "the gap",
    "direction": "lost direction (texts are put in another order)",
    "thresholds": "thresholds that don't transfer (the order stands, the cuts don't)",
    "decision": "the class that is chosen instead of the level that is expected",
    "location": "location (all levels too high or too low by one number)",
    "scale": "scale (levels spread too little or too much)",
    "spacing": "spacing (unevenly spaced cuts)",
}
METHOD_WORDS: Final = {
    "none": "the shares held out",
    "bbse": "shares by black-box shift estimation",
    "em": "shares by expectation-maximisation",
    "known": "the corpus's own shares",
}


def write_sentences(explanation: Explanation) -> tuple[Statement, ...]:
    """Say what an explanation's figures show, in the order of the page."""
    return (
        *_claim(explanation),
        *_gap(explanation),
        *_corpora(explanation),
        *_layers(explanation),
        *_drift(explanation),
        *_label_shift(explanation),
        *_shifts(explanation),
        *_limits(explanation),
    )


def amount(figure: Figure, *, sign: bool = False) -> str:
    """A figure with its interval: ``0.165 (0.098 to 0.232)``."""
    if figure.value is None:
        return "undefined"
    text = f"{figure.value:+.3f}" if sign else f"{figure.value:.3f}"
    if figure.low is None or figure.high is None:
        return f"{text} (no interval)"
    ends = (
        f"{figure.low:+.3f} to {figure.high:+.3f}"
        if sign
        else (f"{figure.low:.3f} to {figure.high:.3f}")
    )
    return f"{text} ({ends})"


# -- the claim and the gap -----------------------------------------------------------------------


def _claim(explanation: Explanation) -> Iterator[Statement]:
    claim = explanation.claim
    if claim is None:
        return
    yield Statement(topic="claim", text=claim.verdict, figures=("claim.rungs", "claim.height"))
    tested = [rung for rung in claim.rungs if rung.status != "untested"]
    missing = [rung.name for rung in claim.rungs if rung.status == "untested"]
    text = (
        f"It comes up {claim.height} of {len(claim.rungs)} rungs; {len(tested)} were tested, with "
        f"Holm's correction over these; its QWK there is {amount(claim.qwk)}."
    )
    if missing:
        text += f" Untested, and so not passed: {', '.join(missing)}."
    yield Statement(topic="claim", text=text, figures=("claim.qwk", "claim.rungs"))


def _mean(explanation: Explanation) -> tuple[str, Decomposition] | None:
    """The favoured probe's mean over corpora, with its place."""
    for place, one in enumerate(explanation.decompositions):
        if one.probe == explanation.probe and one.corpus is None:
            return f"decompositions[{place}]", one
    return None


def _gap(explanation: Explanation) -> Iterator[Statement]:
    found = _mean(explanation)
    if found is None or "gap" not in found[1].parts:
        return
    place, one = found
    gap, name = one.parts["gap"], explanation.encoder
    over = f"{one.texts:,} texts of {_corpora_words(one.corpora)}"
    text = (
        f"With {one.probe}, {name} has a QWK of {_value(one.inside.qwk)} in distribution "
        f"({one.inside.protocol}) and {_value(one.outside.qwk)} out of it ({one.outside.protocol}) "
        f"on the same {over}: a gap of {amount(gap)}."
    )
    figures = (f"{place}.parts.gap", f"{place}.inside.qwk", f"{place}.outside.qwk")
    yield Statement(topic="decomposition", text=text, figures=figures)
    if not gap.shown or gap.value is None or gap.value <= 0:
        text = (
            "No loss is shown, so there is nothing to take apart: read the parts with that in mind."
        )
        yield Statement(topic="decomposition", text=text, figures=(f"{place}.parts.gap",))
    yield from _halves(place, one)
    yield from _thresholds(place, one)


def _halves(place: str, one: Decomposition) -> Iterator[Statement]:
    if not {"direction", "thresholds"} <= one.parts.keys():
        return
    gap = one.parts["gap"]
    said = []
    names: tuple[PartName, ...] = ("direction", "thresholds")
    for part in names:
        figure = one.parts[part]
        share = _share(figure, gap)
        said.append(f"{amount(figure)}{share} is {PART_WORDS[part]}{_unless(figure)}")
    yield Statement(
        topic="decomposition",
        text=f"Of it {said[0]}; {said[1]}.",
        figures=tuple(f"{place}.parts.{part}" for part in ("gap", "direction", "thresholds")),
    )


def _thresholds(place: str, one: Decomposition) -> Iterator[Statement]:
    names = [name for name in PARTS[3:] if name in one.parts and not _nothing(one.parts[name])]
    if "location" not in names:
        return
    said = [f"{PART_WORDS[n]} {amount(one.parts[n])}{_unless(one.parts[n])}" for n in names]
    yield Statement(
        topic="decomposition",
        text=f"The thresholds' part is made of {'; '.join(said)}.",
        figures=tuple(f"{place}.parts.{name}" for name in names),
    )


def _corpora(explanation: Explanation) -> Iterator[Statement]:
    """Where most is lost."""
    own = [
        (place, one)
        for place, one in enumerate(explanation.decompositions)
        if one.probe == explanation.probe and one.corpus and one.parts.get("gap")
    ]
    able = [(p, one) for p, one in own if one.parts["gap"].value is not None]
    if len(able) < 2:
        return
    place, worst = max(able, key=lambda pair: pair[1].parts["gap"].value or 0.0)
    names: tuple[PartName, ...] = ("direction", "thresholds")
    halves = [name for name in names if name in worst.parts]
    said = " and ".join(f"{n} {amount(worst.parts[n])}" for n in halves)
    text = f"Most is lost on {worst.corpus}: {amount(worst.parts['gap'])}"
    text += f", of which {said}." if said else "."
    figures = [f"decompositions[{place}].parts.{name}" for name in ("gap", *halves)]
    yield Statement(topic="decomposition", text=text, figures=tuple(figures))


def _layers(explanation: Explanation) -> Iterator[Statement]:
    own = [
        (place, one)
        for place, one in enumerate(explanation.layers)
        if one.probe == explanation.probe and "direction" in one.parts
    ]
    if len(own) < 3:
        return
    ends = [min(own, key=_direction), max(own, key=_direction)]
    said = [f"{one.parts['direction']:.3f} at layer {one.layer}" for _, one in ends]
    yield Statement(
        topic="layers",
        text=(
            f"Over {len(own)} layers, direction loses from {said[0]} to {said[1]} (without "
            "errors: no layer is shown to differ from another by this)."
        ),
        figures=tuple(f"layers[{place}].parts.direction" for place, _ in ends),
    )


def _direction(pair: tuple[int, LayerDecomposition]) -> float:
    return pair[1].parts["direction"]


# -- drift and label shift -----------------------------------------------------------------------


def _drift(explanation: Explanation) -> Iterator[Statement]:
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


def _label_shift(explanation: Explanation) -> Iterator[Statement]:
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


# -- shifts and limits ---------------------------------------------------------------------------


def _shifts(explanation: Explanation) -> Iterator[Statement]:
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
    return f"{amount(one.step, sign=True)} from {one.before}{_unless(one.step)}"


def _limits(explanation: Explanation) -> Iterator[Statement]:
    if explanation.inside is None or explanation.outside is None:
        return
    refits = explanation.claim.qwk.refits if explanation.claim else 0
    text = (
        f"Intervals are 95 % and cover other texts and other training texts ({refits} refits)"
        if refits
        else "Intervals are 95 % and cover other texts, with the fits held fixed"
    )
    yield Statement(
        topic="limits",
        text=(
            f"{text}, not other corpora. A part says what a repair of the predictions would give "
            "back, not why it is needed: location may be stricter raters, another mix of tasks or "
            "a bias of the features alike."
        ),
        figures=("replicates",),
    )


def _share(figure: Figure, gap: Figure) -> str:
    """Share of a gap that is shown, where both have a sign that makes it one."""
    if not gap.shown or not gap.value or gap.value <= 0 or figure.value is None:
        return ""
    share = figure.value / gap.value
    return f", {share:.0%}," if 0 <= share <= 1 else ""


def _unless(figure: Figure) -> str:
    return "" if figure.shown or _nothing(figure) else ", not shown to differ from 0"


def _nothing(figure: Figure) -> bool:
    """Whether it is 0 by construction."""
    return figure.value is None or (abs(figure.value) < 5e-4 and not figure.shown)


def _value(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _corpora_words(names: Sequence[str]) -> str:
    return "one corpus" if len(names) == 1 else f"{len(names)} corpora"
