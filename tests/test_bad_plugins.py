"""A plugin that breaks in the middle of a run: a sentence or a failed unit, never a traceback."""

import json
import textwrap

import pytest

from cefrbench.cli import main

HEAD = """
import numpy as np
from cefrbench import hookimpl
"""
PROBE = """
from cefrbench.contracts.cards import ProbeCard
from cefrbench.contracts.probe import ProbeSpec
from sklearn.linear_model import Ridge


class Odd(Ridge):
    def fit(self, X, y, sample_weight=None):
        {fit}
        return super().fit(X, y, sample_weight)

    def predict(self, X):
        values = super().predict(X)
        {predict}
        return values


@hookimpl
def register_probes(register):
    register(ProbeSpec(ProbeCard(name="odd", description="", kind="regressor"), lambda o: Odd()))
"""
ENCODER = """
from cefrbench.contracts.cards import EncoderCard, EncoderIdentity
from cefrbench.contracts.encoder import Encoder, EncoderSpec


class Odd(Encoder):
    identity = EncoderIdentity(name="odd", model="odd", pooling=None, instruction="",
                               max_length=None, dtype="float32", layers=(1,), width=2)

    def encode(self, batch):
        values = np.ones((len(batch), 1, 2), dtype=np.float32)
        {encode}
        return values


def load(name, options):
    {load}
    return Odd()


@hookimpl
def register_encoders(register):
    register(EncoderSpec(EncoderCard(name="odd", description=""), load))
"""
PROTOCOL = """
from cefrbench.contracts.cards import ProtocolCard
from cefrbench.contracts.protocol import Fold, Protocol


def folds(table, seed):
    {folds}


CARD = ProtocolCard(name="odd", title="", description="", distribution="in")


@hookimpl
def register_protocols(register):
    register(Protocol(CARD, folds))
"""


@pytest.fixture
def run(tmp_path, capsys):
    def call(plugin, *words, references=False):
        (tmp_path / "plugins").mkdir()
        (tmp_path / "plugins" / "odd.py").write_text(HEAD + textwrap.dedent(plugin))
        command = ["--plugins-dir", str(tmp_path / "plugins"), "run", "--suite", "quickstart"]
        command += ["--corpus", "merlin-de", "--corpus", "merlin-it", "--quiet"]
        command += [] if references else ["--no-references"]
        command += ["--cache-dir", str(tmp_path / "cache"), "--output", str(tmp_path / "out")]
        status = main([*command, *words])
        error = capsys.readouterr().err
        assert "Traceback" not in error
        return status, error

    return call


def failures(tmp_path):
    (path,) = (tmp_path / "out").glob("*/quickstart.json")
    return json.loads(path.read_text())["failures"]


@pytest.mark.parametrize(
    ("fit", "predict", "cause"),
    [
        ("raise RuntimeError('CUDA error: device lost')", "pass", "device lost"),
        ("pass", "values[0] = np.nan", "not finite"),
        ("pass", "values = values[1:]", "shape"),
        ("raise SystemExit(0)", "pass", "it raised SystemExit(0), which ends programs"),
        ("pass", "raise type('Own', (BaseException,), {})(1)", "it raised Own(1)"),
    ],
)
def test_a_probe_that_breaks_is_a_failed_unit_and_the_others_go_on(
    run, tmp_path, fit, predict, cause
):
    words = ("--encoder", "surface", "--probe", "odd", "--probe", "ridge")
    status, _ = run(PROBE.format(fit=fit, predict=predict), *words)
    assert status == 3
    found = failures(tmp_path)
    assert {failure["name"] for failure in found} == {"odd"}
    assert all(cause in failure["cause"] for failure in found)
    (path,) = (tmp_path / "out").glob("*/quickstart.json")
    assert {u["probe"] for u in json.loads(path.read_text())["units"]} == {"ridge"}


def test_failed_fits_are_not_kept_but_tried_again(run, tmp_path):
    flag = tmp_path / "broken"
    flag.touch()
    fit = f"import pathlib; assert not pathlib.Path({str(flag)!r}).exists(), 'not yet'"
    words = ("--encoder", "surface", "--probe", "odd")
    assert run(PROBE.format(fit=fit, predict="pass"), *words)[0] == 3
    flag.unlink()
    (tmp_path / "plugins" / "odd.py").unlink()
    (tmp_path / "plugins").rmdir()
    assert run(PROBE.format(fit=fit, predict="pass"), *words)[0] == 0
    assert failures(tmp_path) == []


def test_damaged_fits_are_fitted_again(run, tmp_path):
    words = ("--encoder", "surface", "--probe", "ridge")
    assert run("@hookimpl\ndef register_probes(register): pass", *words)[0] == 0
    first = (tmp_path / "out" / "surface" / "quickstart.predictions.parquet").read_bytes()
    kept = list((tmp_path / "cache" / "fits").rglob("*.safetensors"))
    assert kept
    for path in kept:
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    command = ["run", "--suite", "quickstart", "--corpus", "merlin-de", "--corpus", "merlin-it"]
    command += ["--cache-dir", str(tmp_path / "cache"), "--output", str(tmp_path / "out")]
    assert main([*command, "--quiet", "--no-references", *words]) == 0
    again = tmp_path / "out" / "surface" / "quickstart.predictions.parquet"
    assert again.read_bytes() == first


@pytest.mark.parametrize(
    ("encode", "load", "cause"),
    [
        ("values[:] = np.nan", "pass", "NaN"),
        ("values = values[:, :, :1]", "pass", "shape"),
        ("raise KeyError('token')", "pass", "KeyError"),
        ("pass", "raise ImportError('no such library')", "no such library"),
        ("raise SystemExit(0)", "pass", "it raised SystemExit(0), which ends programs"),
        ("pass", "exit(0)", "it raised SystemExit(0), which ends programs"),
        ("pass", "return None", "its plugin gave NoneType where an Encoder was expected"),
    ],
)
def test_an_encoder_that_breaks_is_one_sentence(run, tmp_path, encode, load, cause):
    status, error = run(ENCODER.format(encode=encode, load=load), "--encoder", "odd")
    assert status == 1
    assert "'odd'" in error
    assert cause in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_encoder_that_breaks_leaves_the_others_their_results(run, tmp_path):
    plugin = ENCODER.format(encode="values[:] = np.nan", load="pass")
    status, error = run(plugin, "--encoder", "odd", "--encoder", "surface")
    assert status == 3
    assert "encoder odd" in error
    assert (tmp_path / "out" / "surface" / "quickstart.json").is_file()


def test_an_encoder_that_breaks_leaves_the_references_their_results(run, tmp_path):
    plugin = ENCODER.format(encode="values[:] = np.nan", load="pass")
    status, error = run(plugin, "--encoder", "odd", "--probe", "ridge", references=True)
    assert status == 1
    assert "'odd'" in error
    assert error.count("\n") == 1
    assert [path.parent.name for path in (tmp_path / "out").glob("*/*.json")] == ["length"]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("values[:] = np.nan", "NaN"),
        ("raise MemoryError", "alone doesn't fit the memory of the device"),
        ("raise RuntimeError('CUDA error: the GPU has fallen off the bus')", "fallen off the bus"),
    ],
)
def test_features_that_fail_on_one_corpus_are_written_down_and_the_others_go_on(
    run, tmp_path, fault, cause
):
    encode = f"if any('questo' in text for text in batch): {fault}"
    words = ("--corpus", "merlin-cs", "--encoder", "odd", "--protocol", "iid", "--protocol", "loco")
    assert run(ENCODER.format(encode=encode, load="pass"), *words)[0] == 3
    (failure,) = failures(tmp_path)
    assert (failure["stage"], failure["name"]) == ("features", "merlin-it")
    assert cause in failure["cause"]
    path = tmp_path / "out" / "odd" / "quickstart.json"
    result = json.loads(path.read_text())
    assert not result["complete"]
    assert {corpus["card"]["name"] for corpus in result["corpora"]} == {"merlin-cs", "merlin-de"}
    assert {u["corpus"] for u in result["units"]} == {"merlin-cs", "merlin-de"}
    assert main(["results", "check", str(path)]) == 0


def test_failed_features_stop_the_run_at_once_where_that_is_asked_for(run, tmp_path):
    encode = "if any('questo' in text for text in batch): values[:] = np.nan"
    plugin = ENCODER.format(encode=encode, load="pass")
    status, error = run(plugin, "--corpus", "merlin-cs", "--encoder", "odd", "--fail-fast")
    assert status == 1
    assert "'merlin-it'" in error
    assert not (tmp_path / "out").exists()


def test_too_few_corpora_left_by_failed_features_is_one_sentence_with_the_cause(run, tmp_path):
    encode = "if any('questo' in text for text in batch): values[:] = np.nan"
    plugin = ENCODER.format(encode=encode, load="pass")
    words = ("--encoder", "odd", "--encoder", "surface", "--protocol", "loco")
    status, error = run(plugin, *words)
    assert status == 3
    assert "encoder odd" in error
    assert "NaN" in error
    assert (tmp_path / "out" / "surface" / "quickstart.json").is_file()


@pytest.mark.parametrize(
    ("folds", "cause"),
    [
        ("raise ValueError('nothing to cut')", "nothing to cut"),
        ("raise SystemExit(0)", "it raised SystemExit(0), which ends programs"),
        (
            "rows = np.arange(len(table)); yield Fold('all', rows, {'x': rows[:9]})",
            "9 texts in fold 'all' that it also scores",
        ),
        (
            "rows = np.arange(len(table)); yield Fold('all', rows, rows[:0], {'x': rows[:9]})",
            "`scored` must be a dict",
        ),
        (
            "rows = np.arange(len(table)); yield Fold('all', rows, {'x': rows[:0]}, {'x': rows})",
            "`inner` must be a tuple of Inner",
        ),
        ("yield np.arange(len(table))", "neither Fold nor Skipped"),
    ],
)
def test_a_protocol_that_breaks_or_leaks_is_one_sentence(run, folds, cause):
    words = ("--encoder", "surface", "--protocol", "odd")
    status, error = run(PROTOCOL.format(folds=folds), *words)
    assert status == 1
    assert "'odd'" in error
    assert cause in error


def test_a_loose_probe_is_fitted_in_worker_processes_too(run, tmp_path, monkeypatch):
    monkeypatch.setattr("cefrbench.probing.parallel.PAYS", 0.0)
    words = ("--encoder", "surface", "--probe", "odd")
    assert run(PROBE.format(fit="pass", predict="pass"), *words)[0] == 0
    assert failures(tmp_path) == []


TWO_PROBES = """
from cefrbench import ProbeCard, ProbeSpec
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@hookimpl
def register_probes(register):
    pipeline = ProbeCard(name="pipeline", description="", kind="regressor")
    neighbours = ProbeCard(name="neighbours", description="", kind="regressor")
    register(ProbeSpec(pipeline, lambda options: make_pipeline(StandardScaler(), RidgeCV())))
    register(ProbeSpec(neighbours, lambda options: KNeighborsRegressor()))
"""


def test_a_pipeline_is_fitted_and_neighbours_are_told_what_they_lack(run, tmp_path):
    words = ("--encoder", "surface", "--probe", "pipeline", "--probe", "neighbours")
    status, _ = run(TWO_PROBES, *words)
    assert status == 3
    failed = failures(tmp_path)
    assert {failure["name"].split()[0] for failure in failed} == {"neighbours"}
    assert {failure["cause"] for failure in failed} == {
        "KNeighborsRegressor takes no sample_weight, and rows are weighted: add "
        "sample_weight=None to its fit and pass it on; an estimator that can't weigh rows can draw "
        "them with probability by weight, from its seed."
    }


def test_a_cards_mistakes_are_one_sentence_and_spoil_no_other_command(run):
    card = """
from cefrbench import EncoderCard, EncoderSpec

@hookimpl
def register_encoders(register):
    register(EncoderSpec(EncoderCard(name="odd", layers="six", colour="red"), None))
"""
    status, error = run(card, "--encoder", "length", "--probe", "ridge")
    assert status == 0
    assert error == (
        "Warning: plugin odd.py is out of use: EncoderCard: description is missing; layers has the "
        "value 'six', which should be a valid integer, unable to parse string as an integer; "
        "colour is no field of it.\n"
    )
