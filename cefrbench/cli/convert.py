"""`cefrbench corpora convert`: from an owner's format to UniversalCEFR's fields."""

from __future__ import annotations

from pathlib import Path

import click

from cefrbench.cli.shared import FILE
from cefrbench.errors import CorpusError
from cefrbench.plugins import PluginHost


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("output", type=FILE)
@click.pass_context
def convert(ctx: click.Context, name: str, file: Path, output: Path) -> None:
    """Write a corpus that you got from its owner as OUTPUT, for --data-dir.

    NAME is a corpus that may not be passed on, FILE what its owner ships. Name OUTPUT
    DIR/NAME.json, and give --data-dir DIR.
    """
    from cefrbench.corpora.owners import OwnersCorpus, write_rows

    host = ctx.find_object(PluginHost) or PluginHost()
    corpus = host.get_corpus(name)
    if not isinstance(corpus, OwnersCorpus):
        convertible = [
            known for known, one in host.corpora.items.items() if isinstance(one, OwnersCorpus)
        ]
        raise CorpusError(
            f"The corpus {name!r} needs no conversion: run it by its name. Those that do are "
            f"{', '.join(convertible)}."
        )
    count = write_rows(corpus.convert(file), output)
    click.echo(f"{count:,} rows: {output}")
