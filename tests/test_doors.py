"""The door that files of others come in by: a value or one sentence, whatever lies there."""

import contextlib
import json
import os
import signal
import socket
import time
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_factory import make_result, write_made

from cefrbench import doors
from cefrbench.cli import main
from cefrbench.config import merge, read_config
from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.corpora.files import read_rows
from cefrbench.doors import FileKind, parse_json, parse_toml, read_bytes
from cefrbench.engines.transformer.declared import read_declaration
from cefrbench.engines.transformer.find import find_model
from cefrbench.errors import CorpusError, EncoderError, ResultError, UserError
from cefrbench.plugins import PluginHost
from cefrbench.results import predictions_file
from cefrbench.results.io import parse_json as parse_result_json
from cefrbench.results.io import read_result
from cefrbench.results.predictions_file import decode_predictions, encode_predictions

KIND = FileKind("The file", 1000, "name another")


@contextmanager
def within(seconds):
    """End what waits for ever: a pipe that nobody writes to, a device that never ends."""

    def late(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def no_file(folder, what):
    """Make something that stands where a file should."""
    path = folder / "x.json"
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a folder":
        path.mkdir()
    elif what == "a device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))
    return path


READERS = {
    "config": (read_config, UserError),
    "result": (read_result, ResultError),
    "predictions": (predictions_file.read_predictions_bytes, ResultError),
    "corpus": (lambda path: list(read_rows(path)), CorpusError),
}


@pytest.mark.parametrize("what", ["a pipe", "a folder", "a device", "a socket"])
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_at_once(tmp_path, what, reader):
    read, error = READERS[reader]
    path = no_file(tmp_path, what)
    with within(5), pytest.raises(error, match=f"is {what}, not a regular file"):
        read(path)


@pytest.mark.parametrize("command", [["run", "--config"], ["show"], ["results", "check"]])
def test_commands_do_not_wait_for_a_pipe(tmp_path, capsys, command):
    path = no_file(tmp_path, "a pipe")
    with within(20):
        assert main([*command, str(path)]) == 1
    told = capsys.readouterr()
    assert "a pipe, not a regular file" in " ".join((told.out + told.err).split())


def test_a_file_that_grows_while_it_is_read_is_cut_off(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"1" * 2000)
    monkeypatch.setattr(doors, "_check_status", lambda *_: None)
    with pytest.raises(UserError, match="has more than 1,000 bytes"):
        read_bytes(path, KIND)


def test_names_that_no_system_takes_are_told(tmp_path):
    for name in ("a\0b", "a\ud800b", "x" * 5000):
        with pytest.raises(UserError, match="can't be read"):
            read_bytes(tmp_path / name, KIND)


DEEP = ["[" * 100_000, "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900, "[" * 65 + "]" * 65]
BAD_JSON = [
    *((text, "nested deeper than 64 levels") for text in DEEP),
    ("1" * 5000, "more than 40 digits"),
    ('{"a": -' + "9" * 41 + "}", "more than 40 digits"),
    ('["\\ud800"]', "half a surrogate pair"),
    ('{"\\udfff x": 1}', "half a surrogate pair"),
    ("[NaN]", "no number of JSON"),
    ("[1", "truncated"),
    (b"\xed\xa0\x80", "is not UTF-8"),
]


@pytest.mark.parametrize(("text", "why"), BAD_JSON)
def test_json_beyond_its_bounds_is_one_sentence(tmp_path, text, why):
    path = tmp_path / "x.json"
    with pytest.raises(UserError, match=why) as raised:
        parse_json(text, path, KIND)
    assert len(str(raised.value)) < 400
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=why):
        read_config(path)


@pytest.mark.parametrize("text", [*DEEP[:3], "1" * 5000, "1" * 41, "[1, [" * 500])
def test_a_row_of_a_corpus_beyond_the_bounds_is_told_with_its_line(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(f'[{{"text": "a"}},\n{{"text": {text}}}]')
    with pytest.raises(CorpusError, match=r"row 2 (is nested|has an integer).* at line 2"):
        list(read_rows(path))


def test_a_row_without_end_is_read_no_further_than_a_row_may_go(tmp_path, monkeypatch):
    monkeypatch.setattr("cefrbench.corpora.files.MAX_ROW", 1000)
    monkeypatch.setattr("cefrbench.corpora.files.CHUNK", 100)
    path = tmp_path / "x.json"
    path.write_text('["' + "a" * 50_000 + '"]')
    with pytest.raises(CorpusError, match="row 1 has more than 1,000 characters"):
        list(read_rows(path))


BAD_TOML = [
    ("a = " + "[" * 100_000, "nested deeper"),
    ("a." * 20_000 + "a = 1", "nested deeper"),
    ("[" + '"a" . ' * 65 + "a]", "nested deeper"),
    ("a = " + "[" * 70 + "]" * 70, "nested deeper"),
    ("limit = " + "1" * 5000, "more than 40 digits"),
    ("limit = 0x" + "f" * 5000, "more than 40 digits"),
    ('name = "\\ud800"', "no valid TOML"),
]


@pytest.mark.parametrize(("text", "why"), BAD_TOML)
def test_toml_beyond_its_bounds_is_one_sentence(tmp_path, text, why):
    path = tmp_path / "x.toml"
    path.write_text(text)
    begun = time.monotonic()
    with pytest.raises(UserError, match=why):
        read_config(path)
    assert time.monotonic() - begun < 2


def test_a_mark_at_the_head_of_a_file_is_no_part_of_it(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text("\ufefflimit = 5")
    assert read_config(path) == {"limit": 5}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 10**40, 10**40 - 1) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


@given(JSON_VALUES, st.booleans(), st.booleans())
def test_all_else_of_json_is_read_as_it_stands(tmp_path_factory, value, ascii_only, long):
    text = json.dumps(value, ensure_ascii=ascii_only) + " " * (2**18 * long)
    assert parse_json(text.encode(), tmp_path_factory.getbasetemp(), KIND) == value


@pytest.mark.parametrize(("text", "why"), BAD_JSON)
def test_bounds_of_long_json_are_those_of_short(tmp_path, text, why):
    filling = " " * 2**18
    with pytest.raises(UserError, match=why):
        parse_json(filling.encode() + text if isinstance(text, bytes) else filling + text,
                   tmp_path / "x.json", KIND)  # fmt: skip


#: Bytes that are nearly what a reader expects.
PIECES = st.sampled_from(
    [*map(bytes, b'[]{}":,\\ \n=.#-e'.split()), b"[", b"]", b"{", b"}", b'"', b":", b",", b"\\",
     b"\\ud800", b"\\u00", b"=", b".", b"a", b"1", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\0",
     b"NaN", b"1e999", b"9" * 50, b"[" * 70, b"a." * 70, b'"kind": "cefrbench-result"', b"\n"]
)  # fmt: skip
BYTES = st.lists(PIECES, max_size=30).map(b"".join) | st.binary(max_size=200)


@given(BYTES)
def test_any_bytes_give_a_value_or_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    for suffix in (".json", ".toml", ".jsonl"):
        named = path.rename(path.with_name(f"any{suffix}"))
        for read in (read_config, read_result, lambda path: list(read_rows(path))):
            try:
                read(named)
            except UserError:
                continue
        path = named
    for parse in (parse_json, parse_toml):
        try:
            parse(doors.read_text(path, KIND), path, KIND)
        except UserError:
            continue
    with pytest.raises(ResultError):
        parse_result_json(data, path)


def test_an_integer_that_a_results_types_would_take_is_refused(tmp_path):
    path = write_made(tmp_path, texts=8, layers=(1,), probes=("ridge",))
    text = path.read_text("utf-8")
    assert '"split_seed": 42' in text
    path.write_text(text.replace('"split_seed": 42', '"split_seed": 4' + "2" * 60), "utf-8")
    with pytest.raises(ResultError, match="more than 40 digits"):
        read_result(path)


# -- predictions ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoded():
    return encode_predictions(make_result(texts=8, layers=(1,), probes=("ridge",))[1])


def rewritten(data, change, **options):
    """Encode a changed table as a small file."""
    sink = pa.BufferOutputStream()
    pq.write_table(change(pq.read_table(pa.BufferReader(data))), sink, **options)
    return sink.getvalue().to_pybytes()


def test_a_small_file_of_many_rows_is_refused_before_its_data_are_read(
    encoded, tmp_path, monkeypatch
):
    def many(table):
        return pa.concat_tables([table.slice(0, 1)] * 2000).combine_chunks()

    data = rewritten(encoded, many, compression="zstd")
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_: pytest.fail("its data were read"))
    monkeypatch.setattr(predictions_file, "MAX_ROWS", 1999)
    with pytest.raises(ResultError, match="holds 2,000 rows"):
        decode_predictions(data, tmp_path / "x.parquet")
    monkeypatch.setattr(predictions_file, "MAX_ROWS", 2000)
    monkeypatch.setattr(predictions_file, "MAX_DECODED", 2000 * 80)
    with pytest.raises(ResultError, match="in memory"):
        decode_predictions(data, tmp_path / "x.parquet")


def test_fourteen_kilobytes_of_four_gigabytes_are_refused(encoded, tmp_path):
    """One name of 40 MB, compressed to nothing: NumPy would give each row its room."""

    def long_name(table):
        indices = pa.array([0] * len(table), pa.int32())
        names = pa.DictionaryArray.from_arrays(indices, ["x" * 40_000_000])
        place = table.schema.get_field_index("text")
        return table.set_column(place, table.schema.field("text"), names)

    data = rewritten(encoded, long_name, compression="zstd", compression_level=9)
    assert len(data) < 30_000
    with within(20), pytest.raises(ResultError, match="longer than any result has"):
        decode_predictions(data, tmp_path / "x.parquet")


def test_other_columns_are_refused_before_their_data_are_read(encoded, tmp_path, monkeypatch):
    data = rewritten(encoded, lambda table: table.append_column("x", table["low"]))
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_: pytest.fail("its data were read"))
    with pytest.raises(ResultError, match="expected protocol"):
        decode_predictions(data, tmp_path / "x.parquet")


@given(st.data())
def test_damaged_predictions_are_a_table_or_a_sentence(encoded, tmp_path_factory, data):
    damaged = bytearray(encoded)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode_predictions(bytes(damaged), tmp_path_factory.getbasetemp() / "x.parquet")
    except ResultError:
        return


# -- what comes in beside files ------------------------------------------------------------------


@pytest.mark.parametrize("option", ["instruction", "name", "corpora"])
def test_half_a_surrogate_pair_in_an_option_is_refused_before_work(option):
    value = ("a\udc80",) if option == "corpora" else "a\udc80"
    with pytest.raises(UserError, match=f"Option {option} has the value .* half a surrogate pair"):
        merge({option: value}, {})


@pytest.mark.parametrize("argument", ["caf\udce9", "a\0b"])
def test_half_a_surrogate_pair_in_an_argument_is_refused_before_work(capsys, argument):
    assert main(["show", argument]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "half a surrogate pair" in told
    told.encode()


@pytest.mark.parametrize("field", ["cefr_level", "lang", "license", "title"])
def test_half_a_surrogate_pair_in_a_row_is_refused_before_work(tmp_path, capsys, field):
    row = {"title": "t", "lang": "en", "source_name": "s", "format": "sentence-level",
           "category": "learner", "cefr_level": "A1", "license": "cc", "text": "a b"}  # fmt: skip
    (tmp_path / "merlin-de.json").write_text(json.dumps([row, row | {field: "A1\ud800"}]))
    assert main(["corpora", "describe", "merlin-de", "--data-dir", str(tmp_path)]) in (1, 3)
    told = capsys.readouterr().err
    assert f"{field!r} of row 2" in told
    assert "half a surrogate pair" in told
    told.encode()


@pytest.mark.parametrize("name", ["config.json", "modules.json", "1_Pooling/config.json"])
@pytest.mark.parametrize(("text", "why"), [*BAD_JSON[:7], ("7", "neither a table nor a list")])
def test_a_models_files_are_looked_at_before_a_library_reads_them(tmp_path, name, text, why):
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / name).write_text(text)
    with pytest.raises(EncoderError, match=why):
        find_model(str(tmp_path), EncoderOptions())


def test_the_code_of_another_repository_is_seen_through_escapes(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"")
    text = '{"auto_map": {"AutoModel": "org/name\\u002d-modeling.Model"}}'
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(EncoderError, match="runs code of another repository"):
        find_model(str(tmp_path), EncoderOptions(trust_remote_code=True))


@pytest.mark.parametrize("place", ["../x", "/etc", "a/../../x", "C:\\x", "..\\x", "\\\\a\\b"])
@pytest.mark.parametrize("module", [0, 1])
def test_a_module_outside_a_models_folder_is_not_opened(tmp_path, place, module):
    places = ["", "1_Pooling"]
    places[module] = place
    kinds = ("Transformer", "Pooling")
    modules = [
        {"type": f"sentence_transformers.models.{kind}", "path": path}
        for kind, path in zip(kinds, places, strict=True)
    ]
    (tmp_path / "model").mkdir()
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "config.json").write_text('{"pooling_mode": "cls"}')
    (tmp_path / "model" / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(EncoderError, match="outside its folder"):
        read_declaration(tmp_path / "model", "st:model")


@pytest.mark.parametrize("text", ['["a"]', '[{"type": 5, "path": ""}]', '[{"type": "a.b"}]'])
def test_modules_that_are_none_are_one_sentence(tmp_path, text):
    (tmp_path / "modules.json").write_text(text)
    with pytest.raises(EncoderError, match="a module without type and path"):
        read_declaration(tmp_path, "st:model")


def test_a_package_whose_metadata_are_broken_breaks_alone(tmp_path, monkeypatch):
    for name, data in {
        "bad": b"[cefrbench]\nx = caf\xe9\n",
        "odd": b"[cefrbench]\ny = 1 2\n",
    }.items():
        about = tmp_path / f"{name}-1.dist-info"
        about.mkdir()
        (about / "entry_points.txt").write_bytes(data)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    broken = {plugin.name: plugin.error for plugin in PluginHost().broken()}
    assert set(broken) == {"bad-1.dist-info", "y"}
    assert "install it again, or remove it" in broken["bad-1.dist-info"]


OWNERS = {
    "efcamdat": {".xml": b"<selection>\n", ".csv": b"writing_id,cefr,text\n"},
    "write-improve": {
        ".tsv": b"public_essay_id\tis_final_version\ttext\thumannotator_cefr_level\n",
        ".json": b"",
    },
}


@pytest.mark.parametrize(("name", "suffix"), [(n, s) for n, kinds in OWNERS.items() for s in kinds])
def test_files_of_owners_come_in_by_the_door(tmp_path, name, suffix):
    corpus = PluginHost(load="").get_corpus(name)
    path = tmp_path / f"x{suffix}"
    head = OWNERS[name][suffix]
    os.mkfifo(path)
    with within(5), pytest.raises(CorpusError, match="a pipe, not a regular file"):
        list(corpus.convert(path).rows)
    path.unlink()
    for tail in (b"1", b'1,"', b"\xff", b"[" * 5000, b'{"id": ' + b"9" * 5000, b"<a>" * 5000,
                 b'<writing level="\xc2\xb2"><text>a</text></writing>', b'"\n' * 3):  # fmt: skip
        path.write_bytes(head + tail)
        with contextlib.suppress(CorpusError):
            list(corpus.convert(path).rows)


def test_a_line_without_end_is_read_no_further_than_a_line_may_go(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    path.write_text('{"id": 1}' + " " * 2000)
    monkeypatch.setattr("cefrbench.corpora.owners.MAX_ROW", 1000)
    with pytest.raises(CorpusError, match="a line of more than 1,000 characters"):
        list(PluginHost(load="").get_corpus("write-improve").convert(path).rows)
