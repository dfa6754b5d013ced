"""Who works on what, among processes that share a cache.

A claim is a lock on one of 256 files of ``cache_dir/claims``; a hash of the work's name says which.
The system lets go of it when its holder dies. Two works that fall on one file wait for each other,
which costs time and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from filelock import FileLock, Timeout

#: Files to claim by.
SLOTS = 256
Work = TypeVar("Work")


class Company(Protocol):
    """The processes that do some work together, seen by one of them."""

    def call(self) -> None:
        """Have the others come, for there is work."""

    def turned(self, work: Sequence[Work]) -> list[Work]:
        """Give the work in the order of this process, each of which begins at another place."""


class Alone:
    """No company."""

    def call(self) -> None:
        """Nobody comes."""

    def turned(self, work: Sequence[Work]) -> list[Work]:
        """Give the work as it is."""
        return list(work)


class ClaimedError(Exception):
    """Another process is at the same work."""


class Claims:
    """Claims on the work of one cache.

    Where the folder can't be written or the file system has no locks, everything is claimed at
    once: the worst is that the same is computed twice.

    Parameters
    ----------
    cache_dir : Path
    """

    def __init__(self, cache_dir: Path) -> None:
        self.folder = cache_dir / "claims"

    @contextmanager
    def wait(self, name: str) -> Iterator[None]:
        """Claim some work, as soon as no other process is at it."""
        lock = self._lock(name)
        taken = _acquire(lock, -1)
        try:
            yield
        finally:
            if taken:
                lock.release()

    def attempt(self, name: str) -> FileLock | None:
        """Claim some work that no other process is at; None where one is.

        The claim is given up by ``release``; that of a file system without locks is a lock that
        was never taken.
        """
        lock = self._lock(name)
        try:
            _acquire(lock, 0)
        except Timeout:
            return None
        return lock

    @contextmanager
    def at_once(self, name: str) -> Iterator[None]:
        """Claim some work that no other process is at.

        Raises
        ------
        ClaimedError
            When one is.
        """
        claim = self.attempt(name)
        if claim is None:
            raise ClaimedError(name)
        try:
            yield
        finally:
            claim.release()

    def _lock(self, name: str) -> FileLock:
        slot = hashlib.sha256(name.encode()).digest()[0] % SLOTS
        # One thread may take it and another give it up.
        return FileLock(self.folder / f"{slot:02x}.lock", thread_local=False)


def _acquire(lock: FileLock, timeout: float) -> bool:
    """Take a lock; false where there can be none."""
    try:
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=timeout)
    except Timeout:
        raise
    except (OSError, NotImplementedError):
        return False
    return True
