"""Tables as LaTeX, for the packages booktabs and graphicx; every name from outside is escaped."""

from __future__ import annotations

from typing import Final

from cefrbench.results.markup import escape_latex
from cefrbench_leaderboard.report.tables import ReportCell, ReportTable

HEAD: Final = "% Written by cefrbench explain; needs \\usepackage{booktabs,graphicx}."


def latex_table(table: ReportTable, subject: str) -> str:
    """Write one table as a float; ``subject`` says in its caption what was measured."""
    ranged = [all(row[i].number or row[i].text == "\N{EM DASH}" for row in table.rows)
              for i in range(len(table.columns))]  # fmt: skip
    places = "".join("r" if right else "l" for right in ranged)
    lines = [
        r"\begin{table}",
        r"  \centering\footnotesize\setlength{\tabcolsep}{3pt}",
        f"  \\caption{{{escape_latex(f'{table.title} ({subject}). {table.note}')}}}",
        f"  \\label{{tab:{table.key.removesuffix('-table')}}}",
        r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        f"  \\begin{{tabular}}{{{places}}}",
        r"    \toprule",
        f"    {' & '.join(map(escape_latex, table.columns))} \\\\",
        r"    \midrule",
        *(f"    {' & '.join(map(_cell, row))} \\\\" for row in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _cell(cell: ReportCell) -> str:
    text = escape_latex(cell.text)
    if cell.strong:
        text = rf"\textbf{{{text}}}"
    if not cell.ends:
        return text
    ends = rf"{{\scriptsize {escape_latex(cell.ends)}}}"
    return rf"\begin{{tabular}}[t]{{@{{}}r@{{}}}}{text}\\{ends}\end{{tabular}}"
