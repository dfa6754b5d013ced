"""Runs that share their work with others, here, on submitit and on Ray: the bytes of one alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cefrbench.claims import Claims
from cefrbench.cli import main

#: An encoder that hangs in the first helper that comes to it; the run waits until it does.
PLUGIN = """
import os, sys, time
from pathlib import Path
import numpy as np
from cefrbench import Encoder, EncoderCard, EncoderIdentity, EncoderSpec, hookimpl

class Slow(Encoder):
    batch_overhead = 0
    identity = EncoderIdentity(
        name="slow", model="slow", pooling=None, instruction="", max_length=None,
        dtype="float32", layers=(1, 2), width=8,
    )
    def encode(self, batch):
        marker = Path(os.environ["MARKER"])
        if "--helper" in sys.argv and not marker.exists():
            part = marker.with_suffix(".part")
            part.write_text(str(os.getpid()))
            part.replace(marker)
            time.sleep(600)
        while {"--workers", "--executor"} & {*sys.argv} and not marker.exists():
            time.sleep(0.05)
        rows = [np.random.default_rng(len(text)).normal(size=(2, 8)) for text in batch]
        return np.stack(rows).astype(np.float32)

@hookimpl
def register_encoders(register):
    card = EncoderCard(name="slow", description="slow")
    register(EncoderSpec(card, lambda name, options: Slow()))
"""
RAY = ["--executor", "ray"]
OPTIONS = ["run", "--suite", "quickstart", "--encoder", "slow", "--no-references", "--quiet"]
OPTIONS += ["--no-analyses", "--probe", "ridge", "--refits", "2", "--protocol", "iid"]
OPTIONS += ["--corpus", "merlin-cs", "--corpus", "merlin-it", "--corpus", "merlin-de"]


def start(folder: Path, *more: str) -> subprocess.Popen:
    """Start a run in a process of its own."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "slow.py").write_text(PLUGIN)
    here = {"CEFRBENCH_PLUGINS_DIR": str(folder / "plugins"), "MARKER": str(folder / "marker")}
    command = [sys.executable, "-m", "cefrbench", *OPTIONS, *more]
    command += ["--cache-dir", str(folder / "cache"), "--output", str(folder / "out")]
    return subprocess.Popen(command, env={**os.environ, **here}, cwd=folder, stderr=subprocess.PIPE)


def written(folder: Path, process: subprocess.Popen) -> tuple[dict, bytes]:
    """What a run wrote in the end, but for times."""
    _, told = process.communicate(timeout=240)
    assert process.returncode == 0, told.decode()
    out = folder / "out" / "slow"
    result = json.loads((out / "quickstart.json").read_text())
    del result["provenance"], result["checksum"]
    return result, (out / "quickstart.predictions.parquet").read_bytes()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return written(folder, start(folder))


def kill_who_hangs(marker: Path, process: subprocess.Popen) -> None:
    """Kill the process that wrote the marker, in the middle of a shard."""
    for _ in range(2400):
        if marker.exists():
            os.kill(int(marker.read_text()), signal.SIGKILL)
            return
        assert process.poll() is None, "the run ended before a helper came to a shard"
        time.sleep(0.05)
    raise AssertionError("no helper came to a shard")


@pytest.mark.parametrize(
    ("package", "options"),
    [
        (None, ["--workers", "3"]),
        ("submitit", ["--executor", "submitit", "--executor-option", "cluster=local"]),
        ("ray", [*RAY, "--workers", "3", "--executor-option", "num_cpus=0.5"]),
    ],
    ids=["local", "submitit", "ray"],
)
def test_a_run_whose_helper_is_killed_gives_the_bytes_of_one_alone(
    package, options, alone, tmp_path
):
    if package:
        pytest.importorskip(package)
    shared = start(tmp_path, *options)
    kill_who_hangs(tmp_path / "marker", shared)
    assert written(tmp_path, shared) == alone


def test_helpers_leave_out_what_another_process_is_at(tmp_path):
    claims, others = Claims(tmp_path), Claims(tmp_path)
    with claims.wait("shard 3"):
        assert others.attempt("shard 3") is None
        free = others.attempt("shard 4")
        assert free is not None
        free.release()
    again = others.attempt("shard 3")
    assert again is not None
    again.release()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--workers", "2", "--force"], "leave one of --force and --workers out"),
        (["--executor-option", "a=1"], "name one"),
        (["--executor", "submitit", "--executor-option", "a"], "write NAME=VALUE"),
        (["--executor", "submitit", "--executor-option", "no_such=1"], "doesn't take these"),
        (["--helper", "2/2"], "write NUMBER/OF"),
        (["--ray-address", "auto"], "add --executor ray"),
        (["--executor", "submitit", "--ray-address", "auto"], "add --executor ray"),
        (
            [*RAY, "--executor-option", "address=a:1", "--ray-address", "b:1"],
            "leave --executor-option address= out",
        ),
        ([*RAY, "--ray-address", "nowhere"], "can't be started or joined"),
    ],
)
def test_what_is_asked_of_workers_amiss_is_one_sentence(options, told, tmp_path, capsys):
    if "nowhere" in options:
        pytest.importorskip("ray")
    asked = ["run", "--encoder", "surface", "--cache-dir", str(tmp_path), *options]
    assert main(asked) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_run_whose_work_is_in_the_cache_calls_nobody(tmp_path):
    options = ["run", "--suite", "quickstart", "--encoder", "length", "--no-references", "--quiet"]
    options += ["--no-analyses", "--probe", "ridge", "--refits", "2", "--protocol", "iid"]
    options += ["--cache-dir", str(tmp_path / "cache"), "--output", str(tmp_path / "out")]
    assert main(options) == 0
    assert main([*options, "--workers", "2"]) == 0
    assert not (tmp_path / "cache" / "workers").exists()
    assert main([*options, "--workers", "2", "--refits", "3"]) == 0
    assert (tmp_path / "cache" / "workers").exists()
