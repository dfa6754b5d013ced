"""Probes that read texts: fitted on each fold's training texts, run in an encoder's place."""

import sys
from pathlib import Path

import numpy as np
import pytest
from doc_snippets import read
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

from cefrbench import ProbeCard, ProbeOptions, ProbeSpec, hookimpl
from cefrbench.check.probe.subject import planted_texts
from cefrbench.cli import main
from cefrbench.config import merge
from cefrbench.contracts.probe import FoldRows
from cefrbench.essays import normalise
from cefrbench.plan import make_plan, penalties_of, probes_of
from cefrbench.plugins import LOOSE, PluginHost
from cefrbench.probing.fit import fit_paths
from cefrbench.results.io import read_result

HOST = PluginHost(load="")
ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--corpus", "merlin-cs", "--corpus", "merlin-it", "--corpus", "cople2"]

TFIDF = """
from cefrbench import ProbeCard, ProbeSpec, hookimpl

SEEN = []


def make(options):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import Pipeline

    class Watched(Pipeline):
        def fit(self, X, y, **more):
            self.learnt = set(X)
            SEEN.append((self.learnt, set(), len(y), more))
            return super().fit(X, y, **more)

        def predict(self, X):
            SEEN[-1][1].update(X)
            return super().predict(X)

    return Watched([("words", TfidfVectorizer()), ("ridge", Ridge())])


@hookimpl
def register_probes(register):
    card = ProbeCard(name="tfidf", description="Words.", kind="regressor", source="Here.")
    register(ProbeSpec(card, make, reads="texts"))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of a plugin's TF-IDF, and all that its estimators were given."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "plugins").mkdir()
    (folder / "plugins/watched_words.py").write_text(TFIDF)
    command = ["--plugins-dir", str(folder / "plugins"), "run", "--encoder", "tfidf"]
    command += ["--suite", "quickstart", *SMALL, "--refits", "2", "--analysis", "identity"]
    command += ["--analysis", "recalibrate", "--no-references", "--quiet"]
    command += ["--cache-dir", str(folder / "cache"), "--output", str(folder / "out")]
    assert main(command) == 0
    return folder, command, list(sys.modules[f"{LOOSE}watched_words"].SEEN)


def test_no_fit_sees_a_text_that_it_scores(run):
    _, _, seen = run
    fitted = [(learnt, asked) for learnt, asked, *_ in seen if asked]
    assert len(fitted) > 20
    for learnt, asked in fitted:
        assert not {normalise(text) for text in learnt} & {normalise(text) for text in asked}


def test_fits_get_texts_with_the_weights_of_their_rows(run):
    _, _, seen = run
    assert {tuple(more) for *_, more in seen} == {("ridge__sample_weight",)}
    for _, _, rows, more in seen:
        weight = more["ridge__sample_weight"]
        assert len(weight) == rows
        assert (weight > 0).all()
    # Refits draw texts with Poisson weights: some are left out, others weigh more.
    assert len({rows for _, _, rows, _ in seen}) > 10


def test_it_has_a_result_like_any_other_reference(run, capsys):
    folder, _, _ = run
    path = folder / "out/tfidf/quickstart.json"
    assert main(["results", "check", str(path)]) == 0
    result = read_result(path)
    encoder = result.encoder
    assert (encoder.name, encoder.role, encoder.width) == ("tfidf", "reference", 0)
    assert [card.name for card in result.probes] == ["tfidf"]
    assert {fit.layer for fit in result.fits} == {1}
    assert not result.failures
    notes = {note.analysis: note.cause for note in result.analysis_notes}
    assert notes["identity"] == "There are no features to look at: the probe reads texts."
    assert "recalibrate" in notes.keys() | {one.analysis for one in result.analyses}


def test_fits_are_kept_by_texts_and_by_the_source_of_the_probe(run):
    folder, command, _ = run
    kept = set((folder / "cache/fits").rglob("*.safetensors"))
    assert main(command) == 0
    assert set((folder / "cache/fits").rglob("*.safetensors")) == kept
    plugin = folder / "plugins/watched_words.py"
    plugin.write_text(
        plugin.read_text().replace("TfidfVectorizer())", "TfidfVectorizer(min_df=2))")
    )
    assert main(command) == 0
    changed = set((folder / "cache/fits").rglob("*.safetensors")) - kept
    assert len(changed) == len(kept)
    assert main([*command, "--limit", "12", "--output", str(folder / "fewer")]) == 0
    assert set((folder / "cache/fits").rglob("*.safetensors")) - kept - changed


# -- names ---------------------------------------------------------------------------------------


def test_its_name_stands_where_an_encoder_s_does(capsys):
    assert main(["list", "encoders"]) == 0
    assert "ngrams" in capsys.readouterr().out
    spec = HOST.get_encoder("NGRAMS")
    assert (spec.card.role, spec.card.layers, spec.card.width) == ("reference", 1, 0)


def test_it_is_refused_where_probes_of_features_are_named(capsys):
    assert main(["run", "--suite", "quickstart", "--probe", "ngrams"]) == 1
    assert capsys.readouterr().err == (
        "Error: Probe 'ngrams' reads texts and no encoder's features: run it by its name in an "
        "encoder's place, --encoder ngrams, and leave --probe ngrams out.\n"
    )


def test_two_of_one_name_are_told_apart_before_anything_is_run():
    class Twice:
        @hookimpl
        def register_probes(self, register):
            card = ProbeCard(name="surface", description="Words.", kind="regressor")
            register(ProbeSpec(card, lambda options: None, reads="texts"))

    assert any("'surface' is registered twice" in one
               for one in PluginHost(load="", given=[Twice()]).collisions())  # fmt: skip


def test_each_encoder_of_a_run_has_its_own_probes_and_penalties():
    suite = {"suite": "quickstart", "encoders": ("surface", "ngrams")}
    plan = make_plan(merge({**suite, "penalties": ("ngrams=10", "ridge=5")}, {}), HOST)
    ngrams, surface = (probes_of(plan, name, HOST) for name in ("ngrams", "surface"))
    assert [spec.name for spec in ngrams] == ["ngrams"]
    assert "ridge" in {spec.name for spec in surface}
    assert penalties_of(plan, ngrams) == ("ngrams=10",)
    assert penalties_of(plan, surface) == ("ridge=5",)


def test_the_tf_idf_of_the_docs_is_fifteen_lines():
    (snippet,) = (one for one in read(ROOT / "docs/references.md") if one.verb == "file")
    assert sum(1 for line in snippet.text.splitlines() if line.strip()) <= 15
    assert 'reads="texts"' in snippet.text


# -- n-grams -------------------------------------------------------------------------------------


def test_ngrams_fit_each_fold_as_scikit_learn_does_on_its_texts_alone():
    data = planted_texts(90, seed=4)
    rows = np.arange(90)
    weight = 0.25 + rows % 3 / 2.0
    weight[::7] = 0
    folds = [
        FoldRows(rows[rows % 3 != k], rows[rows % 3 == k], weight[rows % 3 != k]) for k in range(3)
    ]
    penalties = (10.0, 1.0, 0.1)
    spec = HOST.get_probe("ngrams")
    found = fit_paths(spec, ProbeOptions(), data.X, data.y, folds, penalties=penalties)
    for fold, path in zip(folds, found, strict=True):
        train, own = fold.train[fold.weight > 0], fold.weight[fold.weight > 0]
        for alpha, (fit,) in zip(penalties, path, strict=True):
            vectors = TfidfVectorizer(
                analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, min_df=2
            )
            ridge = Ridge(alpha, solver="lsqr", tol=1e-10)
            ridge.fit(vectors.fit_transform(data.X[train]), data.y[train], own)
            expected = ridge.predict(vectors.transform(data.X[fold.predict]))
            np.testing.assert_allclose(fit.predictions, expected, atol=2e-3)
