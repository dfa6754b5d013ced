"""Tables as LaTeX, for the packages booktabs and graphicx; every name from outside is escaped."""

from __future__ import annotations

import unicodedata
from typing import Final

from cefrbench_leaderboard.report.tables import ReportCell, ReportTable

#: What stands for signs that LaTeX reads as its own, and for those that its fonts may lack.
_SIGNS: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': "''",
        "\N{MINUS SIGN}": "$-$",
        "\N{EN DASH}": "--",
        "\N{EM DASH}": "---",
        "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
        "\N{NARROW NO-BREAK SPACE}": r"\,",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    }
)
HEAD: Final = "% Written by cefrbench explain; needs \\usepackage{booktabs,graphicx}."


def escape(text: str) -> str:
    """Text as LaTeX: no sign has a meaning, and no line or control character is left."""
    plain = "".join(" " if unicodedata.category(sign)[0] in "CZ" and sign != "\u202f" else sign
                    for sign in text)  # fmt: skip
    return plain.translate(_SIGNS)


def latex_table(table: ReportTable, subject: str) -> str:
    """Write one table as a float; ``subject`` says in its caption what was measured."""
    ranged = [all(row[i].number or row[i].text == "\N{EM DASH}" for row in table.rows)
              for i in range(len(table.columns))]  # fmt: skip
    places = "".join("r" if right else "l" for right in ranged)
    lines = [
        r"\begin{table}",
        r"  \centering\footnotesize\setlength{\tabcolsep}{3pt}",
        f"  \\caption{{{escape(table.title)} ({escape(subject)}). {escape(table.note)}}}",
        f"  \\label{{tab:{table.key.removesuffix('-table')}}}",
        r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        f"  \\begin{{tabular}}{{{places}}}",
        r"    \toprule",
        f"    {' & '.join(map(escape, table.columns))} \\\\",
        r"    \midrule",
        *(f"    {' & '.join(map(_cell, row))} \\\\" for row in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _cell(cell: ReportCell) -> str:
    text = escape(cell.text)
    if cell.strong:
        text = rf"\textbf{{{text}}}"
    if not cell.ends:
        return text
    ends = rf"{{\scriptsize {escape(cell.ends)}}}"
    return rf"\begin{{tabular}}[t]{{@{{}}r@{{}}}}{text}\\{ends}\end{{tabular}}"
