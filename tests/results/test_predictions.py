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
