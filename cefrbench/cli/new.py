"""`cefrbench new`: begin a plugin that works at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cefrbench.cli.shared import FOLDER, echo
from cefrbench.plugins import PluginHost

if TYPE_CHECKING:
    from cefrbench.scaffold.layout import Kind, Layout, Names


@click.command(context_settings={"max_content_width": 100})
@click.argument("kind", type=click.Choice(["corpus", "encoder", "probe", "method"]))
@click.argument("name")
@click.option(
    "--package",
    type=FOLDER,
    metavar="DIR",
    help="Write a package of its own, with an entry point, into DIR.",
)
@click.option(
    "--plugins-dir",
    type=FOLDER,
    metavar="DIR",
    help="Write a loose file into DIR.",
)
@click.option(
    "--language",
    metavar="CODE",
    help="Language of a corpus's texts, by its ISO 639-1 code.  [default: en]",
)
@click.pass_context
def new(
    ctx: click.Context,
    kind: Kind,
    name: str,
    package: Path | None,
    plugins_dir: Path | None,
    language: str | None,
) -> None:
    """Begin a plugin: a corpus, an encoder, a probe or a method that works at once.

    It is written into plugins/ of the checkout that you are in, for a pull request, unless
    --package or --plugins-dir says otherwise. Its test and, for a corpus, its sample come with it;
    no file is written over.
    """
    from cefrbench.scaffold.layout import FOLDERS, as_file, as_package, in_checkout
    from cefrbench.scaffold.write import parse_name, write_plugin

    if package and plugins_dir:
        raise click.UsageError("--package and --plugins-dir exclude each other.")
    if language and kind != "corpus":
        raise click.UsageError("--language is said of a corpus alone.")
    host = ctx.find_object(PluginHost) or PluginHost()
    names = parse_name(kind, name, getattr(host, FOLDERS[kind]).items, language or "en")
    if package:
        layout = as_package(names, package)
    elif plugins_dir:
        layout = as_file(names, plugins_dir)
    else:
        layout = in_checkout(names, Path.cwd())
    for path in write_plugin(names, layout):
        echo(f"Wrote {_shown(path)}")
    echo("Next:")
    for number, step in enumerate(_steps(names, layout, package), start=1):
        echo(f"  {number}. {step}")


def _steps(names: Names, layout: Layout, package: Path | None) -> list[str]:
    """The next three steps."""
    command = f"cefrbench {layout.options}"
    fill = f"Fill in the card: each 'Replace:' in {_shown(layout.plugin)} wants an answer."
    if package:
        fill = f"pip install --editable {package}, and fill in the card in {_shown(layout.plugin)}."
    trial = {
        "corpus": f"{command}run --suite quickstart --corpus {names.name} --corpus merlin-cs",
        "encoder": f"{command}run --suite quickstart --encoder {names.name}",
        "probe": f"{command}run --suite quickstart --probe {names.name}",
        "method": f"{command}run --suite quickstart --probe ridge --probe {names.name}+ridge",
    }[names.kind]
    return [
        fill,
        f"{command}check {names.name}  (until nothing fails; `--markdown -` for a pull request)",
        trial,
    ]


def _shown(path: Path) -> str:
    """A path as short as it can be."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
