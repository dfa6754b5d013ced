"""Heat maps: scores of corpora under protocols, and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cefrbench_leaderboard.charts.chart import Chart, Table
from cefrbench_leaderboard.charts.palette import ON_STRONG, PAPER, RAMP, STRONG, TEXT, step_of
from cefrbench_leaderboard.charts.svg import Spec, draw
from cefrbench_leaderboard.entry import Transfer


@dataclass(frozen=True, slots=True)
class CorpusScore:
    """QWK of one corpus under one protocol with one probe; None where undefined."""

    protocol: str
    corpus: str
    probe: str
    n: int
    qwk: float | None


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """One cell of a confusion matrix summed over corpora and seeds."""

    protocol: str
    probe: str
    gold: str
    predicted: str
    count: int
    share: float | None


def corpora_chart(scores: Sequence[CorpusScore], probes: tuple[str, ...]) -> Chart:
    """Draw corpora × probes, one panel a protocol."""
    data = [
        {
            "protocol": score.protocol,
            "corpus": score.corpus,
            "probe": score.probe,
            "text": "–" if score.qwk is None else f"{score.qwk:.2f}".replace("-", "−"),
            "tip": f"{score.corpus}, {score.protocol}, {score.probe}: "
            + ("undefined" if score.qwk is None else f"QWK {score.qwk:.3f}")
            + f" on {score.n} texts",
            **_paint(score.qwk or 0.0),
        }
        for score in scores
    ]
    protocols = list(dict.fromkeys(score.protocol for score in scores))
    corpora = list(dict.fromkeys(score.corpus for score in scores))
    caption = (
        "At the layers that count. The stronger the colour, the better; the palest: 0 or less."
    )
    spec = _grid(data, ("probe", list(probes), None), ("corpus", corpora, None), cell=(96, 26))
    return Chart(
        key="corpora",
        title="QWK by corpus",
        caption=caption,
        drawing=draw(_faceted(data, spec, column=protocols), "QWK by corpus", caption),
        table=Table(
            ("protocol", "corpus", "probe", "n", "qwk"),
            tuple((s.protocol, s.corpus, s.probe, s.n, s.qwk) for s in scores),
        ),
    )


def confusion_chart(
    cells: Sequence[ConfusionCell], probes: tuple[str, ...], scale: tuple[str, ...]
) -> Chart:
    """Draw confusion matrices with row percentages, probes across and protocols down."""
    data = [
        {
            "protocol": cell.protocol,
            "probe": cell.probe,
            "gold": cell.gold,
            "predicted": cell.predicted,
            "text": f"{100 * cell.share:.0f}" if cell.share else "",
            "tip": f"{cell.count} of {cell.gold} predicted as {cell.predicted}, "
            f"{cell.probe}, {cell.protocol}",
            **_paint(cell.share or 0.0),
        }
        for cell in cells
    ]
    protocols = list(dict.fromkeys(cell.protocol for cell in cells))
    caption = "Per cent of the texts of each true level, over all corpora and seeds; blank: none."
    spec = _grid(
        data,
        ("predicted", list(scale), "Predicted level"),
        ("gold", list(scale), "True level"),
        cell=(34, 25),
    )
    return Chart(
        key="confusion",
        title="Confusion matrices",
        caption=caption,
        drawing=draw(
            _faceted(data, spec, column=list(probes), row=protocols), "Confusion matrices", caption
        ),
        table=Table(
            ("protocol", "probe", "gold", "predicted", "texts", "share"),
            tuple((c.protocol, c.probe, c.gold, c.predicted, c.count, c.share) for c in cells),
        ),
    )


def _paint(share: float) -> Spec:
    step = step_of(share)
    ink = ON_STRONG if step >= STRONG else TEXT
    return {"paint": RAMP[step].value, "ink": ink.value}


def _faceted(data: list[Spec], spec: Spec, column: list[str], row: list[str] | None = None) -> Spec:
    if row is None:
        facet: Spec = {"column": _facet("protocol", column)}
    else:
        facet = {"column": _facet("probe", column), "row": _facet("protocol", row)}
    return {"data": {"values": data}, "facet": facet, "spec": spec}


def _facet(field: str, order: list[str]) -> Spec:
    return {"field": field, "type": "nominal", "title": None, "sort": order}


def _grid(
    data: list[Spec],
    x: tuple[str, list[str], str | None],
    y: tuple[str, list[str], str | None],
    cell: tuple[int, int],
) -> Spec:
    """Cells with their number in the middle."""

    def place(field: str, order: list[str], title: str | None) -> Spec:
        axis = {"domain": False, "ticks": False, "grid": False, "labelAngle": 0}
        return {"field": field, "type": "nominal", "sort": order, "title": title, "axis": axis}

    tip = {"field": "tip", "type": "nominal"}
    return {
        "width": cell[0] * len(x[1]),
        "height": cell[1] * len(y[1]),
        "encoding": {"x": place(*x), "y": place(*y)},
        "layer": [
            {
                "mark": {"type": "rect", "stroke": PAPER.value, "strokeWidth": 2, "aria": True},
                "encoding": {
                    "color": {"field": "paint", "type": "nominal", "scale": None},
                    "description": tip,
                },
            },
            {
                # Measuring text is the slowest part of a drawing.
                "transform": [{"filter": "datum.text !== ''"}],
                "mark": {"type": "text", "fontSize": 11},
                "encoding": {
                    "text": {"field": "text", "type": "nominal"},
                    "color": {"field": "ink", "type": "nominal", "scale": None},
                },
            },
        ],
    }


def transfer_chart(corpus: str, transfers: Sequence[Transfer]) -> Chart:
    """Draw the mean transfer from and to one corpus: trained on rows, scored on columns."""
    values: dict[tuple[str, str], list[float]] = {}
    for one in transfers:
        if one.qwk is not None:
            values.setdefault((one.trained, one.scored), []).append(one.qwk)
    means = {pair: sum(found) / len(found) for pair, found in sorted(values.items())}
    data = [
        {
            "trained": trained,
            "scored": scored,
            "text": f"{mean:.2f}".replace("-", "−"),
            "tip": f"trained on {trained}, scored on {scored}: QWK {mean:.3f}",
            **_paint(mean),
        }
        for (trained, scored), mean in means.items()
    ]
    caption = f"Mean QWK over results: trained on {corpus} (its row), scored on it (its column)."
    x = ("scored", sorted({scored for _, scored in means}), "Scored on")
    y = ("trained", sorted({trained for trained, _ in means}), "Trained on")
    spec = {"data": {"values": data}, **_grid(data, x, y, cell=(74, 26))}
    return Chart(
        key="transfer",
        title="Transfer",
        caption=caption,
        drawing=draw(spec, "Transfer", caption),
        table=Table(
            ("trained_on", "scored_on", "qwk"),
            tuple((trained, scored, mean) for (trained, scored), mean in means.items()),
        ),
    )
