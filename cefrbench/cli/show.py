"""`cefrbench show`: one result as tables."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("path", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, alone.")
def show(path: Path, as_json: bool) -> None:
    """Show one result as tables: probes, corpora, failures and notes."""
    from rich.console import Console

    from cefrbench.results.io import dump, read_result
    from cefrbench.results.show import render_result

    result = read_result(path)
    if as_json:
        click.echo(dump(result), nl=False)
    else:
        render_result(result, Console())
