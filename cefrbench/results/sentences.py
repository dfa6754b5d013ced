"""What an explanation says in words: every sentence from figures, and no more than they show.

A part of the gap or a change is called a loss or a gain where its 95 % interval leaves out 0, and
not shown otherwise; a test speaks after Holm's correction. Nothing here computes a statistic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cefrbench.results.explanation import (
    PARTS,
    Decomposition,
    Explanation,
    Figure,
    LayerDecomposition,
    PartName,
    Statement,
)
from cefrbench.results.shift_sentences import (
    drift_sentences,
    label_shift_sentences,
    reading_sentences,
    shift_sentences,
)
from cefrbench.results.wording import PART_WORDS, amount, is_nothing, rounded, unless


def write_sentences(explanation: Explanation) -> tuple[Statement, ...]:
    """Say what an explanation's figures show, in the order of the page."""
    return (
        *_claim(explanation),
        *_gap(explanation),
        *_corpora(explanation),
        *_layers(explanation),
        *drift_sentences(explanation),
        *label_shift_sentences(explanation),
        *shift_sentences(explanation),
        *reading_sentences(explanation),
        *_limits(explanation),
    )


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
        f"With {one.probe}, {name} has a QWK of {rounded(one.inside.qwk)} in distribution "
        f"({one.inside.protocol}) and {rounded(one.outside.qwk)} out of it "
        f"({one.outside.protocol}) on the same {over}: a gap of {amount(gap)}."
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
        said.append(f"{amount(figure)}{share} is {PART_WORDS[part]}{unless(figure)}")
    yield Statement(
        topic="decomposition",
        text=f"Of it {said[0]}; {said[1]}.",
        figures=tuple(f"{place}.parts.{part}" for part in ("gap", "direction", "thresholds")),
    )


def _thresholds(place: str, one: Decomposition) -> Iterator[Statement]:
    names = [name for name in PARTS[3:] if name in one.parts and not is_nothing(one.parts[name])]
    if "location" not in names:
        return
    said = [f"{PART_WORDS[n]} {amount(one.parts[n])}{unless(one.parts[n])}" for n in names]
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


# -- limits --------------------------------------------------------------------------------------


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


def _corpora_words(names: Sequence[str]) -> str:
    return "one corpus" if len(names) == 1 else f"{len(names)} corpora"
