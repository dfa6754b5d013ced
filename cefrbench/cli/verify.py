"""`cefrbench reproduce`, and `results open` and `results verify`: a result made again."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cefrbench.cli.shared import FILE, FOLDER, Command, echo, echo_json, json_option
from cefrbench.errors import EXIT_PARTIAL, UserError

if TYPE_CHECKING:
    from cefrbench.plan import Job
    from cefrbench.verification.again import Here
    from cefrbench.verification.record import VerificationRecord

_RESULT = click.argument("path", metavar="RESULT.json", type=click.Path(path_type=Path))
#: Figures that are printed, those that drift most first.
_SHOWN = 20


def _here_options(command: Command) -> Command:
    """Options of what this machine decides."""
    for option in reversed(_HERE):
        command = option(command)
    return command


_HERE: tuple[Callable[[Command], Command], ...] = (
    click.option("--encoder", metavar="PATH", help="Where the model is, for one in a folder."),
    click.option("--data-dir", type=FOLDER, metavar="DIR", help="As for `cefrbench run`."),
    click.option("--cache-dir", type=FOLDER, metavar="DIR", help="For features and fits."),
    click.option("--device", default="auto", metavar="DEVICE", help="As for `cefrbench run`."),
    click.option("--batch-tokens", type=click.IntRange(min=1), metavar="N", help="Tokens a batch."),
    click.option("--offline", is_flag=True, help="Fetch nothing; use what is cached."),
    click.option(
        "--trust-remote-code",
        is_flag=True,
        help="Run code from the model's repository. A result can't ask for it.",
    ),
    click.option("--quiet", is_flag=True, help="No progress."),
)
_by = click.option("--by", default="", metavar="NAME", help="Who says so; stands in the record.")
_verified = click.option(
    "--verified",
    type=FOLDER,
    default=Path("verified"),
    show_default=True,
    metavar="DIR",
    help="Gets the record, ENCODER/SUITE.LEVEL.json.",
)


@click.command("open")
@_RESULT
@click.option("--nonce", required=True, metavar="TEXT", help="That the maintainers named.")
@click.option("--output", type=FILE, metavar="FILE", help="Instead of beside the result.")
@_here_options
@click.pass_context
def open_(
    ctx: click.Context, /, path: Path, nonce: str, output: Path | None, **options: Any
) -> None:
    """Open the features behind your result at the layers that a nonce draws.

    Run it on the machine that made the result, with its cache: the features must be those that the
    result commits to.
    """
    from cefrbench.results.checked import read_checked
    from cefrbench.verification.openings import openings_path
    from cefrbench.verification.sampled import open_features

    result, _ = read_checked(path)
    output = output or openings_path(path)
    layers = open_features(result, nonce, output, ctx.obj, _here(options), _job(options))
    echo(f"Opened the layers {', '.join(map(str, layers))} in {output}.")


@click.command()
@_RESULT
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="N",
    help="Texts to encode again, equally many a corpus.",
)
@click.option("--nonce", metavar="TEXT", help="Draws the texts; without one, a new one is named.")
@click.option("--openings", type=FILE, metavar="FILE", help="Instead of those beside the result.")
@_by
@_verified
@_here_options
@json_option
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    path: Path,
    sample: int,
    nonce: str | None,
    openings: Path | None,
    by: str,
    verified: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Encode a sample of a result's texts again, fit its layers again, and hold it to both.

    The status is 3 where it doesn't agree. What this shows, and what not, stands in
    docs/security.md.
    """
    from cefrbench.results.checked import read_checked
    from cefrbench.verification.openings import openings_path
    from cefrbench.verification.record import write_record
    from cefrbench.verification.sampled import verify_sample

    result, predictions = read_checked(path)
    if nonce is None:
        raise UserError(
            f"Name a nonce that nobody knew when the result was handed in, --nonce "
            f"{secrets.token_hex(8)} say, and ask for what `cefrbench results open` writes with it."
        )
    record = verify_sample(
        result,
        predictions,
        openings or openings_path(path),
        nonce=nonce,
        sample=sample,
        by=by,
        host=ctx.obj,
        here=_here(options),
        job=_job(options),
    )
    _tell(ctx, record, write_record(record, path, verified), as_json)


@click.command(epilog="Example: cefrbench reproduce out/minilm/cefr-v1.json --data-dir corpora")
@_RESULT
@_by
@_verified
@_here_options
@json_option
@click.pass_context
def reproduce(
    ctx: click.Context, /, path: Path, by: str, verified: Path, as_json: bool, **options: Any
) -> None:
    """Make all of a result again from its own configuration; say how far each figure drifts.

    The status is 3 where a figure lies outside its tolerance.
    """
    from cefrbench.results.checked import read_checked
    from cefrbench.verification.record import write_record
    from cefrbench.verification.reproduced import reproduce_result

    result, predictions = read_checked(path)
    record = reproduce_result(
        result, predictions, by=by, host=ctx.obj, here=_here(options), job=_job(options)
    )
    _tell(ctx, record, write_record(record, path, verified), as_json)


def _here(options: dict[str, Any]) -> Here:
    from cefrbench.verification.again import Here

    names = ("encoder", "data_dir", "device", "offline", "trust_remote_code", "batch_tokens")
    return Here(**{name: options[name] for name in names})


def _job(options: dict[str, Any]) -> Job:
    from cefrbench.features.store import default_cache_dir
    from cefrbench.plan import Job
    from cefrbench.progress import make_progress

    return Job(
        cache_dir=options["cache_dir"] or default_cache_dir(),
        progress=make_progress(quiet=options["quiet"]),
        download_dir=options["cache_dir"],
    )


def _tell(ctx: click.Context, record: VerificationRecord, place: Path, as_json: bool) -> None:
    """Print a record, and end with the status that it comes to."""
    if as_json:
        echo_json(record.model_dump_json(indent=1))
    else:
        _print(record)
        echo(f"Record: {place}")
    ctx.exit(0 if record.agrees else EXIT_PARTIAL)


def _print(record: VerificationRecord) -> None:
    from cefrbench.cli.shared import print_table

    figures = sorted(record.figures, key=lambda one: -abs(one.drift or 0.0))
    rows = [
        {
            "figure": one.where,
            "published": _number(one.published),
            "again": _number(one.again),
            "drift": _number(one.drift, "+.4f"),
            "within": _number(one.tolerance, ".2f"),
            "agrees": one.agrees,
        }
        for one in figures[:_SHOWN]
    ]
    if rows:
        print_table(("figure", "published", "again", "drift", "within", "agrees"), rows)
    if len(figures) > _SHOWN:
        echo(f"… and {len(figures) - _SHOWN} figures that drift less.")
    for finding in record.findings:
        echo(f"- {finding.where}: found {finding.found}, expected {finding.expected}")
    if record.features is not None:
        echo(
            f"{record.texts} texts encoded again at the layers "
            f"{', '.join(map(str, record.layers))}; the farthest row lies {record.features:.2g} "
            "away."
        )
    verdict = f"{record.level}: all agrees" if record.agrees else "It does NOT agree"
    echo(f"{record.encoder} under {record.suite}: {verdict}.")


def _number(value: float | None, form: str = ".4f") -> str:
    return "–" if value is None else format(value, form)
