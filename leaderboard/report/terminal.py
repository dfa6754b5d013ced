"""An explanation as a page in a terminal: under each heading its sentences, then its tables."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from cefrbench.border import plain
from cefrbench.cli.notes import wide_console
from cefrbench.results.explanation import Explanation
from cefrbench.results.wording import HEADINGS
from cefrbench_leaderboard.report.tables import ReportCell, ReportTable, tables

#: Spaces of pages that a terminal may lack.
_SPACES = str.maketrans({"\N{NARROW NO-BREAK SPACE}": ",", "\N{NO-BREAK SPACE}": " "})


def print_explanation(explanation: Explanation) -> None:
    """Print an explanation with the sentences and tables of its report."""
    console = wide_console()
    head = f"{explanation.encoder} under {explanation.suite}, probe {explanation.probe}"
    console.print(Text(plain(head), style="bold"))
    made = tables(explanation)
    for topic, heading in HEADINGS.items():
        said = [one.text for one in explanation.sentences if one.topic == topic]
        filled = [table for table in made if table.topic == topic]
        if said or filled:
            console.print(Text(f"\n{heading}", style="bold underline"))
        for text in said:
            console.print(Text(plain(text)))
        for table in filled:
            console.print(_table(table))
    for note in explanation.notes:
        console.print(Text(plain(f"Note: {note}"), style="dim"))


def _table(made: ReportTable) -> Table:
    table = Table(
        title=Text(f"\n{_plain(made.title)}", style="bold", justify="left"),
        title_justify="left",
        caption=Text(_plain(made.note), style="dim", justify="left"),
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for place, name in enumerate(made.columns):
        right = made.rows[0][place].number
        table.add_column(
            _plain(name), overflow="fold", vertical="top", justify="right" if right else "left"
        )
    for row in made.rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(cell: ReportCell) -> Text:
    """A text, and below it its interval; bold where that leaves out 0."""
    text = Text(_plain(cell.text), style="bold" if cell.strong else "")
    if cell.ends:
        text.append(f"\n{cell.ends}", style="dim not bold")
    return text


def _plain(text: str) -> str:
    return plain(text.translate(_SPACES))
