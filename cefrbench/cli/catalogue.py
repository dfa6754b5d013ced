"""`cefrbench list` and `cefrbench plugins`: what there is, without loading any of it."""

from __future__ import annotations

from typing import Any

import click

from cefrbench.cli.shared import complain, echo_json, json_option, print_table
from cefrbench.config import list_suites
from cefrbench.contracts.cards import CorpusCard
from cefrbench.corpora.obtain import how_to_get
from cefrbench.plugins import PluginHost

KINDS = ("corpora", "encoders", "probes", "methods", "protocols", "suites", "analyses")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS))
@json_option
@click.pass_obj
def list_(host: PluginHost, kind: str, as_json: bool) -> None:
    """List corpora, encoders, probes, methods, protocols, suites or analyses."""
    if kind not in ("suites", "analyses"):
        warn_of_broken(host)
        host.check_names()
    entries = catalogue(host, kind)
    if as_json:
        echo_json(entries)
        return
    if kind == "corpora":
        entries = [entry | {"hub": (entry.get("hub") or {}).get("repo")} for entry in entries]
    print_table(_COLUMNS[kind], entries)


@click.command()
@json_option
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> None:
    """Show every plugin: where it is from, its hooks, what it registered, why it is broken."""
    host: PluginHost = ctx.obj
    group = ctx.find_root().command
    if isinstance(group, click.Group):
        group.list_commands(ctx)
    host.broken()
    entries = [
        {
            "name": plugin.name,
            "origin": plugin.origin,
            "hooks": list(plugin.hooks),
            "registered": plugin.registered,
            "error": plugin.error,
        }
        for plugin in host.plugins
    ]
    if as_json:
        echo_json({"plugins": entries, "collisions": host.collisions()})
        return
    print_table(_COLUMNS["plugins"], entries, fold=True)
    for sentence in host.collisions():
        complain(f"Error: {sentence}")


def catalogue(host: PluginHost, kind: str) -> list[dict[str, Any]]:
    """Describe all things of one kind: what stands in tables, in docs and in ``--json``."""
    if kind == "suites":
        return [suite.model_dump(mode="json") for suite in list_suites()]
    if kind == "analyses":
        from cefrbench.analyses.registry import DESCRIPTIONS

        suites = list_suites()
        return [
            {
                "name": name,
                "suites": [
                    suite.name for suite in suites if name in suite.config.get("analyses", ())
                ],
                "description": description,
            }
            for name, description in DESCRIPTIONS.items()
        ]
    registry = getattr(host, kind)
    return [_describe(name, item) for name, item in sorted(registry.items.items())]


def warn_of_broken(host: PluginHost) -> None:
    """Say on standard error which plugins are out of use; the rest goes on."""
    for plugin in host.broken():
        complain(f"Warning: plugin {plugin.name} is out of use: {plugin.error}")


def _describe(name: str, item: Any) -> dict[str, Any]:
    card = getattr(item, "card", None)
    if card is None:
        return {"name": name, "description": item.description}
    described: dict[str, Any] = card.model_dump(mode="json")
    if isinstance(card, CorpusCard):
        described["obtain"] = how_to_get(card)
    return described


_COLUMNS = {
    "corpora": ("name", "languages", "title", "hub", "access", "licence"),
    "encoders": ("name", "parameters", "layers", "width", "description"),
    "probes": ("name", "kind", "seeded", "description"),
    "methods": ("name", "sees", "moves", "description"),
    "protocols": ("name", "distribution", "description"),
    "suites": ("name", "title", "description"),
    "analyses": ("name", "suites", "description"),
    "plugins": ("name", "origin", "registered", "error"),
}
