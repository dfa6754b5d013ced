"""The docs say what the code does: generated parts are fresh, links resolve, commands exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cefrbench.cli import COMMANDS, cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)")
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_generated_files_are_up_to_date():
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    for target, _ in LINK.findall(page.read_text("utf-8")):
        if target:
            assert (page.parent / target).exists(), target


def commands(page):
    for block in CONSOLE.findall(page.read_text("utf-8")):
        for line in block.splitlines():
            if line.startswith("$ cefrbench "):
                yield shlex.split(line.removeprefix("$ cefrbench "), comments=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_the_docs_have_the_options_that_the_code_has(page):
    for words in commands(page):
        context = click.Context(cli, info_name="cefrbench")
        command = cli.get_command(context, words[0])
        rest = words[1:]
        while isinstance(command, click.Group):
            command, rest = command.get_command(context, rest[0]), rest[1:]
        assert command is not None, words
        known = {option for parameter in command.params for option in parameter.opts}
        used = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert used <= known, words


def test_the_overview_says_of_a_command_what_the_command_says_of_itself():
    context = click.Context(cli, info_name="cefrbench")
    for name, (_, text) in COMMANDS.items():
        command = cli.get_command(context, name)
        assert command is not None
        assert command.help, name
        assert len(text) <= 60


def test_every_test_that_the_docs_name_is_there():
    text = (ROOT / "docs" / "testing.md").read_text("utf-8")
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", text)
    assert len(named) == text.count("::")
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text("utf-8"), f"{file}::{test}"
