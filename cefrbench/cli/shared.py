"""What several commands share: options, and how a table is printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from cefrbench.border import apart, console, output, plain, plain_json, plain_lines

#: Names of the scores, here so that `--help` needn't import numpy; a test compares them.
SCORES = ("qwk", "macro_f1", "mae", "r2", "accuracy", "adjacent", "spearman", "recut")

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, alone.")
replicates_option = click.option(
    "--replicates",
    type=click.IntRange(200, 100_000),
    default=2000,
    show_default=True,
    metavar="N",
    help="Resamples of the texts.",
)
unchecked_option = click.option(
    "--unchecked",
    is_flag=True,
    help="Take results too whose checksum, figures or predictions don't hold, and mark them.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Of the resamples.",
)


Command = TypeVar("Command", bound=Callable[..., Any])
Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def names_of(kind: str) -> Complete:
    """Make what completes names of a kind in a shell: those that `cefrbench list` knows."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        from cefrbench.cli.catalogue import catalogue
        from cefrbench.plugins import PluginHost

        with apart():
            entries = catalogue(ctx.find_object(PluginHost) or PluginHost(), kind)
        names: list[str] = [entry["name"] for entry in entries]
        return [name for name in names if name.casefold().startswith(incomplete.casefold())]

    return complete


def names_option(
    flag: str, field: str, text: str, *, kind: str = ""
) -> Callable[[Command], Command]:
    """Make an option that takes names again and again; ``kind`` is what completes them."""
    return click.option(
        flag,
        field,
        multiple=True,
        metavar="NAME",
        shell_complete=names_of(kind or field),
        help=text,
    )


def echo(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Print lines of text; nothing in them is obeyed by a terminal."""
    click.echo(plain_lines(str(text)), file=None if err else output(), err=err, nl=nl)


def complain(text: str) -> None:
    """Print a sentence on standard error, in one line whatever it repeats."""
    click.echo(plain(text), err=True)


def unchecked_mark(doubt: str) -> str:
    """How output says that a result is not to be trusted; empty where there is no doubt."""
    return f"UNCHECKED: {doubt}." if doubt else ""


def echo_json(value: Any, *, nl: bool = True) -> None:
    """Print a value as JSON, or a text that is JSON already."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    click.echo(plain_json(text), file=output(), nl=nl)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    *,
    title: str = "",
    fold: bool = False,
) -> None:
    """Print rows under columns; the first is never folded over lines, unless ``fold``."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", title=title or None)
    table.title_justify = "left"
    for column in columns:
        whole = column == columns[0] and not fold
        table.add_column(column, overflow="fold", min_width=len(column), no_wrap=whole)
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
