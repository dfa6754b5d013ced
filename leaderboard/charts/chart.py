"""What a page shows of a chart: the drawing, and the numbers behind it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cefrbench.border import cell
from cefrbench_leaderboard.charts.svg import Drawing, Spec, draw

Value = str | int | float | None
#: One row of what a chart draws, by column; it may hold more than the table shows.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers as a table: names of columns, and rows as long as they."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    @classmethod
    def of(cls, columns: Sequence[str], rows: Iterable[Row]) -> Table:
        """Take the columns out of rows that may hold more."""
        return cls(tuple(columns), tuple(tuple(row[name] for name in columns) for row in rows))

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
    spec : Spec
        What was drawn, to be drawn as PDF too.
    """

    key: str
    title: str
    caption: str
    drawing: Drawing
    table: Table
    spec: Spec


def make_chart(
    key: str,
    title: str,
    caption: str,
    spec: Spec,
    columns: str,
    rows: Iterable[Row],
    name: str = "",
) -> Chart:
    """Draw a specification; ``columns`` (split by spaces) of ``rows`` are its table.

    ``name`` stands for the title where readers don't see the drawing.
    """
    drawing = draw(spec, name or title, caption)
    return Chart(key, title, caption, drawing, Table.of(columns.split(), rows), spec)


def in_order(rows: Iterable[Row], column: str) -> list[Any]:
    """Values of a column, each once, in the order in which they come."""
    return list(dict.fromkeys(row[column] for row in rows))


def with_first(rows: Sequence[Row], column: str) -> list[dict[str, Any]]:
    """Say of each row whether it is the first with its value: a line for all is drawn of that."""
    values = [row[column] for row in rows]
    first = {value: place for place, value in reversed(list(enumerate(values)))}
    return [{**row, "first": first[row[column]] == place} for place, row in enumerate(rows)]


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}"
    return cell(value) if isinstance(value, str) else str(value)
