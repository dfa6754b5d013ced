"""What the checks of all kinds share about cards: placeholders, addresses, blanks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cefrbench.check.table import Problem

#: How `cefrbench new` marks what its author has to fill in.
PLACEHOLDER = "Replace:"


def unfilled(fields: Mapping[str, object]) -> Iterator[Problem]:
    """Find fields that are blank, or that still say what the template said."""
    texts = {
        name: " ".join(value) if isinstance(value, tuple) else str(value or "")
        for name, value in fields.items()
    }
    blank = [name for name, text in texts.items() if not text.strip()]
    if blank:
        yield Problem(f"blank on the card: {', '.join(blank)}", "fill them in")
    template = [name for name, text in texts.items() if PLACEHOLDER in text]
    if template:
        yield Problem(
            f"as the template left them on the card: {', '.join(template)}",
            "write what is true, in place of 'Replace: …'",
            note=True,
        )


def is_address(text: str) -> bool:
    """Whether a source is something that a reader can open."""
    return text.startswith(("https://", "http://", "doi:"))
