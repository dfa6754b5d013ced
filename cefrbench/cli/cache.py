"""`cefrbench cache`: list, verify and prune what earlier runs have left for later ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cefrbench.border import in_bytes
from cefrbench.cli.shared import FOLDER, echo, echo_json, json_option
from cefrbench.errors import EXIT_PARTIAL, CacheError, UserError

if TYPE_CHECKING:
    from cefrbench.cache import Cached

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def cache() -> None:
    """List, verify and prune what is cached: features and fits."""


def _common(command: Command) -> Command:
    """Options of every command here."""
    command = json_option(command)
    return click.option(
        "--cache-dir",
        type=FOLDER,
        help="The cache; default: CEFRBENCH_CACHE_DIR, else the platform's place for caches.",
    )(command)


@cache.command("list")
@_common
def list_(cache_dir: Path | None, as_json: bool) -> None:
    """Show what is cached, how large it is and when it was last used."""
    folder, entries = _survey(cache_dir)
    if as_json:
        records = [_record(entry) for entry in entries]
        echo_json({"cache_dir": str(folder), "entries": records})
        return
    echo(f"{folder}: {in_bytes(sum(entry.size for entry in entries))}")
    for entry in entries:
        echo(
            f"{in_bytes(entry.size):>10}  {len(entry.files)}/{entry.planned} files  "
            f"used {entry.days:.0f} days ago  {entry.name}"
        )


@cache.command()
@_common
@click.pass_context
def verify(ctx: click.Context, cache_dir: Path | None, as_json: bool) -> None:
    """Check every file against its checksum; exit with 3 when one is damaged.

    A damaged file is computed anew by the next run that needs it; what a killed run left
    unfinished is no damage.
    """
    from cefrbench.cache import find_damage

    folder, entries = _survey(cache_dir)
    damage = [(path, reason) for entry in entries for path, reason in find_damage(entry)]
    count = sum(len(entry.files) for entry in entries)
    if as_json:
        records = [{"path": str(path), "reason": reason} for path, reason in damage]
        echo_json({"files": count, "damaged": records})
    else:
        for path, reason in damage:
            echo(f"{path.relative_to(folder)} {reason}")
        echo(f"{count} files checked, {len(damage)} damaged.")
    ctx.exit(EXIT_PARTIAL if damage else 0)


@cache.command()
@_common
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Not used since.")
@click.option("--damaged", is_flag=True, help="What fails its check.")
@click.option("--all", "everything", is_flag=True, help="All of it.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def prune(
    cache_dir: Path | None,
    as_json: bool,
    older_than: float | None,
    damaged: bool,
    everything: bool,
    yes: bool,
) -> None:
    """Remove what is old, damaged, or all; later runs compute it anew."""
    if (older_than is not None) + damaged + everything != 1:
        raise click.UsageError("Say what to remove: one of --older-than DAYS, --damaged, --all.")
    folder, entries = _survey(cache_dir)
    if damaged:
        paths = _damaged_paths(entries)
    else:
        paths = [entry.path for entry in entries if entry.days >= (older_than or 0)]
    removed = paths if paths and (yes or _confirmed(paths)) else []
    for path in removed:
        _remove(path)
    _remove_parts(folder)
    if as_json:
        echo_json({"removed": [str(path) for path in removed]})
    else:
        echo(f"Removed: {len(removed)}.")


def _survey(cache_dir: Path | None) -> tuple[Path, list[Cached]]:
    from cefrbench.cache import survey
    from cefrbench.features.store import default_cache_dir

    folder = cache_dir or default_cache_dir()
    return folder, survey(folder)


def _damaged_paths(entries: list[Cached]) -> list[Path]:
    """Damaged files, and the whole folder where nothing says what its files are."""
    from cefrbench.cache import find_damage

    return [
        entry.path if entry.unreadable else path
        for entry in entries
        for path, _ in find_damage(entry)
    ]


def _confirmed(paths: list[Path]) -> bool:
    if not sys.stdin.isatty():
        raise UserError(
            f"{len(paths)} entries would be removed and nobody can be asked: add --yes."
        )
    for path in paths:
        echo(path, err=True)
    return click.confirm("Remove these?", err=True)


def _remove_parts(folder: Path) -> None:
    """Clear away what killed runs left half written; nobody can want it."""
    from cefrbench.atomic import remove_stale

    for part in [*folder.glob("features/*/*/.*.part"), *folder.glob("fits/*/.*.part")]:
        try:
            remove_stale(part.parent)
        except OSError as error:
            raise CacheError(
                f"{str(part)!r} can't be removed ({error.strerror or error}): check who owns the "
                "cache folder."
            ) from error


def _remove(path: Path) -> None:
    import shutil

    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        raise CacheError(
            f"{str(path)!r} can't be removed ({error.strerror or error}): "
            "check who owns the cache folder."
        ) from error


def _record(entry: Cached) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "name": entry.name,
        "path": str(entry.path),
        "bytes": entry.size,
        "files": len(entry.files),
        "files_planned": entry.planned,
        "days_since_use": round(entry.days, 3),
    }
