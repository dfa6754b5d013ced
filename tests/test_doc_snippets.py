"""All snippets in the docs run; those that can't are parsed, and say why."""

from pathlib import Path

import click
import pytest
from doc_snippets import Reader, pages, parse, read

ROOT = Path(__file__).resolve().parent.parent
#: Walked from beginning to end by test_walks.py and test_first_hour.py.
WALKED = {"CONTRIBUTING.md", "first-hour.md"}

SNIPPETS = {path.name: read(path) for path in pages(ROOT)}
CONSOLE = [s for found in SNIPPETS.values() for s in found if s.language == "console"]
#: What a reader of a page has done before.
BEFORE = {
    "README.md": "cefrbench run --suite quickstart --encoder minilm --encoder surface "
    "--probe ridge --layers last --corpus merlin-cs --corpus merlin-it --output out"
}


@pytest.mark.parametrize("snippet", CONSOLE, ids=str)
def test_commands_exist_with_these_options(snippet):
    assert snippet.commands, f"{snippet}: no line begins with a dollar sign"
    for command in snippet.commands:
        parse(command)


def runs(page):
    """Whether anything on a page is run as a command, which takes seconds each."""
    return any(s.language == "console" and s.verb != "not run" for s in SNIPPETS[page])


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if runs(page) else [])
        for page in sorted(set(SNIPPETS) - WALKED)
    ],
)
def test_what_a_page_shows_runs_in_order(page, tmp_path):
    reader = Reader(tmp_path, {"CEFRBENCH_CACHE_DIR": str(tmp_path / "cache")})
    if page in BEFORE:
        reader.run(page, BEFORE[page], 0)
    for snippet in SNIPPETS[page]:
        reader.follow(snippet)


@pytest.mark.parametrize(
    "command", ["cefrbench run --encodr minilm", "cefrbench list corpuses", "cefrbench chek x"]
)
def test_a_command_that_is_wrong_would_be_noticed(command):
    with pytest.raises(click.UsageError):
        parse(command)
