"""Text as Markdown or LaTeX: what a name holds is never read as markup."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

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
    """Escape what Markdown or HTML would read as markup."""
    text = re.sub(r"\s+", " ", text).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", text)


def escape_latex(text: str) -> str:
    """Text as LaTeX: no sign has a meaning, and no line or control character is left."""
    plain = "".join(" " if unicodedata.category(sign)[0] in "CZ" and sign != "\u202f" else sign
                    for sign in text)  # fmt: skip
    return plain.translate(_SIGNS)
