"""Read the fenced blocks of a page, and do what they say.

What a block is for stands in a comment on the line above it:

``<!-- file: PATH -->``     the block is the text of that file
``<!-- edit: PATH -->``     the block is a diff: its ``-`` lines stand in the file, its ``+`` lines
                            take their place
``<!-- begins: PATH -->``   the file that is there begins with the block
``<!-- prints: WHAT -->``   the lines of the block stand in what the last command printed
``<!-- exit: 3 -->``        the block's last command ends with that status
``<!-- not run: WHY -->``   its commands are parsed and not run

Without a comment, ``console`` blocks are run line by line and ``python`` blocks are executed.
"""

import os
import re
import shlex
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"(?:^<!-- (?P<verb>[a-z ]+): (?P<argument>[^\n]*?) -->\n)?"
    r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_VERBS = {None, "file", "edit", "begins", "prints", "exit", "not run"}
_ASSIGNMENT = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)")


@dataclass(frozen=True)
class Snippet:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    verb: str | None
    argument: str

    def __str__(self):
        return f"{self.page}:{self.line}"

    @property
    def commands(self):
        """Lines after a dollar sign, without what follows a hash."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line[2:].split(" #")[0].rstrip() for line in lines if line.startswith("$ ")]


def read(path):
    """All snippets of a page, in order."""
    text = path.read_text("utf-8")
    snippets = []
    for match in _FENCE.finditer(text):
        assert match["verb"] in _VERBS, f"{path.name}: unknown comment {match['verb']!r}"
        line = text.count("\n", 0, match.start("language")) + 1
        argument = match["argument"] or ""
        assert match["verb"] != "not run" or argument, f"{path.name}:{line}: say why it isn't run"
        snippets.append(
            Snippet(path.name, line, match["language"], match["text"], match["verb"], argument)
        )
    return snippets


class Reader:
    """Somebody who does what a page says, in a folder of their own.

    Parameters
    ----------
    folder : Path
    environment : dict of str to str
        Added to the environment of all commands; ``export`` adds more.
    commands : dict of str to list of str
        How to run the first word of a command.
    """

    def __init__(self, folder, environment=(), commands=()):
        self.folder = folder
        self.environment = {**os.environ, **dict(environment)}
        self.commands = {
            "cefrbench": [sys.executable, "-m", "cefrbench"],
            "python": [sys.executable],
            **dict(commands),
        }
        self.printed = []
        self.names = {"__name__": "page"}

    def follow(self, snippet):
        """Do what one snippet says."""
        if snippet.verb == "file":
            path = self.folder / snippet.argument
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(snippet.text, "utf-8")
        elif snippet.verb == "edit":
            self.edit(snippet)
        elif snippet.verb == "begins":
            assert (self.folder / snippet.argument).read_text("utf-8").startswith(snippet.text)
        elif snippet.verb == "prints":
            printed = " ".join(self.printed[-1].split())
            for line in snippet.text.splitlines():
                assert " ".join(line.split()) in printed, f"{snippet}: {line}\n{self.printed[-1]}"
        elif snippet.language == "python" and snippet.verb != "not run":
            self.execute(snippet)
        elif snippet.language == "console" and snippet.verb != "not run":
            for number, command in enumerate(snippet.commands, start=1):
                last = number == len(snippet.commands)
                self.run(snippet, command, int(snippet.argument or 0) if last else 0)

    def edit(self, snippet):
        """Apply a diff without line numbers; blank lines part its places."""
        path = self.folder / snippet.argument
        text = path.read_text("utf-8")
        for place in re.split(r"\n\n+", snippet.text.strip("\n")):
            lines = [(line[:1], line[1:]) for line in place.splitlines()]
            old = "".join(f"{rest}\n" for mark, rest in lines if mark != "+")
            new = "".join(f"{rest}\n" for mark, rest in lines if mark != "-")
            assert text.count(old) == 1, f"{snippet}: stands {text.count(old)} times: {old}"
            text = text.replace(old, new)
        path.write_text(text, "utf-8")

    def execute(self, snippet):
        """Execute Python in the folder; blocks of a page share their names."""
        with chdir(self.folder):
            exec(compile(snippet.text, str(snippet), "exec"), self.names)

    def run(self, snippet, command, status):
        """Run one command and compare its exit status."""
        words = shlex.split(command)
        if words[0] == "export":
            for word in words[1:]:
                name, value = _ASSIGNMENT.fullmatch(word).groups()
                self.environment.setdefault(name, value)
            return
        done = subprocess.run(
            [*self.commands.get(words[0], words[:1]), *words[1:]],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        self.printed.append(done.stdout + done.stderr)
        assert done.returncode == status, f"{snippet}: {command}\n{done.stdout}{done.stderr}"


def parse(command):
    """See that a command that isn't run has options and arguments that exist.

    Only commands of ours are looked at.
    """
    from cefrbench.cli import cli
    from cefrbench.plugins import PluginHost

    words = shlex.split(command)
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words.pop(0)
    if not words or words[0] != "cefrbench":
        return
    group, arguments = cli, words[1:]
    context = group.make_context("cefrbench", arguments, obj=PluginHost(load=""))
    while hasattr(group, "get_command"):
        name, group, arguments = group.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        context = group.make_context(name, arguments, parent=context)


def pages(root):
    """Every page whose snippets are run."""
    named = [root / "README.md", root / "CONTRIBUTING.md"]
    return [p for p in named if p.is_file()] + sorted(Path(root, "docs").glob("*.md"))
