"""`cefrbench.testing`: what third parties use in their own tests."""

import faulty_encoders
import faulty_probes
import numpy as np
import pytest
from faulty_corpora import Sound

from cefrbench.contracts.cards import ProbeCard
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.corpora.load import load_essays
from cefrbench.features.store import default_cache_dir
from cefrbench.testing import check_corpus, check_encoder, check_probe
from cefrbench.testing.tiny import TINY_ENCODER

PROBE = ProbeCard(name="p", description="Under test.", kind="regressor", source="The tests.")


def test_a_sound_corpus_gives_its_report(tiny_corpus):
    assert check_corpus(tiny_corpus).name == "tiny"


def test_the_corpus_itself_is_checked_when_asked_for():
    assert check_corpus(Sound(), sample=False).passed
    with pytest.raises(AssertionError, match="corpus-licence: The licence is known"):
        check_corpus(Sound(licence=""), sample=False)


def test_an_encoder_is_taken_as_a_plugin_registers_it_or_as_a_function():
    assert check_encoder(TINY_ENCODER).passed
    assert check_encoder(faulty_encoders.Sound).passed
    with pytest.raises(AssertionError, match="encoder-order"):
        check_encoder(faulty_encoders.CountsRows)


def test_a_faulty_probe_fails_with_what_why_and_how_to_mend():
    assert check_probe(ProbeSpec(PROBE, lambda options: faulty_probes.SoundRidge())).passed
    with pytest.raises(AssertionError, match=r"(?s)probe-weights-count.*What: .*Why: .*Mend: "):
        check_probe(ProbeSpec(PROBE, lambda options: faulty_probes.IgnoresWeights()))


def test_the_tiny_corpus_has_six_texts_at_each_of_five_levels(tiny_corpus):
    essays = load_essays(tiny_corpus)
    names, counts = np.unique([level.name for level in essays.levels], return_counts=True)
    assert dict(zip(names, counts, strict=True)) == dict.fromkeys(("A1", "A2", "B1", "B2", "C1"), 6)


def test_the_tiny_encoder_gives_what_its_identity_says(tiny_encoder):
    features = tiny_encoder.encode(["one text", "another"])
    assert features.shape == (2, len(tiny_encoder.identity.layers), tiny_encoder.identity.width)


def test_the_tmp_cache_is_empty_and_in_use(tmp_cache):
    assert default_cache_dir() == tmp_cache
    assert not any(tmp_cache.iterdir())
