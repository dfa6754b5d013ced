"""Where the site will stand and what it was built from, filled into every page.

Pages are rendered without them and kept in the store; a new commit or another address renders
nothing anew.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import quote, urlsplit

from cefrbench import __version__
from cefrbench.errors import UserError
from cefrbench_leaderboard.page import picture_path

#: Size of a preview's picture in pixels, as networks ask for.
PICTURE = (1200, 630)
#: Comments that stand for what is filled in. Names are escaped, so that none can hold one.
ADDRESS, BUILT, SITE = "<!--address-->", "<!--built-->", "<!--site-->"
#: In a page of a result: how far it comes up its board's claim ladder.
CLAIM = "<!--claim-->"
_TITLE = re.compile('<meta property="og:title" content="([^"]*)">')
#: Stands for the address of a site that was built without one.
UNKNOWN_SITE = "https://ADDRESS-OF-THE-SITE/"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a build knows beside its results.

    Attributes
    ----------
    base_url : str
        Address of the root, with a slash at the end; empty when it is not known.
    when : datetime, optional
        In UTC: ``SOURCE_DATE_EPOCH``, or else the commit's, or else the newest result's.
    commit : str
        Of the repository that holds the results; empty outside of one.
    changed : bool
        Whether the results differ from those of the commit.
    of_results : bool
        Whether ``when`` is only that of the newest result.
    """

    base_url: str = ""
    when: datetime | None = None
    commit: str = ""
    changed: bool = False
    of_results: bool = False

    def url(self, path: str) -> str:
        """Address of a file of the site: absolute where the root is known, else relative to it."""
        return self.base_url + quote(path)

    def fill(self, html: str, path: str, claim: str = "") -> str:
        """Fill in a page what was left open when it was rendered; ``claim`` is markup."""
        title = _TITLE.search(html)
        address = self._address(path, title[1] if title else "")
        html = html.replace(ADDRESS, address, 1).replace(BUILT, self._built(), 1)
        html = html.replace(CLAIM, claim, 1)
        return html.replace(SITE, escape(self.base_url or UNKNOWN_SITE))

    def _address(self, path: str, title: str) -> str:
        """Canonical address, and what only makes sense with a whole one; the title is escaped."""
        if not self.base_url:
            return f'<link rel="canonical" href="{escape(quote(path.rpartition("/")[2]))}">'
        address = self.base_url if path == "index.html" else self.url(path)
        width, height = PICTURE
        image = escape(self.url(picture_path(path)))
        return (
            f'<link rel="canonical" href="{escape(address)}">\n'
            f'<meta property="og:url" content="{escape(address)}">\n'
            f'<meta property="og:image" content="{image}">\n'
            '<meta property="og:image:type" content="image/png">\n'
            f'<meta property="og:image:width" content="{width}">\n'
            f'<meta property="og:image:height" content="{height}">\n'
            f'<meta property="og:image:alt" content="{title}">'
        )

    def _built(self) -> str:
        parts = [f"cefrbench {escape(__version__)}"]
        if self.commit:
            changed = ", results changed since" if self.changed else ""
            parts.insert(0, f"commit <code>{escape(self.commit[:12])}</code>{changed}")
        if self.when is not None:
            day = f"{self.when:%Y-%m-%d}"
            what = "Results up to" if self.of_results else "Built"
            parts.insert(0, f'{what} <time datetime="{day}">{day}</time>')
        return ", ".join(parts)


def make_stamp(results: Path, base_url: str, started: Iterable[str]) -> Stamp:
    """Find out what a build was made from; no clock is asked, so two builds are equal.

    Parameters
    ----------
    results : Path
        Folder of results; its git repository is asked for the commit, if it is in one.
    base_url : str
        As given by the user.
    started : iterable of str
        When each result's run began, in ISO 8601.

    Raises
    ------
    UserError
        When the address is none, or ``SOURCE_DATE_EPOCH`` is no number of seconds.
    """
    base_url = check_base_url(base_url)
    commit, seconds, changed = _commit(results)
    epoch = _epoch()
    if epoch is None:
        epoch = seconds
    if epoch is None:
        return Stamp(base_url, newest(started), commit, changed, of_results=True)
    return Stamp(base_url, datetime.fromtimestamp(epoch, UTC), commit, changed)


def check_base_url(text: str) -> str:
    """Take an address of a root, and give it a slash at its end; empty stays empty.

    Raises
    ------
    UserError
        When it is no address of a folder on the web.
    """
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        known = False
    if not known or parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise UserError(
            f"The address {text!r} is none of a folder on the web: give --base-url the address of "
            "the front page's folder, as in https://example.org/cefrbench/."
        )
    return text.rstrip("/") + "/"


def newest(started: Iterable[str]) -> datetime | None:
    """The newest of some dates in ISO 8601; None without any that can be read."""
    return max((when for text in started if (when := read_date(text))), default=None)


def read_date(text: str) -> datetime | None:
    """Read a date in ISO 8601, in UTC where it says no zone; None where it is none."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _epoch() -> int | None:
    """Date of the build as reproducible builds give it: https://reproducible-builds.org/specs/."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise UserError(
            f"SOURCE_DATE_EPOCH is {text!r}; expected whole seconds since 1970: unset it or give "
            "it such a number."
        )
    return int(text)


def _commit(folder: Path) -> tuple[str, int | None, bool]:
    """Commit of the repository that holds a folder, its date in seconds, whether it has changes.

    Where git is not installed or knows no commit, none.
    """
    said = _git(folder, "-c", "log.showSignature=false", "log", "-1", "--format=%H %ct")
    if not said:
        return "", None, False
    commit, _, seconds = said.partition(" ")
    changed = bool(_git(folder, "status", "--porcelain", "--", "."))
    return commit, int(seconds), changed


def _git(folder: Path, *words: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
