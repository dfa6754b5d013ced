"""What killed runs leave is cleared away; a cache that nobody may write serves what it holds."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tiny_models import write_bert

from cefrbench.atomic import atomic_path, remove_stale
from cefrbench.cli import main

#: Writes half a file and is killed while it does.
HALF = """
import os, signal, sys
from pathlib import Path
from cefrbench.atomic import atomic_path
with atomic_path(Path(sys.argv[1])) as part:
    part.write_text("half")
    print("half", flush=True)
    if sys.argv[2] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdin.read()
"""


def writer(path, what):
    command = [sys.executable, "-c", HALF, str(path), what]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"half\n"
    return process


def parts(folder):
    return sorted(folder.glob(".*.part"))


def test_what_a_killed_writer_left_is_removed_and_what_is_being_written_stays(tmp_path):
    dead = writer(tmp_path / "x.json", "die")
    assert dead.wait() == -signal.SIGKILL
    dead.communicate()
    (stale,) = parts(tmp_path)
    alive = writer(tmp_path / "x.json", "wait")
    assert stale not in parts(tmp_path), "the next writer of the same file clears it away"
    (live,) = parts(tmp_path)
    with atomic_path(tmp_path / "x.json") as part:
        part.write_text("whole")
        assert live.exists()
    assert remove_stale(tmp_path) == []
    alive.communicate(b"")
    assert alive.returncode == 0
    assert (tmp_path / "x.json").read_text() == "half"
    assert parts(tmp_path) == []


def test_the_cache_is_rid_of_stale_parts_when_it_is_pruned(tmp_path):
    for place in ("features/a/b", "fits/ab"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / ".x.safetensors.abc.part").write_text("half")
    (tmp_path / "mine.part").write_text("somebody's own")
    assert main(["cache", "prune", "--damaged", "--yes", "--cache-dir", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.rglob("*.part")) == ["mine.part"]


RUN = ["run", "--suite", "quickstart", "--corpus", "merlin-de", "--corpus", "merlin-it",
       "--encoder", "length", "--probe", "ridge", "--no-references", "--quiet"]  # fmt: skip


def bound(command):
    """Bind root by the permissions of files too, as everybody else is."""
    if os.geteuid():
        return command
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", *command]


@pytest.fixture
def read_only():
    folder = Path(tempfile.mkdtemp(prefix="cefrbench-read-only-"))
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(
    not os.geteuid() and shutil.which("setpriv") is None, reason="root may write anywhere"
)
def test_a_warm_cache_that_nobody_may_write_is_used_and_a_cold_one_told(read_only, tmp_path):
    words = [*RUN, "--cache-dir", str(read_only)]
    assert main([*words, "--output", str(tmp_path / "first")]) == 0
    for path in sorted(read_only.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    read_only.chmod(0o555)
    command = bound([sys.executable, "-m", "cefrbench", *words])
    warm = subprocess.run(
        [*command, "--output", str(tmp_path / "again")], capture_output=True, text=True
    )
    assert (warm.returncode, warm.stderr) == (0, "")
    name = "length/quickstart.predictions.parquet"
    assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "first" / name).read_bytes()
    cold = subprocess.run(
        [*command, "--corpus", "merlin-cs", "--output", str(tmp_path / "cold")],
        capture_output=True,
        text=True,
    )
    assert cold.returncode == 1
    assert cold.stderr.startswith(f"Error: The cache folder '{read_only}")
    assert cold.stderr.count("\n") == 1
    assert "Permission denied" in cold.stderr
    assert "--cache-dir" in cold.stderr
    assert not (tmp_path / "cold").exists()


def test_layers_that_a_model_has_not_are_refused_before_it_is_loaded(tmp_path, capsys):
    folder = write_bert(tmp_path / "bert")
    (folder / "model.safetensors").write_bytes(b"damaged: whoever loads it says so")
    capsys.readouterr()
    words = ["run", "--suite", "quickstart", "--quiet", "--cache-dir", str(tmp_path / "cache")]
    for name in (str(folder), f"hf:{folder}", f"st:{folder}"):
        assert main([*words, "--encoder", name, "--layers", "3"]) == 1
        told = capsys.readouterr().err
        assert "Layers '3' are out of range" in told
        assert told.count("\n") == 1
    home = tmp_path / "cache" / "hub" / "models--org--bert"
    shutil.copytree(folder, home / "snapshots" / ("a" * 40))
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("a" * 40)
    assert main([*words, "--encoder", "hf:org/bert", "--layers", "3", "--offline"]) == 1
    assert "Layers '3' are out of range" in capsys.readouterr().err
    assert main([*words, "--encoder", str(folder), "--layers", "2"]) == 1
    assert "can't be loaded" in capsys.readouterr().err


@pytest.mark.parametrize("device", ["mps", "cuda:77"])
def test_a_device_that_is_not_there_is_told_before_corpora_are_read(tmp_path, capsys, device):
    words = ["run", "--encoder", "length", "--device", device, "--data-dir", str(tmp_path / "no")]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"Error: There is no device {device!r} on this machine: it has ")
