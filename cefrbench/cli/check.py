"""`cefrbench check`: test a plugin against its contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cefrbench.cli.shared import FOLDER, echo, echo_json
from cefrbench.errors import EXIT_PARTIAL
from cefrbench.plugins import PluginHost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cefrbench.check.findings import CheckReport


@click.command(context_settings={"max_content_width": 100})
@click.argument("plugin")
@click.option("--sample", is_flag=True, help="Check a corpus on its sample; fetch nothing of it.")
@click.option(
    "--data-dir",
    type=FOLDER,
    metavar="DIR",
    help="Check a corpus on DIR/CORPUS.json, against the others there.",
)
@click.option("--offline", is_flag=True, help="Fetch nothing; skip what can't be loaded.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON, alone.")
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Write the reports as Markdown to paste into a pull request; - for standard output.",
)
@click.pass_context
def check(
    ctx: click.Context,
    plugin: str,
    sample: bool,
    data_dir: Path | None,
    offline: bool,
    device: str,
    as_json: bool,
    markdown: Path | None,
) -> None:
    r"""Test a plugin against its contract: what is wrong, why it matters, how to mend it.

    PLUGIN is the name of a corpus, encoder, probe, method or protocol, of a plugin or an installed
    package, the path of a plugin's .py file, or the folder of an installed package.

    \b
    Examples:
      cefrbench check ridge
      cefrbench check hf:intfloat/multilingual-e5-small
      cefrbench check my_corpus.py --markdown report.md

    Exit status: 0 when nothing has to be mended, 3 when something has.
    """
    from cefrbench.check.kit import KitOptions, check_target
    from cefrbench.check.resolve import resolve

    host = ctx.find_object(PluginHost) or PluginHost()
    options = KitOptions(sample=sample, data_dir=data_dir, offline=offline, device=device)
    reports = list(check_target(resolve(host, plugin), options))
    _write(reports, as_json, markdown)
    if not all(report.passed for report in reports):
        ctx.exit(EXIT_PARTIAL)


def _write(reports: Sequence[CheckReport], as_json: bool, markdown: Path | None) -> None:
    from cefrbench.check.render import render_json, render_markdown, render_text

    if markdown is not None and str(markdown) != "-":
        from cefrbench.atomic import write_text

        write_text(markdown, render_markdown(reports))
    if as_json:
        echo_json(render_json(reports))
    elif markdown is not None and str(markdown) == "-":
        echo(render_markdown(reports))
    else:
        from cefrbench.border import console

        render_text(reports, console())
