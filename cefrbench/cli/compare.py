"""`cefrbench compare`: results against each other, in pairs, on the same texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cefrbench.cli.several import (
    check_form,
    echo_marked_json,
    echo_marked_markdown,
    markdown_option,
    marked_console,
    print_cells,
    read_several,
)
from cefrbench.cli.shared import (
    SCORES,
    json_option,
    replicates_option,
    seed_option,
    unchecked_option,
)

if TYPE_CHECKING:
    from cefrbench.results.compare import Comparisons


@click.command(epilog="Example: cefrbench compare out/minilm/cefr-v1.json out/surface/cefr-v1.json")
@click.argument("paths", metavar="A.json B.json …", nargs=-1, required=True)
@click.option(
    "--probe",
    metavar="NAME",
    help="The first that all have, if none is named; a reference without it has its own.",
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    metavar="NAME",
    help="iid, loco, …, or gap (iid less loco). Repeatable; all that the results share if none.",
)
@click.option("--score", type=click.Choice(SCORES), default="qwk", show_default=True)
@replicates_option
@seed_option
@json_option
@markdown_option
@unchecked_option
def compare(
    paths: tuple[str, ...],
    probe: str | None,
    protocols: tuple[str, ...],
    score: str,
    replicates: int,
    seed: int,
    as_json: bool,
    markdown: bool,
    unchecked: bool,
) -> None:
    """Test results against each other in pairs, on the same texts.

    Differences come with intervals and p-values, by themselves and after Holm's correction over
    all pairs and protocols, on these corpora and as if these were a sample of corpora; see
    docs/statistics.md.
    Results are refused that differ in suite, corpora or splits, lack their predictions, or don't
    pass `results check`.
    """
    from cefrbench.results.comparable import check_comparable, common_probe
    from cefrbench.results.compare import compare_results
    from cefrbench.results.comparison_tables import to_json, to_markdown

    check_form(as_json=as_json, markdown=markdown)
    files, read, marks = read_several(paths, unchecked=unchecked)
    results = [one.result for one in read]
    check_comparable(results)
    probe = common_probe(results, probe)
    report = compare_results(
        [one.pair() for one in read],
        probe=probe,
        protocols=protocols,
        score=score,
        replicates=replicates,
        seed=seed,
    )
    if as_json:
        echo_marked_json(marks, to_json(report))
    elif markdown:
        echo_marked_markdown(marks, to_markdown(report))
    else:
        _print(report, files, marks)


def _print(report: Comparisons, files: list[Path], marks: list[str]) -> None:
    from rich.text import Text

    from cefrbench.border import plain
    from cefrbench.results.comparison_tables import caption, pair_cells, score_cells
    from cefrbench.results.verdicts import verdict

    console = marked_console(marks)
    for label, path in zip(report.labels, files, strict=True):
        console.print(Text(plain(f"{label}: {path}"), style="dim"))
    print_cells(console, score_cells(report))
    print_cells(console, pair_cells(report))
    for pair in report.pairs:
        console.print(Text(plain(f"• {verdict(pair, report)}")))
    console.print(Text(plain(caption(report)), style="dim"))
