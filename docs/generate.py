"""Write the generated parts of the docs, or with ``--check`` see that they are up to date."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from generate_catalogue import table
from generate_cli import cli_page
from generate_corpora import corpus_page, names
from generate_hooks import checks_page, hooks_page

ROOT = Path(__file__).resolve().parent.parent


def between(text: str, name: str, new: str) -> str:
    """Replace what stands between the marker ``generated: NAME`` and the next ``end`` of a page."""
    begin, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
    head, found, rest = text.partition(begin)
    if not found:
        raise ValueError(f"The marker {begin.strip()!r} is missing.")
    return head + begin + new + end + rest.partition(end)[2]


# -- the result -----------------------------------------------------------------------------------


def schema_text() -> str:
    """JSON Schema of a result."""
    from cefrbench.results import schema

    return schema.schema_text()


def results_page() -> str:
    """``docs/results.md`` with a table of fields for each part of a result."""
    from cefrbench.results.schema import build_schema

    schema = build_schema()
    parts: dict[str, Any] = {"RunResult": schema}
    _collect_parts(schema, schema["$defs"], parts)
    tables = [_fields_table(name, part) for name, part in parts.items()]
    page = (ROOT / "docs/results.md").read_text("utf-8")
    return between(page, "fields", "\n" + "\n".join(tables) + "\n")


def _collect_parts(schema: Any, definitions: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Collect the parts that a schema refers to, in the order of reading."""
    if isinstance(schema, dict):
        name = schema.get("$ref", "").rpartition("/")[2]
        if name and name not in found:
            found[name] = definitions[name]
            _collect_parts(definitions[name], definitions, found)
        schema = [value for key, value in schema.items() if key != "$defs"]
    if isinstance(schema, list):
        for value in schema:
            _collect_parts(value, definitions, found)


def _fields_table(name: str, part: Mapping[str, Any]) -> str:
    about = " ".join(part.get("description", "").partition("\n\n")[0].split())
    lines = [f"### {name}", "", about, "", "| field | type | meaning |", "|---|---|---|"]
    for field, schema in part["properties"].items():
        meaning = " ".join(schema.get("description", "").split()).replace("|", "\\|")
        lines.append(f"| `{field}` | {_type(schema)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _type(schema: Mapping[str, Any]) -> str:
    """Name a field's type in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum") or [schema["const"]])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"name → {_type(values)}" if isinstance(values, dict) else "name → anything"
    return str(schema.get("type", "anything"))


# -- the catalogue --------------------------------------------------------------------------------


def corpora_page() -> str:
    """``docs/corpora.md`` with the table of corpora."""
    return _with_tables("docs/corpora.md", "corpora")


def catalogue_page() -> str:
    """``docs/catalogue.md`` with its tables."""
    return _with_tables("docs/catalogue.md", "encoders", "probes", "protocols", "suites")


def methods_page() -> str:
    """``docs/methods.md`` with the table of methods."""
    return _with_tables("docs/methods.md", "methods")


def _with_tables(name: str, *kinds: str) -> str:
    page = (ROOT / name).read_text("utf-8")
    for kind in kinds:
        page = between(page, kind, table(kind))
    return page


# -- all ------------------------------------------------------------------------------------------

#: Generated files, by path from the root of the repository.
FILES: dict[str, Callable[[], str]] = {
    "cefrbench/results/result.schema.json": schema_text,
    "docs/catalogue.md": catalogue_page,
    "docs/checks.md": checks_page,
    "docs/cli.md": cli_page,
    "docs/corpora.md": corpora_page,
    "docs/hooks.md": hooks_page,
    "docs/methods.md": methods_page,
    "docs/results.md": results_page,
    **{f"docs/corpora/{name}.md": partial(corpus_page, name) for name in names()},
}


def main(arguments: list[str]) -> int:
    """Write all files; with ``--check`` write nothing and name those that are stale."""
    stale = []
    for name, generate in FILES.items():
        path, text = ROOT / name, generate()
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    if "--check" in arguments and stale:
        print(f"Stale: {', '.join(stale)}. Run `make docs`.", file=sys.stderr)
        return 1
    print(f"Written: {', '.join(stale)}." if stale else "All generated files are up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
