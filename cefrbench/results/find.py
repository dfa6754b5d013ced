"""Result files among files, folders and patterns that a user names."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from cefrbench.errors import ResultError


def find_results(paths: Iterable[str | Path]) -> list[Path]:
    """List result files: files as named, every ``*.json`` below folders, what patterns match.

    Patterns (``out/**/*.json``) are for shells that pass them on as they are.

    Returns
    -------
    list of Path
        Each once; of a folder or pattern, in the order of their names.

    Raises
    ------
    ResultError
        When a path is not there, or a folder or pattern holds no JSON file.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        try:
            found.update(dict.fromkeys(_expand(path)))
        except (OSError, ValueError) as error:  # it changes meanwhile, or is no name
            why = getattr(error, "strerror", None) or error
            raise ResultError(
                f"{str(path)!r} can't be looked through ({why}): name a result, or the folder "
                "given to `cefrbench run --output`."
            ) from error
    return list(found)


def _expand(path: Path) -> list[Path]:
    if path.exists() and not path.is_dir():
        return [path]
    if path.is_dir():
        inside = sorted(path.rglob("*.json"))
    elif glob.has_magic(str(path)):
        # Path.glob takes no absolute patterns.
        inside = sorted(Path(name) for name in glob.iglob(str(path), recursive=True))  # noqa: PTH207
    else:
        raise ResultError(
            f"There is no file or folder {str(path)!r}: name a result that `cefrbench run` wrote."
        )
    if not inside:
        raise ResultError(
            f"There is no JSON file in {str(path)!r}: name a result or the folder given to "
            "`cefrbench run --output`."
        )
    return inside
