"""`cefrbench corpora`: fetch, describe and audit corpora."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from cefrbench.cli.convert import convert
from cefrbench.cli.shared import (
    FOLDER,
    Command,
    complain,
    echo,
    echo_json,
    json_option,
    names_of,
    names_option,
    print_table,
)
from cefrbench.errors import EXIT_PARTIAL, CorpusError, UserError
from cefrbench.plugins import PluginHost

if TYPE_CHECKING:
    from cefrbench.corpora.audit import AuditFinding
    from cefrbench.corpora.describe import CorpusDescription, Quartiles, SharedTexts
    from cefrbench.essays import Essays


@click.group()
def corpora() -> None:
    """Fetch, describe and audit corpora."""


corpora.add_command(convert)


def _from_the_hub(command: Command) -> Command:
    """Options of every command here."""
    for option in (
        json_option,
        click.option("--offline", is_flag=True, help="Fetch nothing; use what is cached."),
        click.option(
            "--cache-dir",
            type=FOLDER,
            help="Where downloads are kept; default: the hub client's own place.",
        ),
        names_option(
            "--corpus",
            "names",
            "Corpus to take, again for more; default: all but the optional ones.",
            kind="corpora",
        ),
        click.argument("more", nargs=-1, metavar="[NAME]...", shell_complete=names_of("corpora")),
    ):
        command = option(command)
    return command


def _named(options: dict[str, Any]) -> list[str]:
    """Corpora that are named, as options or as they come."""
    return list(dict.fromkeys((*options["names"], *options["more"])))


def _from_anywhere(command: Command) -> Command:
    """Options of the commands that read rows, wherever they are."""
    command = click.option(
        "--sample", is_flag=True, help="Take the invented rows that corpora ship."
    )(command)
    command = click.option(
        "--data-dir",
        type=FOLDER,
        help="Read DIR/<corpus>.json where it is, else the corpus's own source.",
    )(command)
    return _from_the_hub(command)


@corpora.command()
@_from_the_hub
@click.pass_context
def fetch(ctx: click.Context, /, **options: Any) -> None:
    """Get corpora from the hub, so that later runs work with --offline."""
    loaded, failures = _load(ctx, options)
    rows = [
        {
            "corpus": essays.name,
            "hub": essays.card.hub and essays.card.hub.repo,
            "access": essays.card.access,
            "licence": essays.card.licence,
            "revision": essays.revision,
            "rows": essays.report.rows,
            "kept": essays.report.kept,
        }
        for essays in loaded
    ]
    if options["as_json"]:
        _print_json({"corpora": rows, "failures": failures})
    else:
        print_table(("corpus", "hub", "access", "licence", "revision", "rows", "kept"), rows)
    ctx.exit(EXIT_PARTIAL if failures else 0)


@corpora.command()
@_from_anywhere
@click.option(
    "--croissant",
    is_flag=True,
    help="Print one corpus as Croissant metadata (JSON-LD) with RAI fields, alone.",
)
@click.pass_context
def describe(ctx: click.Context, /, **options: Any) -> None:
    """Show sizes, levels, lengths, repeated and shared texts, and licences."""
    from cefrbench.corpora.describe import describe as describe_one
    from cefrbench.corpora.describe import levels_by_text, shared_texts

    if options["croissant"]:
        _print_croissant(ctx, options)
        return
    loaded, failures = _load(ctx, options)
    described = [describe_one(essays) for essays in loaded]
    shared = shared_texts({e.name: list(levels_by_text(e)) for e in loaded})
    if options["as_json"]:
        _print_json({"corpora": described, "shared": shared, "failures": failures})
    else:
        _print_descriptions(described, shared)
    ctx.exit(EXIT_PARTIAL if failures else 0)


@corpora.command()
@_from_anywhere
@click.pass_context
def audit(ctx: click.Context, /, **options: Any) -> None:
    """Look for what would bias a score; exit status 3 when there is anything."""
    from cefrbench.corpora.audit import audit as audit_all
    from cefrbench.corpora.audit import has_bias

    loaded, failures = _load(ctx, options)
    findings = audit_all(loaded)
    if options["as_json"]:
        _print_json({"findings": findings, "failures": failures})
    else:
        _print_findings(loaded, findings)
    ctx.exit(EXIT_PARTIAL if failures or has_bias(findings) else 0)


# -- loading -----------------------------------------------------------------------------------


def _load(ctx: click.Context, options: dict[str, Any]) -> tuple[list[Essays], list[dict[str, str]]]:
    """Load all corpora asked for; one that fails is told of and the others go on.

    Returns
    -------
    essays, failures : list

    Raises
    ------
    UserError
        When the only one asked for fails, or all do.
    """
    from cefrbench.contracts.corpus import Access
    from cefrbench.corpora.load import load_essays

    host = ctx.find_object(PluginHost) or PluginHost()
    host.check_names()
    access = Access(offline=options["offline"], cache_dir=options["cache_dir"])
    read = {key: value for key, value in options.items() if key in {"data_dir", "sample"}}
    loaded: list[Essays] = []
    failures: list[dict[str, str]] = []
    wanted = _named(options) or _standard(host)
    for name in wanted:
        try:
            loaded.append(load_essays(host.get_corpus(name), access=access, **read))
        except UserError as error:
            if len(wanted) == 1:
                raise
            complain(f"Error: {error}")
            failures.append({"corpus": name, "cause": str(error)})
    if not loaded:
        raise CorpusError(f"None of the {len(wanted)} corpora can be read; see above.")
    return loaded, failures


def _standard(host: PluginHost) -> list[str]:
    from cefrbench.contracts.corpus import Corpus

    items = host.corpora.items
    return [n for n, c in items.items() if isinstance(c, Corpus) and not c.card.optional]


# -- printing ----------------------------------------------------------------------------------


def _print_json(value: dict[str, Any]) -> None:
    from pydantic import BaseModel

    def plain(item: object) -> object:
        return item.model_dump(mode="json") if isinstance(item, BaseModel) else item

    listed = {key: [plain(item) for item in items] for key, items in value.items()}
    echo_json(listed)


def _print_croissant(ctx: click.Context, options: dict[str, Any]) -> None:
    from cefrbench.corpora.croissant import croissant

    named = _named(options)
    if len(named) != 1 or options["sample"]:
        what = "not its invented sample" if options["sample"] else f"and here are {len(named)}"
        raise UserError(
            f"Croissant describes one corpus, {what}: name it, from the hub or with --data-dir."
        )
    (essays,), _ = _load(ctx, options)
    echo_json(croissant(essays))


def _print_descriptions(
    described: Sequence[CorpusDescription], shared: Sequence[SharedTexts]
) -> None:
    from cefrbench.levels import Level

    levels = [level.name for level in Level]
    print_table(
        ("corpus", "language", "kept", *levels, "dropped"),
        (
            {
                "corpus": one.name,
                "language": ", ".join(one.languages),
                "kept": one.report.kept,
                **{level: n or "·" for level, n in one.levels.items()},
                "dropped": ", ".join(f"{n} {why}" for why, n in one.report.dropped.items()),
            }
            for one in described
        ),
        title="Rows by level",
    )
    print_table(
        ("corpus", "words", "characters", "texts", "repeated", "levels"),
        (
            {
                "corpus": one.name,
                "words": _middle(one.words),
                "characters": _middle(one.characters),
                "texts": one.texts,
                "repeated": one.repeated or "·",
                "levels": ", ".join(f"{n} × {pair}" for pair, n in one.conflicting.items()),
            }
            for one in described
        ),
        title="\nLengths: median (quartiles); different texts, repeated ones, those with several "
        "levels",
    )
    print_table(
        ("corpus", "licence", "card", "rows", "revision"),
        (
            {
                "corpus": one.name,
                "licence": one.licence,
                "card": one.licence_card or "not known",
                "rows": one.licence_rows or "not known",
                "revision": one.revision[:12] if one.revision else "",
            }
            for one in described
        ),
        title="\nLicences: the one to keep, of the card and of the rows",
    )
    for pair in shared:
        echo(f"\n{pair.texts} texts stand in both {pair.corpora[0]} and {pair.corpora[1]}.")


def _middle(length: Quartiles) -> str:
    return f"{length.median:,.0f} ({length.first:,.0f}–{length.third:,.0f})"


def _print_findings(loaded: Sequence[Essays], findings: Sequence[AuditFinding]) -> None:
    count = sum(len(essays) for essays in loaded)
    if findings:
        print_table(
            ("finding", "severity", "corpus", "what", "why it matters"),
            (
                {
                    "finding": found.code,
                    "severity": found.severity,
                    "corpus": ", ".join(found.corpora),
                    "what": found.message,
                    "why it matters": found.why,
                }
                for found in findings
            ),
        )
    biased = sum(found.severity == "bias" for found in findings)
    echo(
        f"\nCorpora: {len(loaded)}. Texts: {count:,}. Findings that would bias a score: {biased}. "
        f"Notes: {len(findings) - biased}."
    )
