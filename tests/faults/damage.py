"""Damage to files: bytes changed, cut, put in; values of JSON that nobody expects."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

#: Bytes that mean something to a reader of JSON, TOML, YAML, CSV, XML or Parquet.
PIECES = [
    *(bytes([one]) for one in b'[]{}":,\\\n\r\t=.#-e+0<>&\'|\0\x1b\x7f\xff'),
    *(b"NaN", b"Infinity", b"1e999", b"null", b"\\ud800", b"\\u001b", b"\xed\xa0\x80"),
    *(b"9" * 50, b"[" * 100, b"a." * 70, b"\xef\xbb\xbf", b"\xe2\x80\xae", b"PAR1", b"-1"),
]  # fmt: skip
#: Values that stand where another was expected.
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 7, 2**31, 2**63, 10**39, -0.5, 1e308, 0.1, "", "0", "A1", "x"),
    *([], {}, [[]], [None], {"": None}, [0] * 50, "\x1b]0;x\x07", "\u202e\u2066", "\ufeff=1+1"),
    *("=cmd|'/c calc'!A1", "../../x", "/etc/passwd", "C:\\x", "a" * 5000, "a\nb\tc", "\x00", "@me"),
    *("<img src=x onerror=alert(1)>", "\\input{x}", "%", "\ud800", "{{7*7}}", "é" * 300, "nan"),
]  # fmt: skip

edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "put", "drop", "twice", "end"]),
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(PIECES) | st.binary(max_size=8),
    ),
    min_size=1,
    max_size=4,
)
#: Where in a value, what stands there then.
changes = st.lists(
    st.tuples(st.lists(st.integers(0, 2**16), max_size=8), st.sampled_from(ODD), st.booleans()),
    min_size=1,
    max_size=3,
)


def damaged(data: bytes, how: list[tuple[str, float, bytes]]) -> bytes:
    """Apply edits, each at a place that is a share of the length."""
    for kind, share, piece in how:
        at = int(share * len(data))
        if kind == "flip" and data:
            changed = data[at] ^ (piece[0] if piece and piece[0] else 1)
            data = data[:at] + bytes([changed]) + data[at + 1 :]
        elif kind == "cut":
            data = data[:at]
        elif kind == "put":
            data = data[:at] + piece + data[at:]
        elif kind == "drop":
            data = data[:at] + data[at + 1 + len(piece) :]
        elif kind == "twice":
            data = data[:at] + data[at : at + 200] + data[at:]
        elif kind == "end":
            data = data + piece
    return data


def changed(value: Any, how: list[tuple[list[int], Any, bool]]) -> Any:
    """Put odd values into a value of JSON, or take entries out of it."""
    value = json.loads(json.dumps(value))
    holder: Any
    for path, given, drop in how:
        odd = deepcopy(given)
        top = holder = [value]
        key: Any = 0
        for step in path:
            below = holder[key]
            if not isinstance(below, dict | list) or not below:
                break
            holder = below
            key = list(below)[step % len(below)] if isinstance(below, dict) else step % len(below)
        if drop:
            del holder[key]
        else:
            holder[key] = odd
        value = top[0] if top else None
    return value
