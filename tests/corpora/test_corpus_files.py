"""A corpus file that is wrong gets one sentence that says where, and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from corpus_files import row, write
from hypothesis import given, settings
from hypothesis import strategies as st

from cefrbench.corpora import files
from cefrbench.corpora.files import find_files, read_rows
from cefrbench.errors import CorpusError


def error_of(path: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        list(read_rows(path))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert path.name in sentence
    return sentence


def test_rows_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    content = [row(f"text {n}") for n in range(50)]
    assert list(read_rows(write(tmp_path / "a.json", content))) == content


def test_json_lines_are_read_where_the_name_says_so(tmp_path: Path) -> None:
    content = [row("one"), row("two")]
    lines = "\n".join(json.dumps(r) for r in content) + "\n\n"
    assert list(read_rows(write(tmp_path / "a.jsonl", lines))) == content


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", b"\xef\xbb\xbf" + json.dumps([row("žluť")]).encode())
    assert list(read_rows(path)) == [row("žluť")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    content=st.lists(json_values, max_size=8),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
    chunk=st.integers(1, 40),
)
def test_reading_in_chunks_gives_what_json_gives(
    tmp_path_factory: pytest.TempPathFactory,
    content: list[object],
    indent: int | None,
    ascii_only: bool,
    chunk: int,
) -> None:
    text = json.dumps(content, indent=indent, ensure_ascii=ascii_only)
    path = tmp_path_factory.mktemp("chunks") / "a.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "CHUNK", chunk)
        assert list(read_rows(path)) == json.loads(text)


@pytest.mark.parametrize("content", ["", " \n\t\n"])
def test_an_empty_file(tmp_path: Path, content: str) -> None:
    assert "is empty" in error_of(write(tmp_path / "a.json", content))


@pytest.mark.parametrize("content", ["title,lang\nx,en\n", "<html>", "nothing"])
def test_a_file_that_is_no_json(tmp_path: Path, content: str) -> None:
    sentence = error_of(write(tmp_path / "a.json", content))
    assert "is not JSON" in sentence
    assert repr(content[0]) in sentence


def test_an_object_instead_of_a_list(tmp_path: Path) -> None:
    sentence = error_of(write(tmp_path / "a.json", {"rows": [row("x")]}))
    assert "holds an object, not a list" in sentence


@pytest.mark.parametrize("cut", [30, 100, 200, 260])
def test_a_truncated_file_is_said_to_be_cut_short_and_where(tmp_path: Path, cut: int) -> None:
    whole = json.dumps([row("one"), row("two")], indent=1)
    path = write(tmp_path / "a.json", whole[:cut])
    sentence = error_of(path)
    line = whole[:cut].rstrip().count("\n") + 1
    assert "cut short" in sentence
    assert f"(line {line})" in sentence
    assert f"row {1 if cut < len(json.dumps([row('one')], indent=1)) else 2} " in sentence


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('[\n{"text": "a"},\n{"text": b},\n{"text": "c"}, 1, 2, 3, 4, 5, 6, 7, 8, 9]', 3),
        ('[\n{"text": "a"}\n{"text": "b"}\n]', 3),
        ('[{"text": "a"},\n]', 2),
        ('[{"text": "a"}]\n[]', 2),
        ('[{"text": "a\nb"}, {"text": "a rather long text to stand behind it"}]', 1),
    ],
)
def test_a_broken_file_is_said_to_be_no_json_and_where(
    tmp_path: Path, content: str, line: int
) -> None:
    sentence = error_of(write(tmp_path / "a.json", content))
    assert "is not JSON" in sentence
    assert f"at line {line};" in sentence


def test_a_latin_1_file_names_the_byte_and_the_way_out(tmp_path: Path) -> None:
    content = json.dumps([row("x"), row("café")], ensure_ascii=False).encode("latin-1")
    sentence = error_of(write(tmp_path / "a.json", content))
    position = content.index(b"\xe9")
    assert f"not UTF-8: byte 0xe9 at position {position};" in sentence
    assert "iconv -f LATIN1 -t UTF-8" in sentence


def test_the_byte_is_right_beyond_the_first_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", 16)
    content = '["ž", "ř", "ü", "long enough to need several chunks", "'.encode() + b'\xe9, ok"]'
    sentence = error_of(write(tmp_path / "a.json", content))
    assert f"at position {content.index(bytes([0xE9]) + b',')};" in sentence


def test_deep_nesting_is_an_error_and_no_crash(tmp_path: Path) -> None:
    assert "nested deeper than 64 levels" in error_of(
        write(tmp_path / "a.json", "[" + "[" * 200_000)
    )


def test_a_megabyte_in_one_row_is_read(tmp_path: Path) -> None:
    content = [row("short"), row("long " * 300_000), row("short again")]
    assert list(read_rows(write(tmp_path / "a.json", content))) == content


def test_rows_before_the_fault_are_given(tmp_path: Path) -> None:
    reader = read_rows(write(tmp_path / "a.json", '[{"text": "a"}, {"text"'))
    assert next(reader) == {"text": "a"}
    with pytest.raises(CorpusError):
        next(reader)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    assert "can't be read" in error_of(tmp_path / "gone.json")


def test_a_missing_file_names_those_near_it(tmp_path: Path) -> None:
    write(tmp_path / "merlin_cs.json", [])
    with pytest.raises(CorpusError, match=r"no file merlin-cs\.json.*near it are merlin_cs\.json"):
        find_files(tmp_path, "merlin-cs")


def test_a_missing_file_without_a_near_one(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no file elle\.json.*put the corpus there"):
        find_files(tmp_path, "elle")


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is no folder"):
        find_files(tmp_path / "nowhere", "elle")


def test_json_is_found_before_json_lines(tmp_path: Path) -> None:
    write(tmp_path / "elle.jsonl", "")
    assert find_files(tmp_path, "elle")[0].name == "elle.jsonl"
    write(tmp_path / "elle.json", [])
    assert find_files(tmp_path, "elle")[0].name == "elle.json"


def test_a_folder_of_the_corpus_holds_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    own = tmp_path / "elle"
    own.mkdir()
    with pytest.raises(CorpusError, match=r"elle' has no \.json or \.jsonl file"):
        find_files(tmp_path, "elle")
    write(own / "b.json", [{"n": 2}])
    write(own / "a.jsonl", '{"n": 1}\n')
    (own / "notes.txt").write_text("not rows")
    paths = find_files(tmp_path, "elle")
    assert [path.name for path in paths] == ["a.jsonl", "b.json"]
    assert list(read_rows(*paths)) == [{"n": 1}, {"n": 2}]
    (own / "a.jsonl").write_text("{")
    with pytest.raises(CorpusError, match=r"a\.jsonl"):
        list(read_rows(*paths))
