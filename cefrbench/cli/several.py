"""What commands on several results share: reading them, and telling one report in three forms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from cefrbench.cli.shared import echo, echo_json, unchecked_mark

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from cefrbench.results.checked import ReadResult
    from cefrbench.results.comparison_tables import Cells

markdown_option = click.option("--markdown", is_flag=True, help="Print Markdown, alone.")


def check_form(*, as_json: bool, markdown: bool) -> None:
    """Refuse two forms at once, before any work."""
    from cefrbench.errors import UserError

    if as_json and markdown:
        raise UserError("--json and --markdown exclude each other: name one of them.")


def read_several(
    paths: Sequence[str], *, unchecked: bool
) -> tuple[list[Path], list[ReadResult], list[str]]:
    """Read results of files and folders: their files, the results, and marks of the doubtful."""
    from cefrbench.results.checked import read_for_use
    from cefrbench.results.find import find_results

    files = find_results(paths)
    read = [read_for_use(path, unchecked=unchecked) for path in files]
    return files, read, [mark for one in read if (mark := unchecked_mark(one.doubt))]


def echo_marked_json(marks: list[str], told: Mapping[str, Any]) -> None:
    """Print JSON, with the marks before all else where there are any."""
    shown = {"unchecked": marks, **told} if marks else told
    echo_json(json.dumps(shown, indent=2, ensure_ascii=False, allow_nan=False))


def echo_marked_markdown(marks: Sequence[str], text: str) -> None:
    """Print Markdown below the marks."""
    from cefrbench.results.markup import escape_markdown

    echo("".join(f"**{escape_markdown(mark)}**\n\n" for mark in marks) + text, nl=False)


def marked_console(marks: Sequence[str]) -> Console:
    """Print the marks in red, and give the console for what they are of."""
    from rich.text import Text

    from cefrbench.border import plain
    from cefrbench.cli.notes import wide_console

    console = wide_console()
    for mark in marks:
        console.print(Text(plain(mark), style="bold red"))
    return console


def print_cells(console: Console, cells: Cells, title: str | None = None) -> None:
    """Print a header and rows as a table."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from cefrbench.border import plain

    header, rows = cells
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", header_style="bold",
                  title=None if title is None else plain(title))  # fmt: skip
    for name in header:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console.print(table)
