"""Write a report, figures and tables; each file whole or not at all."""

from __future__ import annotations

from pathlib import Path

from cefrbench.atomic import atomic_path
from cefrbench.errors import UserError
from cefrbench.results.explanation import Explanation
from cefrbench.results.markup import escape_latex
from cefrbench_leaderboard.charts.svg import draw_pdf
from cefrbench_leaderboard.report.charts import charts
from cefrbench_leaderboard.report.latex import HEAD, latex_table
from cefrbench_leaderboard.report.page import report
from cefrbench_leaderboard.report.tables import tables

#: End of the name of a file that all tables go into.
_TEX = ".tex"


def write_html(explanation: Explanation, path: Path) -> list[Path]:
    """Write the report as one file.

    Raises
    ------
    UserError
        When the package that draws is missing, or ``path`` is a folder.
    """
    check_places(html=path)
    return [_write(path, report(explanation).encode("utf-8", "xmlcharrefreplace"))]


def write_figures(explanation: Explanation, folder: Path) -> list[Path]:
    """Write each figure as ``.svg``, ``.pdf`` and the ``.csv`` that it draws.

    Raises
    ------
    UserError
        When the package that draws is missing, or ``folder`` is a file.
    """
    check_places(figures=folder)
    written = []
    for _, chart in charts(explanation):
        texts = {".svg": chart.drawing.alone(), ".csv": chart.table.csv()}
        files = {end: text.encode("utf-8", "xmlcharrefreplace") for end, text in texts.items()}
        files[".pdf"] = draw_pdf(chart.spec)
        written += [_write(folder / f"{chart.key}{end}", data) for end, data in files.items()]
    return written


def write_latex(explanation: Explanation, path: Path) -> list[Path]:
    """Write all tables into one file, where ``path`` ends in ``.tex``, or each into a folder's.

    Raises
    ------
    UserError
        When ``path`` is a file where a folder is meant, or the other way round.
    """
    check_places(latex=path)
    subject = f"{explanation.encoder}, {explanation.suite}, {explanation.probe}"
    head = f"{HEAD}\n% {escape_latex(subject)}; result {escape_latex(explanation.checksum)}\n\n"
    made = {table.key: latex_table(table, subject) for table in tables(explanation)}
    if path.suffix == _TEX:
        return [_write(path, (head + "\n".join(made.values())).encode("utf-8", "replace"))]
    return [
        _write(path / f"{key}.tex", (head + text).encode("utf-8", "replace"))
        for key, text in made.items()
    ]


def check_places(
    *, html: Path | None = None, figures: Path | None = None, latex: Path | None = None
) -> None:
    """See that what is wanted can be drawn, and where, before anything is computed.

    Raises
    ------
    UserError
        When the package that draws is missing, a file is wanted where a folder is, or a folder
        where a file is.
    """
    if html or figures:
        check_drawing("--html and --figures")
    if html and html.is_dir():
        raise UserError(f"{str(html)!r} is a folder: name a file with --html, such as report.html.")
    if latex and latex.suffix == _TEX and latex.is_dir():
        raise UserError(f"{str(latex)!r} is a folder: name a file or another folder with --latex.")
    if figures and figures.exists() and not figures.is_dir():
        raise UserError(f"{str(figures)!r} is a file: name a folder with --figures.")
    if latex and latex.suffix != _TEX and latex.exists() and not latex.is_dir():
        raise UserError(f"{str(latex)!r} is a file: name a folder, or a file that ends in .tex.")


def check_drawing(what: str) -> None:
    """See that the package that draws is there.

    Raises
    ------
    UserError
        When it is missing; ``what`` can be left out then.
    """
    try:
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise UserError(
            "The package vl-convert-python, which draws charts, can't be imported: run "
            f"`pip install 'cefrbench[leaderboard]'`, or leave out {what}."
        ) from error


def _write(path: Path, data: bytes) -> Path:
    with atomic_path(path) as part:
        part.write_bytes(data)
    return path
