"""`cefrbench compare`: results against each other, in pairs, on the same texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cefrbench.cli.shared import (
    SCORES,
    echo,
    echo_json,
    json_option,
    replicates_option,
    seed_option,
    unchecked_mark,
    unchecked_option,
)

if TYPE_CHECKING:
    from rich.console import Console

    from cefrbench.results.compare import Comparisons
    from cefrbench.results.comparison_tables import Cells


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
@click.option("--markdown", is_flag=True, help="Print Markdown, alone.")
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
    from cefrbench.errors import UserError
    from cefrbench.results.checked import read_for_use
    from cefrbench.results.comparable import check_comparable, common_probe
    from cefrbench.results.compare import compare_results
    from cefrbench.results.comparison_tables import to_json, to_markdown
    from cefrbench.results.find import find_results
    from cefrbench.results.markup import escape_markdown

    if as_json and markdown:
        raise UserError("--json and --markdown exclude each other: name one of them.")
    files = find_results(paths)
    read = [read_for_use(path, unchecked=unchecked) for path in files]
    results = [one.result for one in read]
    check_comparable(results)
    probe = common_probe(results, probe)
    marks = [mark for one in read if (mark := unchecked_mark(one.doubt))]
    report = compare_results(
        [one.pair() for one in read],
        probe=probe,
        protocols=protocols,
        score=score,
        replicates=replicates,
        seed=seed,
    )
    if as_json:
        told = {"unchecked": marks} if marks else {}
        echo_json(json.dumps(told | to_json(report), indent=2, ensure_ascii=False, allow_nan=False))
    elif markdown:
        echo("".join(f"**{escape_markdown(mark)}**\n\n" for mark in marks), nl=False)
        echo(to_markdown(report), nl=False)
    else:
        _print(report, files, marks)


def _print(report: Comparisons, files: list[Path], marks: list[str]) -> None:
    from rich.text import Text

    from cefrbench.border import plain
    from cefrbench.cli.notes import wide_console
    from cefrbench.results.comparison_tables import caption, pair_cells, score_cells
    from cefrbench.results.verdicts import verdict

    console = wide_console()
    for mark in marks:
        console.print(Text(plain(mark), style="bold red"))
    for label, path in zip(report.labels, files, strict=True):
        console.print(Text(plain(f"{label}: {path}"), style="dim"))
    _print_table(console, score_cells(report))
    _print_table(console, pair_cells(report))
    for pair in report.pairs:
        console.print(Text(plain(f"• {verdict(pair, report)}")))
    console.print(Text(plain(caption(report)), style="dim"))


def _print_table(console: Console, cells: Cells) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from cefrbench.border import plain

    header, rows = cells
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console.print(table)
