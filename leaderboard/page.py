"""What every page has in common: its place in the site, what it is called, what a preview shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Entries of the site's navigation: address below the root, and label.
NAVIGATION = (
    ("index.html", "Leaderboard"),
    ("compare.html", "Compare"),
    ("corpora/index.html", "Corpora"),
    ("probes/index.html", "Probes"),
    ("protocols/index.html", "Protocols"),
    ("coverage.html", "Coverage"),
    ("about.html", "About"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a preview's picture: a name and its QWK, unseen and seen.

    Attributes
    ----------
    name : str
    unseen, seen : float, optional
        QWK out of and in distribution.
    low, high : float, optional
        Ends of the 95 % interval of ``unseen``.
    """

    name: str
    unseen: float | None
    seen: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the site.

    Attributes
    ----------
    path : str
        Below the root of the site, with forward slashes.
    title : str
        What it is called on the page itself.
    section : str
        Address of the navigation entry that it belongs to.
    description : str
        A sentence or two with its scores, for search engines and previews.
    headline : str
        Title with its scores, for tabs, search engines and previews; ``title``, if empty.
    shown : tuple of Shown
        What the picture of its preview draws; without any, the description stands there.
    """

    path: str
    title: str
    section: str
    description: str
    headline: str = ""
    shown: tuple[Shown, ...] = ()

    @property
    def root(self) -> str:
        """Relative way to the root of the site: empty, ``../``, ``../../``."""
        return "../" * self.path.count("/")

    @property
    def navigation(self) -> tuple[tuple[str, str, bool], ...]:
        """Entries of the navigation, each with whether it is the page's own."""
        return tuple((path, label, path == self.section) for path, label in NAVIGATION)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page as HTML; addresses and the build's date are filled in when the site is written.

    Attributes
    ----------
    page : Page
    html : str
    files : mapping of str to str
        Files of its pictures, by name, that go into the page's folder.
    """

    page: Page
    html: str
    files: Mapping[str, str] = field(default_factory=dict)


def picture_path(page: str) -> str:
    """Path of the picture of a page's preview, below the root of the site."""
    return f"{page.removesuffix('.html')}/picture.png"
