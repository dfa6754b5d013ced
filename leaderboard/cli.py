"""`cefrbench leaderboard`: build the site, and look at it."""

from __future__ import annotations

from pathlib import Path

import click

from cefrbench.cli.shared import FOLDER, complain, echo
from cefrbench.errors import EXIT_OK, EXIT_PARTIAL


@click.group()
def leaderboard() -> None:
    """Build or serve the leaderboard."""


@leaderboard.command()
@click.option(
    "--results",
    type=FOLDER,
    default=Path("leaderboard/results"),
    show_default=True,
    help="Folder of results, an encoder a folder.",
)
@click.option(
    "--out",
    type=FOLDER,
    default=Path("site"),
    show_default=True,
    help="Folder of the site; what a former build wrote there is replaced.",
)
@click.option(
    "--corpora",
    type=FOLDER,
    help="Folder of what `corpora describe --json` and `audit --json` said; `corpora` beside the "
    "results, if none is named.",
)
@click.option(
    "--verified",
    type=FOLDER,
    help="Folder of the records that `results verify` and `reproduce` write; `verified` beside the "
    "results, if none is named.",
)
@click.option(
    "--base-url",
    default="",
    metavar="URL",
    help="Address at which the site will stand, for previews, the sitemap and snippets; without it "
    "addresses are relative, and what needs whole ones is left out.",
)
@click.option("--quiet", is_flag=True, help="Say nothing but the path of the site.")
@click.pass_context
def build(
    ctx: click.Context,
    results: Path,
    out: Path,
    corpora: Path | None,
    verified: Path | None,
    base_url: str,
    quiet: bool,
) -> None:
    """Build the site from a folder of results.

    A result that is wrong is left out and named, the others go on, and the exit status is 3.
    """
    from cefrbench_leaderboard.descriptions import folder_beside
    from cefrbench_leaderboard.site import build as build_site
    from cefrbench_leaderboard.trust import verified_beside

    def tell(done: int, of: int) -> None:
        if not quiet and (done == of or done % 25 == 0):
            echo(f"{done} of {of} new results", err=True)

    corpora = corpora or folder_beside(results)
    verified = verified or verified_beside(results)
    report = build_site(
        results, out, corpora=corpora, verified=verified, base_url=base_url, tell=tell
    )
    for one in report.left_out:
        complain(f"Left out {one.file}: {one.cause}")
    if not quiet:
        noun = "result" if report.results == 1 else "results"
        echo(f"{report.results} {noun}, {report.made} of them new.", err=True)
        if report.not_audited:
            echo(
                f"No audit in {str(corpora)!r} of the rows of {', '.join(report.not_audited)}: "
                "write there what `cefrbench corpora describe --json` and `… audit --json` say "
                "(NAME.describe.json, NAME.audit.json), or name another folder with --corpora.",
                err=True,
            )
    echo(report.index)
    ctx.exit(EXIT_PARTIAL if report.left_out else EXIT_OK)


@leaderboard.command()
@click.option(
    "--out",
    type=FOLDER,
    default=Path("site"),
    show_default=True,
    help="Folder of the site.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
def serve(out: Path, port: int) -> None:
    """Serve the site to this machine alone, on 127.0.0.1, until Ctrl-C."""
    from cefrbench_leaderboard.serve import serve as serve_site

    serve_site(out, port)
