"""The command line, one module a command or group, each imported when it is called."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cefrbench.border import OutputError, apart, plain, plain_lines, telling
from cefrbench.doors import writable
from cefrbench.errors import EXIT_INTERRUPTED, EXIT_USER, PluginError, UserError

#: Built-in commands: where they are and what the overview says of them.
COMMANDS = {
    "run": ("cefrbench.cli.run:run", "Evaluate encoders under a suite."),
    "list": ("cefrbench.cli.catalogue:list_", "List corpora, encoders, probes, methods, suites."),
    "plugins": ("cefrbench.cli.catalogue:plugins", "Show every plugin, and why one is broken."),
    "corpora": ("cefrbench.cli.corpora:corpora", "Fetch, describe and audit corpora."),
    "show": ("cefrbench.cli.show:show", "Show one result as tables."),
    "compare": ("cefrbench.cli.compare:compare", "Test results against each other, in pairs."),
    "methods": ("cefrbench.cli.methods:methods", "Say what methods against corpus bias do."),
    "explain": (
        "cefrbench_leaderboard.report.cli:explain",
        "Say why scores fall out of distribution.",
    ),
    "results": ("cefrbench.cli.results:results", "Check, verify, merge and export results."),
    "reproduce": (
        "cefrbench_leaderboard.reproduce:reproduce",
        "Make a result again, figure by figure.",
    ),
    "figure": ("cefrbench_leaderboard.report.figure:figure", "Draw results for a paper."),
    "leaderboard": ("cefrbench_leaderboard.cli:leaderboard", "Build or serve the leaderboard."),
    "new": ("cefrbench.cli.new:new", "Begin a plugin: a corpus, an encoder, a probe or a method."),
    "check": ("cefrbench.cli.check:check", "Test a plugin against its contract."),
    "cache": ("cefrbench.cli.cache:cache", "List, verify and prune what is cached."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called; plugins add theirs when they are asked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Built-in commands in their order, then those of plugins by name."""
        self._add_plugin_commands(ctx)
        return [*COMMANDS, *sorted(self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a built-in command, or find one that a plugin added."""
        if cmd_name in COMMANDS:
            module, _, attribute = COMMANDS[cmd_name][0].partition(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            _set_apart(command)
            return command
        self._add_plugin_commands(ctx)
        return self.commands.get(cmd_name)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Take a plugin's command, unless its name is taken."""
        name = name or cmd.name or ""
        if name in COMMANDS or name in self.commands:
            raise PluginError(f"It adds a command {name!r}, which there is already: rename it.")
        super().add_command(cmd, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview without importing any built-in command."""
        rows = [(name, text) for name, (_, text) in COMMANDS.items()]
        for name in self.list_commands(ctx)[len(COMMANDS) :]:
            rows.append((plain(name), plain(self.commands[name].get_short_help_str())))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _add_plugin_commands(self, ctx: click.Context) -> None:
        from cefrbench.plugins import PluginHost

        # Only plugins' commands are kept here, and anew for each host.
        self.commands.clear()
        with apart():
            ctx.ensure_object(PluginHost).register_commands(self)


class _Alone:
    """What a command does, with standard output to itself: plugins and libraries print too."""

    def __init__(self, callback: Callable[..., Any]) -> None:
        self.callback = callback

    def __call__(self, *args: Any, **options: Any) -> Any:
        with apart():
            return self.callback(*args, **options)


def _set_apart(command: click.Command) -> None:
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _set_apart(one)
    elif command.callback is not None and not isinstance(command.callback, _Alone):
        command.callback = _Alone(command.callback)


def _set_host(ctx: click.Context, folder: Path | None) -> None:
    """Make the plugin host before anything else is looked at: the overview lists commands too."""
    from cefrbench.plugins import PluginHost

    ctx.obj = PluginHost(plugins_dir=folder)


@click.group(
    cls=LazyGroup,
    name="cefrbench",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done; 1 you must act; 2 wrong usage; 3 done, but something failed.",
)
@click.option(
    "--plugins-dir",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, folder: _set_host(ctx, folder),
    help="Folder of plugin files to load too; also CEFRBENCH_PLUGINS_DIR.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="cefrbench", prog_name="cefrbench")
def cli(debug: bool) -> None:
    """Do embedding models know how well somebody writes, or only which corpus it is from?"""


def _check_arguments(arguments: list[str]) -> None:
    """Refuse arguments that can't be written down again: in results, messages, names of files."""
    for argument in arguments:
        if not writable(argument) or "\0" in argument:
            raise UserError(
                f"The argument {ascii(argument)[:200]} has bytes that are no UTF-8, a zero "
                "byte, or half a surrogate pair: write it, or rename the file, in UTF-8."
            )


def _silence() -> None:
    """Point standard output at nothing, so that the exit stays quiet: nobody takes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(args: list[str] | None = None) -> int:
    """Run the command line and give its exit status; errors of the user are one sentence."""
    arguments = sys.argv[1:] if args is None else args
    debug = "--debug" in arguments[:3] or bool(os.environ.get("CEFRBENCH_DEBUG"))
    try:
        _check_arguments(arguments)
        with telling():
            status = cli.main(arguments, prog_name="cefrbench", standalone_mode=False)
    except UserError as error:
        if debug:
            raise
        click.echo(plain(f"Error: {error}"), err=True)
        return error.exit_code
    except click.Abort:
        click.echo(
            "Interrupted; what was finished is kept, and the same command goes on.", err=True
        )
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        told = io.StringIO()
        error.show(file=told)
        click.echo(plain_lines(told.getvalue()), err=True, nl=False)
        return error.exit_code
    except OutputError as error:
        _silence()
        click.echo(
            plain(
                f"Error: Standard output can't be written ({error}): free some space, or choose "
                "another place for it."
            ),
            err=True,
        )
        return EXIT_USER
    except BrokenPipeError:
        _silence()
        return EXIT_USER
    except OSError as error:
        # Whatever was given as a name or path; all else that files refuse is told where it is met.
        if debug or error.errno != errno.ENAMETOOLONG:
            raise
        name = Path(str(error.filename)).name
        click.echo(
            plain(f"Error: {name[:60]!r}… is longer than the name of any file: give another one."),
            err=True,
        )
        return EXIT_USER
    return status if isinstance(status, int) else 0
