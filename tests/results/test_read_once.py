"""A command reads and validates each result once, however much it makes of it."""

import importlib
import os
from collections import Counter
from pathlib import Path

import pytest
from result_factory import write_made

from cefrbench.cli import main
from cefrbench.results.model import RunResult

REVIEW = Path(__file__).resolve().parents[2] / ".github" / "review"


@pytest.fixture
def results(tmp_path):
    options = {"texts": 15, "layers": (1, 2), "probes": ("ridge",)}
    for name, skill in (("first", 0.9), ("second", 0.5)):
        write_made(tmp_path / "out", name, skill=skill, **options)
    return tmp_path / "out"


@pytest.fixture
def reads(monkeypatch):
    """How often each file was read, and results were validated."""
    counted: Counter[str] = Counter()
    validate, open_file = RunResult.model_validate_json, os.open

    def counted_validate(data, **options):
        counted["validations"] += 1
        return validate(data, **options)

    def counted_open(path, flags, *more, **options):
        """The door opens files so; what is written is opened otherwise."""
        place = Path(os.fsdecode(path))
        reading = flags & os.O_ACCMODE == os.O_RDONLY
        if reading and place.parent.parent.name == "out" and place.is_file():
            counted[f"{place.parent.name}{place.suffix}"] += 1
        return open_file(path, flags, *more, **options)

    monkeypatch.setattr(RunResult, "model_validate_json", counted_validate)
    monkeypatch.setattr(os, "open", counted_open)
    return counted


ONE = {"first.json": 1, "first.parquet": 1, "validations": 1}
BOTH = {**ONE, "second.json": 1, "second.parquet": 1, "validations": 2}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("show {0}/first/cefr-v1.json", ONE),
        ("show --json {0}/first/cefr-v1.json", ONE),
        ("results check {0}", BOTH),
        ("results merge {0}/first --output {0}/whole.json", ONE),
        ("results export {0} --format csv", BOTH),
        ("compare {0} --replicates 200", BOTH),
        ("leaderboard build --results {0} --out {0}-site", BOTH),
    ],
)
def test_a_command_reads_each_file_once(results, reads, words, expected):
    assert main(words.format(results).split()) == 0
    assert reads == expected


def test_reviewing_a_result_reads_it_once(results, reads, monkeypatch):
    monkeypatch.syspath_prepend(REVIEW)
    review = importlib.import_module("results")
    monkeypatch.setattr(review, "RESULTS", results)
    assert list(review.faults(results / "first" / "cefr-v1.json", {})) == []
    assert reads == ONE
