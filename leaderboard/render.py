"""Jinja2 as every page is rendered: escaped, strict about what is undefined, pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cefrbench.results.selection import Side, protocol_title
from cefrbench_leaderboard.page import Page, Rendered
from cefrbench_leaderboard.sharing.text import showable

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
NONE = "\N{EM DASH}"
THIN = "\N{NARROW NO-BREAK SPACE}"
#: Where the study and the code stand.
PAPER = "https://arxiv.org/abs/2604.07095"
CODE = "https://github.com/cefrbench/cefrbench"


def number(value: float | None, digits: int = 3) -> str:
    """Fixed number of decimals, a true minus sign, a dash for nothing."""
    if value is None:
        return NONE
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """Like :func:`number`, with a plus sign above zero."""
    text = number(value, digits)
    return f"+{text}" if value is not None and float(f"{value:.{digits}f}") > 0 else text


def between(low: float | None, high: float | None, digits: int = 2) -> str:
    """Ends of an interval; empty when there is none."""
    if low is None or high is None:
        return ""
    first, last = number(low, digits), number(high, digits)
    return f"{first} to {last}" if MINUS in first + last else f"{first}{DASH}{last}"


def span(low: int | None, high: int | None) -> str:
    """Interval of a rank: ``2–5``, or one number."""
    return f"{low}" if low == high else f"{low}{DASH}{high}"


def magnitude(value: int | None) -> str:
    """Number of weights for readers: ``22.7 M``, ``7.57 B``."""
    if value is None:
        return NONE
    for size, unit in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            digits = 2 if value < 10 * size else 1 if value < 100 * size else 0
            return f"{value / size:.{digits}f}{THIN}{unit}"
    return str(value)


def grouped(value: int) -> str:
    """Whole number with thin spaces between thousands."""
    return f"{value:,}".replace(",", THIN)


def percent(value: float | None, digits: int = 0) -> str:
    """Share as per cent."""
    return NONE if value is None else f"{number(100 * value, digits)}{THIN}%"


def spans(layers: tuple[int, ...]) -> str:
    """Layers with runs drawn together (``4, 6–8``); the first and the last of many runs."""
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][1] + 1:
            runs[-1][1] = layer
        else:
            runs.append([layer, layer])
    if len(runs) > 2:
        return f"{layers[0]} … {layers[-1]}"
    return ", ".join(str(a) if a == b else f"{a}{DASH}{b}" for a, b in runs) or NONE


def penalty(value: float | None) -> str:
    """Penalty of a probe, as short as it is exact; a dash where the probe has its own alone."""
    return NONE if value is None else f"{value:g}"


def penalties(values: tuple[float, ...]) -> str:
    """Penalties, ascending; the first and the last of more than three."""
    if len(values) > 3:
        return f"{penalty(values[0])} … {penalty(values[-1])}"
    return ", ".join(map(penalty, values)) or NONE


def duration(seconds: float) -> str:
    """Seconds for readers."""
    if seconds < 90:
        return f"{seconds:.1f}{THIN}s"
    minutes = seconds / 60
    return f"{minutes:.1f}{THIN}min" if minutes < 90 else f"{minutes / 60:.1f}{THIN}h"


def memory(size: int) -> str:
    """Bytes for readers."""
    if size < 2**20:
        return f"{size / 2**10:.0f}{THIN}KiB"
    return f"{size / 2**20:.0f}{THIN}MiB" if size < 2**30 else f"{size / 2**30:.1f}{THIN}GiB"


#: Characters that turn the direction of what stands behind them, beyond the name that they are in.
_TURNS = {code: f"[U+{code:04X}]" for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F),
                                               *range(0x2066, 0x206A))}  # fmt: skip


def short(text: str, most: int = 60) -> str:
    """Cut a long name in the middle, where names differ least; controls of direction are shown."""
    cut = text if len(text) <= most else f"{text[: most - 16]}…{text[-15:]}"
    return cut.translate(_TURNS)


def protocol_label(name: str) -> str:
    """Protocols as tables head them; the two of the study by what they stand for."""
    return protocol_title(name).upper()


def side_title(side: Side, protocol: str = "") -> str:
    """One side of the gap, as all pages call it: ``Unseen (lofo)``."""
    title = {"in": "Seen", "out": "Unseen"}[side]
    return f"{title} ({protocol})" if protocol else title


def in_markup(text: str) -> str:
    """Text as it stands in markup that readers copy; escaped once more on the page itself."""
    return escape(text)


def in_markdown(text: str) -> str:
    """Text as it stands in the brackets of Markdown: on one line, without meaning."""
    return re.sub(r"([\\\[\]`*_<>&!])", r"\\\1", " ".join(text.split()))


def drawing(part: str) -> Markup:
    """Put a part of a drawing into a page: an XML library serialised it, so it is escaped."""
    return Markup(part)


_FILTERS: tuple[Callable[..., str], ...] = (
    number,
    signed,
    between,
    span,
    magnitude,
    grouped,
    percent,
    spans,
    penalty,
    penalties,
    duration,
    memory,
    short,
    protocol_label,
    in_markup,
    in_markdown,
    drawing,
)


@cache
def environment() -> Environment:
    """Environment of all pages; without clock, chance or file access beyond the templates."""
    env = Environment(
        loader=PackageLoader("cefrbench_leaderboard", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for show in _FILTERS:
        env.filters[show.__name__] = show
    env.globals.update(paper=PAPER, code=CODE)
    return env


def fill(template: str, **context: Any) -> str:
    """Fill in a template; ``context`` is all that it names."""
    return showable(environment().get_template(template).render(context))


def render(template: str, page: Page, **context: Any) -> Rendered:
    """Render one page, of a template that names ``page`` and ``context``."""
    return Rendered(page, fill(template, **context, page=page))
