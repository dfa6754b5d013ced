"""Every reader and every command, on files and arguments that hypothesis makes up."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from faults.damage import changed, changes, damaged, edits
from faults.judge import complaints, half_written
from faults.world import Tally, World, call
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from cefrbench.cli import COMMANDS, cli
from cefrbench.results.io import checksum

HERE = Path(__file__).parent


#: Commands that read a result, as words; FILE is damaged, OTHER isn't, OUT is a place to write.
READ_RESULT = [
    "show FILE",
    "show FILE --json",
    "show FILE --unchecked",
    "show FILE --json --unchecked",
    "results check FILE",
    *(
        f"results export FILE --unchecked --format {one}"
        for one in [
            "csv",
            "corpora",
            "means",
            "analyses",
            "latex",
            "markdown",
            "eee",
            "hub",
            "mteb",
        ]
    ),
    "results merge FILE OTHER --output OUT/merged.json",
    "compare FILE OTHER --replicates 200 --unchecked",
    "compare OTHER FILE --replicates 200 --json --unchecked",
    "explain FILE --replicates 200 --unchecked",
    "explain FILE --replicates 200 --unchecked --json --html OUT/report.html",
    "figure FILE --unchecked --out OUT/figure.csv",
    "leaderboard build --results FOLDER --out OUT/site --quiet",
    "run --config FILE --corpus nowhere",
    "methods FILE OTHER --replicates 200 --unchecked",
    "results verify FILE --sample 4 --nonce x --verified OUT/verified",
    "results open FILE --nonce x --output OUT/openings.json",
]


def results(world: World) -> st.SearchStrategy[list[str]]:
    """Damaged results, half of them with a checksum that holds, and a command that reads them."""
    whole = world.result.read_bytes()

    def place(command: str, how: Any, bytes_of: Any, mended: bool) -> list[str]:
        folder = world.fresh() / "planted"
        folder.mkdir()
        file = folder / world.result.name
        shutil.copy(world.predictions, folder)
        if bytes_of is not None:
            data = damaged(whole, bytes_of)
        else:
            value = changed(json.loads(whole), how)
            if mended and isinstance(value, dict):
                value["checksum"] = checksum({k: v for k, v in value.items() if k != "checksum"})
            data = json.dumps(value).encode()
        file.write_bytes(data)
        return _words(command, file, world)

    return st.builds(place, st.sampled_from(READ_RESULT), changes, st.none() | edits, st.booleans())


def predictions(world: World) -> st.SearchStrategy[list[str]]:
    """Damaged predictions beside a result that names their hash, or doesn't."""
    whole = world.predictions.read_bytes()

    def place(command: str, how: Any) -> list[str]:
        folder = world.fresh() / "planted"
        folder.mkdir()
        file = Path(shutil.copy(world.result, folder))
        (folder / world.predictions.name).write_bytes(damaged(whole, how))
        return _words(command, file, world)

    return st.builds(place, st.sampled_from(READ_RESULT), edits)


def corpora(world: World) -> st.SearchStrategy[list[str]]:
    """Damaged corpora, and a command that reads them."""
    whole = world.rows.read_bytes()
    read = [
        "corpora describe elle --data-dir OUT",
        "corpora describe elle --data-dir OUT --json",
        "corpora describe elle --data-dir OUT --croissant",
        "corpora audit elle --data-dir OUT",
        "corpora audit elle --data-dir OUT --json",
        "corpora convert write-improve OUT/elle.json OUT/made.json",
        "run --suite paper --encoder length --corpus elle --data-dir OUT --layers 9",
    ]

    def place(command: str, how: Any, bytes_of: Any) -> list[str]:
        file = world.fresh() / "elle.json"
        value = changed(json.loads(whole), how)
        file.write_bytes(
            json.dumps(value).encode() if bytes_of is None else damaged(whole, bytes_of)
        )
        return _words(command, file, world)

    return st.builds(place, st.sampled_from(read), changes, st.none() | edits)


def configs(world: World) -> st.SearchStrategy[list[str]]:
    """Configurations in TOML; a corpus that isn't there ends the run before any work."""
    whole = b'suite = "paper"\nencoders = ["length"]\nlayers = "all"\nlimit = 5\nseeds = [0]\n'

    def place(how: Any) -> list[str]:
        file = world.fresh() / "x.toml"
        file.write_bytes(damaged(whole, how))
        return _words("run --config FILE --corpus nowhere --output OUT", file, world)

    return st.builds(place, edits)


def plugins(world: World) -> st.SearchStrategy[list[str]]:
    """Plugin files of any bytes: what is no Python, and what raises."""
    read = ["plugins --json", "list corpora", "list probes --json", "check OUT/odd.py --json"]
    raises = [
        "SystemExit(0)",
        "KeyError()",
        "BaseException('\\x1b')",
        "MemoryError",
        "RecursionError",
    ]
    bodies = st.binary(max_size=60) | st.sampled_from([f"raise {one}".encode() for one in raises])

    def place(command: str, body: bytes, name: str) -> list[str]:
        file = world.fresh() / "odd.py"
        file.write_bytes(body)
        (file.parent / name).write_bytes(body)
        return ["--plugins-dir", str(file.parent), *_words(command, file, world)]

    names = st.sampled_from(["a b.py", "ü.py", "\u202ex.py", "x\x1b.py", "1.py", "é\n.py"])
    return st.builds(place, st.sampled_from(read), bodies, names)


def _words(command: str, file: Path, world: World) -> list[str]:
    places = {
        "FILE": file,
        "OTHER": world.other,
        "OUT": world.scratch,
        "FOLDER": file.parent.parent,
    }
    words = command.split()
    for name, path in places.items():
        words = [
            word.replace(name, str(path)) if word.split("/")[0] == name else word for word in words
        ]
    return words


#: Ends a run before any work, whatever else is asked for.
ENDS = [["--corpus", "nowhere"], ["--layers", "middle"], ["--data-dir", "/nowhere"]]
#: Serves until it is ended.
NOT_CALLED = {"leaderboard serve"}
ARGUMENTS = [
    *("", "-", "--", "-1", "0", "5", "200", "1e9", "nan", "all", "iid", "ridge", "length", "elle"),
    *("\x1b[31m", "\u202e", "a" * 300, "../x", "/dev/null", "/dev", ".", "cpu", "x=1", "ridge=1"),
    *("caf\udce9", "FILE", "OTHER", "OUT", "--help", "--json", "quickstart", "cefr-v1", "en", "é"),
]  # fmt: skip


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Every command by its full name."""

    def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
        if isinstance(command, click.Group):
            for key, one in command.commands.items():
                yield from walk(one, f"{name} {key}")
        else:
            yield name, command

    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield from walk(command, name)


def arguments(world: World) -> st.SearchStrategy[list[str]]:
    """Any command with any options and values, in any order."""
    commands = {name: one for name, one in leaves() if name not in NOT_CALLED}
    flags = {
        name: [flag for param in one.params for flag in (*param.opts, *param.secondary_opts)]
        for name, one in commands.items()
    }

    def of(name: str) -> st.SearchStrategy[list[str]]:
        options = [flag for flag in flags[name] if flag.startswith("-")]
        words = (
            st.sampled_from(options or ["-h"]) | st.sampled_from(ARGUMENTS) | st.text(max_size=9)
        )
        return st.lists(words, max_size=6).map(lambda tail: [*name.split(), *tail])

    def place(words: list[str], ends: list[str]) -> list[str]:
        world.fresh()
        if words[0] == "run" or words[:2] == ["corpora", "fetch"]:
            words = [*words, *(ends if words[0] == "run" else ["--corpus", "nowhere"])]
        return [
            str({"FILE": world.result, "OTHER": world.other, "OUT": world.scratch}.get(one, one))
            for one in words
        ]

    return st.builds(place, st.sampled_from(sorted(commands)).flatmap(of), st.sampled_from(ENDS))


#: What is made up, and how many of it in the bounded part and in the whole.
KINDS: dict[str, tuple[Callable[[World], st.SearchStrategy[list[str]]], int, int]] = {
    "damaged results": (results, 150, 5000),
    "damaged predictions": (predictions, 60, 2000),
    "damaged corpora": (corpora, 80, 2500),
    "damaged configurations": (configs, 60, 2000),
    "damaged plugins": (plugins, 40, 600),
    "arguments of any kind": (arguments, 150, 5000),
}


def fuzz(folder: Path, *, share: float | None, number: int, only: str = "") -> Iterator[Tally]:
    """Try each kind; what is lost is shrunk to the least that shows it."""
    world = World(folder)
    os.environ |= {"CEFRBENCH_CACHE_DIR": str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
    os.chdir(world.fresh())
    warm(world)
    for name, (make, few, many) in KINDS.items():
        if only not in name:
            continue
        tally = Tally(name)
        _try(
            make(world), tally, few if share is None else max(1, round(share * many)), number, world
        )
        yield tally


def warm(world: World) -> None:
    """Import what commands import, so that the first of them isn't late for it."""
    for command in READ_RESULT:
        call(_words(command, world.result, world))


def _try(
    made: st.SearchStrategy[list[str]], tally: Tally, examples: int, number: int, world: World
) -> None:
    def one(words: list[str]) -> None:
        ended = call(words)
        os.chdir(world.folder)
        wrong = complaints(ended) + [f"half written: {one}" for one in half_written(world.scratch)]
        tally.count(ended, [])
        assert not wrong, (words, wrong)

    run = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=True,
    )(seed(number)(given(made)(one)))
    try:
        run()
    except* AssertionError as group:
        tally.lost += len(group.exceptions)
        tally.told += [str(error)[:3000] for error in group.exceptions]
