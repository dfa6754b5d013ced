"""`cefrbench figure`: the table of a paper, drawn.

It stands here, and not among the other commands, because it draws with what the leaderboard does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cefrbench.cli.shared import FILE, SCORES, echo, unchecked_option
from cefrbench.errors import UserError

if TYPE_CHECKING:
    from cefrbench.results.paper import PaperTable
    from cefrbench_leaderboard.charts.chart import Chart

#: Width of a panel, in pixels.
_PANEL: Final = 200
_ENDS: Final = (".svg", ".pdf", ".csv")


@click.command(epilog="Example: cefrbench figure out/minilm/cefr-v1.json --out minilm.pdf")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@click.option(
    "--out",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Ends in .svg, .pdf or .csv (what is drawn, as numbers).",
)
@click.option("--score", type=click.Choice(SCORES), default="qwk", show_default=True)
@unchecked_option
def figure(paths: tuple[str, ...], out: Path, score: str, unchecked: bool) -> None:
    """Draw encoders in and out of distribution, their gap and their references.

    The figures are those of `results export --format latex`, each encoder with the probe that its
    inner cuts favour. PATH is a result, a folder of results or a pattern.
    """
    from cefrbench.atomic import atomic_path
    from cefrbench.results.find import find_results
    from cefrbench.results.paper import read_table
    from cefrbench_leaderboard.charts.svg import draw_pdf
    from cefrbench_leaderboard.report.files import check_drawing

    if out.suffix not in _ENDS:
        raise UserError(
            f"A figure can't be written as {out.name!r}: name a file with --out that ends in "
            ".svg, .pdf or .csv."
        )
    check_drawing("the command `figure`")
    table = read_table(find_results(paths), score=score, favoured=True, unchecked=unchecked)
    chart = paper_chart(table)
    text = {".svg": chart.drawing.alone, ".csv": chart.table.csv}.get(out.suffix)
    data = draw_pdf(chart.spec) if text is None else text().encode("utf-8", "xmlcharrefreplace")
    with atomic_path(out) as part:
        part.write_bytes(data)
    echo(f"Wrote {out}", err=True)


def paper_chart(table: PaperTable) -> Chart:
    """Draw a table: a panel a column, a line an encoder."""
    from cefrbench.results.paper import GAP
    from cefrbench.results.verdicts import SCORE_WORDS
    from cefrbench_leaderboard.charts.chart import in_order, make_chart
    from cefrbench_leaderboard.charts.forest import forest_spec
    from cefrbench_leaderboard.charts.palette import INSIDE, TEXT, Series
    from cefrbench_leaderboard.report.rows import figure_row

    rows = [
        figure_row(one, f"{row.encoder}, {row.probe}, {column}", panel=table.title(column),
                   label=f"{row.encoder} ({row.suite})" if table.suites else row.encoder,
                   look="reference" if row.reference else "encoder", probe=row.probe,
                   layers=row.layers, protocol=column)
        for column in table.columns
        for row in table.rows
        if (one := row.figures.get(column)) is not None and one.value is not None
    ]  # fmt: skip
    if not rows:
        raise UserError(f"None of the results has a {table.score}: draw another with --score.")
    every = {
        "encoder": Series(INSIDE, (1, 0), "circle"),
        "reference": Series(TEXT, (1, 0), "cross"),
    }
    looks = {name: look for name, look in every.items() if name in in_order(rows, "look")}
    words = SCORE_WORDS[table.score]
    axis = f"{words}, and its gap" if GAP in table.columns else words
    spec = forest_spec(rows, looks, axis, _PANEL)
    columns = "label look probe layers protocol value low high"
    return make_chart("paper", f"{words} of encoders", table.caption, spec, columns, rows)
