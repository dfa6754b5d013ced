"""Per-text predictions beside a result: columnar, compressed, keyed by a hash of the text.

No learner's words stand here: most corpora's licences forbid to pass them on.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cefrbench.errors import ResultError
from cefrbench.results.model import PredictionsFile, UnitRecord

if TYPE_CHECKING:
    import pyarrow as pa

#: Most rows that are read; some 500 times what nine corpora, five probes and two protocols give.
MAX_ROWS = 50_000_000
#: Largest file that is read: so many rows, ill compressed.
MAX_BYTES = 2 * 1024**3

#: Columns that hold a list a row.
_LISTS = ("refit_prediction", "refit_score")
#: Columns that may have empty cells.
_NULLABLE = ("seed", "score", *_LISTS)

#: Stands for "no seed" in the array; the file holds a null there.
NO_SEED = -1


class UnitKey(NamedTuple):
    """What names one unit: layer × probe × protocol × fold × scored corpus × seed."""

    protocol: str
    fold: str
    corpus: str
    probe: str
    seed: int | None
    layer: int


def unit_key(unit: UnitRecord) -> UnitKey:
    """Name a unit of a result."""
    return UnitKey(unit.protocol, unit.fold, unit.corpus, unit.probe, unit.seed, unit.layer)


@dataclass(frozen=True, slots=True, eq=False)
class PredictionTable:
    """Predictions of scored texts, one entry a text and unit; all columns are parallel.

    Rows of one unit stand together, in the order in which they were scored.

    Attributes
    ----------
    protocol, fold, corpus, probe : ndarray of str
    seed : ndarray of int64
        ``NO_SEED`` for a probe that no seed changes.
    layer : ndarray of int64
    text : ndarray of str
        :func:`cefrbench.essays.text_key` of the text.
    low, high : ndarray of int64
        Lowest and highest class that count as right.
    prediction : ndarray of float64
        Unrounded and unclipped, in full precision, so that every sum follows exactly.
    score : ndarray of float64
        Continuous score, from which ranks are taken; NaN where the probe has none.
    refit_prediction, refit_score : ndarray of float16, shape (n, replicates)
        The same of fits on resampled training texts; NaN where there was none. Half precision is
        plenty for a variance.
    """

    protocol: NDArray[np.str_]
    fold: NDArray[np.str_]
    corpus: NDArray[np.str_]
    probe: NDArray[np.str_]
    seed: NDArray[np.int64]
    layer: NDArray[np.int64]
    text: NDArray[np.str_]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    prediction: NDArray[np.float64]
    score: NDArray[np.float64]
    refit_prediction: NDArray[np.float16]
    refit_score: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.prediction)

    @classmethod
    def of_unit(
        cls,
        *,
        protocol: str,
        fold: str,
        corpus: str,
        probe: str,
        seed: int | None,
        layer: int,
        text: Sequence[str],
        low: ArrayLike,
        high: ArrayLike,
        prediction: ArrayLike,
        score: ArrayLike | None = None,
        refit_prediction: ArrayLike | None = None,
        refit_score: ArrayLike | None = None,
        replicates: int = 0,
    ) -> PredictionTable:
        """Make the table of one unit; what is given by text is parallel to ``text``."""
        n = len(text)
        none = np.full((n, replicates), np.nan, dtype=np.float16)
        return cls(
            protocol=np.full(n, protocol),
            fold=np.full(n, fold),
            corpus=np.full(n, corpus),
            probe=np.full(n, probe),
            seed=np.full(n, NO_SEED if seed is None else seed, dtype=np.int64),
            layer=np.full(n, layer, dtype=np.int64),
            text=np.asarray(text, dtype=np.str_),
            low=np.asarray(low, dtype=np.int64),
            high=np.asarray(high, dtype=np.int64),
            prediction=np.asarray(prediction, dtype=np.float64),
            score=np.full(n, np.nan) if score is None else np.asarray(score, dtype=np.float64),
            refit_prediction=none
            if refit_prediction is None
            else np.asarray(refit_prediction, dtype=np.float16),
            refit_score=none if refit_score is None else np.asarray(refit_score, dtype=np.float16),
        )

    def without_refits(self) -> PredictionTable:
        """Leave out what fits on resampled texts gave."""
        none = np.full_like(self.refit_prediction, np.nan)
        return replace(self, refit_prediction=none, refit_score=none)

    @property
    def replicates(self) -> int:
        """Fits on resampled training texts, each a column."""
        return int(self.refit_prediction.shape[1])

    @classmethod
    def concat(cls, tables: Sequence[PredictionTable]) -> PredictionTable:
        """Put tables below each other; none give an empty table."""
        if not tables:
            return cls.of_unit(
                protocol="",
                fold="",
                corpus="",
                probe="",
                seed=None,
                layer=0,
                text=(),
                low=(),
                high=(),
                prediction=(),
            )
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(t, name) for t in tables]) for name in names})

    def take(self, rows: slice | NDArray[np.intp]) -> PredictionTable:
        """Keep some rows, in the given order."""
        names = [field.name for field in fields(self)]
        return PredictionTable(**{name: getattr(self, name)[rows] for name in names})

    def equals(self, other: PredictionTable) -> bool:
        """Whether both hold the same rows in the same order."""
        names = [field.name for field in fields(self)]
        return all(_same(getattr(self, n), getattr(other, n)) for n in names)

    def units(self) -> Iterator[tuple[UnitKey, PredictionTable]]:
        """Take the table apart into units, in the order in which they stand."""
        if not len(self):
            return
        same = np.ones(len(self) - 1, dtype=np.bool_)
        for name in UnitKey._fields:
            column = getattr(self, name)
            same &= column[1:] == column[:-1]
        edges = [0, *(np.flatnonzero(~same) + 1).tolist(), len(self)]
        for start, stop in pairwise(edges):
            yield self._key(start), self.take(slice(start, stop))

    def _key(self, row: int) -> UnitKey:
        seed = int(self.seed[row])
        return UnitKey(
            str(self.protocol[row]),
            str(self.fold[row]),
            str(self.corpus[row]),
            str(self.probe[row]),
            None if seed == NO_SEED else seed,
            int(self.layer[row]),
        )


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


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
        When it is missing, can't be read or is far too large.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ResultError(
                f"The predictions {str(path)!r} have {size:,} bytes, more than the {MAX_BYTES:,} "
                "that any result's have: it is no predictions file of cefrbench."
            )
        return path.read_bytes()
    except OSError as error:
        raise ResultError(
            f"The predictions {str(path)!r} can't be read ({error.strerror or error}): "
            "put the file that came with the result beside it."
        ) from error


def decode_predictions(data: bytes, path: Path) -> PredictionTable:
    """Take the bytes of a predictions file apart; ``path`` is for messages.

    Raises
    ------
    ResultError
        When they are damaged, of other columns or types, or of far too many rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        if file.metadata.num_rows > MAX_ROWS:
            raise ResultError(
                f"The predictions {str(path)!r} hold {file.metadata.num_rows:,} rows, more than "
                f"the {MAX_ROWS:,} that any result has: it is no predictions file of cefrbench."
            )
        arrow = file.read()
    except (pa.ArrowException, OSError) as error:
        raise ResultError(
            f"The predictions {str(path)!r} are no Parquet file or a damaged one: "
            "copy or make them again."
        ) from error
    return _from_arrow(arrow, path)


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
            arrays.append(pa.array(values.tolist(), pa.string()).dictionary_encode())
        else:
            arrays.append(pa.array(values, column.type))
    return pa.Table.from_arrays(arrays, schema=schema)


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
    listed = [field.type for field in arrow.schema if field.name == "refit_prediction"]
    wanted = _schema(getattr(listed[0], "list_size", 0) if listed else 0)
    if arrow.schema.names != wanted.names or any(
        field.type != wanted.field(field.name).type for field in arrow.schema
    ):
        raise ResultError(
            f"The predictions {str(path)!r} have the columns {', '.join(arrow.schema.names)}; "
            f"expected {', '.join(wanted.names)} in cefrbench's types."
        )
    if any(arrow[name].null_count for name in wanted.names if name not in _NULLABLE):
        raise ResultError(f"The predictions {str(path)!r} have empty cells: make them again.")

    def strings(name: str) -> Any:
        column = arrow[name].unify_dictionaries().combine_chunks()
        values = np.asarray(column.dictionary.to_pylist(), dtype=np.str_)
        return values[column.indices.to_numpy()]

    def numbers(name: str, dtype: type) -> Any:
        return arrow[name].to_numpy().astype(dtype)

    score = arrow["score"].to_numpy().astype(np.float64)
    refits, refit_score = (_matrix(arrow, name) for name in _LISTS)
    if refits.shape[1]:
        repeated = np.isnan(refit_score).any(axis=1) & ~np.isnan(score)
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
