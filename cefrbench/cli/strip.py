"""`cefrbench results strip` and `results restore`: predictions without gold, and with it again."""

from __future__ import annotations

from pathlib import Path

import click

from cefrbench.cli.shared import FOLDER, echo


@click.command()
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@click.option("--output", type=FOLDER, required=True, metavar="DIR", help="Gets the copies.")
def strip(paths: tuple[str, ...], output: Path) -> None:
    """Copy results without the gold levels of their predictions.

    For texts whose licence keeps levels back. Their figures can be shown; what needs the
    predictions needs `results restore` first.
    """
    from cefrbench.results.checked import read_checked
    from cefrbench.results.find import find_results
    from cefrbench.results.stripped import write_stripped

    for path in find_results(paths):
        echo(f"Wrote {write_stripped(read_checked(path)[0], path, output)}")


@click.command()
@click.argument("path", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option("--data-dir", type=FOLDER, metavar="DIR", help="As for `cefrbench run`.")
@click.option("--offline", is_flag=True, help="Fetch nothing; use what is cached.")
@click.pass_context
def restore(ctx: click.Context, /, path: Path, data_dir: Path | None, offline: bool) -> None:
    """Put the gold levels of a result's texts back into its predictions.

    What comes out must be the very file that the result names.
    """
    from cefrbench.results.io import read_result
    from cefrbench.results.stripped import restore_gold
    from cefrbench.verification.again import gold_of

    result = read_result(path)
    restore_gold(result, path, gold_of(result, ctx.obj, data_dir=data_dir, offline=offline))
    echo(f"Put the gold levels back beside {path}.")
