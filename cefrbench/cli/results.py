"""`cefrbench results`: check, verify, merge and export results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cefrbench.cli.shared import FILE, SCORES, echo, unchecked_mark, unchecked_option
from cefrbench.cli.strip import restore, strip
from cefrbench.cli.verify import open_, verify
from cefrbench.errors import EXIT_USER, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from cefrbench.results.findings import Mismatch

_PATHS = click.argument("paths", metavar="PATH…", nargs=-1, required=True)

#: Mismatches of one file that are printed.
_MOST_FINDINGS = 20


@click.group()
def results() -> None:
    """Check, verify, merge and export results."""


results.add_command(open_)
results.add_command(verify)
results.add_command(strip)
results.add_command(restore)


@results.command()
@_PATHS
def check(paths: tuple[str, ...]) -> None:
    """Recompute every figure of results; status 1 when any doesn't agree.

    PATH is a result, a folder of results or a pattern.
    """
    from cefrbench.border import console as make_console
    from cefrbench.results.checked import check_result
    from cefrbench.results.find import find_results

    console = make_console()
    rejected = 0
    files = find_results(paths)
    for path in files:
        findings = check_result(path)
        rejected += bool(findings)
        _print_findings(console, path, findings)
    console.print(f"{len(files) - rejected} of {len(files)} results accepted.")
    if rejected:
        click.get_current_context().exit(EXIT_USER)


@results.command()
@_PATHS
@click.option(
    "--output",
    type=FILE,
    required=True,
    metavar="FILE",
    help="JSON file to write; its predictions go beside it.",
)
def merge(paths: tuple[str, ...], output: Path) -> None:
    """Merge partial results of one encoder: other probes, protocols, seeds or layers."""
    from cefrbench.results.checked import read_checked
    from cefrbench.results.find import find_results
    from cefrbench.results.io import write_result_file
    from cefrbench.results.merge import merge_results

    files = find_results(paths)
    write_result_file(*merge_results([read_checked(path) for path in files]), output)
    echo(f"Merged {len(files)} results into {output}.")


@results.command()
@_PATHS
@click.option(
    "--format",
    "kind",
    type=click.Choice(
        ["csv", "corpora", "means", "analyses", "latex", "markdown", "eee", "hub", "mteb"]
    ),
    required=True,
    help="csv: a row per unit; corpora, means, analyses: CSV with a row per corpus, per mean, or "
    "per figure of an analysis; latex, markdown: the table of a paper, with intervals, gap and "
    "references. Of one result: eee: a record for Every Eval Ever; hub: the head of a model card; "
    "mteb: a Python file with tasks for mteb.",
)
@click.option(
    "--score",
    type=click.Choice(SCORES),
    default="qwk",
    show_default=True,
    help="Of the table of a paper.",
)
@click.option(
    "--output",
    type=FILE,
    metavar="FILE",
    help="Write there instead of on standard output.",
)
@unchecked_option
def export(
    paths: tuple[str, ...], kind: str, score: str, output: Path | None, unchecked: bool
) -> None:
    """Export results as tables, or one in the form of another collection.

    `cefrbench figure` draws what the table of a paper says. Results that don't pass their check are
    refused; with --unchecked a table says which they are, and no other collection gets them.
    """
    from cefrbench.atomic import write_text
    from cefrbench.results.checked import read_for_use
    from cefrbench.results.export import FORMATS, with_marks
    from cefrbench.results.find import find_results

    files = find_results(paths)
    if kind in ("latex", "markdown"):
        from cefrbench.results.paper import read_table, to_latex, to_markdown

        text = (to_latex if kind == "latex" else to_markdown)(
            read_table(files, score=score, unchecked=unchecked)
        )
    elif kind in FORMATS:
        read = [read_for_use(path, unchecked=unchecked, alone=True) for path in files]
        marks = [unchecked_mark(one.doubt) for one in read]
        results = [one.result for one in read]
        text = with_marks(kind, results, marks) if any(marks) else FORMATS[kind](results)
    else:
        text = _record(files, kind)
    if output is None:
        echo(text, nl=False)
    else:
        write_text(output, text)


def _record(files: Sequence[Path], kind: str) -> str:
    """Give one result, if all its figures agree, in the form of another collection."""
    from cefrbench.results.checked import read_checked
    from cefrbench.results.records import RECORDS

    if len(files) != 1:
        raise UserError(
            f"The format {kind!r} takes one result, and here are {len(files)}: name one file."
        )
    return RECORDS[kind](*read_checked(files[0]))


def _print_findings(console: Console, path: Path, findings: list[Mismatch]) -> None:
    from rich.table import Table
    from rich.text import Text

    from cefrbench.border import plain

    verdict = Text("rejected", style="red") if findings else Text("accepted", style="green")
    console.print(verdict.append(f"  {plain(str(path))}", style="default"))
    if not findings:
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("where", "found", "expected"):
        table.add_column(name, overflow="fold")
    for finding in findings[:_MOST_FINDINGS]:
        cells = (finding.where, finding.found, finding.expected)
        table.add_row(*(Text(plain(cell)) for cell in cells))
    console.print(table)
    if len(findings) > _MOST_FINDINGS:
        console.print(f"… and {len(findings) - _MOST_FINDINGS} more.")
