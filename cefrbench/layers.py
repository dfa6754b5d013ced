"""Which layers a run probes: `all`, `last`, `study`, `4,8,12` or `0-28:4`."""

from __future__ import annotations

import re

from cefrbench.errors import UserError

_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::0*([1-9]\d*))?)?")


def parse_layers(spec: str, available: tuple[int, ...]) -> tuple[int, ...]:
    """Choose layers from those that an encoder has.

    Parameters
    ----------
    spec : str
        ``all``: every layer but 0, the embedding output; ``last``; ``study``: the grid of
        Lyngbaek & Kristensen-McLachlan (2026), see :func:`_study`; a list (``4,8,12``); a range
        with both ends (``0-28``), with a step (``0-28:4``); or a list of these.
    available : tuple of int
        The encoder's layers, ascending.

    Raises
    ------
    UserError
        For anything else, or a layer that the encoder doesn't have.

    Examples
    --------
    >>> parse_layers("0-6:2", tuple(range(7)))
    (0, 2, 4, 6)
    >>> parse_layers("study", tuple(range(29)))
    (1, 5, 10, 15, 20, 25, 27)
    """
    spec = spec.strip()
    if spec == "all":
        return _all(available)
    if spec == "last":
        return available[-1:]
    if spec == "study":
        return _study(available)
    chosen: set[int] = set()
    for part in spec.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise UserError(
                f"Layers {spec!r} can't be read at {part!r}: "
                "write all, last, study, a list such as 4,8,12, or a range such as 0-28:4."
            )
        first, last = int(match[1]), int(match[2] or match[1])
        chosen.update(range(first, last + 1, int(match[3] or 1)))
    missing = sorted(chosen - set(available))
    if missing or not chosen:
        raise UserError(
            f"Layers {spec!r} are out of range ({', '.join(map(str, missing[:5])) or 'none'}): "
            f"this encoder has layers {available[0]} to {available[-1]}."
        )
    return tuple(sorted(chosen))


def _all(available: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(k for k in available if k > 0) or available


def _study(available: tuple[int, ...]) -> tuple[int, ...]:
    """Choose 1, 5, 10, 15, … and the last one that the study stored.

    It stored the hidden states below the number of layers, so never that of the last layer. An
    encoder with one layer, or whose layers are no hidden states, keeps the one it has.
    """
    every = _all(available)
    stored = every[:-1] or every
    return tuple(k for k in stored if k == 1 or k % 5 == 0 or k == stored[-1])
