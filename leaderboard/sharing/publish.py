"""Put pages into the site: stamped, with the picture of their preview, and listed for robots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from cefrbench_leaderboard.output import Output
from cefrbench_leaderboard.page import Rendered, picture_path
from cefrbench_leaderboard.sharing.picture import Pictures
from cefrbench_leaderboard.sharing.stamp import Stamp

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


class Publisher:
    """Writes the pages of one site.

    Parameters
    ----------
    output : Output
    stamp : Stamp
    pictures : Pictures
    """

    def __init__(self, output: Output, stamp: Stamp, pictures: Pictures) -> None:
        self.output = output
        self.stamp = stamp
        self._pictures = pictures
        self._pages: list[str] = []

    def put(self, rendered: Rendered) -> None:
        """Write a page and its picture."""
        path = rendered.page.path
        self._write(path, rendered.html)
        self.output.write_bytes(picture_path(path), self._pictures.png(rendered.page))

    def put_all(self, files: Mapping[str, str | Rendered]) -> None:
        """Write pages, and other files as they are."""
        for path, content in files.items():
            if isinstance(content, Rendered):
                self.put(content)
            else:
                self.output.write(path, content)

    def put_stored(self, path: str, source: Path) -> None:
        """Write a page of the store; its picture lies there too."""
        self._write(path, source.read_text("utf-8"))

    def finish(self) -> None:
        """Write the list of all pages, where their whole addresses are known."""
        if self.stamp.base_url:
            self.output.write("sitemap.xml", self._sitemap())

    def _write(self, path: str, html: str) -> None:
        self.output.write(path, self.stamp.fill(html, path))
        self._pages.append(path)

    def _sitemap(self) -> str:
        """List of pages: https://www.sitemaps.org/protocol.html."""
        root = ET.Element("urlset", xmlns=_SITEMAP)
        for path in sorted(self._pages):
            address = "" if path == "index.html" else path
            ET.SubElement(ET.SubElement(root, "url"), "loc").text = self.stamp.url(address)
        ET.indent(root, "")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'
