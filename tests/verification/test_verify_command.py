"""`results open`, `results verify` and `reproduce`: what they say, and what they refuse."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file

from cefrbench.cli import main
from cefrbench.errors import ResultError
from cefrbench.results.checked import read_checked
from cefrbench.results.commitments import merkle_root
from cefrbench.verification.again import Here, plan_again
from cefrbench.verification.draw import draw_texts
from cefrbench.verification.openings import openings_path, read_openings
from cefrbench.verification.record import read_record
from cefrbench.verification.sampled import distances


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    words = "run --suite quickstart --encoder length --corpus elle --corpus cople2 --probe ridge "
    words += "--protocol iid --no-references --no-analyses --refits 0 --device cpu --offline "
    words += f"--quiet --cache-dir {folder / 'cache'} --output {folder / 'out'}"
    assert main(words.split()) == 0
    path = folder / "out" / "length" / "quickstart.json"
    opening = f"results open {path} --nonce n --quiet --offline --cache-dir {folder / 'cache'}"
    assert main(opening.split()) == 0
    return path


def verify(path, folder, *more):
    words = ["results", "verify", str(path), "--cache-dir", str(folder / "cache"), "--quiet"]
    words += ["--verified", str(folder / "verified"), "--sample", "8", "--offline", "--json"]
    return main([*words, *more])


def test_a_sample_agrees_and_its_record_says_by_whom(made, tmp_path, capsys):
    assert verify(made, tmp_path, "--nonce", "n", "--by", "me") == 0
    told = json.loads(capsys.readouterr().out)
    record = read_record(tmp_path / "verified" / "length" / "quickstart.sampled.json")
    assert told["agrees"] is record.agrees is True
    assert (record.by, record.nonce, record.texts, record.findings) == ("me", "n", 8, ())
    result, _ = read_checked(made)
    assert record.checksum == result.checksum


def test_all_of_it_again_lies_figure_beside_figure(made, tmp_path, capsys):
    words = ["reproduce", str(made), "--cache-dir", str(tmp_path), "--quiet", "--offline"]
    assert main([*words, "--verified", str(tmp_path / "verified")]) == 0
    told = capsys.readouterr().out
    assert "iid ridge qwk" in told
    assert "+0.0000" in told
    assert "reproduced: all agrees" in told


def test_a_nonce_must_be_named_and_openings_be_its_own(made, tmp_path, capsys):
    assert verify(made, tmp_path) == 1
    assert "Name a nonce" in capsys.readouterr().err
    assert verify(made, tmp_path, "--nonce", "other") == 1
    assert "of another result or nonce" in capsys.readouterr().err
    assert verify(made, tmp_path, "--nonce", "n", "--openings", str(tmp_path / "none")) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_openings_that_were_changed_are_not_what_was_committed_to(made, tmp_path):
    result, _ = read_checked(made)
    tensors = load_file(openings_path(made))
    name = sorted(tensors)[0]
    tensors[name][0, 0] += 1
    header = {"kind": "cefrbench-openings", "checksum": result.checksum, "nonce": "n"}
    path = tmp_path / "changed.safetensors"
    save_file(tensors, path, metadata={"cefrbench": json.dumps(header)})
    with pytest.raises(ResultError, match="Merkle root is another"):
        read_openings(result, "n", path)
    tensors[name] = tensors[name][:1].copy()
    save_file(tensors, path, metadata={"cefrbench": json.dumps(header)})
    with pytest.raises(ResultError, match="have the shape"):
        read_openings(result, "n", path)


@pytest.mark.parametrize("content", [b"", b"\0" * 16, b"\xff" * 100, b"{" * 10_000])
def test_openings_that_are_none_are_one_sentence(made, tmp_path, content):
    result, _ = read_checked(made)
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(ResultError, match="can't be read"):
        read_openings(result, "n", path)


def test_a_result_without_commitments_can_only_be_reproduced(made):
    result, _ = read_checked(made)
    old = result.model_copy(update={"commitments": ()})
    with pytest.raises(ResultError, match="cefrbench reproduce"):
        read_openings(old, "n", openings_path(made))


def test_a_result_can_not_ask_a_verifier_to_run_code(made, monkeypatch):
    from cefrbench.plugins import PluginHost

    result, _ = read_checked(made)
    asking = result.config.model_copy(
        update={"trust_remote_code": True, "device": "cuda", "data_dir": "/etc"}
    )
    plan, _ = plan_again(result.model_copy(update={"config": asking}), PluginHost(), Here())
    said = plan.config
    assert (said.trust_remote_code, said.device, said.data_dir) == (False, "auto", None)


def test_equally_many_texts_are_drawn_of_each_corpus_and_other_nonces_draw_others():
    corpora = [("small", 30), ("large", 3000)]
    drawn = draw_texts("n", "c", corpora, 100)
    assert {name: len(found) for name, found in drawn.items()} == {"small": 30, "large": 50}
    assert drawn == draw_texts("n", "c", corpora, 100)
    assert drawn["large"] != draw_texts("m", "c", corpora, 100)["large"]
    assert drawn["large"] != draw_texts("n", "d", corpora, 100)["large"]


def test_a_root_is_of_every_bit_and_of_the_order():
    rows = np.arange(15, dtype=np.float32).reshape(5, 3)
    roots = {merkle_root(rows), merkle_root(rows[::-1]), merkle_root(rows[:4])}
    changed = rows.copy()
    changed[4, 2] = np.nextafter(changed[4, 2], np.float32(np.inf))
    assert len(roots | {merkle_root(changed)}) == 4
    # RFC 6962 splits at the largest power of two; five leaves give the same tree here.
    from hashlib import sha256

    leaves = [sha256(b"\0" + row.tobytes()).digest() for row in rows]

    def tree(part):
        if len(part) == 1:
            return part[0]
        k = 1 << (len(part) - 1).bit_length() - 1
        return sha256(b"\1" + tree(part[:k]) + tree(part[k:])).digest()

    assert merkle_root(rows) == tree(leaves).hex()


def test_rows_are_apart_as_probes_see_them():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 20)).astype(np.float32)
    rows[:, 0] = 1e4  # a constant that dwarfs all else
    spread = rows.std(axis=0, dtype=np.float64)
    rounded = rows * np.float32(1 + 1e-6)
    assert distances(rounded, rows, spread).max() < 0.1
    other = rng.normal(size=rows.shape).astype(np.float32)
    other[:, 0] = 1e4
    assert distances(other, rows, spread).min() > 0.3
    assert distances(np.full_like(rows, np.nan), rows, spread).min() == 1


# -- gold levels -----------------------------------------------------------------------------------


def test_gold_is_left_out_and_put_back_to_the_very_file(made, tmp_path, capsys):
    assert main(["results", "strip", str(made), "--output", str(tmp_path)]) == 0
    copy = tmp_path / "length" / "quickstart.json"
    beside, original = (path.with_name("quickstart.predictions.parquet") for path in (copy, made))
    assert copy.read_bytes() == made.read_bytes()
    assert not {"low", "high"} & set(pq.read_schema(beside).names)
    assert main(["show", str(copy)]) == 0
    assert main(["explain", str(copy)]) == 1
    assert "cefrbench results restore" in capsys.readouterr().err
    assert main(["results", "restore", str(copy), "--offline"]) == 0
    assert beside.read_bytes() == original.read_bytes()
    assert main(["results", "restore", str(copy), "--offline"]) == 1
    assert "gold levels already" in capsys.readouterr().err


def test_predictions_that_were_changed_on_the_way_take_no_gold(made, tmp_path, capsys):
    assert main(["results", "strip", str(made), "--output", str(tmp_path)]) == 0
    copy = tmp_path / "length" / "quickstart.json"
    beside = copy.with_name("quickstart.predictions.parquet")
    table = pq.read_table(beside)
    place = table.schema.names.index("prediction")
    values = pa.array(table["prediction"].to_numpy() + 0.1)
    pq.write_table(table.set_column(place, table.schema.field(place), values), beside)
    assert main(["results", "restore", str(copy), "--offline"]) == 1
    assert "isn't the file that the result names" in capsys.readouterr().err
    assert main(["results", "strip", str(made), "--output", str(made.parents[1])]) == 1
    assert "name another --output" in capsys.readouterr().err
