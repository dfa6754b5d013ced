"""The program: ``cefrbench``, and ``python -m cefrbench``."""

import atexit
import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
TERMINATED = 143


def run() -> None:
    """Run the command line and leave with its exit status.

    An interrupted run leaves by itself, after all else that wants to be done at the end: what
    libraries leave behind ended 2 of 24 interrupted processes by the signal, not with a status,
    while Python was finishing. SIGTERM, which schedulers send before they kill, interrupts too.
    """
    status, ending = 0, INTERRUPTED

    def terminate(_: int, __: FrameType | None) -> None:
        nonlocal ending
        ending = TERMINATED
        raise KeyboardInterrupt

    def leave() -> None:
        if status == ending:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    atexit.register(leave)  # the first to be registered is the last to be called
    signal.signal(signal.SIGTERM, terminate)
    try:
        from cefrbench.cli import main

        status = main()
    except KeyboardInterrupt:  # before the command line was there to say so
        status = INTERRUPTED
    if status == INTERRUPTED:
        status = ending
    # Raised in what libraries run at the end, an interrupt would only print a traceback.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: os._exit(128 + number))
    sys.exit(status)


if __name__ == "__main__":
    run()
