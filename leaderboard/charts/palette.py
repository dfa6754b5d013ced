"""Colours, dashes and markers: who is who in a chart, by more than colour.

The hues are those of Okabe & Ito (2008), safe for colour-blind readers. A chart is drawn with
stand-in colours; :mod:`cefrbench_leaderboard.charts.svg` turns each into a CSS variable, so that
the style sheet owns what is seen in light, dark and print.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ink:
    """One colour: the value that charts are drawn with, and the variable that takes its place."""

    value: str
    variable: str


@dataclass(frozen=True, slots=True)
class Series:
    """How one line of a chart looks."""

    ink: Ink
    dash: tuple[int, ...]
    shape: str


TEXT = Ink("#1b1b1f", "--ink")
QUIET = Ink("#5c5f66", "--quiet")
RULE = Ink("#d9dadd", "--rule")
PAPER = Ink("#fefefe", "--paper")
INSIDE = Ink("#0072b2", "--in")
OUTSIDE = Ink("#d55e00", "--out")

_HUES = (
    Ink("#0173b2", "--s1"),
    Ink("#d55e01", "--s2"),
    Ink("#009e73", "--s3"),
    Ink("#cc79a7", "--s4"),
    Ink("#e69f00", "--s5"),
    Ink("#56b4e9", "--s6"),
    Ink("#1b1b20", "--s7"),
)
_DASHES: tuple[tuple[int, ...], ...] = (
    (1, 0),
    (6, 2),
    (2, 2),
    (8, 2, 2, 2),
    (4, 4),
    (1, 3),
    (10, 3),
)
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")

#: Sequential ramp, from none to all, of eleven steps; text on the upper steps is ``ON_STRONG``.
RAMP = tuple(Ink(f"#0a{step:02x}{255 - step:02x}", f"--h{step}") for step in range(11))
ON_STRONG = Ink("#fdfdfd", "--on-strong")
#: First step of the ramp whose text is drawn in ``ON_STRONG``.
STRONG = 6

INKS = (TEXT, QUIET, RULE, PAPER, INSIDE, OUTSIDE, ON_STRONG, *_HUES, *RAMP)

#: Series of the built-in probes; others have the same colours with other dashes and markers.
_PROBES = (
    *("ridge", "logistic", "ordinal", "mlp-regressor-early", "mlp-classifier-early"),
    *("mlp-regressor", "mlp-classifier"),
)


def series_of(names: tuple[str, ...]) -> dict[str, Series]:
    """Give each name a look: the same probe looks the same on every page."""
    others = sorted(set(names) - set(_PROBES))
    looks: dict[str, Series] = {}
    for name in names:
        index = _PROBES.index(name) if name in _PROBES else len(_PROBES) + others.index(name)
        again = index // len(_HUES)
        looks[name] = Series(
            _HUES[index % len(_HUES)],
            _DASHES[(index + again) % len(_DASHES)],
            _SHAPES[(index + again) % len(_SHAPES)],
        )
    return looks


def step_of(share: float) -> int:
    """Step of the ramp for a share between 0 and 1."""
    return round(min(1.0, max(0.0, share)) * (len(RAMP) - 1))
