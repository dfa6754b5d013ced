"""Put pages into the site: stamped, with the picture of their preview, and listed for robots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from cefrbench_leaderboard.output import Output
from cefrbench_leaderboard.page import Rendered, picture_path
from cefrbench_leaderboard.sharing.picture import Pictures
from cefrbench_leaderboard.sharing.stamp import Stamp
from cefrbench_leaderboard.sharing.stamped import Stamped

#: Folders of the store that hold no entry.
KEPT = ("pictures", "stamped")
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


class Publisher:
    """Writes the pages of one site.

    Parameters
    ----------
    output : Output
    stamp : Stamp
    folder : Path
        The store: what is the same in the next build is kept in it.
    """

    def __init__(self, output: Output, stamp: Stamp, folder: Path) -> None:
        self.output = output
        self.stamp = stamp
        self._pictures = Pictures(folder / KEPT[0])
        self._stamped = Stamped(folder / KEPT[1], stamp)
        self._pages: list[str] = []

    def put(self, rendered: Rendered) -> None:
        """Write a page and its picture."""
        path = rendered.page.path
        self.output.write(path, self.stamp.fill(rendered.html, path))
        self._pages.append(path)
        self.output.write_bytes(picture_path(path), self._pictures.png(rendered.page))
        for name, text in rendered.files.items():
            self.output.write(f"{path.removesuffix('.html')}/{name}", text)

    def put_all(self, files: Mapping[str, str | Rendered]) -> None:
        """Write pages, and other files as they are."""
        for path, content in files.items():
            if isinstance(content, Rendered):
                self.put(content)
            else:
                self.output.write(path, content)

    def put_stored(self, path: str, source: Path, claim: str = "") -> None:
        """Write a page of the store with what its board adds; its picture lies there too."""
        self.output.link(path, self._stamped.page(path, source, claim))
        self._pages.append(path)

    def finish(self) -> None:
        """Write the list of all pages, where whole addresses are known, and tidy the store."""
        if self.stamp.base_url:
            self.output.write("sitemap.xml", self._sitemap())
        self._pictures.finish()
        self._stamped.finish()

    def _sitemap(self) -> str:
        """List of pages: https://www.sitemaps.org/protocol.html."""
        root = ET.Element("urlset", xmlns=_SITEMAP)
        for path in sorted(self._pages):
            address = "" if path == "index.html" else path
            ET.SubElement(ET.SubElement(root, "url"), "loc").text = self.stamp.url(address)
        ET.indent(root, "")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'
