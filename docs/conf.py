"""The documentation as a site: `make docs-site`, by Sphinx with MyST; search works offline."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from cefrbench import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "https://github.com/cefrbench/cefrbench/blob/main/"

project = "cefrbench"
author = "The cefrbench authors"
project_copyright = "the cefrbench authors, Apache 2.0"
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# Notebooks are executed anew each time: one that fails breaks the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 240
nb_execution_in_temp = True
# Warnings of libraries about the terminal that isn't there.
nb_output_stderr = "remove"
myst_heading_anchors = 4
# `---` and `--option` stand as they are written.
smartquotes = False
exclude_patterns = ["images", "examples"]
suppress_warnings = ["myst.header", "misc.highlighting_failure"]

html_theme = "furo"
html_title = f"cefrbench {release}"
html_copy_source = False
html_show_sphinx = False

autodoc_member_order = "alphabetical"
autodoc_typehints = "description"
autodoc_class_signature = "separated"
napoleon_google_docstring = False
napoleon_use_ivar = True

_LINK = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)(#[^)\s]*)?\)")


def _to_repository(app: Sphinx, name: str, text: list[str]) -> None:
    """Turn links to files outside of the docs into links to the repository."""
    here = (ROOT / "docs" / name).parent

    def turned(found: re.Match[str]) -> str:
        target = Path(os.path.normpath(here / found[1]))
        if target.is_relative_to(ROOT / "docs"):
            return found[0]
        return f"]({SOURCE}{target.relative_to(ROOT).as_posix()}{found[2] or ''})"

    text[0] = _LINK.sub(turned, text[0])


def setup(app: Sphinx) -> None:
    """Connect what reads pages."""
    app.connect("source-read", _to_repository)
