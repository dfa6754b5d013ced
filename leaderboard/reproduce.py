"""`cefrbench reproduce`: a result made again, or a run of the study beside what it published.

It stands here, and not among the other commands, because the study's table is the leaderboard's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from cefrbench.cli.shared import FOLDER, echo, echo_json, print_table
from cefrbench.cli.verify import reproduce as reproduce_one
from cefrbench.errors import EXIT_OK, EXIT_PARTIAL, UserError
from cefrbench.results.model import RunResult
from cefrbench.statistics.scores import Scores
from cefrbench.verification.record import VerifiedFigure
from cefrbench_leaderboard.published import FILE, Published, Reported, read_published

#: What stands in a result's place for the study's own table.
PUBLISHED = "published"
#: A figure of the study, run again on another machine and (MLPs) with seeds that it didn't note.
STUDY = 0.05
#: The protocols behind the table's prefixes.
_PROTOCOLS = {"iid": "iid", "ood": "loco"}
_RESULTS = Path("leaderboard/results")


@click.pass_context
def _reproduce(ctx: click.Context, /, path: Path, results: Path, **options: Any) -> None:
    if str(path) != PUBLISHED:
        ctx.invoke(reproduce_one, path=path, **options)
        return
    published = read_published(_RESULTS) or read_published(results)
    if published is None:
        raise UserError(
            f"The study's table {str(_RESULTS / FILE)!r} isn't here: run this in a copy of the "
            "repository, or put the file into the folder named with --results."
        )
    found = list(study_results(results))
    if not found:
        name = published.encoders[-1]
        raise UserError(
            f"No result of the suite paper lies in {str(results)!r}: make them with `cefrbench run "
            f"--suite paper --encoder {'hf:' if '/' in name else ''}{name} --output {results}`."
        )
    figures = [figure for one in found for figure in beside(published, one)]
    if options["as_json"]:
        echo_json(json.dumps([_told(figure) for figure in figures], indent=1))
    else:
        _print(published, found, figures)
    ctx.exit(EXIT_OK if all(figure.agrees for figure in figures) else EXIT_PARTIAL)


reproduce = click.Command(
    "reproduce",
    params=[
        *reproduce_one.params,
        click.Option(
            ["--results"],
            type=FOLDER,
            default=_RESULTS,
            show_default=True,
            metavar="DIR",
            help="Where results of the suite paper lie, for `reproduce published`.",
        ),
    ],
    callback=_reproduce,
    help="""Make all of a result again from its own configuration; say how far each figure drifts.

    `cefrbench reproduce published` lays results of the suite paper beside the study's own table.
    The status is 3 where a figure lies outside its tolerance.
    """,
    epilog=reproduce_one.epilog,
)


def study_results(folder: Path) -> Iterator[RunResult]:
    """Results of the study's suite in a folder, each checked."""
    from cefrbench.results.checked import read_checked
    from cefrbench.results.find import find_results
    from cefrbench.results.io import read_result

    for path in find_results([folder]) if folder.is_dir() and any(folder.rglob("*.json")) else []:
        if read_result(path).suite == "paper":
            yield read_checked(path)[0]


def beside(published: Published, result: RunResult) -> Iterator[VerifiedFigure]:
    """Each figure of the study's table that a result has, both beside each other."""
    records = {(one.protocol, one.probe): one for one in result.summary}
    for row in published.rows:
        if row.encoder not in (result.encoder.model, result.encoder.name):
            continue
        for side, score, kind, value in _cells(row):
            record = records.get((_PROTOCOLS[side], row.probe))
            if value is None or record is None:
                continue
            own = record.layer_mean if kind == "layer_mean" else record.oracle or Scores.undefined()
            yield VerifiedFigure(
                where=f"{row.encoder} {row.probe} {side} {score} {kind.replace('_', ' ')}",
                published=value,
                again=getattr(own, score),
                tolerance=STUDY,
            )


def _cells(row: Reported) -> Iterator[tuple[str, str, str, float | None]]:
    """Side, score, `best_layer` or `layer_mean`, and value of each cell."""
    yield "iid", "qwk", "best_layer", row.iid
    yield "iid", "qwk", "layer_mean", row.iid_mean
    yield "ood", "qwk", "best_layer", row.ood
    yield "ood", "qwk", "layer_mean", row.ood_mean
    for name, value in row.others:
        side, _, rest = name.partition("_")
        for kind in ("best_layer", "layer_mean"):
            if rest.endswith(kind):
                yield side, rest.removesuffix(f"_{kind}"), kind, value


def _told(figure: VerifiedFigure) -> dict[str, object]:
    return figure.model_dump() | {"drift": figure.drift, "agrees": figure.agrees}


def _print(
    published: Published, found: Sequence[RunResult], figures: Sequence[VerifiedFigure]
) -> None:
    rows = [
        {
            "figure": one.where,
            "published": f"{one.published:.3f}",
            "here": "–" if one.again is None else f"{one.again:.3f}",
            "drift": "–" if one.drift is None else f"{one.drift:+.3f}",
            "agrees": one.agrees,
        }
        for one in figures
    ]
    print_table(("figure", "published", "here", "drift", "agrees"), rows, fold=True)
    known = {name for one in found for name in (one.encoder.model, one.encoder.name)}
    missing = [name for name in published.encoders if name not in known]
    if missing:
        echo(f"Not run here: {', '.join(missing)}.")
    agreeing = sum(figure.agrees for figure in figures)
    echo(f"{agreeing} of {len(figures)} figures lie within {STUDY} of {published.source}.")
