"""What plugins print stands nowhere in what a command prints: it goes to standard error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cefrbench.cli import COMMANDS as BUILT_IN
from cefrbench.cli import cli, main

#: Prints at import, in hooks and whatever it is called for; so do C and children of it.
LOUD = """
import ctypes, os, subprocess, sys

import numpy as np
from cefrbench import (Corpus, CorpusCard, Encoder, EncoderCard, EncoderIdentity, EncoderSpec,
                       ProbeCard, ProbeSpec, Rows, hookimpl)
from sklearn.linear_model import Ridge


shouted = set()


def shout(what):
    print("LOUD", what)
    sys.stdout.write(f"LOUD {what} again\\n")
    os.write(1, f"LOUD {what} by number\\n".encode())
    if what in ("import", "encode") and what not in shouted:
        shouted.add(what)
        ctypes.CDLL(None).puts(f"LOUD {what} in C".encode())
        ctypes.CDLL(None).fflush(None)
        subprocess.run(["echo", "LOUD", what, "by a child"])


shout("import")


class Noisy(Corpus):
    card = CorpusCard(
        name="loud", title="Loud", languages=("en",), licence="CC0", source="https://x.org",
        citation="Nobody (2026).", task="Invented texts", rated_by="nobody",
    )

    def rows(self, access):
        shout("rows")
        return Rows(self.read())

    def sample(self):
        return self.rows(None)

    def read(self):
        for number in range(40):
            shout("row") if number < 2 else None
            yield {"lang": "en", "cefr_level": ("A1", "B1")[number % 2],
                   "text": f"An invented text number {number} of a loud corpus."}


class NoisyEncoder(Encoder):
    identity = EncoderIdentity(name="loud", model="loud", pooling=None, instruction="",
                               max_length=None, dtype="float32", layers=(1,), width=2)

    def encode(self, batch):
        shout("encode")
        return np.array([[[len(text), text.count("a")]] for text in batch], dtype=np.float32)


class NoisyRidge(Ridge):
    def fit(self, X, y, sample_weight=None):
        shout("fit")
        return super().fit(X, y, sample_weight)


def load(name, options):
    shout("load")
    return NoisyEncoder()


@hookimpl
def register_corpora(register):
    shout("hook")
    register(Noisy())


@hookimpl
def register_encoders(register):
    register(EncoderSpec(EncoderCard(name="loud", description="Loud"), load))


@hookimpl
def register_probes(register):
    card = ProbeCard(name="loud", description="", kind="regressor")
    register(ProbeSpec(card, lambda o: NoisyRidge()))


@hookimpl
def register_commands(cli):
    import click

    shout("commands")

    @cli.command()
    def own():
        "A command of a plugin prints where it likes."
        print("its own words")
"""
RUN = ["run", "--suite", "quickstart", "--encoder", "loud", "--encoder", "length",
       "--probe", "loud", "--corpus", "loud", "--corpus", "merlin-de", "--protocol", "iid",
       "--no-references"]  # fmt: skip
#: Every command that has --json, and what it needs; a test holds the list to the commands.
COMMANDS = {
    "run": RUN,
    "list": ["list", "encoders"],
    "plugins": ["plugins"],
    "corpora fetch": ["corpora", "fetch", "loud"],
    "corpora describe": ["corpora", "describe", "loud"],
    "corpora audit": ["corpora", "audit", "loud"],
    "show": ["show", "{result}"],
    "compare": ["compare", "{result}", "{other}", "--replicates", "200"],
    "explain": ["explain", "{result}", "--replicates", "200"],
    "check": ["check", "{plugin}"],
    "methods": ["methods", "{result}"],
    "reproduce": ["reproduce", "{result}", "--verified", "{home}/verified"],
    "results verify": ["results", "verify", "{result}", "--sample", "4", "--nonce", "any"],
    "cache list": ["cache", "list"],
    "cache verify": ["cache", "verify"],
    "cache prune": ["cache", "prune", "--all", "--yes"],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loud")
    (folder / "plugins").mkdir()
    (folder / "plugins" / "loud.py").write_text(LOUD)
    return folder


@pytest.fixture
def call(home, capfd, monkeypatch):
    """Run a command in this process on the standard output that C and children have too."""
    monkeypatch.setenv("CEFRBENCH_PLUGINS_DIR", str(home / "plugins"))
    monkeypatch.setenv("CEFRBENCH_CACHE_DIR", str(home / "cache"))
    result = home / "out" / "loud" / "quickstart.json"

    def run(*words):
        places = {"result": result, "plugin": home / "plugins" / "loud.py"}
        places["home"] = home
        places["other"] = home / "out" / "length" / "quickstart.json"
        words = [word.format(**places) for word in words]
        words += ["--output", str(home / "out")] if words[0] == "run" else []
        if words[0] != "run" and any(str(result) in word for word in words) and not result.exists():
            assert run(*RUN)[0] == 0
        with (
            open(1, "w", closefd=False) as out,
            open(2, "w", closefd=False, buffering=1) as err,
            monkeypatch.context() as patch,
        ):
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            status = main(words)
        return status, *capfd.readouterr()

    return run


def commands(command, name):
    if isinstance(command, click.Group):
        for key, one in command.commands.items():
            yield from commands(one, f"{name} {key}")
    elif any("--json" in option.opts for option in command.params):
        yield name


def test_every_command_that_prints_json_is_tried():
    found = set()
    for name in BUILT_IN:
        found |= set(commands(cli.get_command(click.Context(cli), name), name))
    assert found == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_json_stands_alone_whatever_a_plugin_prints(call, name):
    status, out, err = call(*COMMANDS[name], "--json")
    assert status in (0, 1, 3)
    assert "LOUD" not in out
    if out or name not in ("methods", "results verify"):  # which refuse these results
        json.loads(out)
    if name in ("run", "list", "check"):
        for way in (
            "import",
            "import again",
            "import by number",
            "import in C",
            "import by a child",
        ):
            assert f"LOUD {way}\n" in err
    if name == "run":
        for way in ("rows", "row", "load", "encode in C", "encode by a child", "fit", "hook"):
            assert f"LOUD {way}\n" in err


@pytest.mark.parametrize("name", ["run", "list", "corpora describe", "show"])
def test_nor_does_it_stand_in_a_table(call, name):
    _, out, err = call(*COMMANDS[name])
    assert out
    assert "LOUD" not in out
    assert "LOUD import" in err or name == "show"


def test_a_command_of_a_plugin_prints_where_it_likes(call):
    status, out, err = call("own")
    assert (status, out) == (0, "its own words\n")
    assert "LOUD commands" in err
    assert "LOUD" not in call("--help")[1]


def test_a_reader_that_has_gone_is_no_fault(home):
    environment = {**os.environ, "CEFRBENCH_PLUGINS_DIR": str(home / "plugins")}
    command = f"{sys.executable} -m cefrbench list encoders --json | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment)
    assert len(done.stdout) == 10
    assert done.stderr.count("LOUD import by number") == 1
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_an_output_that_takes_nothing_is_one_sentence(monkeypatch, capfd):
    for words in (["--help"], ["list", "encoders", "--json"], ["list", "encoders"], ["list", "-h"]):
        with Path("/dev/full").open("wb") as full, monkeypatch.context() as patch:
            kept = os.dup(1)
            os.dup2(full.fileno(), 1)
            try:
                with open(1, "w", closefd=False) as out:
                    patch.setattr(sys, "stdout", out)
                    assert main(words) == 1
            finally:
                os.dup2(kept, 1)
                os.close(kept)
        told = capfd.readouterr().err
        assert told == (
            "Error: Standard output can't be written (No space left on device): free some space, "
            "or choose another place for it.\n"
        )
