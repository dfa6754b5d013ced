"""The reference that an encoder has to beat first: how long a text is, and nothing else."""

from __future__ import annotations

import math

from cefrbench import Register, hookimpl
from cefrbench_plugins.encoders._counted import Counted, reference

DESCRIPTION = "The logarithm of the text's length in characters: what any encoder must beat."


class Length(Counted):
    """The natural logarithm of the number of characters; 0 of an empty text."""

    def count(self, text: str) -> tuple[float]:
        """Count the characters."""
        return (math.log(max(1, len(text))),)


@hookimpl
def register_encoders(register: Register) -> None:
    """Register ``length``."""
    register(reference(Length, "length", DESCRIPTION, 1))
