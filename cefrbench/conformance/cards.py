"""What the checks of all kinds share about cards: placeholders, addresses, blanks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cefrbench.conformance.table import Problem

#: How `cefrbench new` marks what its author has to fill in.
PLACEHOLDER = "Replace:"


def unfilled(fields: Mapping[str, object]) -> Iterator[Problem]:
    """Find fields that are blank, or that still say what the template said."""
    for name, value in fields.items():
        text = " ".join(value) if isinstance(value, tuple) else str(value or "")
        if not text.strip():
            yield Problem(f"the card's {name} is blank", f"fill in {name} on the card")
        elif PLACEHOLDER in text:
            yield Problem(
                f"the card's {name} is still the template's ({text!r})",
                f"write what is true of it in {name}",
                note=True,
            )


def is_address(text: str) -> bool:
    """Whether a source is something that a reader can open."""
    return text.startswith(("https://", "http://", "doi:"))
