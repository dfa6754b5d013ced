"""Predictions beside a result: what is read is what was written, and no text is in it."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from result_factory import make_result

from cefrbench.errors import NoGoldError, ResultError
from cefrbench.essays import text_key
from cefrbench.results import predictions_file
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.predictions_file import (
    MAX_BYTES,
    decode_predictions,
    decode_stripped,
    describe_predictions,
    encode_predictions,
    read_predictions_bytes,
    without_gold,
)
from cefrbench.statistics.scores import tally


def read(path):
    return decode_predictions(read_predictions_bytes(path), path)


def write_predictions(path, table):
    """Put the bytes down that go beside a result, and give what the result says of them."""
    data = encode_predictions(table)
    path.write_bytes(data)
    return describe_predictions(path.name, data, len(table))


def one_unit(**changes):
    options = {
        "protocol": "iid",
        "fold": "all",
        "corpus": "alpha",
        "probe": "ridge",
        "seed": None,
        "layer": 3,
        "text": ["a" * 32, "b" * 32],
        "low": [0, 3],
        "high": [1, 3],
        "prediction": [0.1 + 0.2, -7.25],
    }
    return PredictionTable.of_unit(**options | changes)


def test_a_table_comes_back_bit_for_bit(tmp_path):
    _, table = make_result()
    described = write_predictions(tmp_path / "x.parquet", table)
    assert read(tmp_path / "x.parquet").equals(table)
    assert described.rows == len(table)
    assert described.file == "x.parquet"
    written = (tmp_path / "x.parquet").read_bytes()
    assert described.sha256 == hashlib.sha256(written).hexdigest()


def test_the_same_table_gives_the_same_bytes():
    first, second = (encode_predictions(make_result()[1]) for _ in range(2))
    assert first == second


def test_recomputing_a_unit_from_its_predictions_gives_its_matrix_and_sums_exactly(tmp_path):
    result, table = make_result()
    write_predictions(tmp_path / "x.parquet", table)
    units = {
        (u.protocol, u.fold, u.corpus, u.probe, u.seed, u.layer): u for u in result.units if u.n
    }
    for key, rows in read(tmp_path / "x.parquet").units():
        counted = tally(rows.prediction, rows.low, rows.high, 5)
        assert counted.confusion.tolist() == [list(row) for row in units[key].confusion]
        assert counted.sums == units[key].sums


def test_any_parquet_reader_sees_plain_columns_and_a_null_seed(tmp_path):
    write_predictions(
        tmp_path / "x.parquet", PredictionTable.concat([one_unit(), one_unit(seed=4)])
    )
    rows = pq.read_table(tmp_path / "x.parquet").to_pylist()
    assert rows[0] == {
        "protocol": "iid",
        "fold": "all",
        "corpus": "alpha",
        "probe": "ridge",
        "seed": None,
        "layer": 3,
        "text": "a" * 32,
        "low": 0,
        "high": 1,
        "prediction": 0.1 + 0.2,
        "score": None,
    }
    assert rows[2]["seed"] == 4


def test_no_words_of_a_text_stand_in_the_file():
    sentence = "My invented holiday was splendiferous"
    data = encode_predictions(one_unit(text=[text_key(sentence), "b" * 32]))
    assert not any(word.encode() in data for word in sentence.split() if len(word) > 3)


def test_units_are_taken_apart_where_any_part_of_their_name_changes():
    parts = [one_unit(), one_unit(fold="other"), one_unit(seed=0), one_unit(seed=1), one_unit()]
    keys = [key for key, rows in PredictionTable.concat(parts).units() if len(rows) == 2]
    assert [(key.fold, key.seed) for key in keys] == [
        ("all", None),
        ("other", None),
        ("all", 0),
        ("all", 1),
        ("all", None),
    ]


def test_as_many_refits_as_a_suite_has_come_back(tmp_path):
    """What they take in memory grows with their number, not faster."""
    drawn = np.random.default_rng(0).normal(size=(2, 60)).astype(np.float16)
    table = one_unit(refit_prediction=drawn, refit_score=-drawn, replicates=60)
    write_predictions(tmp_path / "x.parquet", table)
    assert read(tmp_path / "x.parquet").equals(table)


def test_no_units_make_an_empty_table_that_can_be_written(tmp_path):
    table = PredictionTable.concat([])
    assert write_predictions(tmp_path / "x.parquet", table).rows == 0
    assert list(read(tmp_path / "x.parquet").units()) == []


def test_a_missing_file_is_said_so(tmp_path):
    with pytest.raises(ResultError, match="No such file"):
        read(tmp_path / "none.parquet")


def test_a_file_far_too_large_is_refused_unread(tmp_path):
    with (tmp_path / "x.parquet").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ResultError, match="has 2,147,483,648 at most"):
        read(tmp_path / "x.parquet")


@pytest.mark.parametrize("keep", [0, 10, 400])
def test_a_truncated_file_is_said_so(tmp_path, keep):
    path = tmp_path / "x.parquet"
    path.write_bytes(encode_predictions(make_result()[1])[:keep])
    with pytest.raises(ResultError, match="no Parquet file or a damaged one"):
        read(path)


def test_other_columns_are_refused(tmp_path):
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "x.parquet")
    with pytest.raises(ResultError, match="have the columns text; expected protocol"):
        read(tmp_path / "x.parquet")


def test_columns_of_other_types_are_refused(tmp_path):
    table = pq.read_table(pa.BufferReader(encode_predictions(one_unit())))
    column = table.schema.get_field_index("prediction")
    table = table.set_column(column, "prediction", pa.array(["1", "2"]))
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(ResultError, match="in cefrbench's types"):
        read(tmp_path / "x.parquet")


def test_predictions_keep_full_precision(tmp_path):
    values = np.nextafter([1.0, 2.0], 3.0)
    write_predictions(tmp_path / "x.parquet", one_unit(prediction=values))
    assert read(tmp_path / "x.parquet").prediction.tolist() == values.tolist()


# -- bounds, and gold levels that are put back -----------------------------------------------------


def test_rows_and_bytes_have_a_bound_that_is_still_read(monkeypatch):
    data, path = encode_predictions(one_unit()), Path("x.parquet")
    monkeypatch.setattr(predictions_file, "MAX_ROWS", 2)
    assert len(decode_predictions(data, path)) == 2
    monkeypatch.setattr(predictions_file, "MAX_ROWS", 1)
    with pytest.raises(ResultError, match="holds 2 rows, and those of a result 1 at most"):
        decode_predictions(data, path)


def test_what_columns_come_to_in_memory_has_a_bound(monkeypatch):
    """Eleven columns of eight bytes a row, and of lists four a refit and row."""
    rows, refits = 3000, 20
    zeros = np.zeros((rows, refits), dtype=np.float16)
    table = one_unit(
        text=["a" * 32] * rows,
        low=[0] * rows,
        high=[0] * rows,
        prediction=[0.0] * rows,
        refit_prediction=zeros,
        refit_score=zeros,
        replicates=refits,
    )
    data, path = encode_predictions(table), Path("x.parquet")
    own = rows * (11 * 8 + 2 * 4 * refits)
    monkeypatch.setattr(predictions_file, "MAX_DECODED", own)
    assert len(decode_predictions(data, path)) == rows
    monkeypatch.setattr(predictions_file, "MAX_DECODED", own - 1)
    with pytest.raises(
        ResultError, match=f"comes to {own:,} bytes in memory, and those of a result to {own - 1:,}"
    ):
        decode_predictions(data, path)


def test_names_longer_than_any_result_has_are_refused(monkeypatch):
    table, path = one_unit(text=["a" * 200, "b"]), Path("x.parquet")
    data = encode_predictions(table)
    monkeypatch.setattr(predictions_file, "MAX_DECODED", 4 * 200 * 2)
    assert decode_predictions(data, path).text.tolist() == ["a" * 200, "b"]
    monkeypatch.setattr(predictions_file, "MAX_DECODED", 4 * 200 * 2 - 1)
    with pytest.raises(ResultError, match="has names in 'text' longer than any result has"):
        decode_predictions(data, path)


@pytest.mark.parametrize("name", ["low", "prediction", "text"])
def test_an_empty_cell_where_there_is_a_value_is_refused(name):
    table = pq.read_table(pa.BufferReader(encode_predictions(one_unit())))
    place = table.schema.get_field_index(name)
    field = table.schema.field(name)
    empty = pa.array([None, table[name][1].as_py()], field.type)
    table = table.set_column(place, pa.field(name, field.type), empty)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    with pytest.raises(ResultError) as caught:
        decode_predictions(sink.getvalue().to_pybytes(), Path("x.parquet"))
    assert str(caught.value) == ("The predictions 'x.parquet' have empty cells: make them again.")


GOLD = {"a" * 32: (0, 1), "b" * 32: (3, 3)}


def test_gold_that_is_put_back_is_the_gold_that_was_left_out():
    table, path = one_unit(), Path("x.parquet")
    stripped = without_gold(encode_predictions(table))
    assert pq.read_table(pa.BufferReader(stripped)).schema.names == [
        *("protocol", "fold", "corpus", "probe", "seed", "layer", "text", "prediction", "score")
    ]
    assert decode_stripped(stripped, path, GOLD).equals(table)
    with pytest.raises(NoGoldError, match="passed on without gold levels"):
        decode_predictions(stripped, path)


def test_gold_is_put_back_for_texts_that_are_there_and_files_that_are_whole():
    whole = encode_predictions(one_unit())
    stripped, path = without_gold(whole), Path("x.parquet")
    for data, gold, said in (
        (whole, GOLD, "The predictions 'x.parquet' have their gold levels already."),
        (
            stripped,
            {"a" * 32: (0, 1)},
            f"The corpora have no text with the key {'b' * 32!r} of 'x.parquet'.",
        ),
    ):
        with pytest.raises(ResultError) as caught:
            decode_stripped(data, path, gold)
        assert str(caught.value) == said
    with pytest.raises(ResultError, match="is no Parquet file or a damaged one"):
        decode_stripped(stripped[:50], path, GOLD)


# -- a table of one unit, and what is made of tables -----------------------------------------------


def test_what_is_not_given_of_a_unit_is_no_seed_no_score_and_no_refit():
    table = one_unit(replicates=3)
    assert (len(table), table.replicates) == (2, 3)
    assert table.seed.tolist() == [-1, -1]
    assert np.isnan(table.score).all()
    assert table.refit_prediction.shape == table.refit_score.shape == (2, 3)
    assert np.isnan(table.refit_prediction).all()
    assert np.isnan(table.refit_score).all()
    assert one_unit().replicates == 0
    given = one_unit(
        seed=0, score=[1, 2], refit_prediction=[[1, 2], [3, 4]], refit_score=[[5, 6], [7, 8]]
    )
    assert given.seed.tolist() == [0, 0]
    assert given.score.tolist() == [1.0, 2.0]
    assert given.refit_prediction.tolist() == [[1, 2], [3, 4]]
    assert given.refit_score.tolist() == [[5, 6], [7, 8]]
    kinds = {
        "seed": np.int64, "layer": np.int64, "low": np.int64, "high": np.int64,
        "prediction": np.float64, "score": np.float64, "refit_prediction": np.float16,
        "refit_score": np.float16,
    }  # fmt: skip
    for name, kind in kinds.items():
        assert getattr(table, name).dtype == getattr(given, name).dtype == kind
    bare = given.without_refits()
    assert np.isnan(bare.refit_prediction).all()
    assert np.isnan(bare.refit_score).all()
    assert bare.replicates == 2
    assert bare.prediction is given.prediction


@pytest.mark.parametrize(
    "changed",
    [
        {"protocol": "loco"}, {"fold": "x"}, {"corpus": "beta"}, {"probe": "knn"}, {"seed": 0},
        {"layer": 2}, {"text": ["a" * 32, "c" * 32]}, {"low": [0, 2]}, {"high": [2, 3]},
        {"prediction": [0.1, -7.25]}, {"score": [np.nan, 1.0]},
        {"refit_prediction": np.ones((2, 1)), "replicates": 1},
        {"refit_score": np.ones((2, 1)), "replicates": 1},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_tables_are_equal_where_every_column_is(changed):
    base = one_unit(replicates=changed.get("replicates", 0))
    assert base.equals(one_unit(replicates=changed.get("replicates", 0)))
    assert not base.equals(one_unit(**changed))
    assert not one_unit(**changed).equals(base)


def test_rows_are_taken_in_the_given_order():
    table = PredictionTable.concat([one_unit(), one_unit(layer=5, prediction=[7.0, 8.0])])
    taken = table.take(np.array([3, 0]))
    assert taken.layer.tolist() == [5, 3]
    assert taken.prediction.tolist() == [8.0, 0.1 + 0.2]
    assert taken.text.tolist() == ["b" * 32, "a" * 32]
    assert table.take(slice(1, 3)).layer.tolist() == [3, 5]


@pytest.mark.parametrize("name", ["protocol", "fold", "corpus", "probe", "seed", "layer"])
def test_each_part_of_a_units_name_takes_it_apart(name):
    other = {"seed": 2, "layer": 4}.get(name, "other")
    table = PredictionTable.concat([one_unit(), one_unit(**{name: other})])
    first, second = table.units()
    assert tuple(first[0]) == ("iid", "all", "alpha", "ridge", None, 3)
    assert second[0] == first[0]._replace(**{name: other})
    assert second[1].prediction.tolist() == first[1].prediction.tolist() == [0.1 + 0.2, -7.25]
    # A unit of one row, first and last.
    single = [key for key, _ in table.take(slice(1, 3)).units()]
    assert single == [first[0], second[0]]
    assert next(iter(table.units()))[1] is first[1], "taken apart once"


# -- the file, cell by cell ------------------------------------------------------------------------


def test_refits_that_repeat_what_is_predicted_are_stored_once():
    values = np.array([[0.5, 1.25], [2.0, 3.5], [1.0, 0.0]], dtype=np.float16)
    rows = {
        "text": ["a" * 32, "b" * 32, "c" * 32], "low": [0] * 3, "high": [1] * 3,
        "prediction": [1.0, 2.0, 3.0], "replicates": 2,
    }  # fmt: skip
    other = values.copy()
    other[1, 0] = 9.0
    table = one_unit(**rows, score=[1.0, 2.0, np.nan], refit_prediction=values, refit_score=other)
    arrow = pq.read_table(pa.BufferReader(encode_predictions(table)))
    assert arrow["refit_prediction"].to_pylist() == values.tolist()
    # The first row repeats itself; the last has no score that would say whether it does.
    assert arrow["refit_score"].to_pylist() == [None, [9.0, 3.5], [1.0, 0.0]]
    assert arrow["score"].to_pylist() == [1.0, 2.0, None]
    assert decode_predictions(encode_predictions(table), Path("x.parquet")).equals(table)


def test_a_row_without_refits_is_a_null_and_comes_back_as_none():
    values = np.array([[0.5, 1.25, 2.0], [np.nan] * 3], dtype=np.float16)
    table = one_unit(score=[1.0, 2.0], refit_prediction=values, refit_score=-values, replicates=3)
    arrow = pq.read_table(pa.BufferReader(encode_predictions(table)))
    assert arrow["refit_prediction"].to_pylist() == [[0.5, 1.25, 2.0], None]
    assert arrow["refit_score"].to_pylist() == [[-0.5, -1.25, -2.0], None]
    assert decode_predictions(encode_predictions(table), Path("x.parquet")).equals(table)
    unscored = one_unit(refit_prediction=values, refit_score=values * np.nan, replicates=3)
    back = decode_predictions(encode_predictions(unscored), Path("x.parquet"))
    assert back.equals(unscored)


def test_columns_have_the_types_that_are_promised():
    table = one_unit(refit_prediction=np.ones((2, 2)), refit_score=np.ones((2, 2)), replicates=2)
    schema = pq.read_schema(pa.BufferReader(encode_predictions(table)))
    names = pa.dictionary(pa.int32(), pa.string())
    halves = pa.list_(pa.field("element", pa.float16(), nullable=False), 2)
    assert {field.name: (field.type, field.nullable) for field in schema} == {
        "protocol": (names, False), "fold": (names, False), "corpus": (names, False),
        "probe": (names, False), "seed": (pa.int64(), True), "layer": (pa.int32(), False),
        "text": (names, False), "low": (pa.int8(), False), "high": (pa.int8(), False),
        "prediction": (pa.float64(), False), "score": (pa.float64(), True),
        "refit_prediction": (halves, True), "refit_score": (halves, True),
    }  # fmt: skip
    column = pq.ParquetFile(pa.BufferReader(encode_predictions(table))).metadata.row_group(0)
    assert {column.column(i).compression for i in range(column.num_columns)} == {"ZSTD"}


def test_names_are_numbered_by_their_first_appearance():
    table = PredictionTable.concat([one_unit(fold=fold) for fold in ("z", "a", "z")])
    arrow = pq.read_table(pa.BufferReader(encode_predictions(table)))
    column = arrow["fold"].combine_chunks()
    assert column.dictionary.to_pylist() == ["z", "a"]
    assert column.indices.to_pylist() == [0, 0, 1, 1, 0, 0]


def test_other_columns_and_types_are_told_with_those_that_are_expected():
    expected = "protocol, fold, corpus, probe, seed, layer, text, low, high, prediction, score"
    table = pq.read_table(pa.BufferReader(encode_predictions(one_unit())))
    for other, names in (
        (table.drop_columns(["seed"]), expected.replace("seed, ", "")),
        (table.drop_columns(["low"]), expected.replace("low, ", "")),
        (table.append_column("x" * 500, table["low"]), (expected + ", " + "x" * 500)[:400]),
        (table.set_column(5, "layer", table["layer"].cast(pa.int64())), expected),
    ):
        sink = pa.BufferOutputStream()
        pq.write_table(other, sink)
        with pytest.raises(ResultError) as caught:
            decode_predictions(sink.getvalue().to_pybytes(), Path("x.parquet"))
        assert str(caught.value) == (
            f"The predictions 'x.parquet' have the columns {names}; expected {expected} in "
            "cefrbench's types."
        )


def test_predictions_without_gold_are_told_what_puts_it_back():
    drawn = np.ones((2, 2))
    whole = one_unit(score=[1, 2], refit_prediction=drawn, refit_score=drawn, replicates=2)
    for table in (one_unit(), whole):
        stripped = without_gold(encode_predictions(table))
        with pytest.raises(NoGoldError) as caught:
            decode_predictions(stripped, Path("x.parquet"))
        assert str(caught.value) == (
            "Its predictions were passed on without gold levels, and `cefrbench results restore` "
            "puts them back, from the texts: 'x.parquet'."
        )
        assert decode_stripped(stripped, Path("x.parquet"), GOLD).equals(table)


@pytest.mark.parametrize("read_it", [decode_predictions, decode_stripped])
def test_a_file_in_several_parts_is_counted_as_a_whole(monkeypatch, read_it):
    table = PredictionTable.concat([one_unit(layer=k) for k in range(4)])
    arrow = pq.read_table(pa.BufferReader(encode_predictions(table)))
    more = ()
    if read_it is decode_stripped:
        arrow, more = arrow.drop_columns(["low", "high"]), (GOLD,)
    sink = pa.BufferOutputStream()
    pq.write_table(arrow, sink, row_group_size=3)
    data = sink.getvalue().to_pybytes()
    assert pq.ParquetFile(pa.BufferReader(data)).metadata.num_row_groups == 3
    assert read_it(data, Path("x.parquet"), *more).equals(table)
    monkeypatch.setattr(predictions_file, "MAX_ROWS", 7)
    with pytest.raises(ResultError) as caught:
        read_it(data, Path("x.parquet"), *more)
    assert "holds 8 rows, and those of a result 7 at most" in str(caught.value)


@pytest.mark.parametrize("name", ["text", "probe"])
@pytest.mark.parametrize("read_it", [decode_predictions, decode_stripped])
def test_names_that_are_no_text_are_damage(name, read_it):
    table = pq.read_table(pa.BufferReader(encode_predictions(one_unit())))
    more = ()
    if read_it is decode_stripped:
        table, more = table.drop_columns(["low", "high"]), (GOLD,)
    offsets = pa.py_buffer(np.array([0, 1, 2], dtype=np.int32).tobytes())
    odd = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"\xff\xfe")])
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), odd, safe=False)
    place = table.schema.get_field_index(name)
    sink = pa.BufferOutputStream()
    pq.write_table(table.set_column(place, table.schema.field(name), column), sink)
    with pytest.raises(ResultError, match="is no Parquet file or a damaged one"):
        read_it(sink.getvalue().to_pybytes(), Path("x.parquet"), *more)


def test_what_a_file_says_of_its_own_size_has_the_same_bound(monkeypatch):
    """Of all columns in all parts together."""
    arrow = pq.read_table(pa.BufferReader(encode_predictions(one_unit())))
    sink = pa.BufferOutputStream()
    pq.write_table(arrow, sink, row_group_size=1)
    data, path = sink.getvalue().to_pybytes(), Path("x.parquet")
    said = pq.ParquetFile(pa.BufferReader(data)).metadata
    stated = sum(
        said.row_group(g).column(c).total_uncompressed_size
        for g in range(said.num_row_groups)
        for c in range(said.num_columns)
    )
    assert (said.num_row_groups, said.num_columns) == (2, 11)
    assert stated > 2 * 11 * 8
    monkeypatch.setattr(predictions_file, "MAX_DECODED", stated)
    assert decode_predictions(data, path).equals(one_unit())
    monkeypatch.setattr(predictions_file, "MAX_DECODED", stated - 1)
    with pytest.raises(ResultError, match=f"comes to {stated:,} bytes in memory"):
        decode_predictions(data, path)
