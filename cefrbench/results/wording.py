"""How figures are called in the sentences of an explanation."""

from __future__ import annotations

from typing import Final

from cefrbench.results.explanation import Figure, LevelResidual, PartName

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
#: Headings of a page, by the topic of sentences.
HEADINGS: Final = {
    "claim": "How far it reads proficiency beyond corpora",
    "decomposition": "Where the gap comes from",
    "layers": "By layer",
    "drift": "What predicted levels do",
    "label shift": "Is it but another mix of levels?",
    "shifts": "From the same corpora to new ones",
    "readings": "What is read instead",
    "limits": "What this can't say",
}
METHOD_WORDS: Final = {
    "none": "the shares held out",
    "bbse": "shares by black-box shift estimation",
    "em": "shares by expectation-maximisation",
    "known": "the corpus's own shares",
}


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


def unless(figure: Figure) -> str:
    """What has to be said of a figure that may as well be 0."""
    return "" if figure.shown or is_nothing(figure) else ", not shown to differ from 0"


def is_nothing(figure: Figure) -> bool:
    """Whether it is 0 by construction."""
    return figure.value is None or (abs(figure.value) < 5e-4 and not figure.shown)


def residual_words(one: LevelResidual) -> str:
    """Mean of prediction less truth, and its standard deviation: ``-0.12 (0.60)``."""
    return f"{one.mean:+.2f} ({one.sd:.2f})"


def rounded(value: float | None) -> str:
    """A score in three digits."""
    return "undefined" if value is None else f"{value:.3f}"
