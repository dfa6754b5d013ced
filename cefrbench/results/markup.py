"""Text as Markdown or LaTeX: what a name holds is never read as markup."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from cefrbench.border import plain

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
        "\N{SUPERSCRIPT TWO}": "$^2$",
    }
)


def escape_markdown(text: str) -> str:
    """Escape what Markdown or HTML would read as markup, or GitHub as somebody's name."""
    text = re.sub(r"\s+", " ", plain(text)).replace("&", "&amp;").replace("<", "&lt;")
    text = text.replace(">", "&gt;").replace("@", "&#64;")
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", text)


def escape_latex(text: str) -> str:
    """Text as LaTeX: no sign has a meaning, and no line or control character is left."""
    line = "".join(" " if unicodedata.category(sign) == "Zs" and sign != "\u202f" else sign
                   for sign in plain(text, " "))  # fmt: skip
    return line.translate(_SIGNS)
