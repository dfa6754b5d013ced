"""Call a function on a probe in a process that has never seen it, nor any state of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import cloudpickle

from cefrbench.contracts.probe import ProbeSpec
from cefrbench.plugins import LOOSE, load_file

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from multiprocessing.connection import Connection

T = TypeVar("T")
#: What a call gave, or why there is nothing.
Returned: TypeAlias = tuple[Any, Exception | None]

#: Seconds that the worker waits for the next probe before it ends.
_IDLE = 60


class UnpackedError(Exception):
    """The probe can't be sent to, or imported in, another process; says why."""


@dataclass(frozen=True, slots=True)
class PackedProbe:
    """A probe as it was when it was packed: before any fit, it holds no rows.

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
    def of(cls, spec: ProbeSpec) -> PackedProbe:
        """Pack a probe; classes and functions of modules go by name."""
        module = str(getattr(spec.make, "__module__", ""))
        file = sys.modules[module].__file__ if module.startswith(LOOSE) else None
        try:
            content = bytes(cloudpickle.dumps(spec))
        except Exception as error:  # noqa: BLE001 - whatever a plugin's own parts raise
            return cls(b"", refusal=f"{type(error).__name__}: {error}")
        return cls(content, Path(file) if file else None)

    def unpacked(self) -> ProbeSpec:
        """The probe, its modules imported where they were not."""
        if self.file is not None:
            load_file(self.file)
        spec: ProbeSpec = cloudpickle.loads(self.content)
        return spec


def in_new_process(call: Callable[..., T], probe: PackedProbe, *args: object) -> T:
    """Call ``call(spec, *args)`` where the probe's modules are imported anew.

    Raises
    ------
    UnpackedError
        When the probe can't be sent to or imported in another process.
    RuntimeError
        When the call raises; it says what.
    """
    if probe.refusal:
        raise UnpackedError(probe.refusal)
    executor = _worker()
    try:
        answer, failure = executor.submit(_in_copy, call, probe, args).result()
    finally:
        if not _copies():
            executor.shutdown()
            _worker.cache_clear()
    if failure is not None:
        raise failure
    return answer  # type: ignore[no-any-return]


def _copies() -> bool:
    """Whether a clean process can be copied for each call, which is faster than a new one."""
    return sys.platform == "linux"


@cache
def _worker() -> Executor:
    """A process with scikit-learn and no plugin in it."""
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(max_workers=1, timeout=_IDLE)  # type: ignore[no-any-return]


def _in_copy(call: Callable[..., Any], probe: PackedProbe, args: tuple[Any, ...]) -> Returned:
    """In the worker: let a copy of it answer, so that it stays clean for the next probe."""
    if not _copies():
        return _answer(call, probe, args)
    from multiprocessing import get_context

    import sklearn.linear_model  # noqa: F401 - once here, not in every copy

    context = get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    copy = context.Process(target=_send, args=(sending, call, probe, args))
    copy.start()
    sending.close()
    try:
        answer: Returned = receiving.recv()
    except EOFError:
        return None, RuntimeError("the process ended before it answered")
    finally:
        copy.join()
    return answer


def _send(sending: Connection, *of: Any) -> None:
    sending.send(_answer(*of))


def _answer(call: Callable[..., Any], probe: PackedProbe, args: tuple[Any, ...]) -> Returned:
    """What the call gave, or an error that any process knows."""
    try:
        spec = probe.unpacked()
    except Exception as error:  # noqa: BLE001 - told by whoever called
        return None, UnpackedError(f"{type(error).__name__}: {error}")
    try:
        return call(spec, *args), None
    except Exception as error:  # noqa: BLE001 - told by whoever called
        return None, RuntimeError(f"{type(error).__name__}: {error}")
