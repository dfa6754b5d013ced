"""Rows and texts too many for memory: in files without a name.

Rows are mapped, and let go of as they are read; texts are read one by one.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from cefrbench.errors import CacheError

#: Most bytes of rows that are held in memory; what is larger is mapped from disk.
HELD_BYTES = 1 << 29
#: Most bytes of a corpus's texts that are held in memory.
HELD_TEXT_BYTES = 1 << 22
#: Bytes that are read at a time, before pages are let go of.
STRETCH_BYTES = 1 << 25


class Pages(mmap.mmap):
    """Pages of a file, which can be read without being mapped too."""

    handle: int


class Gathered:
    """Rows of float32 that come in any order: in memory, or on disk where they are too many.

    The file has no name, so that it is gone when nothing refers to it, however a process ends.

    Parameters
    ----------
    shape : (int, int)
    folder : Path
        On the disk that is to hold them.

    Raises
    ------
    CacheError
        When the folder can't be written, or its disk has no room for them.
    """

    def __init__(self, shape: tuple[int, int], folder: Path) -> None:
        size = 4 * shape[0] * shape[1]
        self._put = 0
        if size <= HELD_BYTES:
            self._values = np.empty(shape, dtype=np.float32)
            return
        with _written(folder), tempfile.TemporaryFile(dir=folder) as file:
            # A page without room on the disk would end the process when it is written.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.truncate(size)
            pages = Pages(file.fileno(), size)
            pages.handle = os.dup(file.fileno())
            weakref.finalize(pages, os.close, pages.handle)
        self._values = np.frombuffer(pages, dtype=np.float32).reshape(shape)

    def put(self, rows: NDArray[np.integer[Any]], values: NDArray[np.float32]) -> None:
        """Put some rows in their places."""
        self._values[rows] = values
        self._put += values.nbytes
        if self._put >= STRETCH_BYTES:
            release(self._values)
            self._put = 0

    def rows(self) -> NDArray[np.float32]:
        """All of them, when all were put."""
        release(self._values)
        return self._values


class StoredTexts(Sequence[str]):
    """Texts in a file, each read when it is asked for."""

    def __init__(self, texts: Iterable[str]) -> None:
        ends = [0]
        with _written(Path(tempfile.gettempdir()), "TMPDIR"), tempfile.TemporaryFile() as file:
            for text in texts:
                ends.append(ends[-1] + file.write(text.encode()))
            file.flush()
            self._handle = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._handle)
        self._ends = np.array(ends, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        if isinstance(place, slice):
            return tuple(self[one] for one in range(*place.indices(len(self))))
        begin, end = self._ends[:-1][place], self._ends[1:][place]
        return os.pread(self._handle, int(end - begin), int(begin)).decode()


def keep_texts(texts: Iterable[str]) -> Sequence[str]:
    """Hold texts, in memory unless they are long, and can be read from a file by place."""
    held = tuple(texts)
    if sum(map(len, held)) <= HELD_TEXT_BYTES or not hasattr(os, "pread"):
        return held
    return StoredTexts(held)


@contextmanager
def _written(folder: Path, option: str = "--cache-dir") -> Iterator[None]:
    """What a disk refuses, in one sentence."""
    try:
        yield
    except OSError as error:
        raise CacheError(
            f"What is too large for memory can't be laid out in {str(folder)!r} "
            f"({error.strerror or error}): free some space, or choose another folder with "
            f"{option}."
        ) from error


def release(array: NDArray[Any]) -> None:
    """Let go of the pages of an array that is mapped from a file; of another, nothing.

    They stay in the system's cache while there is room, and count for no process.
    """
    pages = pages_of(array)
    if pages is not None and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)


def gather(array: NDArray[Any], rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """``array[rows]``; of an array that is mapped, read from its file.

    A row that is read where it is mapped brings its whole neighbourhood into the process, which
    may be 2 MiB.
    """
    pages = pages_of(array)
    if pages is None or not array.flags.c_contiguous:
        return np.asarray(array[rows])
    begin = array.ctypes.data - np.frombuffer(pages, np.uint8).ctypes.data
    found = np.empty((len(rows), *array.shape[1:]), array.dtype)
    # Runs of neighbours are read at once.
    edges = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
    for start, stop in pairwise(edges if len(rows) else []):
        part = found[start:stop].reshape(-1).view(np.uint8).data
        place = begin + int(rows[start]) * array.strides[0]
        while part:
            done = os.preadv(pages.handle, [part], place)
            if not done:
                raise IndexError(f"row {rows[start]} of {len(array)}")
            part, place = part[done:], place + done
    return found


def pages_of(array: NDArray[Any]) -> Pages | None:
    """The pages that an array is mapped from; None when it is in memory."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    base = base.obj if isinstance(base, memoryview) else base
    return base if isinstance(base, Pages) else None


def stretches(array: NDArray[Any], rows: int | None = None) -> Iterator[slice]:
    """Go over as many rows as an array has (or ``rows``) a stretch at a time.

    A stretch is at most ``STRETCH_BYTES`` of the array; its pages are let go of after it.
    """
    count = len(array) if rows is None else rows
    step = max(1, STRETCH_BYTES // max(1, array.itemsize * array.shape[1]))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))
        release(array)
