"""A report for a terminal, for a pull request (Markdown), and for programs (JSON)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cefrbench.check.findings import CheckFinding, CheckReport
from cefrbench.results.markup import escape_markdown

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"pass": "green", "note": "yellow", "fail": "bold red", "skip": "dim"}


def render_text(reports: Sequence[CheckReport], console: Console) -> None:
    """Print reports: a line a check, then what was found, why it matters and how to mend it."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    for report in reports:
        console.print(Text(_heading(report), style="bold"))
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for finding in report.findings:
            status = Text(finding.status, style=_STYLES[finding.status])
            aside = (
                f" ({finding.what})" if finding.status in ("pass", "skip") and finding.what else ""
            )
            table.add_row(status, finding.check, Text(finding.title + aside))
        console.print(Padding(table, (0, 0, 0, 2)))
        for finding in _to_explain(report):
            console.print()
            console.print(Text(f"  {finding.status}: {finding.check}", _STYLES[finding.status]))
            for label, text in _explained(finding):
                console.print(Padding(Text(f"{label}: {text}"), (0, 0, 0, 4)))
        console.print(Text(f"\n  {report.summary()}\n"))


def render_markdown(reports: Sequence[CheckReport]) -> str:
    """Write reports as Markdown to paste into a pull request."""
    parts = []
    for report in reports:
        parts.append(f"### {escape_markdown(_heading(report))}\n\n{report.summary()}\n")
        for finding in _to_explain(report):
            lines = [f"- **{finding.status}: `{finding.check}`** {escape_markdown(finding.title)}"]
            lines += [
                f"  - {label}: {escape_markdown(text)}" for label, text in _explained(finding)
            ]
            parts.append("\n".join(lines) + "\n")
        rows = "\n".join(
            f"| {finding.status} | `{finding.check}` | {escape_markdown(_remark(finding))} |"
            for finding in report.findings
        )
        parts.append(
            "<details><summary>All checks</summary>\n\n"
            f"| | check | |\n|---|---|---|\n{rows}\n\n</details>\n"
        )
    return "\n".join(parts)


def render_failures(report: CheckReport) -> str:
    """Write what has to be mended as plain text, for an assertion."""
    lines = [f"{_heading(report)}: {report.summary()}"]
    for finding in report.failed:
        lines.append(f"{finding.check}: {finding.title}")
        lines += [f"  {label}: {text}" for label, text in _explained(finding)]
    return "\n".join(lines)


def render_json(reports: Sequence[CheckReport]) -> str:
    """Write reports as JSON: ``{"passed": bool, "reports": [...]}``."""
    data = {
        "passed": all(report.passed for report in reports),
        "reports": [
            {**report.model_dump(mode="json"), "passed": report.passed} for report in reports
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def _heading(report: CheckReport) -> str:
    return f"{report.kind} {report.name}" + (f" ({report.origin})" if report.origin else "")


def _to_explain(report: CheckReport) -> tuple[CheckFinding, ...]:
    return (*report.of("fail"), *report.of("note"))


def _explained(finding: CheckFinding) -> list[tuple[str, str]]:
    return [("What", finding.what), ("Why", finding.why), ("Mend", finding.mend)]


def _remark(finding: CheckFinding) -> str:
    if finding.status in ("pass", "skip") and finding.what:
        return f"{finding.title}: {finding.what}"
    return finding.title
