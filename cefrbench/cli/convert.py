"""`cefrbench corpora convert`: from a corpus's own source to UniversalCEFR's fields."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from cefrbench.cli.shared import FILE, FOLDER, echo, names_of
from cefrbench.contracts.corpus import Access, Row
from cefrbench.corpora.load import raw_rows
from cefrbench.corpora.owners import OwnersCorpus, write_rows
from cefrbench.errors import CorpusError
from cefrbench.plugins import PluginHost


@click.command()
@click.argument("name", shell_complete=names_of("corpora"))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.argument("output", type=FILE)
@click.option("--offline", is_flag=True, help="Fetch nothing; use what is cached.")
@click.option("--cache-dir", type=FOLDER, help="Where downloads are kept.")
@click.pass_context
def convert(
    ctx: click.Context,
    name: str,
    files: tuple[Path, ...],
    output: Path,
    offline: bool,
    cache_dir: Path | None,
) -> None:
    """Write the raw rows of any corpus as OUTPUT, for --data-dir.

    FILE is what the owner of a corpus that may not be passed on ships, one file or several; without
    it, rows are read where the corpus itself finds them. Name OUTPUT DIR/NAME.json, and give
    --data-dir DIR.
    """
    host = ctx.find_object(PluginHost) or PluginHost()
    corpus = host.get_corpus(name)
    if files and not isinstance(corpus, OwnersCorpus):
        raise CorpusError(
            f"The corpus {name!r} finds its rows by itself, so it takes no file: write "
            f"`cefrbench corpora convert {name} {output}`."
        )
    if files and isinstance(corpus, OwnersCorpus):
        rows: Iterable[Row] = corpus.convert(*files).rows
    else:
        rows = raw_rows(corpus, Access(offline=offline, cache_dir=cache_dir))
    count = write_rows(rows, output)
    echo(f"{count:,} rows: {output}")
