"""Passes over the blocks of one layer, by many threads in step: a block is read once for all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cefrbench.engines.linear.arrays import Array


class Passes:
    """Hands out blocks, each to all threads that ask for it, when every member asks for one.

    Like a lift, it goes on upwards from the block before and begins below again, so that threads
    that begin a pass meet. What a thread gets depends on no other thread.

    Parameters
    ----------
    count : int
        Number of blocks.
    read : callable
        Reads a block by its number.
    """

    def __init__(self, count: int, read: Callable[[int], Array]) -> None:
        self.count, self._read = count, read
        self._turn = threading.Condition()
        self._members = 0
        self._asked: dict[int, int] = {}
        self._at = -1
        self._block: Array = None
        self._fault: BaseException | None = None
        #: Blocks that were read.
        self.reads = 0

    @contextmanager
    def member(self) -> Iterator[None]:
        """Be waited for by the others."""
        with self._turn:
            self._members += 1
        try:
            yield
        finally:
            with self._turn:
                self._members -= 1
                self._asked.pop(threading.get_ident(), None)
                self._serve()

    def block(self, number: int) -> Array:
        """Wait for a block, which others read too: nobody may write into it."""
        me = threading.get_ident()
        with self._turn:
            self._asked[me] = number
            self._serve()
            while me in self._asked:
                self._turn.wait()
            if self._fault is not None:
                raise self._fault
            return self._block

    def _serve(self) -> None:
        """Read the next block that is asked for, if nobody is left to wait for."""
        if not self._asked or len(self._asked) < self._members:
            return
        nearest = min(self._asked.values(), key=lambda one: (one - self._at - 1) % self.count)
        self._block, self._fault = None, None
        try:
            self._block = self._read(nearest)
        except BaseException as error:  # noqa: BLE001 - raised in every thread that asked
            self._fault = error
        self._at = nearest
        self.reads += 1
        for thread in [one for one, number in self._asked.items() if number == nearest]:
            del self._asked[thread]
        self._turn.notify_all()
