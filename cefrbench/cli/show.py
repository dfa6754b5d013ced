"""`cefrbench show`: one result as tables."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cefrbench.cli.shared import echo_json, unchecked_mark, unchecked_option


@click.command()
@click.argument("path", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, alone.")
@unchecked_option
def show(path: Path, as_json: bool, unchecked: bool) -> None:
    """Show one result as tables: probes, corpora, failures and notes.

    One that doesn't pass `results check` is refused.
    """
    from rich.text import Text

    from cefrbench.border import console, plain
    from cefrbench.cli.render import render_result
    from cefrbench.results.checked import read_for_use
    from cefrbench.results.intervals import summary_intervals
    from cefrbench.results.io import dump

    # A result that was passed on alone is shown too, without intervals.
    read = read_for_use(path, unchecked=unchecked, alone=True)
    mark = unchecked_mark(read.doubt)
    if as_json:
        text = dump(read.result)
        echo_json(f'{{\n"unchecked": {json.dumps(mark)},{text[1:]}' if mark else text, nl=False)
        return
    sound = read.predictions is not None and not mark
    found = summary_intervals(*read.pair(), scores=("qwk",)) if sound else None
    if mark:
        console().print(Text(plain(mark), style="bold red"))
    render_result(read.result, console(), found)
