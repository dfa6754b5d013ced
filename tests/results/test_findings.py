"""Differences between what was found and what was expected, and files among paths."""

import os
from pathlib import Path

import pytest

from cefrbench.errors import ResultError
from cefrbench.results.find import find_results
from cefrbench.results.findings import Mismatch, diff, unique
from cefrbench.results.model import Held, Timing


def told(found, expected):
    return [(one.where, one.found, one.expected) for one in diff("x", found, expected)]


@pytest.mark.parametrize(
    ("found", "expected", "differs"),
    [
        (1.0, 1.0 + 0.9e-9, False),
        (1.0, 1.0 + 1.2e-9, True),
        (1e6, 1e6 + 0.9e-3, False),
        (1e6, 1e6 + 1.2e-3, True),
        (0.0, 0.9e-9, False),
        (0.0, 1.2e-9, True),
        (-1.0, 1.0, True),
        (1, 1.0, False),
        (1, 2, True),
        (1, 1 + 1e-12, True),
        (None, 0.0, True),
        (None, None, False),
        ("a", "a", False),
        ("a", "b", True),
        ((), [], False),
    ],
)
def test_numbers_differ_beyond_a_rounding_and_all_else_where_it_is_another(
    found, expected, differs
):
    assert told(found, expected) == ([("x", str(found), str(expected))] if differs else [])


def test_parts_are_compared_one_by_one_wherever_they_stand():
    found = {"a": [1, 2, 3], "b": {"c": 1.0}, "only": 7}
    expected = {"a": (1, 5, 3, 4), "b": {"c": 2.0}, "other": 8}
    assert told(found, expected) == [
        ("x.a", "3 entries", "4"),
        ("x.a[1]", "2", "5"),
        ("x.b.c", "1.0", "2.0"),
        ("x.only", "7", "None"),
        ("x.other", "None", "8"),
    ]
    assert told([1, 2], [3]) == [("x", "2 entries", "1"), ("x[0]", "1", "3")]
    assert told({"a": 1}, [1]) == [("x", "{'a': 1}", "[1]")]


def test_records_are_compared_field_by_field():
    one, other = Timing(phase="a", seconds=1.0), Timing(phase="a", seconds=2.0)
    assert told((one, one), (one, other)) == [("x[1].seconds", "1.0", "2.0")]
    held = Held(corpus="a", confusion=((1, 0), (2, 3)))
    assert told(held, {"corpus": "a", "confusion": [[1, 0], [4, 3]]}) == [
        ("x.confusion[1][0]", "2", "4")
    ]


def test_each_name_that_stands_more_than_once_is_named_with_its_number():
    assert list(unique("x", ["a", "b"])) == []
    assert list(unique("x", [])) == []
    assert list(unique("x", ["a", "b", "a", "c", "b", "a"])) == [
        Mismatch("x", "a 3 times", "each once"),
        Mismatch("x", "b 2 times", "each once"),
    ]


# -- files among paths -----------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path):
    for name in ("b/z.json", "b/a.json", "a.json", "b/no.txt", "b/deep/er.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    return tmp_path


def names(tree, *paths):
    return [path.relative_to(tree).as_posix() for path in find_results(paths)]


def test_files_stand_as_named_and_those_of_folders_and_patterns_in_order_and_each_once(tree):
    below = ["b/a.json", "b/deep/er.json", "b/z.json"]
    assert names(tree, tree / "b") == below
    assert names(tree, tree) == ["a.json", *below]
    assert names(tree, tree / "b/z.json", str(tree / "b"), tree / "a.json") == [
        "b/z.json", "b/a.json", "b/deep/er.json", "a.json",
    ]  # fmt: skip
    assert names(tree, tree / "b/no.txt") == ["b/no.txt"], "a file is taken as it is named"
    assert names(tree, tree / "b/*.json") == ["b/a.json", "b/z.json"]
    assert names(tree, tree / "**/*.json") == ["a.json", *below]
    assert find_results([]) == []


def test_a_pattern_may_be_relative(tree, monkeypatch):
    monkeypatch.chdir(tree)
    assert find_results(["b/[az].json"]) == [Path("b/a.json"), Path("b/z.json")]


def test_what_is_not_there_and_what_holds_no_result_are_told_apart(tree):
    (tree / "empty").mkdir()
    for path, said in (
        (
            tree / "none",
            "There is no file or folder {}: name a result that `cefrbench run` wrote.",
        ),
        (
            tree / "empty",
            "There is no JSON file in {}: name a result or the folder given to "
            "`cefrbench run --output`.",
        ),
        (
            tree / "x*.json",
            "There is no JSON file in {}: name a result or the folder given to "
            "`cefrbench run --output`.",
        ),
    ):
        with pytest.raises(ResultError) as caught:
            find_results([tree / "a.json", path])
        assert str(caught.value) == said.format(repr(str(path)))


def test_a_name_that_is_none_is_told_with_its_cause(tree):
    long = "x" * 5000
    with pytest.raises(ResultError) as caught:
        find_results([long])
    assert str(caught.value) == (
        f"{long!r} can't be looked through ({os.strerror(36)}): name a result, or the folder given "
        "to `cefrbench run --output`."
    )
