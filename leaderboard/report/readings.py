"""Charts of what analyses found: what is read instead, and what labels buy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cefrbench.results.explanation import Explanation
from cefrbench.results.model import AnalysisRecord
from cefrbench_leaderboard.charts.chart import Chart, in_order, make_chart
from cefrbench_leaderboard.charts.curves import Axes, curves_spec
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, Series, series_of
from cefrbench_leaderboard.report.rows import DRAWN, in_words, side_looks, side_names

_ALL = "all texts"
_MEAN = "mean of corpora"
#: How the two uses of labels look.
_USES = {
    "recalibrate": ("moved and stretched", Series(INSIDE, (1, 0), "circle")),
    "few-shot": ("added to the training texts", Series(OUTSIDE, (6, 2), "square")),
}


def identity_chart(explanation: Explanation) -> Chart | None:
    """Draw how well corpus, family, language and task are read off each layer."""
    found = [one for one in explanation.analyses
             if one.analysis == "identity" and one.value is not None
             and one.layer is not None]  # fmt: skip
    layers = sorted({one.layer for one in found if one.layer is not None})
    if len(layers) < 2:
        return None
    rows = [_identity_row(one) for one in found]
    names = tuple(in_order(rows, "series"))
    axes = Axes(tuple(map(str, layers)), "Layer", "Balanced accuracy", apart=layers[0] == 0)
    caption = (
        "Balanced accuracy of linear discriminants on held-out texts, one panel a question; "
        "dashed: what a guess has (where questions of a panel differ in it, one line each). Bars "
        "are one standard deviation over the folds, each way."
        + (" Layer 0, the embedding output, stands apart." * axes.apart)
    )
    title = "What the features tell beside the level"
    spec = curves_spec(rows, series_of(names), axes)
    columns = "target of layer value sd chance texts"
    return make_chart("identity", title, caption, spec, columns, rows)


def _identity_row(one: AnalysisRecord) -> dict[str, Any]:
    value, of = one.value or 0.0, one.corpus or _ALL
    low, high = (
        (None, None) if one.sd is None else (max(0.0, value - one.sd), min(1.0, value + one.sd))
    )
    tip = f"{one.target} of {of}, layer {one.layer}: {in_words(value, low, high)}"
    return {"panel": one.target or "", "target": one.target, "series": of, "of": of,
            "step": str(one.layer), "layer": one.layer, "value": value, "sd": one.sd,
            "low": low, "high": high, "chance": one.chance, "texts": one.n, "tip": tip}  # fmt: skip


def price_chart(explanation: Explanation) -> Chart | None:
    """Draw what labels of an unseen corpus buy, used in two ways."""
    own = [one for one in explanation.analyses
           if one.analysis in _USES and one.measure == "qwk"
           and one.probe == explanation.probe and one.value is not None]  # fmt: skip
    if not own:
        return None
    rows = _amounts(own, {name: words for name, (words, _) in _USES.items()})
    looks = {words: look for words, look in _USES.values() if words in in_order(rows, "series")}
    protocol = ", ".join(in_order(rows, "protocol"))
    caption = (
        f"QWK under {protocol} with k labels of the scored corpus, by which predictions are moved "
        "and stretched, or which are added to the training texts. "
        f"All k are scored on the same texts. {DRAWN}"
    )
    axes = Axes(_steps(rows), "Labels of the unseen corpus, k", "QWK", band=True, size=(280, 190))
    title = "What a usable grader costs in labels"
    columns = "corpus analysis amount value low high sd draws texts"
    return make_chart("price", title, caption, curves_spec(rows, looks, axes), columns, rows)


def learning_chart(explanation: Explanation, analysis: str) -> Chart | None:
    """Draw scores by number of training texts (``learning-curve``) or families (``mixed``)."""
    own = [one for one in explanation.analyses
           if one.analysis == analysis and one.measure == "qwk" and one.amount is not None
           and one.probe == explanation.probe and one.value is not None]  # fmt: skip
    if not own:
        return None
    sides = side_names(explanation)
    rows = [
        {**row, "series": sides.get(row["protocol"], row["series"])} for row in _amounts(own, {})
    ]
    names = in_order(rows, "series")
    looks = series_of(tuple(names)) | side_looks(explanation)
    looks = {name: looks[name] for name in names}
    texts = analysis == "learning-curve"
    what = "training texts" if texts else "families trained on"
    caption = (
        f"QWK by number of {what}, the penalty chosen anew for each draw. "
        + (DRAWN if texts else DRAWN.replace("Bands", "Bars"))
        + (" The last point of a curve is a fit on all of them." if texts else "")
    )
    axes = Axes(_steps(rows), what.capitalize(), "QWK", band=texts, size=(280, 190))
    title = f"What more {'texts' if texts else 'families'} to train on buy"
    columns = "corpus protocol amount value low high sd draws texts"
    return make_chart(analysis, title, caption, curves_spec(rows, looks, axes), columns, rows)


def _amounts(records: Iterable[AnalysisRecord], words: dict[str, str]) -> list[dict[str, Any]]:
    """Rows by amount; the mean of corpora first. ``words`` name analyses, else protocols do."""
    return [
        {"panel": one.corpus or _MEAN, "corpus": one.corpus or _MEAN,
         "series": words.get(one.analysis, one.protocol), "analysis": one.analysis,
         "protocol": one.protocol, "step": _step(one), "amount": one.amount, "value": one.value,
         "low": one.low, "high": one.high, "sd": one.sd, "draws": one.draws, "texts": one.n,
         "chance": None,
         "tip": f"{one.analysis}, {one.corpus or _MEAN}, {one.amount}: "
                f"{in_words(one.value, one.low, one.high)}"}
        for one in sorted(records, key=lambda one: (one.corpus is not None, one.amount or 0))
    ]  # fmt: skip


def _step(one: AnalysisRecord) -> str:
    """Whole training parts of two protocols differ in size and are one step."""
    return one.target if one.target == "all" else str(one.amount)


def _steps(rows: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    found = dict.fromkeys(row["step"] for row in rows)
    return tuple(sorted(found, key=lambda step: (step == "all", len(step), step)))
