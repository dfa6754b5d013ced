"""The harness finds what it is for: a command that does what no command may."""

import pytest
from faults.damage import changed, damaged
from faults.fuzz import leaves
from faults.harness import BEGIN, DOCUMENT, END
from faults.judge import MEBIBYTES, SECONDS, Ended, complaints, half_written

GOOD = Ended(1, "", "Error: no.\n", 1.0, 10.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"status": 0}, ""),
        ({"status": 98}, "status 98"),
        ({"status": -11}, "status -11"),
        ({"err": 'Traceback (most recent call last):\n  File "x"\n'}, "a traceback"),
        ({"out": "\x1b[2J"}, "control signs"),
        ({"err": "\u202e"}, "control signs"),
        ({"err": ""}, "without a word"),
        ({"seconds": SECONDS + 1}, "31 s"),
        ({"mebibytes": MEBIBYTES + 1}, "2049 MiB"),
    ],
)
def test_what_no_command_may_do_is_told(change, told):
    fields = {name: getattr(GOOD, name) for name in GOOD.__slots__} | change
    wrong = complaints(Ended(**fields))
    assert bool(wrong) == bool(told)
    assert told in "".join(wrong)


def test_half_written_files_are_found(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".x.json.abc.part").touch()
    (tmp_path / "a" / "mine.part").touch()
    assert half_written(tmp_path) == ["a/.x.json.abc.part"]


def test_damage_changes_what_it_says():
    assert damaged(b"abcdef", [("flip", 0.5, b"\x01")]) == b"abceef"
    assert damaged(b"abcdef", [("cut", 0.5, b"")]) == b"abc"
    assert damaged(b"abcdef", [("put", 0.5, b"-"), ("end", 0, b"!")]) == b"abc-def!"
    assert changed({"a": [1, 2]}, [([0, 1], "x", False)]) == {"a": [1, "x"]}
    assert changed({"a": [1, 2]}, [([0, 1], "x", True)]) == {"a": [1]}
    assert changed({"a": 1}, [([], "x", False)]) == "x"


def test_every_command_is_called():
    names = {name for name, _ in leaves()}
    assert {"run", "results check", "cache prune", "corpora audit", "new", "explain"} <= names


def test_the_tally_stands_in_the_docs_with_its_day():
    text = DOCUMENT.read_text("utf-8")
    tally = text.split(BEGIN)[1].split(END)[0]
    assert " tried, 0 lost** (seed " in tally
    assert "SIGKILL" in tally
