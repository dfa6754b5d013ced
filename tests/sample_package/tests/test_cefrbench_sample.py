"""The package's own tests, with cefrbench's kit and fixtures."""

from cefrbench_sample import encoder, probe
from cefrbench_sample.corpus import Notes

from cefrbench import EncoderSpec, ProbeOptions, ProbeSpec, load_essays
from cefrbench.testing import check_corpus, check_encoder, check_probe


def test_the_corpus_keeps_its_contract(tiny_corpus):
    check_corpus(Notes(), sample=False, others=[tiny_corpus])


def test_the_encoder_keeps_its_contract():
    check_encoder(EncoderSpec(encoder.CARD, encoder.load))


def test_the_probe_keeps_its_contract():
    check_probe(ProbeSpec(probe.CARD, probe.make))


def test_a_note_that_was_taken_down_is_dropped():
    report = load_essays(Notes()).report
    assert report.dropped == {"no level": 1, "taken down": 1}


def test_the_probe_reads_levels_out_of_the_tiny_encoder(tiny_corpus, tiny_encoder, tmp_cache):
    essays = load_essays(tiny_corpus)
    X = tiny_encoder.encode(essays.texts)[:, -1]
    y = [int(level) for level in essays.levels]
    estimator = probe.make(ProbeOptions()).fit(X, y)
    assert (estimator.predict(X) == y).mean() > 0.5
    assert not any(tmp_cache.iterdir())
