"""Heat maps: scores of corpora under protocols, and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence

from cefrbench_leaderboard.charts.chart import Chart, Row, in_order, make_chart
from cefrbench_leaderboard.charts.palette import ON_STRONG, PAPER, RAMP, STRONG, TEXT, step_of
from cefrbench_leaderboard.charts.svg import Spec, nominal, panels
from cefrbench_leaderboard.charts.unmeasured import UNMEASURED
from cefrbench_leaderboard.entry import Transfer
from cefrbench_leaderboard.render import short

#: Letters of a corpus’s name beside its row: more would not leave room for numbers on a phone.
_LABEL = 17


def corpora_chart(scores: Sequence[Row], probes: tuple[str, ...]) -> Chart:
    """Draw corpora × probes, one panel a protocol.

    Parameters
    ----------
    scores : sequence of Row
        ``panel``, ``protocol``, ``corpus``, ``probe``, ``n`` texts, and scores, None where
        undefined: ``qwk``, ``spearman``, ``recut`` and ``layer_0_qwk``.
    probes : tuple of str
    """
    data = [
        {
            **row,
            "label": short(row["corpus"], _LABEL),
            **_painted(row["qwk"] or 0.0, "–" if row["qwk"] is None else _score(row["qwk"])),
            "tip": "{corpus}, {protocol}, {probe}: ".format_map(row)
            + ("undefined" if row["qwk"] is None else f"QWK {row['qwk']:.3f}")
            + f" on {row['n']} texts",
        }
        for row in scores
    ]
    caption = (
        "One panel a probe, at the layers that count, the texts of all folds together. The "
        "stronger the colour, the better; the palest: 0 or less."
    )
    x, y = _place("panel", in_order(scores, "panel")), _place("label", in_order(data, "label"))
    # A word a line: Seen, and the protocol.
    x["axis"] |= {"labelExpr": "split(datum.label, ' ')"}
    spec = _panels(data, "probe", list(probes), _grid(x, y, cell=(52, 26)), columns=3)
    columns = "protocol corpus probe n qwk spearman recut layer_0_qwk"
    return make_chart("corpora", "QWK by corpus", caption, spec, columns, scores)


def confusion_chart(cells: Sequence[Row], probe: str, scale: tuple[str, ...]) -> Chart:
    """Draw confusion matrices of one probe with row percentages, one panel a protocol.

    Parameters
    ----------
    cells : sequence of Row
        ``panel``, ``protocol``, ``probe``, ``gold``, ``predicted``, the number of ``texts`` over
        corpora and seeds, and their ``share`` of the gold level's; None where that has no text.
    probe : str
        Which is drawn; all are in the table.
    scale : tuple of str
    """
    data = [
        {
            **cell,
            **_painted(cell["share"] or 0.0, f"{100 * cell['share']:.0f}" if cell["share"] else ""),
            "tip": "{texts} of {gold} predicted as {predicted}, {probe}, {protocol}".format_map(
                cell
            ),
        }
        for cell in cells
        if cell["probe"] == probe
    ]
    caption = (
        f"With {probe}, one panel a protocol: per cent of the texts of each true level, over all "
        "corpora and seeds; blank: none. The other probes are in the numbers."
    )
    x = _place("predicted", list(scale), "Predicted level")
    y = _place("gold", list(scale), "True level")
    spec = _panels(data, "panel", in_order(cells, "panel"), _grid(x, y, cell=(38, 30)), columns=5)
    columns = "protocol probe gold predicted texts share"
    return make_chart("confusion", "Confusion matrices", caption, spec, columns, cells)


def transfer_chart(corpus: str, transfers: Sequence[Transfer]) -> Chart:
    """Draw the mean transfer from and to one corpus: trained on rows, scored on columns."""
    values: dict[tuple[str, str], list[float]] = {}
    for one in transfers:
        if one.qwk is not None:
            values.setdefault((one.trained, one.scored), []).append(one.qwk)
    rows: list[Spec] = [
        {"trained_on": trained, "scored_on": scored, "qwk": sum(found) / len(found)}
        for (trained, scored), found in sorted(values.items())
    ]
    data = [
        {
            **row,
            "panel": "",
            **_painted(row["qwk"], _score(row["qwk"])),
            "tip": "trained on {trained_on}, scored on {scored_on}: QWK {qwk:.3f}".format_map(row),
        }
        for row in rows
    ]
    caption = f"Mean QWK over results: trained on {corpus} (its row), scored on it (its column)."
    x = _place("scored_on", sorted(in_order(rows, "scored_on")), "Scored on")
    y = _place("trained_on", sorted(in_order(rows, "trained_on")), "Trained on")
    spec = _panels(data, "panel", [""], _grid(x, y, cell=(84, 26)))
    return make_chart("transfer", "Transfer", caption, spec, "trained_on scored_on qwk", rows)


def _score(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _painted(share: float, text: str) -> Spec:
    step = step_of(share)
    ink = ON_STRONG if step >= STRONG else TEXT
    return {"text": text, "paint": RAMP[step].value, "ink": ink.value}


def _panels(
    data: list[Spec],
    field: str,
    order: list[str],
    grid: tuple[tuple[int, int], Spec],
    columns: int = 1,
) -> Spec:
    return panels(data, field, *grid, columns=columns, sort=order)


def _place(field: str, order: list[str], title: str | None = None) -> Spec:
    axis = {"domain": False, "ticks": False, "grid": False, "labelAngle": 0}
    return nominal(field, sort=order, title=title, axis=axis, scale={"domain": order})


def _grid(x: Spec, y: Spec, cell: tuple[int, int]) -> tuple[tuple[int, int], Spec]:
    """Width and height of a panel, and its cells with their number in the middle."""
    paint, ink = (nominal(field, scale=None) for field in ("paint", "ink"))
    return (cell[0] * len(x["sort"]), cell[1] * len(y["sort"])), {
        "encoding": {"x": x, "y": y},
        "layer": [
            {
                "mark": {"type": "rect", "stroke": PAPER.value, "strokeWidth": 2, "aria": True},
                "encoding": {"color": paint, "description": nominal("tip")},
            },
            {
                # Measuring text is the slowest part of a drawing: these fit their cells.
                "name": UNMEASURED,
                "transform": [{"filter": "datum.text !== ''"}],
                "mark": {"type": "text"},
                "encoding": {"text": nominal("text"), "color": ink},
            },
        ],
    }
