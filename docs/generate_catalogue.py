"""Generate the tables of corpora, encoders, probes, protocols and suites from their cards."""

from __future__ import annotations

from typing import Any

COLUMNS = {
    "corpora": {
        "name": "name",
        "languages": "languages",
        "corpus": "title",
        "on the hub": "hub",
        "access": "access",
        "licence": "licence",
        "rated by": "rated_by",
    },
    "encoders": {
        "name": "name",
        "weights": "parameters",
        "layers": "layers",
        "width": "width",
        "licence": "licence",
        "what it is": "description",
    },
    "probes": {
        "name": "name",
        "kind": "kind",
        "seeds": "seeded",
        "parameters": "params",
        "what it is": "description",
        "definition": "source",
    },
    "methods": {
        "name": "name",
        "what it is": "description",
        "sees": "sees",
        "moves": "moves",
        "strengths": "strengths",
        "library": "library",
        "paper": "paper",
    },
    "protocols": {"name": "name", "distribution": "distribution", "what it does": "description"},
    "suites": {"name": "name", "what it is": "description"},
}


def table(kind: str) -> str:
    """Markdown table of all built-in things of one kind."""
    from cefrbench.cli.catalogue import catalogue
    from cefrbench.plugins import PluginHost

    entries = catalogue(PluginHost(load=""), kind)
    columns = COLUMNS[kind]
    lines = [_row(columns), _row("---" for _ in columns)]
    if kind == "corpora":
        entries = [_linked(entry) for entry in entries]
    lines += [_row(_cell(entry.get(key)) for key in columns.values()) for entry in entries]
    return "\n".join(lines) + "\n"


def _linked(entry: dict[str, Any]) -> dict[str, Any]:
    """A corpus with a link to its page; the hub as the name of a repository."""
    if "title" not in entry:
        return entry
    name = f"[{entry['name']}](corpora/{entry['name']}.md)"
    return entry | {"name": name, "hub": (entry["hub"] or {}).get("repo")}


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "·"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        value = [f"{key} = {item}" for key, item in value.items()]
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    return " ".join(str(value).split()).replace("|", "\\|") or "·"
