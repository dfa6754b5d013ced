"""The store: what it serves is whole; two runs at once and killed runs are safe."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from counting import Counting, expected
from essay_factory import essays
from safetensors.numpy import load_file, safe_open, save_file
from tiny_models import write_bert

from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.errors import CacheError
from cefrbench.features.compute import compute_features
from cefrbench.features.shards import (
    DamagedShardError,
    check_shard,
    read_layer,
    verify_shard,
    write_shard,
)
from cefrbench.features.store import FeatureStore, bytes_of, default_cache_dir, plan_shards
from cefrbench.plugins import PluginHost

TEXTS = [f"text {n:04d} " + "x" * (n % 50) for n in range(700)]
HERE = Path(__file__).parent


def corpus(texts=TEXTS):
    return essays("one", [(text, "B1") for text in texts])


def compute(cache, encoder=None):
    return compute_features(encoder or Counting(), [corpus()], FeatureStore(cache))


def shards(cache):
    return sorted(cache.rglob("shard-*.safetensors"))


@pytest.fixture
def cache(tmp_path):
    compute(tmp_path)
    return tmp_path


def assert_served_whole(features):
    for layer in (0, 1, 2):
        np.testing.assert_array_equal(features.layer(layer), [expected(t, layer) for t in TEXTS])


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("hf:Org/A Model_1.5", "a-model_1.5"),
        ("org/" + "n" * 61, "n" * 60),
        ("org/日本", "model"),
        ("org/-x.", "x"),
    ],
)
def test_a_folder_begins_with_the_last_part_of_a_name(tmp_path, name, slug):
    compute_features(Counting(name), [essays("one", [("a", "B1")])], FeatureStore(tmp_path))
    (folder,) = (tmp_path / "features").iterdir()
    assert folder.name.rpartition("-")[0] == slug


def test_what_lies_where(cache):
    identity = Counting().identity
    folder = (
        cache / "features" / f"counting-{identity.digest()}" / f"one-{corpus().fingerprint[:16]}"
    )
    assert folder.is_dir()
    index = json.loads((folder / "index.json").read_text())
    assert index["encoder"] == identity.model_dump(mode="json")
    assert (index["texts"], sum(index["shards"])) == (700, 700)
    with safe_open(folder / "shard-00000.safetensors", framework="numpy") as file:
        assert sorted(file.keys()) == ["layer.000", "layer.001", "layer.002", "rows"]
        assert file.get_slice("layer.001").get_shape() == [256, 4]
        rows = file.get_tensor("rows")
    lengths = [len(TEXTS[row]) for row in rows]
    assert lengths == sorted(lengths), "texts of like length stand together"


def test_no_text_is_written(cache):
    for path in cache.rglob("*"):
        assert not path.is_file() or b"text 0001" not in path.read_bytes()


def flip(path):
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b"")


def garble(path):
    path.write_bytes(b"\xff" * 500)


def swap(path):
    """A whole shard, but of other texts."""
    path.write_bytes(shards(path.parents[3])[2].read_bytes())


def edit(path):
    """Whole by safetensors' own rules, with one value changed and the old checksums."""
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    tensors["layer.001"][3, 1] += 1
    save_file(tensors, path, metadata)


def strip(path):
    """Without our header."""
    save_file(load_file(path), path)


def reshape(path):
    """The same bytes under the same checksums, as features of another width."""
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    tensors["layer.001"] = tensors["layer.001"].reshape(128, -1)
    save_file(tensors, path, metadata)


def nest(path):
    """The same bytes again, in three dimensions."""
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    tensors["layer.001"] = tensors["layer.001"].reshape(len(tensors["rows"]), 1, -1)
    save_file(tensors, path, metadata)


def mistype(path):
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    tensors["layer.001"] = tensors["layer.001"].view(np.int32)
    save_file(tensors, path, metadata)


def count(path):
    """Rows as one number, whose bytes are in order."""
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["cefrbench"])
    tensors = load_file(path) | {"rows": np.array(3, dtype=np.int64)}
    header["sha256"]["rows"] = hashlib.sha256(tensors["rows"].tobytes()).hexdigest()
    save_file(tensors, path, {"cefrbench": json.dumps(header)})


def deepen(path):
    save_file(load_file(path), path, {"cefrbench": "[" * 5000})


def pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        cut,
        empty,
        garble,
        swap,
        edit,
        strip,
        reshape,
        nest,
        mistype,
        count,
        deepen,
        pipe,
        Path.unlink,
    ],
)
def test_a_damaged_shard_is_computed_again_never_served(cache, damage):
    damage(shards(cache)[0])
    encoder = Counting()
    features = compute(cache, encoder)
    assert (features.stats["shards_computed"], features.stats["shards_reused"]) == (1, 2)
    assert len(encoder.texts) == 256
    assert_served_whole(features)


@pytest.mark.parametrize("content", ["", "{", "{}", '{"format": 99}', "[" * 5000])
def test_a_damaged_index_is_written_anew(cache, content):
    (index,) = cache.rglob("index.json")
    before = index.read_text()
    index.write_text(content)
    assert_served_whole(compute(cache))
    assert index.read_text() == before


@pytest.mark.parametrize("package", ["torch", "transformers", "tokenizers"])
def test_features_of_another_version_of_the_software_are_computed_again(
    tmp_path, monkeypatch, package
):
    """Of a transformer, whose states hang on all three."""
    folder = write_bert(tmp_path / "bert")
    spec = PluginHost(load="").get_encoder(f"hf:{folder}")

    def computed():
        encoder = spec.load(f"hf:{folder}", EncoderOptions(device="cpu"))
        store = FeatureStore(tmp_path / "cache")
        return compute_features(encoder, [corpus(TEXTS[:20])], store).stats["texts"]

    assert computed() == 20
    assert computed() == 0
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda n: "0.0" if n == package else real(n))
    assert computed() == 20
    assert computed() == 0


@pytest.mark.parametrize("strange", ["corpus", "encoder"])
def test_a_shard_of_another_corpus_or_encoder_is_computed_again(cache, tmp_path, strange):
    """Whole, of as many texts of the same lengths, and in the right place."""
    others = [text.replace("x", "y") for text in TEXTS]
    encoder = Counting(details={"other": "yes"} if strange == "encoder" else {})
    elsewhere = tmp_path / "elsewhere"
    one = corpus(TEXTS if strange == "encoder" else others)
    compute_features(encoder, [one], FeatureStore(elsewhere))
    ours = [path for path in shards(cache) if elsewhere not in path.parents]
    for path, other in zip(ours, shards(elsewhere), strict=True):
        path.write_bytes(other.read_bytes())
    again = Counting()
    assert_served_whole(compute(cache, again))
    assert len(again.texts) == 700


def test_an_error_while_the_last_shard_is_written_is_raised(cache):
    """Shards are written behind the encoder: it has long ended when the last write fails."""
    (first, *_) = shards(cache)
    first.unlink()
    first.mkdir()
    with pytest.raises(CacheError, match="can't be written"):
        compute(cache)
    first.rmdir()
    assert_served_whole(compute(cache))


def test_features_of_other_code_are_computed_again(cache, monkeypatch):
    monkeypatch.setattr("cefrbench.features.compute.source_digest", lambda encoder: "edited")
    encoder = Counting()
    compute(cache, encoder)
    assert len(encoder.texts) == 700
    again = Counting()
    compute(cache, again)
    assert again.texts == [], "and once they are, they are served"


def test_a_shard_that_goes_bad_while_in_use_is_not_served(cache):
    features = compute(cache)
    cut(shards(cache)[1])
    with pytest.raises(CacheError, match="went bad while in use"):
        features.layer(1)


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(tmp_path):
    """A limit on the size of files stands for the disk: the same write fails in the same place."""
    script = """
        import resource, signal, sys
        from pathlib import Path
        from test_store import *
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
        try:
            compute(Path(sys.argv[1]))
        except CacheError as error:
            print(error)
    """
    done = python(script, tmp_path)
    assert "can't be written (File too large)" in done.stdout, done.stderr
    assert not shards(tmp_path)
    assert not list(tmp_path.rglob("*.part"))
    assert_served_whole(compute(tmp_path))


def python(script, *arguments, wait=True):
    """Run a script beside these tests, in a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if not wait:
        return process
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


SLOW = """
    import sys, time
    from pathlib import Path
    from test_store import *

    def slowly(self, batch, encode=Counting.encode):
        time.sleep(0.02)
        return encode(self, batch)

    # No class of its own: its features would be those of other code.
    Counting.encode = slowly
    encoder = Counting()
    print("ready", flush=True)
    try:
        features = compute(Path(sys.argv[1]), encoder)
    except KeyboardInterrupt:
        # Libraries that others installed decide how Python ends by itself.
        sys.exit("interrupted")
    assert_served_whole(features)
    print(len(encoder.texts))
"""


def test_a_killed_run_costs_at_most_one_shard(tmp_path):
    process = python(SLOW, tmp_path, wait=False)
    while len(shards(tmp_path)) < 1:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = len(shards(tmp_path))
    assert 1 <= kept < 3
    # As a kill in the middle of a write leaves it.
    (shards(tmp_path)[0].parent / ".shard-00000.safetensors.abc.part").write_bytes(b"torn")
    encoder = Counting()
    features = compute(tmp_path, encoder)
    assert features.stats["shards_reused"] == kept
    assert_served_whole(features)
    assert not list(tmp_path.rglob("*.part"))


def test_an_interrupted_run_ends_after_its_batch_and_keeps_its_shards(tmp_path):
    process = python(SLOW, tmp_path, wait=False)
    while len(shards(tmp_path)) < 1:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (1, "interrupted\n")
    kept = len(shards(tmp_path))
    assert 1 <= kept < 3
    assert compute(tmp_path).stats["shards_reused"] == kept


def test_two_runs_at_once_encode_every_text_once(tmp_path):
    runs = [python(SLOW, tmp_path, wait=False) for _ in range(2)]
    ends = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ends
    assert sum(int(out.split()[-1]) for out, _ in ends) == 700


def test_shards_hold_no_more_than_can_wait_in_memory():
    identity = Counting(layers=tuple(range(37))).identity.model_copy(update={"width": 4096})
    plan = plan_shards(TEXTS, identity)
    assert max(map(len, plan)) * 37 * 4096 * 4 <= 64 * 2**20
    assert sorted(np.concatenate(plan)) == list(range(700))


def test_the_cache_lies_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("CEFRBENCH_CACHE_DIR", str(tmp_path))
    assert default_cache_dir() == tmp_path
    monkeypatch.delenv("CEFRBENCH_CACHE_DIR")
    assert default_cache_dir().name == "cefrbench"


def test_a_shard_of_more_or_fewer_layers_is_not_whole(tmp_path):
    path, rows = tmp_path / "shard", np.arange(2)
    write_shard(path, "key", rows, np.ones((2, 2, 4), np.float32), (0, 1))
    check_shard(path, "key", rows, (0, 1))
    for layers in ((0,), (0, 1, 2), (0, 2)):
        with pytest.raises(DamagedShardError, match=r"^holds other layers$"):
            check_shard(path, "key", rows, layers)
    with pytest.raises(DamagedShardError, match=r"^is of another encoder or corpus$"):
        check_shard(path, "other", rows, (0, 1))
    with pytest.raises(DamagedShardError, match=r"^holds other texts$"):
        check_shard(path, "key", rows + 1, (0, 1))


def test_a_header_without_checksums_is_damage(tmp_path):
    path = tmp_path / "shard"
    header = json.dumps({"key": "key", "sha256": ["rows"]})
    save_file({"rows": np.arange(2)}, path, {"cefrbench": header})
    with pytest.raises(DamagedShardError, match=r"^can't be read \(its header names no checksums"):
        verify_shard(path)


def test_all_shards_are_absent_where_the_index_is_another(cache):
    (features,) = compute(cache).corpora
    count = len(features.plan)
    assert count > 1
    assert features.absent() == features.missing() == []
    features.path(1).unlink()
    assert features.absent() == features.missing() == [1]
    (features.folder / "index.json").write_text("{}")
    assert features.absent() == features.missing() == [*range(count)]


# -- shards and plans, one thing at a time ---------------------------------------------------------


def written(path, values=None, rows=(4, 1, 7), layers=(0, 3)):
    values = np.ones((len(rows), len(layers), 5), np.float32) if values is None else values
    write_shard(path, "key", np.array(rows), values, layers)
    return path


def changed(path, header=None, **tensors):
    """The same shard with other tensors, under their own checksums unless a header is given."""
    with safe_open(path, framework="numpy") as file:
        said = json.loads(file.metadata()["cefrbench"])
    new = load_file(path) | tensors
    said["sha256"] |= {n: hashlib.sha256(t.tobytes()).hexdigest() for n, t in tensors.items()}
    save_file(new, path, {"cefrbench": json.dumps(said if header is None else header)})
    return path


def said_of(path):
    said = []
    for check in (
        lambda: verify_shard(path),
        lambda: check_shard(path, "key", np.array((4, 1, 7)), (0, 3)),
    ):
        with pytest.raises(DamagedShardError) as caught:
            check()
        said.append(str(caught.value))
    assert said[0] == said[1]
    return said[0]


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("rows", np.array([[4], [1], [7]])),
        ("rows", np.array([4, 1, 7], np.int32)),
        ("layer.003", np.ones((3, 5), np.float64)),
        ("layer.003", np.ones((3, 5), np.int16)),
        ("layer.003", np.ones(3, np.float32)),
        ("layer.003", np.ones((3, 5, 1), np.float32)),
        ("layer.003", np.ones((2, 5), np.float32)),
        ("layer.003", np.ones((4, 5), np.uint16)),
    ],
)
def test_a_tensor_of_another_type_or_shape_is_named(tmp_path, name, tensor):
    path = changed(written(tmp_path / "shard"), **{name: tensor})
    assert said_of(path) == f"has another type or shape at {name}"


def test_each_tensor_is_checked_against_its_checksum(tmp_path):
    path = written(tmp_path / "shard")
    verify_shard(path)
    check_shard(path, "key", np.array((4, 1, 7)), (0, 3))
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["cefrbench"])
    for name, tensor in (
        ("rows", np.array([4, 1, 8])),
        ("layer.000", np.zeros((3, 5), np.float32)),
        ("layer.003", np.zeros((3, 5), np.float32)),
    ):
        changed(written(tmp_path / "shard"), header, **{name: tensor})
        assert said_of(path) == f"has a wrong checksum at {name}"


def test_what_is_no_shard_is_told_with_its_cause(tmp_path):
    path = tmp_path / "shard"
    assert said_of(path) == "is missing"
    with pytest.raises(DamagedShardError, match=r"^is missing$"):
        read_layer(path, 0)
    path.mkdir()
    assert said_of(path) == "is no regular file"
    path.rmdir()
    path.write_bytes(b"torn")
    assert said_of(path).startswith("can't be read (")
    changed(written(path), header={"key": "key", "sha256": []})
    assert said_of(path) == "can't be read (its header names no checksums)"
    written(path)
    save_file(load_file(path), path, {"cefrbench": "[" * 70 + "]" * 70})
    assert said_of(path) == "can't be read (its header is not ours)"


def test_one_layer_is_read_with_its_rows(tmp_path):
    values = np.arange(30, dtype=np.float32).reshape(3, 2, 5) + np.float32(1e-3)
    path = written(tmp_path / "shard", values)
    for place, layer in enumerate((0, 3)):
        rows, found = read_layer(path, layer)
        assert rows.tolist() == [4, 1, 7]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, values[:, place])
    with pytest.raises(DamagedShardError, match=r"^can't be read \("):
        read_layer(path, 1)


@pytest.mark.parametrize("odd", [(0, 0), (0, 4), (2, 0), (2, 4)])
def test_one_number_that_would_lose_something_keeps_its_layer_whole(tmp_path, odd):
    values = np.full((3, 2, 5), 1.5, np.float32)
    values[odd[0], 0, odd[1]] = np.nextafter(np.float32(1.5), np.float32(2))
    path = written(tmp_path / "shard", values)
    kinds = {name: tensor.dtype for name, tensor in load_file(path).items()}
    assert (kinds["layer.000"], kinds["layer.003"]) == (np.float32, np.uint16)
    for place, layer in enumerate((0, 3)):
        np.testing.assert_array_equal(read_layer(path, layer)[1], values[:, place])


def test_the_lowest_bit_that_is_kept_is_the_last_of_the_upper_half(tmp_path):
    bits = np.array([0x3F810000, 0x3F800000, 0xFFFF0000], np.uint32)
    for low, kind in ((0, np.uint16), (1, np.float32), (0x8000, np.float32)):
        values = (bits | np.array([0, low, 0], np.uint32)).view(np.float32).reshape(1, 1, 3)
        path = written(tmp_path / "shard", values, rows=(0,), layers=(12,))
        tensor = load_file(path)["layer.012"]
        assert tensor.dtype == kind
        found = read_layer(path, 12)[1].view(np.uint32)
        np.testing.assert_array_equal(found, values[:, 0].view(np.uint32))


@pytest.mark.parametrize(
    ("dtype", "pooling", "size"),
    [
        ("bfloat16", "last", 2), ("bfloat16", "cls", 2), ("bfloat16", "max", 2),
        ("bfloat16", "mean", 4), ("bfloat16", None, 4), ("float32", "last", 4),
        ("float16", "cls", 4),
    ],
)  # fmt: skip
def test_a_number_takes_two_bytes_where_it_is_a_models_own_bfloat16(dtype, pooling, size):
    assert bytes_of(Counting(dtype=dtype, pooling=pooling).identity) == size


@pytest.mark.parametrize(
    ("layers", "width", "size"),
    [
        (3, 4, 256),
        (1, 2**16, 256),
        (1, 2**16 + 4, 255),
        (2, 2**16, 128),
        (1, 2**24, 1),
        (1, 2**25, 1),
        (4, 0, 256),
    ],
)
def test_a_shard_has_so_many_texts_short_ones_first(layers, width, size):
    identity = Counting(layers=tuple(range(layers)), width=width).identity
    texts = ["ccc", "a", "bb", "b"] + ["long" + "x" * (n % 2) for n in range(300)]
    plan = plan_shards(texts, identity)
    assert [len(shard) for shard in plan[:-1]] == [size] * (len(plan) - 1)
    assert 0 < len(plan[-1]) <= size
    order = np.concatenate(plan).tolist()
    assert order == [1, 3, 2, 0, *range(4, 304, 2), *range(5, 304, 2)]
    assert plan_shards([], identity) == ()


def test_what_features_depend_on_ends_the_name_of_their_folder(tmp_path):
    store, identity = FeatureStore(tmp_path), Counting().identity
    one = corpus(["aa", "b", "aa"])
    plain = store.corpus(identity, one, "code")
    assert plain.folder.name == f"one-{one.fingerprint[:16]}"
    assert list(plain.texts) == ["aa", "b"]
    assert plain.rows.tolist() == [0, 1, 0]
    assert plain.rows.dtype == np.int64
    assert [shard.tolist() for shard in plain.plan] == [[1, 0]]
    index = plain.index
    assert (index.format, index.corpus, index.texts, index.shards) == (1, "one", 2, (2,))
    assert (index.fingerprint, index.software["source"]) == (one.fingerprint, "code")
    assert set(index.software) == {"torch", "transformers", "tokenizers", "source"}
    assert index.reads == {}
    assert plain.key == f"{identity.digest()}/{one.fingerprint}"
    assert plain.work(3) == f"{plain.key}/{plain.folder.name}/3"
    assert plain.path(12).name == "shard-00012.safetensors"
    assert plain.lock.lock_file == str(plain.folder / ".lock")
    marked = store.corpus(identity, one, "code", {"b": "2", "a": "1"})
    mark = hashlib.sha256(b'[["a", "1"], ["b", "2"]]').hexdigest()[:16]
    assert marked.folder.name == f"one-{one.fingerprint[:16]}-{mark}"
    assert marked.index.reads == {"b": "2", "a": "1"}


def test_a_folder_made_ready_has_its_index_and_no_shard_of_another(cache):
    (features,) = compute(cache).corpora
    path = features.folder / "index.json"
    os.utime(path, (1, 1))
    assert features.open() == []
    assert path.stat().st_mtime > 1, "it was used now"
    other = replace(features, index=features.index.model_copy(update={"software": {"x": "1"}}))
    assert other.missing() == other.absent() == [0, 1, 2]
    assert len(shards(cache)) == 3
    assert other.open() == [0, 1, 2]
    assert shards(cache) == []
    assert json.loads(path.read_text())["software"] == {"x": "1"}
    assert path.read_text().endswith("}\n")


def test_a_shard_that_is_damaged_is_missing_and_not_absent(cache):
    (features,) = compute(cache).corpora
    flip(features.path(0))
    features.path(2).unlink()
    assert (features.missing(), features.absent()) == ([0, 2], [2])
    assert [features.is_good(shard) for shard in range(3)] == [False, True, False]


def test_each_folder_of_features_is_listed_with_its_index(cache):
    store = FeatureStore(cache)
    ((folder, index),) = store.entries()
    assert index.corpus == "one"
    (folder / "index.json").write_text("{}")
    (store.folder / "a-1" / "b-2").mkdir(parents=True)
    assert list(store.entries()) == [(store.folder / "a-1" / "b-2", None), (folder, None)]


def test_bad_features_in_use_and_a_folder_that_cannot_be_made_are_told_in_full(cache):
    features = compute(cache)
    path = features.corpora[0].path(1)
    path.unlink()
    with pytest.raises(CacheError) as caught:
        features.layer(1)
    assert str(caught.value) == (
        f"The features in {str(path)!r} went bad while in use (is missing): run again to compute "
        "them anew."
    )
    (cache / "file").write_text("no folder")
    with pytest.raises(CacheError) as caught:
        FeatureStore(cache / "file").corpus(Counting().identity, corpus(), "code")
    assert str(caught.value) == (
        f"The cache folder {str(cache / 'file' / 'features')!r} can't be written (Not a "
        "directory): choose another one with --cache-dir."
    )
