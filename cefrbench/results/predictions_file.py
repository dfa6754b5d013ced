"""Predictions as a Parquet file: written the same each time, and read within bounds."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.doors import FileKind, read_bytes
from cefrbench.errors import NoGoldError, ResultError
from cefrbench.results.model import PredictionsFile
from cefrbench.results.predictions import NO_SEED, PredictionTable

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

#: Most rows that are read; some 100 times what nine corpora, five probes and two protocols give.
MAX_ROWS = 10_000_000
#: Largest file that is read, and the most that its columns may come to in memory.
MAX_BYTES = MAX_DECODED = 2 * 1024**3

_PREDICTIONS = FileKind(
    "The predictions file",
    MAX_BYTES,
    "put the file that came with the result beside it",
    ResultError,
)
#: Columns that hold a list a row.
_LISTS = ("refit_prediction", "refit_score")
#: Columns that predictions are passed on without, where a licence keeps levels back.
GOLD = ("low", "high")
#: Columns that may have empty cells.
_NULLABLE = ("seed", "score", *_LISTS)


def encode_predictions(table: PredictionTable) -> bytes:
    """Give the bytes of the Parquet file (zstd); the same table gives the same bytes."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(_to_arrow(table), buffer, compression="zstd", compression_level=9)
    return buffer.getvalue()


def describe_predictions(name: str, data: bytes, rows: int) -> PredictionsFile:
    """What a result says of its predictions file."""
    return PredictionsFile(file=name, sha256=hashlib.sha256(data).hexdigest(), rows=rows)


def read_predictions_bytes(path: Path) -> bytes:
    """Read a predictions file's bytes, unless it is far too large.

    Raises
    ------
    ResultError
        When it is missing, no regular file, can't be read or is far too large.
    """
    return read_bytes(path, _PREDICTIONS)


def decode_predictions(data: bytes, path: Path) -> PredictionTable:
    """Take the bytes of a predictions file apart; ``path`` is for messages.

    Columns, rows and what they come to in memory are looked at in the file's footer, before any
    of its data is decoded.

    Raises
    ------
    ResultError
        When they are damaged, of other columns or types, or of far too many rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        _check_schema(file.schema_arrow, path)
        _check_extent(file, path)
        arrow = file.read(use_threads=False)
        arrow.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _PREDICTIONS.refuse(path, "is no Parquet file or a damaged one") from error
    return _from_arrow(arrow, path)


def without_gold(data: bytes) -> bytes:
    """Leave the gold levels out of the bytes of a predictions file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    table = pq.read_table(pa.BufferReader(data)).drop_columns(list(GOLD))
    pq.write_table(table, buffer, compression="zstd", compression_level=9)
    return buffer.getvalue()


def decode_stripped(
    data: bytes, path: Path, gold: Mapping[str, tuple[int, int]]
) -> PredictionTable:
    """Take the bytes of predictions without gold apart, and put the gold of their texts in.

    Raises
    ------
    ResultError
        When they are damaged, no such predictions, or of a text that no gold is known of.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        try:
            _check_schema(file.schema_arrow, path)
        except NoGoldError:
            pass
        else:
            raise ResultError(f"The predictions {str(path)!r} have their gold levels already.")
        _check_extent(file, path)
        arrow = file.read(use_threads=False)
        arrow.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _PREDICTIONS.refuse(path, "is no Parquet file or a damaged one") from error
    texts = arrow["text"].to_pylist()
    unknown = next((text for text in texts if text not in gold), None)
    if unknown is not None:
        raise ResultError(f"The corpora have no text with the key {unknown!r} of {str(path)!r}.")
    for i, name in enumerate(GOLD):
        levels = pa.array([gold[text][i] for text in texts], pa.int8())
        arrow = arrow.append_column(pa.field(name, pa.int8(), nullable=False), levels)
    return _from_arrow(arrow, path)


def _check_schema(schema: pa.Schema, path: Path) -> None:
    listed = [field.type for field in schema if field.name == "refit_prediction"]
    wanted = _schema(getattr(listed[0], "list_size", 0) if listed else 0)
    if [name for name in wanted.names if name not in GOLD] == schema.names:
        raise NoGoldError(
            "Its predictions were passed on without gold levels, and `cefrbench results restore` "
            f"puts them back, from the texts: {str(path)!r}."
        )
    if schema.names != wanted.names or any(
        field.type != wanted.field(field.name).type for field in schema
    ):
        names = ", ".join(schema.names)
        raise ResultError(
            f"The predictions {str(path)!r} have the columns {names[:400]}; "
            f"expected {', '.join(wanted.names)} in cefrbench's types."
        )


def _check_extent(file: pq.ParquetFile, path: Path) -> None:
    """See that rows and columns, decoded, are no more than any result has."""
    rows = file.metadata.num_rows
    if not 0 <= rows <= MAX_ROWS:
        raise _PREDICTIONS.refuse(
            path, f"holds {rows:,} rows, and those of a result {MAX_ROWS:,} at most"
        )
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    stated = sum(
        abs(group.column(i).total_uncompressed_size)
        for group in groups
        for i in range(group.num_columns)
    )
    # A column of one value is a few bytes in the file, and as many as its rows in memory.
    width = sum(_width(field.type) for field in file.schema_arrow)
    decoded = max(stated, rows * width, sum(abs(group.num_rows) for group in groups) * width)
    if decoded > MAX_DECODED:
        raise _PREDICTIONS.refuse(
            path,
            f"comes to {decoded:,} bytes in memory, and those of a result to {MAX_DECODED:,} at "
            "most",
        )


def _width(kind: pa.DataType) -> int:
    """Bytes of one cell, as numbers of 64 bits; halves in lists, and indices of names."""
    return 4 * kind.list_size if hasattr(kind, "list_size") else 8


def _schema(replicates: int) -> pa.Schema:
    import pyarrow as pa

    lists = [pa.field(name, _replicates(replicates)) for name in _LISTS] if replicates else []
    names = pa.dictionary(pa.int32(), pa.string())
    columns = dict.fromkeys(("protocol", "fold", "corpus", "probe"), names)
    return pa.schema(
        [pa.field(name, kind, nullable=False) for name, kind in columns.items()]
        + [
            pa.field("seed", pa.int64()),
            pa.field("layer", pa.int32(), nullable=False),
            pa.field("text", names, nullable=False),
            pa.field("low", pa.int8(), nullable=False),
            pa.field("high", pa.int8(), nullable=False),
            pa.field("prediction", pa.float64(), nullable=False),
            pa.field("score", pa.float64()),
        ]
        + lists
    )


def _replicates(count: int) -> pa.DataType:
    import pyarrow as pa

    return pa.list_(pa.field("element", pa.float16(), nullable=False), count)


def _to_arrow(table: PredictionTable) -> pa.Table:
    import pyarrow as pa

    arrays = []
    schema = _schema(table.replicates)
    for column in schema:
        values = getattr(table, column.name)
        if column.name == "seed":
            arrays.append(pa.array(values, mask=values == NO_SEED))
        elif column.name == "score":
            arrays.append(pa.array(values, column.type, mask=np.isnan(values)))
        elif column.name == "refit_score":
            arrays.append(_lists(values, column.type, _repeats(table)))
        elif column.name == "refit_prediction":
            arrays.append(_lists(values, column.type, np.zeros(len(values), dtype=np.bool_)))
        elif pa.types.is_dictionary(column.type):
            arrays.append(_numbered(values))
        else:
            arrays.append(pa.array(values, column.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _numbered(values: NDArray[Any]) -> pa.Array:
    """Names as numbers of those that are there, by first appearance."""
    import pyarrow as pa

    known: dict[str, int] = {}
    numbers = (known.setdefault(value, len(known)) for value in values.flat)
    places = np.fromiter(numbers, dtype=np.int32, count=len(values))
    return pa.DictionaryArray.from_arrays(places, pa.array(map(str, known), pa.string()))


def _repeats(table: PredictionTable) -> NDArray[np.bool_]:
    """Rows whose refits are scored by what they predict, as a regressor's are: not stored twice."""
    same = (table.refit_score == table.refit_prediction).all(axis=1)
    found: NDArray[np.bool_] = same & ~np.isnan(table.score)
    return found


def _lists(values: NDArray[np.float16], kind: pa.DataType, left_out: NDArray[np.bool_]) -> pa.Array:
    """Rows as lists; a row of NaN is a null, and so is one to be left out."""
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    missing = np.isnan(values).any(axis=1) | left_out
    return pa.FixedSizeListArray.from_arrays(flat, type=kind, mask=pa.array(missing))


def _from_arrow(arrow: pa.Table, path: Path) -> PredictionTable:
    if any(arrow[name].null_count for name in arrow.schema.names if name not in _NULLABLE):
        raise ResultError(f"The predictions {str(path)!r} have empty cells: make them again.")

    def strings(name: str) -> Any:
        column = arrow[name].unify_dictionaries().combine_chunks()
        names = column.dictionary.to_pylist()
        # NumPy gives each row the room of the longest.
        if 4 * max(map(len, names), default=0) * len(column) > MAX_DECODED:
            raise _PREDICTIONS.refuse(path, f"has names in {name!r} longer than any result has")
        values = np.asarray(names, dtype=np.str_)
        return values[column.indices.to_numpy()]

    def numbers(name: str, dtype: type) -> Any:
        return arrow[name].to_numpy().astype(dtype)

    score = arrow["score"].to_numpy().astype(np.float64)
    refits, refit_score = (_matrix(arrow, name) for name in _LISTS)
    if refits.shape[1]:
        # Bits of a NaN; processors don't compute with halves.
        missing = (refit_score.view(np.uint16) & np.uint16(0x7FFF)) > 0x7C00
        repeated = missing.any(axis=1) & ~np.isnan(score)
        refit_score[repeated] = refits[repeated]
    return PredictionTable(
        protocol=strings("protocol"),
        fold=strings("fold"),
        corpus=strings("corpus"),
        probe=strings("probe"),
        seed=arrow["seed"].fill_null(NO_SEED).to_numpy().astype(np.int64),
        layer=numbers("layer", np.int64),
        text=strings("text"),
        low=numbers("low", np.int64),
        high=numbers("high", np.int64),
        prediction=numbers("prediction", np.float64),
        score=score,
        refit_prediction=refits,
        refit_score=refit_score,
    )


def _matrix(arrow: pa.Table, name: str) -> NDArray[np.float16]:
    """Lists as rows; a null is a row of NaN, a column that isn't there has none."""
    if name not in arrow.schema.names:
        return np.empty((len(arrow), 0), dtype=np.float16)
    lists = arrow[name].combine_chunks()
    values = np.full((len(lists), lists.type.list_size), np.nan, dtype=np.float16)
    valid = lists.is_valid().to_numpy(zero_copy_only=False)
    values[valid] = lists.flatten().to_numpy(zero_copy_only=False).reshape(-1, values.shape[1])
    return values
