"""Effects of methods as tables: cells of text for a terminal, Markdown and pages."""

from __future__ import annotations

from cefrbench.results.markup import escape_markdown
from cefrbench.results.method_effects import MEAN, MethodEffect, MethodEffects
from cefrbench.results.selection import Side

CAPTION = (
    "Differences to the probe without a method, in brackets 95 % intervals of the whole procedure; "
    "* where p is below .05 after Holm's correction over the methods of the encoder. The study's "
    "probe has neither balanced weights nor, where it was fixed, a chosen penalty. Recut QWK and "
    "rank correlation know no thresholds: what changes neither moves thresholds alone."
)
_HEAD = [
    "method",
    "sees",
    "QWK out",
    "to its probe",
    "to the study's",
    "to length's",
    "recut QWK",
    "rank correlation",
    "QWK in distribution",
]


def effect_cells(told: MethodEffects) -> dict[str, tuple[list[str], list[list[str]]]]:
    """A table an encoder, and one of their mean, by title."""
    names = [*((MEAN,) if told.averaged else ()), *told.encoders]
    titles = {MEAN: f"mean over {', '.join(told.averaged)}"}
    found = {}
    for name in names:
        rows = [row for method in told.methods if (row := _row(told, name, method))]
        if rows:
            found[titles.get(name, name)] = (_HEAD, rows)
    return found


def _row(told: MethodEffects, encoder: str, method: str) -> list[str] | None:
    out: Side = "out"
    own = told.find(encoder, method, out)
    if own is None:
        return None
    return [
        method,
        own.sees,
        "undefined" if own.value is None else f"{own.value:.3f}",
        shown_effect(own),
        shown_effect(told.find(encoder, method, out, "study")),
        shown_effect(told.find(encoder, method, out, "length")),
        shown_effect(told.find(encoder, method, out, score="recut")),
        shown_effect(told.find(encoder, method, out, score="spearman")),
        shown_effect(told.find(encoder, method, "in")),
    ]


def shown_effect(effect: MethodEffect | None) -> str:
    """A difference with its interval, and whether it is shown."""
    if effect is None or effect.difference is None:
        return "–"
    text = f"{effect.difference:+.3f}"
    if effect.test is None:
        return text
    mark = "*" if effect.test.significant else ""
    return f"{text} [{effect.test.low:+.2f}, {effect.test.high:+.2f}]{mark}"


def in_markdown(told: MethodEffects) -> str:
    """All tables, with a heading each and the caption."""
    parts = []
    for title, (header, rows) in effect_cells(told).items():
        lines = [header, ["---"] * len(header), *rows]
        cells = ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]
        parts.append(f"### {escape_markdown(title)}\n\n" + "\n".join(cells) + "\n")
    return "\n".join([*parts, f"{escape_markdown(CAPTION)}\n"])


def _cell(text: str) -> str:
    return text if text == "---" else escape_markdown(text)
