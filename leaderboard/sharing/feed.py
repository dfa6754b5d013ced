"""New results as an Atom feed (RFC 4287); dates are those of the runs, so two builds are equal."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.render import CODE
from cefrbench_leaderboard.sharing.stamp import Stamp, read_date
from cefrbench_leaderboard.sharing.text import plain
from cefrbench_leaderboard.sharing.words import encoder_told

PATH = "feed.xml"
_ATOM = "http://www.w3.org/2005/Atom"
#: Newest results that are listed.
_MOST = 50
#: Date of a feed without any dated result.
_NEVER = datetime(2026, 1, 1, tzinfo=UTC)


def feed(entries: Iterable[Entry], stamp: Stamp) -> str:
    """Write the feed of the newest results, each with its scores.

    A result is known by a UUID of its encoder, suite and time, wherever the site stands: links are
    relative where its address is not known. What says no date is left out.
    """
    dated = [(when, entry) for entry in entries if (when := read_date(entry.started))]
    dated.sort(key=lambda pair: (-pair[0].timestamp(), pair[1].page))
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _add(root, "title", "cefrbench: new results")
    _add(root, "subtitle", "Do embedding models know how well somebody writes?")
    _add(root, "id", _urn(CODE, "feed"))
    _add(root, "updated", _date(dated[0][0] if dated else _NEVER))
    _add(ET.SubElement(root, "author"), "name", "cefrbench")
    ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=stamp.url(PATH))
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=stamp.url("index.html"))
    for when, entry in dated[:_MOST]:
        _add_entry(root, when, entry, stamp)
    ET.indent(root, "")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_entry(root: ET.Element, when: datetime, entry: Entry, stamp: Stamp) -> None:
    told = encoder_told(entry)
    one = ET.SubElement(root, "entry")
    _add(one, "title", told["headline"])
    _add(one, "id", _urn(entry.encoder, entry.suite, entry.started, entry.cohort))
    _add(one, "updated", _date(when))
    ET.SubElement(one, "link", rel="alternate", type="text/html", href=stamp.url(entry.page))
    _add(one, "summary", told["description"])


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = plain(text)


def _urn(*parts: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([CODE, *parts])).urn


def _date(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
