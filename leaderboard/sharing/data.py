"""All data of the site: the tidy table, the archive, and the page that says how to use them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from cefrbench.border import cell
from cefrbench_leaderboard.boards import Board
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.load import ResultFile
from cefrbench_leaderboard.page import Page, Rendered
from cefrbench_leaderboard.published import Published
from cefrbench_leaderboard.render import render
from cefrbench_leaderboard.sharing.archive import ROOT, Archive, member, piece
from cefrbench_leaderboard.sharing.cite import bibtex
from cefrbench_leaderboard.sharing.numbers import COLUMNS, board_rows, head, result_rows
from cefrbench_leaderboard.sharing.publish import Publisher
from cefrbench_leaderboard.standing import Made

ARCHIVE, TABLE = f"{ROOT}.tar.gz", "scores.csv"
#: Files of the store behind the two: lines of the table, plain and compressed, and the result.
LINES, LINES_GZ, RESULT_GZ = "scores.part", "scores.part.gz", "result.part.gz"
_README = """Data of the cefrbench leaderboard
=================================

scores.csv        every number of boards and of the tables of encoders, corpora, probes and
                  protocols, a row an observation; columns.csv says what its columns hold
results/          the results in full, as `cefrbench run` wrote them: every fold, layer, confusion
                  matrix and choice, which charts and tables of units are made from
predictions.csv   where the predictions of each text lie on the site, with their SHA-256; they are
                  keyed by a hash of the text, and no text is in them
corpora/          what `cefrbench corpora describe` and `audit` said
compare/          the tests behind the page that compares, as it reads them
CITATION.bib      what to cite

With the predictions in their places (results/…), this makes the whole site again:

    cefrbench leaderboard build --results results --corpora corpora --out site
"""


def write_shared(entry: Entry, file: ResultFile, folder: Path) -> None:
    """Write into a folder of the store what one result adds to the table and the archive."""
    lines = result_rows(entry).encode()
    (folder / LINES).write_bytes(lines)
    (folder / LINES_GZ).write_bytes(piece(lines))
    # Of its copy in the store: the file itself is read once.
    copied = (folder / "result.json").read_bytes()
    (folder / RESULT_GZ).write_bytes(member(f"results/{file.name}", copied))


def write_data(
    publisher: Publisher,
    made: Sequence[Made],
    boards: Sequence[Board],
    published: Published | None,
    described: Sequence[Path],
    compared: Mapping[str, str],
) -> None:
    """Write table, archive and page.

    Parameters
    ----------
    publisher : Publisher
    made : sequence of Made
    boards : sequence of Board
    published : Published, optional
    described : sequence of Path
        Descriptions and audits of corpora.
    compared : mapping
        Data of the page that compares, by path.
    """
    output = publisher.output
    first, last = head().encode(), board_rows(boards, published).encode()
    parts = [one.folder / LINES for one in made]
    with output.path(TABLE).open("wb") as table:
        table.write(first)
        for part in parts:
            table.write(part.read_bytes())
        table.write(last)
        size = table.tell()
    cited = bibtex([record.card for one in made for record in one.entry.corpora])
    files = {
        "README.txt": _README,
        "CITATION.bib": cited,
        "columns.csv": _columns(),
        "predictions.csv": _predictions(publisher, made),
        **({"results/published.csv": published.csv} if published else {}),
        **compared,
    }
    path = output.path(ARCHIVE)
    with Archive(path) as archive:
        for name, text in files.items():
            archive.add(name, text.encode("utf-8", "xmlcharrefreplace"))
        for source in described:
            archive.add(f"corpora/{source.name}", source.read_bytes())
        archive.add_joined(TABLE, size, first, [one.folder / LINES_GZ for one in made], last)
        for one in made:
            archive.add_made(one.folder / RESULT_GZ)
    publisher.put(data_page(size, path.stat().st_size, len(made), cited))


def _columns() -> str:
    return _csv([("column", "meaning"), *COLUMNS.items()])


def _predictions(publisher: Publisher, made: Sequence[Made]) -> str:
    """Where each file of predictions belongs, what it is, and where it lies."""
    rows = [("file", "sha256", "address")]
    for one in made:
        name = PurePosixPath(one.entry.file).with_suffix("")
        beside = f"{one.entry.page.removesuffix('.html')}/predictions.parquet"
        address = publisher.stamp.url(beside)
        rows.append((f"results/{name}.predictions.parquet", one.entry.predictions_sha256, address))
    return _csv(rows)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(map(cell, row) for row in rows)
    return out.getvalue()


def data_page(table: int, archive: int, results: int, cited: str) -> Rendered:
    """Render the page that says what the data are and how numbers follow from them.

    ``table`` and ``archive`` are sizes in bytes.
    """
    path = "data.html"
    about = (
        f"All numbers of {results} results as one tidy CSV, and as one archive with the results in "
        "full: what the columns hold, and how to get each number of the site from them."
    )
    page = Page(path, "All data", "about.html", about)
    context = {"table": table, "archive": archive, "results": results, "cited": cited}
    return render(path, page, **context, columns=COLUMNS)
