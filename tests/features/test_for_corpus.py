"""Encoders that read more than texts: told of the corpus, kept by what they read, heard."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from counting import Counting, expected
from essay_factory import essays

from cefrbench import plugins
from cefrbench.check.kit import report_encoder
from cefrbench.cli.notes import notes
from cefrbench.config import RunConfig
from cefrbench.contracts.cards import EncoderCard
from cefrbench.contracts.encoder import EncoderSpec
from cefrbench.errors import EncoderError
from cefrbench.features.compute import compute_features, corpus_texts
from cefrbench.features.store import FeatureStore
from cefrbench.plan import Job, load_corpora, make_plan
from cefrbench.progress import Silent
from cefrbench.provenance import PhaseClock
from cefrbench.run import run_encoder

TEXTS = [("bb", "B1"), ("a", "A1"), ("bb", "B2"), ("ccc", "C1")]


class Reading(Counting):
    """Counts, plus a number that stands for a file; keeps what it was told."""

    def __init__(self, number=0, **identity):
        super().__init__(**identity)
        self.number = number
        self.told = []

    def for_corpus(self, corpus):
        self.told.append(corpus)
        own = Reading(self.number)
        own.identity = self.identity
        own.batches = self.batches
        own.reads = {"file": str(self.number)}
        own.notes = (f"{len(corpus.texts)} texts",)
        return own

    def encode(self, batch):
        return super().encode(batch) + np.float32(self.number)


def test_it_is_told_each_text_once_with_language_title_and_folder(tmp_path):
    one = essays("one", TEXTS, language="de")
    object.__setattr__(one, "titles", ("first", None, "second", "third"))
    encoder = Reading()
    found = compute_features(encoder, [one], FeatureStore(tmp_path), data_dir=tmp_path)
    (told,) = encoder.told
    assert told == corpus_texts(one, tmp_path)
    assert (told.corpus, told.texts, told.data_dir) == ("one", ("bb", "a", "ccc"), tmp_path)
    assert told.keys == tuple(hashlib.sha256(t.encode()).hexdigest()[:32] for t in told.texts)
    assert told.languages == ("de",) * 3
    assert told.titles == ("first", None, "third")
    assert found.notes == {"one": ("3 texts",)}


def test_features_of_another_file_are_never_served(tmp_path):
    store, one = FeatureStore(tmp_path), essays("one", TEXTS)
    for number in (0, 7, 0, 7):
        found = compute_features(Reading(number), [one], store)
        want = [expected(text, 1) + number for text, _ in TEXTS]
        np.testing.assert_array_equal(found.layer(1), want)
    assert found.stats["shards_computed"] == 0


def test_it_is_asked_again_where_all_features_are_kept(tmp_path):
    store, one = FeatureStore(tmp_path), essays("one", TEXTS)
    compute_features(Reading(), [one], store)
    again = Reading()
    assert compute_features(again, [one], store).notes == {"one": ("3 texts",)}
    assert again.batches == []


@pytest.mark.parametrize("error", [EncoderError("No file of one: put it there."), KeyError("x")])
def test_a_corpus_that_it_refuses_is_left_out_with_the_cause(tmp_path, error):
    class Picky(Reading):
        def for_corpus(self, corpus):
            if corpus.corpus == "one":
                raise error
            return super().for_corpus(corpus)

    pair = [essays("one", TEXTS), essays("two", TEXTS)]
    found = compute_features(Picky(), pair, FeatureStore(tmp_path))
    assert [features.index.corpus for features in found.corpora] == ["two"]
    assert list(found.failed) == ["one"]
    assert str(error) in found.failed["one"]
    with pytest.raises(EncoderError):
        compute_features(Picky(), pair[:1], FeatureStore(tmp_path))


def test_the_kit_passes_over_an_encoder_that_lacks_what_it_reads():
    class Lacking(Reading):
        def for_corpus(self, corpus):
            raise EncoderError("No parses.")

    card = EncoderCard(name="counting", description="Counts.", licence="CC0-1.0")
    report = report_encoder(EncoderSpec(card, lambda name, options: Lacking()))
    assert report.passed
    assert {f.check for f in report.of("skip")} >= {"encoder-load", "encoder-shape"}


@pytest.fixture
def host(tmp_path):
    host = plugins.PluginHost(load="")
    for number in (1, 2):
        name = f"reading-{number}"
        card = EncoderCard(name=name, description="Reads.", licence="CC0-1.0")
        host.encoders.items[name] = EncoderSpec(
            card,
            lambda asked, options, n=number: Reading(n, name="counting", layers=(1,)),
        )
        host.encoders.owners[name] = "encoders.length"
    return host


def test_what_was_read_stands_in_the_result_and_keys_the_fits(tmp_path, host):
    config = RunConfig(
        suite="quickstart",
        form="corrected",
        encoders=("reading-1",),
        corpora=("merlin-cs", "merlin-it"),
        probes=("ridge",),
        protocols=("iid",),
        source="sample",
    )
    job = Job(tmp_path, Silent())
    found = []
    for name in ("reading-1", "reading-2"):
        plan = make_plan(config.model_copy(update={"encoders": (name,)}), host)
        loaded = load_corpora(config, host, job)
        evaluation = run_encoder(plan, name, loaded, host, job, PhaseClock())
        found.append(evaluation.result)
    texts = found[0].corpora[0].units
    assert found[0].corpora[0].notes == (f"{texts} texts",)
    assert [r.corpora[0].reads for r in found] == [{"file": "1"}, {"file": "2"}]
    assert f"Note: merlin-cs: {texts} texts." in [line.plain for line in notes(found[0])]
    # Nothing but the file differs between the two, and yet neither is given the other's fits.
    assert len(list((tmp_path / "fits").rglob("*.safetensors"))) == 2
