"""`cefrbench methods`: what methods against corpus bias do, beside what they have to beat."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from cefrbench.cli.several import (
    check_form,
    echo_marked_json,
    echo_marked_markdown,
    markdown_option,
    marked_console,
    print_cells,
    read_several,
)
from cefrbench.cli.shared import json_option, replicates_option, seed_option, unchecked_option

if TYPE_CHECKING:
    from cefrbench.results.method_effects import MethodEffects


@click.command(epilog="Example: cefrbench methods out/minilm/cefr-v1.json out/length/cefr-v1.json")
@click.argument("paths", metavar="RESULT.json …", nargs=-1, required=True)
@click.option(
    "--protocol",
    metavar="NAME",
    help="What stands for out of distribution: few-shot-32, say.  [default: lofo]",
)
@replicates_option
@seed_option
@json_option
@markdown_option
@unchecked_option
def methods(
    paths: tuple[str, ...],
    protocol: str | None,
    replicates: int,
    seed: int,
    as_json: bool,
    markdown: bool,
    unchecked: bool,
) -> None:
    """Say what methods (--probe METHOD+PROBE) do to the probe that they wrap.

    Out of distribution and in it, against the probe itself, against the study's (the method
    `unweighted`), and against what the same method makes of `length`; recut QWK and rank
    correlation tell direction from thresholds. Errors are of the whole procedure, corrected by
    Holm's method over the methods. Several results of one encoder are taken together; with more
    than one encoder, the mean over those that are no references stands beside them.
    """
    from cefrbench.results.method_effects import tell_methods
    from cefrbench.results.method_tables import CAPTION, effect_cells, in_markdown

    check_form(as_json=as_json, markdown=markdown)
    _, read, marks = read_several(paths, unchecked=unchecked)
    told = tell_methods(
        [one.pair() for one in read], outside=protocol, replicates=replicates, seed=seed
    )
    if as_json:
        echo_marked_json(marks, _as_json(told))
    elif markdown:
        echo_marked_markdown(marks, in_markdown(told))
    else:
        from rich.text import Text

        console = marked_console(marks)
        for title, cells in effect_cells(told).items():
            print_cells(console, cells, title)
        console.print(Text(CAPTION, style="dim"))


def _as_json(told: MethodEffects) -> dict[str, Any]:
    return {
        "encoders": told.encoders,
        "averaged": told.averaged,
        "effects": [asdict(one) | {"difference": one.difference} for one in told.effects],
    }
