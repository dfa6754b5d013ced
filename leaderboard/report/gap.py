"""Charts of the gap: what each corpus loses, part by part, layer by layer and level by level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from cefrbench.results.explanation import PARTS, Decomposition, Explanation, PartName
from cefrbench.results.wording import is_nothing
from cefrbench_leaderboard.charts.chart import Chart, in_order, make_chart
from cefrbench_leaderboard.charts.curves import Axes, curves_spec
from cefrbench_leaderboard.charts.forest import forest_spec
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, TEXT, Ink, Series, series_of
from cefrbench_leaderboard.charts.stack import stack_spec
from cefrbench_leaderboard.render import side_title
from cefrbench_leaderboard.report.rows import COVERS, figure_row, in_words, side_looks, side_names

#: Parts that no other part is made of, where continuous predictions have a unit.
_LEAVES: Final[tuple[PartName, ...]] = ("direction", "decision", "location", "scale", "spacing")
#: The same without a unit.
_HALVES: Final[tuple[PartName, ...]] = ("direction", "thresholds")
_LOOKS = ("ridge", "logistic", "ordinal", "mlp-regressor-early", "mlp-classifier")
#: Parts have the colours of a chart's first series.
_INKS: Final = dict(
    zip(_LEAVES, (look.ink for look in series_of(_LOOKS).values()), strict=True)
) | {"thresholds": OUTSIDE}
MEAN: Final = "mean"


def parts_chart(explanation: Explanation) -> Chart | None:
    """Draw each corpus's gap as a bar of its parts."""
    own = decompositions(explanation)
    parts = there(own)
    rows = [
        figure_row(one.parts[part], f"{name(one)}, {part}", label=name(one), part=part,
                   corpus=name(one))
        for one in own for part in leaves(one)
        if part in parts and one.parts[part].value is not None
    ]  # fmt: skip
    sums = [
        figure_row(one.parts["gap"], f"{name(one)}, gap", label=name(one), part="gap",
                   corpus=name(one))
        for one in own if "gap" in one.parts and one.parts["gap"].value is not None
    ]  # fmt: skip
    if not rows or not sums:
        return None
    inks: dict[str, Ink] = {
        part: ink for part, ink in _INKS.items() if any(row["part"] == part for row in rows)
    }
    caption = (
        "Parts of the loss in QWK from in to out of distribution, on the same texts; a part left "
        "of 0 is a gain. The diamond below a bar is the whole gap, which its parts sum to. "
        + COVERS
    )
    title = "What each corpus loses, and to what"
    spec = stack_spec(rows, sums, inks, "Loss in QWK")
    return make_chart("parts", title, caption, spec, "corpus part value low high", [*sums, *rows])


def errors_chart(explanation: Explanation) -> Chart | None:
    """Draw every part by itself, with its interval."""
    own = decompositions(explanation)
    parts = there(own)
    rows = [
        figure_row(one.parts[part], f"{name(one)}, {part}", panel=part, corpus=name(one),
                   label=name(one), part=part,
                   look="leaves out 0" if one.parts[part].shown else "holds 0")
        for part in parts for one in own
        if part in one.parts and one.parts[part].value is not None
    ]  # fmt: skip
    if not rows:
        return None
    looks = {
        "leaves out 0": Series(OUTSIDE, (1, 0), "circle"),
        "holds 0": Series(TEXT, (1, 0), "cross"),
    }
    caption = (
        f"Each part by itself, on one scale: {', '.join(parts)}. Losses lie right of 0. A part "
        f"whose interval holds 0 is not shown to be there. {COVERS}"
    )
    title = "Which of the parts are shown"
    spec = forest_spec(rows, looks, "Loss in QWK", 140)
    return make_chart("errors", title, caption, spec, "corpus part value low high", rows)


def layers_chart(explanation: Explanation) -> Chart | None:
    """Draw QWK and recut QWK of every layer, in and out of distribution."""
    own = [one for one in explanation.layers if one.probe == explanation.probe]
    layers = sorted({one.layer for one in own})
    if len(layers) < 2:
        return None
    panels = {"qwk": "as predicted", "recut": "recut: only the order counts"}
    rows: list[dict[str, Any]] = []
    names = {"inside": side_title("in", own[0].inside.protocol),
             "outside": side_title("out", own[0].outside.protocol)}  # fmt: skip
    for score, panel in panels.items():
        for side in ("inside", "outside"):
            for one in own:
                scores = getattr(one, side)
                if (value := getattr(scores, score)) is not None:
                    what = f"{scores.protocol}, layer {one.layer}, {panel}"
                    tip = f"{what}: {in_words(value, None, None)}"
                    rows.append({"panel": panel, "series": names[side], "layer": one.layer,
                                 "step": str(one.layer), "score": score, "value": value,
                                 "low": None, "high": None, "chance": None, "tip": tip,
                                 "protocol": scores.protocol})  # fmt: skip
    looks = {names["inside"]: Series(INSIDE, (1, 0), "circle"),
             names["outside"]: Series(OUTSIDE, (6, 2), "square")}  # fmt: skip
    axes = Axes(tuple(map(str, layers)), "Layer", "QWK", apart=layers[0] == 0)
    caption = (
        "Mean over corpora, at every layer, in and out of distribution. Recut: continuous "
        "predictions cut at the corpus's own shares of levels. "
        + ("Layer 0, the embedding output, stands apart: no choice may take it. " * axes.apart)
        + "Without intervals: few layers keep their predictions."
    )
    title = "Whether another layer would lose less"
    spec = curves_spec(rows, looks, axes)
    return make_chart("layers", title, caption, spec, "layer protocol score value", rows)


def residuals_chart(explanation: Explanation) -> Chart | None:
    """Draw mean residuals by true level."""
    names = side_names(explanation)
    looks = side_looks(explanation)
    rows = []
    # What is pooled over corpora comes first, and has every level that a corpus has.
    for one in sorted(explanation.residuals, key=lambda one: one.corpus is not None):
        figures = one.model_dump(include={"mean", "sd"})
        if one.probe == explanation.probe and one.protocol in names and one.n:
            whose = one.corpus or "all corpora"
            place = {"corpus": whose, "protocol": one.protocol, "level": one.level}
            said = f"{in_words(figures['mean'], None, None)} on {one.n} texts"
            rows.append({**place, "panel": whose, "series": names[one.protocol], "step": one.level,
                         "value": figures["mean"], "sd": figures["sd"], "texts": one.n,
                         "low": None, "high": None, "chance": 0.0,
                         "tip": f"{', '.join(place.values())}: {said}"})  # fmt: skip
    if not rows:
        return None
    levels = tuple(in_order(rows, "level"))
    axes = Axes(levels, "True level", "Predicted − true, in levels", size=(280, 150))
    caption = (
        "Mean of predicted less true level, by true level; the dashed line is no error. Texts once "
        "a seed. No intervals; standard deviations are in the table."
    )
    title = "Which levels are taken for too high or too low"
    columns = "corpus protocol level texts value sd"
    return make_chart("residuals", title, caption, curves_spec(rows, looks, axes), columns, rows)


def decompositions(explanation: Explanation) -> list[Decomposition]:
    """Those of the probe that sentences speak of: the mean first."""
    return [one for one in explanation.decompositions if one.probe == explanation.probe]


def there(own: Iterable[Decomposition]) -> list[PartName]:
    """Parts that are not nothing everywhere, by construction."""
    return [
        part
        for part in PARTS
        if any(part in one.parts and not is_nothing(one.parts[part]) for one in own)
    ]


def leaves(one: Decomposition) -> list[PartName]:
    """The finest parts of a gap that are defined and sum to it."""
    names = _LEAVES if "location" in one.parts else _HALVES
    return [part for part in names if part in one.parts]


def name(one: Decomposition) -> str:
    """Whose gap it is."""
    return one.corpus or MEAN
