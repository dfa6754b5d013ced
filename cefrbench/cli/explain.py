"""`cefrbench explain`: why one result's scores fall out of distribution, in words and tables."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    epilog="Example: cefrbench explain out/minilm/cefr-v1.json --references leaderboard/results"
)
@click.argument("path", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option(
    "--references",
    "references",
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder where results of references lie too, as DIR/<encoder>/<suite>.json; repeatable.",
)
@click.option("--probe", metavar="NAME", help="The one that the inner cuts favour, if none is.")
@click.option(
    "--replicates",
    type=click.IntRange(200, 100_000),
    default=2000,
    show_default=True,
    metavar="N",
    help="Resamples of the texts.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Of the resamples.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, alone.")
def explain(
    path: Path,
    references: tuple[Path, ...],
    probe: str | None,
    replicates: int,
    seed: int,
    as_json: bool,
) -> None:
    """Say why scores fall out of distribution: the gap in parts, and how far an encoder comes.

    From the result and its predictions alone. References, which the claim is tested against, are
    looked for in the folders beside the result's own; see docs/explain.md.
    """
    from rich.console import Console

    from cefrbench.cli.render_explanation import render_explanation
    from cefrbench.errors import ResultError
    from cefrbench.results.explain import explain_result
    from cefrbench.results.io import read_predictions_of, read_result

    for folder in references:
        if not folder.is_dir():
            raise ResultError(
                f"There is no folder {str(folder)!r}: name one with --references that holds "
                "results as `cefrbench run --output` writes them."
            )
    result = read_result(path)
    explanation = explain_result(
        result,
        read_predictions_of(result, path),
        path,
        references=references,
        probe=probe,
        replicates=replicates,
        seed=seed,
    )
    if as_json:
        click.echo(explanation.model_dump_json(indent=2))
    else:
        render_explanation(explanation, Console())
