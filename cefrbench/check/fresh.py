"""Call a function on a plugin's thing in a process that has never seen it, nor any state of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import cloudpickle

from cefrbench.plugins import LOOSE, load_file

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from multiprocessing.connection import Connection

S = TypeVar("S")
T = TypeVar("T")
#: What a call gave, or why there is nothing.
Returned: TypeAlias = tuple[Any, Exception | None]

#: Seconds that the worker waits for the next call before it ends.
_IDLE = 60


class UnpackedError(Exception):
    """The thing can't be sent to, or imported in, another process; says why."""


@dataclass(frozen=True, slots=True)
class Packed(Generic[S]):
    """A thing as it was when it was packed: a probe that was never fitted holds no rows.

    Attributes
    ----------
    content : bytes
        Empty when it can't be packed.
    file : Path or None
        The loose file that has to be loaded first, because no import finds it.
    refusal : str
        Why it can't be packed.
    """

    content: bytes
    file: Path | None = None
    refusal: str = ""

    @classmethod
    def of(cls, thing: S, made_by: object) -> Packed[S]:
        """Pack a thing; classes and functions of modules go by name, ``made_by``'s first."""
        module = str(getattr(made_by, "__module__", ""))
        file = sys.modules[module].__file__ if module.startswith(LOOSE) else None
        try:
            content = bytes(cloudpickle.dumps(thing))
        except Exception as error:  # noqa: BLE001 - whatever a plugin's own parts raise
            return cls(b"", refusal=f"{type(error).__name__}: {error}")
        return cls(content, Path(file) if file else None)

    def unpacked(self) -> S:
        """The thing, its modules imported where they were not."""
        if self.file is not None:
            load_file(self.file)
        thing: S = cloudpickle.loads(self.content)
        return thing


def in_new_process(
    call: Callable[..., T],
    packed: Packed[S],
    *args: object,
    environment: Mapping[str, str] | None = None,
) -> T:
    """Call ``call(thing, *args)`` where the thing's modules are imported anew.

    Parameters
    ----------
    call : callable
    packed : Packed
        The thing.
    *args : object
    environment : mapping of str to str, optional
        Variables that are set before anything is imported, beside those of this process.

    Raises
    ------
    UnpackedError
        When the thing can't be sent to or imported in another process.
    RuntimeError
        When the call raises; it says what.
    """
    if packed.refusal:
        raise UnpackedError(packed.refusal)
    executor = _worker()
    try:
        asked = NewProcessCall(call, packed, args, {**os.environ, **(environment or {})})
        answer, failure = executor.submit(_in_copy, asked).result()
    finally:
        if not _copies():
            executor.shutdown()
            _worker.cache_clear()
    if failure is not None:
        raise failure
    return answer  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class NewProcessCall:
    """What another process is asked for."""

    call: Callable[..., Any]
    packed: Packed[Any]
    args: tuple[Any, ...]
    environment: dict[str, str]


def _copies() -> bool:
    """Whether a clean process can be copied for each call, which is faster than a new one."""
    return sys.platform == "linux"


@cache
def _worker() -> Executor:
    """A process with scikit-learn and no plugin in it."""
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(max_workers=1, timeout=_IDLE)  # type: ignore[no-any-return]


def _in_copy(asked: NewProcessCall) -> Returned:
    """In the worker: let a copy of it answer, so that it stays clean for the next thing."""
    if not _copies():
        return _answer(asked)
    from multiprocessing import get_context

    import sklearn.linear_model  # noqa: F401 - once here, not in every copy

    context = get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    copy = context.Process(target=_send, args=(sending, asked))
    copy.start()
    sending.close()
    try:
        answer: Returned = receiving.recv()
    except EOFError:
        return None, RuntimeError("the process ended before it answered")
    finally:
        copy.join()
    return answer


def _send(sending: Connection, asked: NewProcessCall) -> None:
    sending.send(_answer(asked))


def _answer(asked: NewProcessCall) -> Returned:
    """What the call gave, or an error that any process knows."""
    os.environ.clear()  # those of this process are as old as it is
    os.environ.update(asked.environment)
    try:
        thing = asked.packed.unpacked()
    except Exception as error:  # noqa: BLE001 - told by whoever called
        return None, UnpackedError(f"{type(error).__name__}: {error}")
    try:
        return asked.call(thing, *asked.args), None
    except Exception as error:  # noqa: BLE001 - told by whoever called
        return None, RuntimeError(f"{type(error).__name__}: {error}")
