"""Licences as cards and rows write them, and which of two asks for more."""

from __future__ import annotations

import re

#: What cards say of a task or of raters where the corpus's own card says nothing.
UNSTATED = "not stated by the corpus card"
#: What cards say of a licence that wasn't read yet: loading from the hub, or the rows, tells it.
UNKNOWN = "not known before loading: see the source"

_FAMILY = re.compile(r"\bcc[\s-]*(0|by)\b((?:[\s-]*(?:nc|nd|sa)\b)*)", re.IGNORECASE)


def restrictions(licence: str | None) -> frozenset[str] | None:
    """What a Creative Commons licence asks for: some of ``by``, ``nc``, ``nd``, ``sa``.

    Nothing (an empty set) for CC0, ``None`` for a licence that is no Creative Commons one.

    Examples
    --------
    >>> sorted(restrictions("cc-by-nc-4.0"))
    ['by', 'nc']
    """
    match = _FAMILY.search(licence or "")
    if match is None:
        return None
    if match[1] == "0":
        return frozenset()
    return frozenset({"by"} | set(re.findall("nc|nd|sa", match[2].lower())))


def stricter(one: str | None, other: str | None) -> str:
    """Give the licence of the two that users must keep.

    It is the one that asks for all that the other asks for, and more. Where neither does, or one
    can't be read, both are to be kept, and the text says so.
    """
    first, second = _stated(one), _stated(other)
    if first is None or second is None:
        return first or second or UNKNOWN
    asked, asked_too = restrictions(first), restrictions(second)
    if asked is None or asked_too is None:
        return first if first == second else f"{first} and {second}"
    if asked >= asked_too:
        return first
    return second if asked_too > asked else f"{first} and {second}"


def differ(one: str | None, other: str | None) -> bool:
    """Whether two licences are both stated and ask for different things."""
    first, second = _stated(one), _stated(other)
    if first is None or second is None:
        return False
    asked, asked_too = restrictions(first), restrictions(second)
    if asked is None or asked_too is None:
        return first.casefold() != second.casefold()
    return asked != asked_too


def _stated(licence: str | None) -> str | None:
    return None if licence in (None, "", UNSTATED, UNKNOWN) else licence
