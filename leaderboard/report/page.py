"""The report: an explanation as one page that needs no other file, no network and no script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from markupsafe import Markup

from cefrbench.results.explanation import Explanation, Figure, Statement
from cefrbench.results.wording import HEADINGS
from cefrbench_leaderboard.charts.chart import Chart
from cefrbench_leaderboard.render import fill
from cefrbench_leaderboard.report.charts import charts
from cefrbench_leaderboard.report.gap import decompositions
from cefrbench_leaderboard.report.rows import in_words
from cefrbench_leaderboard.report.tables import ReportTable, tables


@dataclass(frozen=True, slots=True)
class ReportOrigin:
    """A figure behind a sentence: its place in the explanation, and what stands there."""

    place: str
    value: str


@dataclass(frozen=True, slots=True)
class ReportSentence:
    """A sentence with its number and the figures that it is made of."""

    number: int
    text: str
    sources: tuple[ReportOrigin, ...]


@dataclass(frozen=True, slots=True)
class ReportSection:
    """What stands below one heading; charts and tables with their numbers."""

    key: str
    heading: str
    sentences: tuple[ReportSentence, ...]
    charts: tuple[tuple[int, Chart], ...]
    tables: tuple[tuple[int, ReportTable], ...]


def report(explanation: Explanation) -> str:
    """Render the report.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    str
        HTML, the same for the same explanation.
    """
    style = (resources.files("cefrbench_leaderboard") / "static" / "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    mean = next((one for one in decompositions(explanation) if one.corpus is None), None)
    return fill(
        "report.html",
        explanation=explanation,
        sections=list(_sections(explanation)),
        mean=mean,
        # The package's own sheet; no name from outside is in it.
        style=Markup(style),
        digest=digest,
        data_uri=data_uri,
    )


def data_uri(text: str) -> str:
    """Address that holds a CSV file itself."""
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}"


def _sections(explanation: Explanation) -> Iterator[ReportSection]:
    said = list(enumerate(explanation.sentences, 1))
    drawn = list(enumerate(charts(explanation), 1))
    shown = list(enumerate(tables(explanation), 1))
    for topic, heading in HEADINGS.items():
        section = ReportSection(
            topic.replace(" ", "-"),
            heading,
            tuple(_sentence(explanation, n, one) for n, one in said if one.topic == topic),
            tuple((n, chart) for n, (of, chart) in drawn if of == topic),
            tuple((n, table) for n, table in shown if table.topic == topic),
        )
        noted = topic == "limits" and explanation.notes
        if section.sentences or section.charts or section.tables or noted:
            yield section


def _sentence(explanation: Explanation, place: int, one: Statement) -> ReportSentence:
    sources = tuple(ReportOrigin(at, _shown(_found(explanation, at))) for at in one.figures)
    return ReportSentence(place, one.text, sources)


def _found(explanation: Explanation, place: str) -> object:
    """What stands at a place such as ``decompositions[0].parts.gap``."""
    found: object = explanation
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", place):
        if index:
            assert isinstance(found, tuple)
            found = found[int(index)]
        else:
            found = found[name] if isinstance(found, dict) else getattr(found, name)
    return found


def _shown(value: object) -> str:
    if isinstance(value, Figure):
        return in_words(value.value, value.low, value.high)
    if isinstance(value, float):
        return in_words(value, None, None)
    if isinstance(value, str | int):
        return str(value)
    return "undefined" if value is None else "all in the table"
