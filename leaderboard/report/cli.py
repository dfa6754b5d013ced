"""`cefrbench explain`: why one result's scores fall out of distribution, in words and tables.

It stands here, and not among the other commands, because it draws with what the leaderboard does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cefrbench.cli.shared import (
    complain,
    echo,
    echo_json,
    json_option,
    replicates_option,
    seed_option,
    unchecked_mark,
    unchecked_option,
)

if TYPE_CHECKING:
    from cefrbench.results.explanation import Explanation


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
@replicates_option
@seed_option
@json_option
@unchecked_option
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a report too: one file that needs no network and no script.",
)
@click.option(
    "--figures",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write each figure too, as SVG and PDF, with its CSV.",
)
@click.option(
    "--latex",
    metavar="FILE|DIR",
    type=click.Path(path_type=Path),
    help="Write the tables too: all into FILE.tex, or each into a file of DIR.",
)
def explain(
    path: Path,
    references: tuple[Path, ...],
    probe: str | None,
    replicates: int,
    seed: int,
    as_json: bool,
    unchecked: bool,
    html: Path | None,
    figures: Path | None,
    latex: Path | None,
) -> None:
    """Say why scores fall out of distribution: the gap in parts, and how far an encoder comes.

    From the result and its predictions alone. References, which the claim is tested against, are
    looked for in the folders beside the result's own; see docs/explain.md.
    """
    from cefrbench.errors import ResultError
    from cefrbench.results.checked import read_for_use
    from cefrbench.results.explain import explain_result
    from cefrbench_leaderboard.report.terminal import print_explanation

    if html or figures or latex:
        from cefrbench_leaderboard.report.files import check_places

        check_places(html=html, figures=figures, latex=latex)
    for folder in references:
        if not folder.is_dir():
            raise ResultError(
                f"There is no folder {str(folder)!r}: name one with --references that holds "
                "results as `cefrbench run --output` writes them."
            )
    read = read_for_use(path, unchecked=unchecked)
    explanation = explain_result(
        *read.pair(),
        path,
        references=references,
        probe=probe,
        replicates=replicates,
        seed=seed,
    )
    if mark := unchecked_mark(read.doubt):
        complain(mark)
        explanation = explanation.model_copy(update={"notes": (mark, *explanation.notes)})
    if as_json:
        echo_json(explanation.model_dump_json(indent=2))
    else:
        print_explanation(explanation)
    _write(explanation, html, figures, latex)


def _write(
    explanation: Explanation, html: Path | None, figures: Path | None, latex: Path | None
) -> None:
    """Write what was asked for, and say where on standard error."""
    from cefrbench_leaderboard.report.files import write_figures, write_html, write_latex

    wanted = ((html, write_html), (figures, write_figures), (latex, write_latex))
    for path, write in wanted:
        if path is not None:
            files = write(explanation, path)
            echo(
                f"Wrote {files[0]}" if files == [path] else f"Wrote {len(files)} files to {path}",
                err=True,
            )
