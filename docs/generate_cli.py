"""Generate the reference of the command line from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

HEAD = """# Command line

This page is generated from the commands' own help (`make docs`).

Exit status: 0 done; 1 you must act (one sentence says what); 2 wrong usage; 3 finished, but some
units failed, each written down with its cause; 130 interrupted and 143 terminated (what was
finished is kept).
`cefrbench --debug …` shows the traceback of an error.

| environment | meaning |
|---|---|
| `CEFRBENCH_CACHE_DIR` | where features and fits are kept; `--cache-dir` wins |
| `CEFRBENCH_PLUGINS_DIR` | folder of loose plugin files; `--plugins-dir` wins |
| `CEFRBENCH_LOAD_PLUGINS` | installed plugins to load, by name with commas; empty: none |
| `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE` | as everywhere with the Hugging Face hub |

**Completion.** Commands, options and names (of encoders, corpora, probes, protocols, suites and
analyses) complete in a shell after `eval "$(_CEFRBENCH_COMPLETE=bash_source cefrbench)"`;
`zsh_source` and `fish_source` are for other shells.
"""


def cli_page() -> str:
    """The whole of `docs/cli.md`."""
    from cefrbench.cli import COMMANDS, cli

    context = click.Context(cli, info_name="cefrbench", max_content_width=100)
    parts = [HEAD, _block(cli, context)]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is None:
            raise ValueError(f"The command {name!r} is listed, but can't be imported.")
        parts += list(_sections(command, name, context))
    return "\n".join(parts)


def _sections(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """One section a command; a group's own commands follow it."""
    context = click.Context(command, info_name=name, parent=parent, max_content_width=100)
    yield f"## `{context.command_path}`\n"
    yield _block(command, context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _sections(found, child, context)


def _block(command: click.Command, context: click.Context) -> str:
    context.terminal_width = 100
    return f"```text\n{command.get_help(context).rstrip()}\n```\n"
