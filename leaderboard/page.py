"""What every page has in common: its place in the site, its title, its way back to the root."""

from __future__ import annotations

from dataclasses import dataclass

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
class Page:
    """One page of the site.

    Attributes
    ----------
    path : str
        Below the root of the site, with forward slashes.
    title : str
    section : str
        Address of the navigation entry that it belongs to.
    description : str
        For search engines and previews.
    """

    path: str
    title: str
    section: str
    description: str

    @property
    def root(self) -> str:
        """Relative way to the root of the site: empty, ``../``, ``../../``."""
        return "../" * self.path.count("/")

    @property
    def navigation(self) -> tuple[tuple[str, str, bool], ...]:
        """Entries of the navigation, each with whether it is the page's own."""
        return tuple((path, label, path == self.section) for path, label in NAVIGATION)
