"""What a page shows of a chart: the drawing, and the numbers behind it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from cefrbench_leaderboard.charts.svg import Drawing

Value = str | int | float | None

#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers as a table: names of columns, and rows as long as they."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def csv(self) -> str:
        """Write the table as CSV (RFC 4180), numbers with six decimals."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows([_cell(value) for value in row] for row in self.rows)
        return out.getvalue()


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of a page.

    Attributes
    ----------
    key : str
        Anchor on the page and name of its CSV file.
    title : str
    caption : str
        How to read it.
    drawing : Drawing
    table : Table
    """

    key: str
    title: str
    caption: str
    drawing: Drawing
    table: Table


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value)
