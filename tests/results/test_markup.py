"""Names in Markdown and LaTeX: each sign that would be read as markup, by itself."""

import pytest

from cefrbench.results.markup import escape_latex, escape_markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain 1.5 (x) - y", "plain 1.5 (x) - y"),
        ("a  b\tc\nd", "a b c d"),
        ("R&D &lt;", "R&amp;D &amp;lt;"),
        ("<b>", "&lt;b&gt;"),
        ("@me", "&#64;me"),
        (r"a\b`c*d_e[f]g|h~i", r"a\\b\`c\*d\_e\[f\]g\|h\~i"),
        ("**", r"\*\*"),
        ("a\x07b", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_signs_that_markdown_reads_are_escaped(text, expected):
    assert escape_markdown(text) == expected


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        ("\\", r"\textbackslash{}"), ("{", r"\{"), ("}", r"\}"), ("$", r"\$"), ("&", r"\&"),
        ("#", r"\#"), ("%", r"\%"), ("_", r"\_"), ("^", r"\textasciicircum{}"),
        ("~", r"\textasciitilde{}"), ("<", r"\textless{}"), (">", r"\textgreater{}"),
        ("|", r"\textbar{}"), ('"', "''"), ("\N{MINUS SIGN}", "$-$"), ("\N{EN DASH}", "--"),
        ("\N{EM DASH}", "---"), ("\N{HORIZONTAL ELLIPSIS}", r"\ldots{}"), ("\u202f", r"\,"),
        ("\N{RIGHT SINGLE QUOTATION MARK}", "'"), ("\N{SUPERSCRIPT TWO}", "$^2$"),
        ("\N{NO-BREAK SPACE}", " "), ("\u2003", " "), ("\x07", " "), ("\n", " "), ("é", "é"),
    ],
)  # fmt: skip
def test_signs_that_latex_reads_or_lacks_are_replaced(sign, expected):
    assert escape_latex(f"a{sign}b{sign}") == f"a{expected}b{expected}"
