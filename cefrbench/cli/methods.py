"""`cefrbench methods`: what methods against corpus bias do, beside what they have to beat."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from cefrbench.cli.shared import (
    echo,
    echo_json,
    json_option,
    replicates_option,
    seed_option,
    unchecked_mark,
    unchecked_option,
)

if TYPE_CHECKING:
    from cefrbench.results.method_effects import MethodEffects


@click.command(epilog="Example: cefrbench methods out/minilm/cefr-v1.json out/length/cefr-v1.json")
@click.argument("paths", metavar="RESULT.json …", nargs=-1, required=True)
@click.option(
    "--protocol",
    metavar="NAME",
    help="What stands for out of distribution: few-shot-32, say.  [default: lofo]",
)
@replicates_option
@seed_option
@json_option
@click.option("--markdown", is_flag=True, help="Print Markdown, alone.")
@unchecked_option
def methods(
    paths: tuple[str, ...],
    protocol: str | None,
    replicates: int,
    seed: int,
    as_json: bool,
    markdown: bool,
    unchecked: bool,
) -> None:
    """Say what methods (--probe METHOD+PROBE) do to the probe that they wrap.

    Out of distribution and in it, against the probe itself, against the study's (the method
    `unweighted`), and against what the same method makes of `length`; recut QWK and rank
    correlation tell direction from thresholds. Errors are of the whole procedure, corrected by
    Holm's method over the methods. Several results of one encoder are taken together; with more
    than one encoder, the mean over those that are no references stands beside them.
    """
    from cefrbench.errors import UserError
    from cefrbench.results.checked import read_for_use
    from cefrbench.results.find import find_results
    from cefrbench.results.markup import escape_markdown
    from cefrbench.results.method_effects import tell_methods
    from cefrbench.results.method_tables import effect_cells, in_markdown

    if as_json and markdown:
        raise UserError("--json and --markdown exclude each other: name one of them.")
    read = [read_for_use(path, unchecked=unchecked) for path in find_results(paths)]
    marks = [mark for one in read if (mark := unchecked_mark(one.doubt))]
    told = tell_methods(
        [one.pair() for one in read], outside=protocol, replicates=replicates, seed=seed
    )
    if as_json:
        shown: dict[str, Any] = {"unchecked": marks} if marks else {}
        shown |= _as_json(told)
        echo_json(json.dumps(shown, indent=2, ensure_ascii=False, allow_nan=False))
    elif markdown:
        echo("".join(f"**{escape_markdown(mark)}**\n\n" for mark in marks), nl=False)
        echo(in_markdown(told), nl=False)
    else:
        _print_methods([*marks], effect_cells(told))


def _as_json(told: MethodEffects) -> dict[str, Any]:
    return {
        "encoders": told.encoders,
        "averaged": told.averaged,
        "effects": [asdict(one) | {"difference": one.difference} for one in told.effects],
    }


def _print_methods(marks: list[str], cells: dict[str, tuple[list[str], list[list[str]]]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from cefrbench.border import plain
    from cefrbench.cli.notes import wide_console
    from cefrbench.results.method_tables import CAPTION

    console = wide_console()
    for mark in marks:
        console.print(Text(plain(mark), style="bold red"))
    for title, (header, rows) in cells.items():
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=plain(title), title_justify="left")
        for name in header:
            table.add_column(Text(name), overflow="fold")
        for row in rows:
            table.add_row(*(Text(plain(cell)) for cell in row))
        console.print(table)
    console.print(Text(CAPTION, style="dim"))
