"""One line from 0 to 1, laid out by the page: as wide as there is room, marks of one size."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from cefrbench.results.selection import Side
from cefrbench_leaderboard.entry import Estimate

#: A circle for seen corpora, a diamond for unseen ones, to be put at a place.
_MARKS = {
    "in": Markup('<circle class="i" cx="{0}" cy="10" r="4.5"/>'),
    "out": Markup('<svg x="{0}" y="10"><path class="o" d="M-5.5 0L0-5.5L5.5 0L0 5.5z"/></svg>'),
}


def span_row(estimates: Mapping[Side, Estimate]) -> Markup:
    """Draw what is defined of seen and unseen, with intervals; the numbers stand beside it."""
    parts = [
        Markup('<line class="g" x1="{0}" x2="{0}" y2="20"/>').format(at)
        for at in ("0%", "50%", "100%")
    ]
    for side, one in estimates.items():
        if one.low is not None and one.high is not None:
            parts.append(
                Markup('<line class="whisker {2}" x1="{0}" x2="{1}" y1="10" y2="10"/>').format(
                    _at(one.low), _at(one.high), {"in": "i", "out": "o"}[side]
                )
            )
    parts += [_MARKS[side].format(_at(one.value or 0.0)) for side, one in estimates.items()]
    return Markup('<svg class="span" height="20" aria-hidden="true">{}</svg>').format(
        Markup("").join(parts)
    )


def _at(value: float) -> str:
    """Place of a value; what is beyond an end stands at it."""
    return f"{100 * min(max(value, 0.0), 1.0):.1f}%"
