"""What may be published of a run: names of files and folders, never where on a machine they lie."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cefrbench.errors import UserError

_ROOT = r"(?:file://)?(?:~[\w.-]*/|/+|[A-Za-z]:[/\\]+|\\\\)(?=[^\s/\\])"
#: A place on a machine: from the root, a home, a drive or a share. In quotes it may hold spaces;
#: what stands before it keeps addresses (https://…), relative paths and fractions apart.
_QUOTED = re.compile(rf"(?<=(['\"])){_ROOT}(?:(?!\1)[^\n])*?([^/\\\n]*?)(?=\1)")
_BARE = re.compile(rf"(?<![\w:/.\\~…-]){_ROOT}(?:[^\s/\\'\"]+[/\\]+)*([^\s/\\'\":,;)]*)")
_NAME = re.compile(r"[^\W_][\w.+-]*")


def without_places(text: str) -> str:
    """Cut every absolute path in a text down to ``…/name``."""
    text = _QUOTED.sub(r"…/\2", text)
    return _BARE.sub(r"…/\1", text)


def local_name(reference: str, scheme: str, given: str | None) -> str | None:
    """Name of a model in a folder, whatever the path to it; None where the reference is no folder.

    Parameters
    ----------
    reference : str
        As the user wrote it: ``./model``, ``hf:/data/model``, ``st:model``.
    scheme : str
        Of the encoder that reads it, ``hf:`` say; without a colon, it is a registered name.
    given : str or None
        What the user calls it (``--name``).

    Raises
    ------
    UserError
        When a name was given to what has one, or isn't one.
    """
    folder = Path(reference.removeprefix(scheme)).expanduser()
    local = scheme.endswith(":") and folder.is_dir()
    if given is None:
        if not local:
            return None
        # hf: is what a bare folder means.
        return f"{'' if scheme == 'hf:' else scheme}./{Path(os.path.realpath(folder)).name}"
    if not local:
        raise UserError(
            f"--name {given!r} is for a model in a folder, and {reference!r} has a name of its own."
        )
    if not _NAME.fullmatch(given):
        raise UserError(
            f"--name {given!r}: expected letters, digits, '.', '_', '+' and '-', and no path or "
            "scheme, which would say that it comes from elsewhere."
        )
    return given
