"""One line from 0 to 1, laid out by the page: as wide as there is room, marks of one size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from markupsafe import Markup

from cefrbench.results.selection import Side
from cefrbench_leaderboard.entry import Estimate

#: A circle for seen corpora, a diamond for unseen ones, to be put at a place.
_MARKS = {
    "in": Markup('<circle class="i" cx="{0}" cy="10" r="4.5"/>'),
    "out": Markup('<svg x="{0}" y="10"><path class="o" d="M-5.5 0L0-5.5L5.5 0L0 5.5z"/></svg>'),
}


_BEGIN = Markup('<svg class="span" height="20" aria-hidden="true">')
_END = Markup("</svg>")
_GROUND = Markup("").join(
    Markup('<line class="g" x1="{0}" x2="{0}" y2="20"/>').format(at) for at in ("0%", "50%", "100%")
)


def span_row(estimates: Mapping[Side, Estimate]) -> Markup:
    """Draw what is defined of seen and unseen, with intervals; the numbers stand beside it."""
    parts = [_GROUND]
    for side, one in estimates.items():
        if one.low is not None and one.high is not None:
            parts.append(_whisker(side, _at(one.low), _at(one.high)))
    parts += [_mark(side, _at(one.value or 0.0)) for side, one in estimates.items()]
    return Markup("").join((_BEGIN, *parts, _END))


@lru_cache(maxsize=2**14)
def _whisker(side: Side, low: str, high: str) -> Markup:
    line = Markup('<line class="whisker {2}" x1="{0}" x2="{1}" y1="10" y2="10"/>')
    return line.format(low, high, {"in": "i", "out": "o"}[side])


@lru_cache(maxsize=2**12)
def _mark(side: Side, at: str) -> Markup:
    return _MARKS[side].format(at)


def _at(value: float) -> str:
    """Place of a value; what is beyond an end stands at it."""
    return f"{100 * min(max(value, 0.0), 1.0):.1f}%"
