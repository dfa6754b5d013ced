"""What the harness chooses of a wrapped probe: a penalty and a method's strength, as one number."""

from __future__ import annotations

from dataclasses import dataclass

from cefrbench.contracts.cards import Penalty
from cefrbench.errors import ProbeError


@dataclass(frozen=True, slots=True)
class MethodSettings:
    """What the harness chooses of a wrapped probe: each penalty with each strength, by number.

    Numbers go through the strengths of one penalty before they go on to the next, so that of
    settings that do alike the strongest comes first. A method without strengths leaves the
    penalties as they are.

    Attributes
    ----------
    penalty : Penalty or None
        The probe's own.
    strengths : tuple of float
    """

    penalty: Penalty | None
    strengths: tuple[float, ...]

    @property
    def axis(self) -> Penalty | None:
        """The penalty of the wrapped probe's card."""
        if not self.strengths:
            return self.penalty
        count = len(self._pairs)
        if count == 1:
            return None
        numbers = tuple(float(number) for number in range(1, count + 1))
        return Penalty(name="setting", values=numbers, strongest="smallest")

    @property
    def _pairs(self) -> list[tuple[float | None, float]]:
        values = (None,) if self.penalty is None else self.penalty.values
        return [(value, strength) for value in values for strength in self.strengths]

    def pair(self, value: float | None) -> tuple[float | None, float | None]:
        """Penalty and strength of a setting; None is the probe's own penalty, the first strength.

        Raises
        ------
        ProbeError
            For a number that no setting has.
        """
        if not self.strengths:
            return value, None
        if value is None:
            return None, self.strengths[0]
        number = int(value)
        if number != value or not 1 <= number <= len(self._pairs):
            raise ProbeError(
                f"There is no setting {value:g}: settings are numbered 1 to {len(self._pairs)}."
            )
        return self._pairs[number - 1]
