"""Results passed on without gold, and gold that is put back: files and refusals."""

import hashlib
from importlib import metadata

import numpy as np
import pytest
from result_factory import write_made

from cefrbench.errors import ResultError
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench.results.predictions_file import without_gold
from cefrbench.results.stripped import gold_by_key, restore_gold, write_stripped

NAME = "cefr-v1.predictions.parquet"


@pytest.fixture
def written(tmp_path):
    return write_made(
        tmp_path / "out", texts=10, layers=(1,), probes=("ridge",), corpora=("alpha",)
    )


def gold_of(path):
    table = read_predictions_of(read_result(path), path)
    return gold_by_key(tuple(table.text.tolist()), table.low, table.high)


def test_a_copy_lies_below_its_folders_name_and_gold_brings_the_very_file_back(written, tmp_path):
    before = written.with_name(NAME).read_bytes()
    copy = write_stripped(read_result(written), written, tmp_path / "given")
    assert copy == tmp_path / "given" / "planted" / "cefr-v1.json"
    assert copy.read_bytes() == written.read_bytes()
    assert copy.with_name(NAME).read_bytes() == without_gold(before)
    assert sorted(path.name for path in copy.parent.iterdir()) == ["cefr-v1.json", NAME]
    restore_gold(read_result(copy), copy, gold_of(written))
    assert copy.with_name(NAME).read_bytes() == before


def test_a_copy_never_takes_the_place_of_what_it_is_of(written, tmp_path, monkeypatch):
    before = written.with_name(NAME).read_bytes()
    monkeypatch.chdir(tmp_path / "out")
    with pytest.raises(ResultError) as caught:
        write_stripped(read_result(written), written, tmp_path / "out")
    assert str(caught.value) == (
        f"The copy would lie in the place of {str(written)!r} itself: name another --output."
    )
    relative = written.relative_to(tmp_path / "out")
    with pytest.raises(ResultError, match=r"in the place of 'planted/cefr-v1\.json' itself"):
        write_stripped(read_result(written), relative, relative.parent.parent)
    assert written.with_name(NAME).read_bytes() == before


def test_gold_of_other_levels_is_refused_and_nothing_is_written(written, tmp_path):
    gold = gold_of(written)
    copy = write_stripped(read_result(written), written, tmp_path / "given")
    before = copy.with_name(NAME).read_bytes()
    first = next(iter(gold))
    low, high = gold[first]
    with pytest.raises(ResultError) as caught:
        restore_gold(read_result(copy), copy, gold | {first: (low, (high + 1) % 5)})
    assert str(caught.value) == (
        f"With the gold levels of these texts {str(copy.with_name(NAME))!r} isn't the file that "
        "the result names: its predictions or levels were others, or another version of pyarrow "
        f"wrote it (here: {metadata.version('pyarrow')})."
    )
    after = copy.with_name(NAME).read_bytes()
    assert hashlib.sha256(after).digest() == hashlib.sha256(before).digest()


def test_of_equal_keys_the_first_counts():
    low, high = np.array([0, 1, 2, 3]), np.array([1, 2, 3, 4])
    assert gold_by_key(("a", "b", "a", "c"), low, high) == {"a": (0, 1), "b": (1, 2), "c": (3, 4)}
    assert gold_by_key((), low[:0], high[:0]) == {}
