"""Runs commands, each in a fork of a process that has imported all they need.

Reads a job a line from standard input (JSON), and answers with two lines: the number of the process
as soon as it is there, and how it ended. The fork leaves as the program itself does, by
`cefrbench.__main__.run` and the end of the interpreter.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import random
import resource
import sys
import time

#: What commands import of other packages when they need it.
HEAVY = ("sklearn.linear_model", "sklearn.model_selection", "torch", "scipy.stats",
         "safetensors.torch", "transformers.models.qwen3.modeling_qwen3", "pyarrow.parquet",
         "rich.table", "psutil", "joblib", "platformdirs", "pydantic", "filelock",
         "cefrbench_leaderboard.cli")  # fmt: skip
#: Imports what not everybody has, or runs.
LEFT_OUT = ("cefrbench.testing", "cefrbench.notebook", "cefrbench.__main__")


def preload() -> None:
    """Import all of cefrbench, and what it imports when it needs it."""
    import cefrbench

    for found in pkgutil.walk_packages(cefrbench.__path__, "cefrbench."):
        if not found.name.startswith(
            ("cefrbench.testing", "cefrbench.notebook", "cefrbench.__main")
        ):
            importlib.import_module(found.name)
    for name in HEAVY:
        importlib.import_module(name)
    _ = importlib.import_module("cefrbench.plugins").PluginHost().registries
    gc.freeze()  # else each fork would copy all that was imported when it first collects


def prepare(job: dict[str, object]) -> None:
    """Make this process what the job says: its streams, its limits, its clock."""
    os.setpgid(0, 0)
    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(str(job[name]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(handle, number)
    for name, limit in dict(job["limits"]).items():  # type: ignore[call-overload]
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))
    if job["clock"]:
        chance = random.Random(int(str(job["clock"])))
        real = time.time
        time.time = lambda: real() + chance.choice((-3e8, -4000.0, 0.0, 4000.0, 3e8))
    sys.argv = ["cefrbench", *map(str, job["words"])]  # type: ignore[call-overload]


def serve() -> None:
    """Take jobs until there are none; returns in the process that is to do one."""
    preload()
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            prepare(job)
            return
        print(child, flush=True)
        _, status, usage = os.wait4(child, 0)
        spent = usage.ru_utime + usage.ru_stime
        ended = [os.waitstatus_to_exitcode(status), spent, usage.ru_maxrss / 1024]
        print(json.dumps(ended), flush=True)
    sys.exit(0)


if __name__ == "__main__":
    serve()
    from cefrbench.__main__ import run

    run()
