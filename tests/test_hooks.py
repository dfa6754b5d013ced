"""Each hook does what its documentation says, shown by the example that stands there."""

import numpy as np
import pytest
from click.testing import CliRunner

from cefrbench.cli import cli
from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.contracts.probe import FoldRows, Origin, ProbeOptions
from cefrbench.corpora.load import load_essays
from cefrbench.essays import pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE
from cefrbench.plugins import HOOKS, PluginHost
from cefrbench.probing.wrapped import wrap
from cefrbench.testing.tiny import TinyCorpus


@pytest.fixture
def examples(pytestconfig):
    return pytestconfig.rootpath / "docs" / "examples" / "hooks"


@pytest.fixture
def host(examples):
    """A host with the examples alone."""
    return PluginHost(examples, load="", built_ins=False)


def test_there_is_one_example_a_hook_and_none_is_broken(host):
    host.broken()
    assert {(p.name.removesuffix(".py"), *p.hooks) for p in host.plugins} == {
        (hook, hook) for hook in HOOKS
    }
    assert not host.broken()


def test_register_corpora_adds_a_corpus_that_loads(host):
    assert len(load_essays(host.get_corpus("post-cards"))) == 2


def test_register_encoders_adds_an_encoder_that_encodes(host):
    encoder = host.get_encoder("lengths").load("lengths", EncoderOptions())
    np.testing.assert_array_equal(encoder.encode(["one two"]), [[[7, 2]]])


def test_register_probes_adds_a_probe_that_fits(host):
    estimator = host.get_probe("stiff-ridge").make(ProbeOptions())
    X = np.arange(8, dtype=np.float32)[:, None]
    values = estimator.fit(X, np.arange(8) // 2).predict(X)
    assert values.shape == (8,)
    assert (np.diff(values) > 0).all()


def test_register_methods_adds_a_method_that_wraps_a_probe(host):
    method = host.get_method("own-centre")
    spec = wrap(method, PluginHost(load="").get_probe("ridge"))
    assert spec.name == "own-centre+ridge"
    rng = np.random.default_rng(0)
    corpus = np.repeat([0, 1, 2], 20)
    X = (rng.normal(size=(60, 3)) + 9.0 * corpus[:, None]).astype(np.float32)
    y = np.tile(np.arange(5), 12)
    X[:, 0] += 3 * y
    origin = Origin(corpus[:40], corpus[:40], corpus[40:])
    rows = FoldRows(np.arange(40), np.arange(40, 60), count=np.ones(40), origin=origin)
    ((fit,),) = spec.make(ProbeOptions(penalty=1.0)).fit_folds(X, y, [rows])
    assert np.corrcoef(fit.predictions, y[40:])[0, 1] > 0.9


def test_register_protocols_adds_a_protocol_that_cuts(host):
    table = pool([load_essays(TinyCorpus())], FIVE, "corrected")
    folds = make_folds(host.get_protocol("thirds"), table, 42)
    assert [fold.name for fold in folds] == ["1", "2", "3"]
    assert sorted(row for fold in folds for row in fold.scored["tiny"]) == list(range(30))
    for fold in folds:
        assert len(fold.scored["tiny"]) == 10
        assert not set(fold.train) & set(fold.scored["tiny"])
        assert [len(cut.held["tiny"]) for cut in fold.inner] == [10, 10]


def test_register_commands_adds_a_command(examples):
    words = ["--plugins-dir", str(examples), "words", "one two three"]
    assert CliRunner().invoke(cli, words).output == "3\n"
