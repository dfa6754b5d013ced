"""`cefrbench show`: one result as tables."""

from __future__ import annotations

from pathlib import Path

import click

from cefrbench.cli.shared import echo_json


@click.command()
@click.argument("path", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, alone.")
def show(path: Path, as_json: bool) -> None:
    """Show one result as tables: probes, corpora, failures and notes."""
    from cefrbench.border import console
    from cefrbench.cli.render import render_result
    from cefrbench.results.intervals import summary_intervals
    from cefrbench.results.io import dump, read_predictions_of, read_result

    result = read_result(path)
    if as_json:
        echo_json(dump(result), nl=False)
    else:
        # A result that was passed on alone is shown too, without intervals.
        named = result.predictions
        beside = named is not None and path.with_name(named.file).is_file()
        predictions = read_predictions_of(result, path) if beside else None
        found = summary_intervals(result, predictions, scores=("qwk",)) if predictions else None
        render_result(result, console(), found)
