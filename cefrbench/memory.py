"""Freed memory, handed back to the system."""

from __future__ import annotations

import ctypes
import sys


def return_memory() -> None:
    """Hand freed memory back to the system, where the C library keeps it for itself (glibc).

    Pieces of many sizes leave holes that the next ones can't use, so a process grows for as long
    as it works. It takes milliseconds.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
