"""Computing features: once a text, in row order, in batches that fit, and refused when unusable."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
from counting import Counting, expected
from essay_factory import essays

from cefrbench.contracts.cards import EncoderIdentity
from cefrbench.errors import CacheError, EncoderError
from cefrbench.features.compute import compute_features
from cefrbench.features.store import FeatureStore


def corpus(name, texts):
    return essays(name, [(text, "B1") for text in texts])


def words(count, seed=0):
    """Invented texts of 1 to 60 characters, some of them twice."""
    draw = random.Random(seed)
    return ["".join(draw.choices("abcdef", k=draw.randint(1, 60))) for _ in range(count)]


@pytest.fixture
def store(tmp_path):
    return FeatureStore(tmp_path)


def test_layers_stand_in_pool_order(store):
    one, two = words(300, seed=1), words(50, seed=2)
    features = compute_features(Counting(), [corpus("one", one), corpus("two", two)], store)
    assert (features.layers, features.width) == ((0, 1, 2), 4)
    for layer in features.layers:
        rows = features.layer(layer)
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows, [expected(t, layer) for t in (*one, *two)])


def test_a_repeated_text_is_encoded_once(store):
    encoder = Counting()
    texts = ["aaa", "bb", "aaa", "c", "bb", "aaa"]
    features = compute_features(encoder, [corpus("one", texts)], store)
    assert sorted(encoder.texts) == ["aaa", "bb", "c"]
    assert features.stats["texts"] == 3
    np.testing.assert_array_equal(features.layer(1), [expected(t, 1) for t in texts])


def test_a_second_run_encodes_nothing(store):
    texts = words(600)
    first = compute_features(Counting(), [corpus("one", texts)], store)
    encoder = Counting()
    again = compute_features(encoder, [corpus("one", texts)], store)
    assert encoder.batches == []
    assert again.stats["shards_reused"] == first.stats["shards_computed"] == 3
    assert again.stats["shards_computed"] == again.stats["tokens"] == 0
    np.testing.assert_array_equal(again.layer(2), first.layer(2))


#: What an identity may have that is not the planted encoder's own, and what only describes it.
CHANGES = {
    "model": "other",
    "revision": "0" * 40,
    "pooling": "mean",
    "instruction": "Query: ",
    "max_length": 8,
    "dtype": "bfloat16",
    "layers": (0, 1),
    "width": 5,
    "remote_code": True,
    "details": {"version": "2"},
}
DESCRIBES = {"name", "role", "parameters", "licence"}


class Sized(Counting):
    """As wide as its identity says."""

    def encode(self, batch):
        features = super().encode(batch)
        return np.pad(features, ((0, 0), (0, 0), (0, self.identity.width - 4)))


def test_every_field_of_an_identity_is_tried():
    assert set(CHANGES) | DESCRIBES == set(EncoderIdentity.model_fields)


@pytest.mark.parametrize("field", CHANGES)
def test_another_identity_is_encoded_anew(store, field):
    compute_features(Counting(), [corpus("one", ["a", "b"])], store)
    other = Sized(**{field: CHANGES[field]})
    compute_features(other, [corpus("one", ["a", "b"])], store)
    assert sorted(other.texts) == ["a", "b"]
    before = Counting()
    compute_features(before, [corpus("one", ["a", "b"])], store)
    assert before.texts == [], "what was there before is kept"


def test_other_texts_are_encoded_anew(store):
    compute_features(Counting(), [corpus("one", ["a", "b"])], store)
    encoder = Counting()
    features = compute_features(encoder, [corpus("one", ["b", "a"])], store)
    assert len(encoder.texts) == 2
    np.testing.assert_array_equal(features.layer(0), [expected("b", 0), expected("a", 0)])


def test_a_batch_holds_no_more_than_asked_for(store):
    encoder = Counting()
    compute_features(encoder, [corpus("one", words(400))], store, batch_tokens=100)
    assert max(len(batch) * max(map(len, batch)) for batch in encoder.batches) <= 100


def test_batches_are_halved_until_they_fit_and_stay_small(store):
    encoder = Counting(room=200)
    texts = ["x" * 10 + chr(97 + n % 26) + str(n % 7) for n in range(182)]
    features = compute_features(encoder, [corpus("one", texts)], store, batch_tokens=2000)
    np.testing.assert_array_equal(features.layer(1), [expected(t, 1) for t in texts])
    assert len(encoder.texts) == len(set(texts)), "what had been encoded isn't encoded again"
    assert max(map(len, encoder.batches)) * 12 <= 200


def test_two_texts_that_do_not_fit_together_are_encoded_one_by_one(store):
    encoder = Counting(room=20)
    features = compute_features(encoder, [corpus("one", ["a" * 15, "b" * 15])], store)
    assert [*map(len, encoder.batches)] == [1, 1]
    np.testing.assert_array_equal(features.layer(1), [expected(c * 15, 1) for c in "ab"])


def test_a_text_that_does_not_fit_alone_is_named(store):
    with pytest.raises(EncoderError, match=r"text of 50 tokens alone .*--max-length"):
        compute_features(Counting(room=40), [corpus("one", ["a" * 50])], store)


def test_what_did_not_fit_once_is_not_tried_again_in_later_shards(store):
    """Three shards of texts of one length: only batches of the first are too large."""

    class Narrow(Counting):
        refused = 0

        def encode(self, batch):
            try:
                return super().encode(batch)
            except MemoryError:
                self.refused += 1
                self.seen_before = len(self.texts)
                raise

    encoder = Narrow(room=200)
    texts = [f"text {n:05d}" for n in range(700)]
    features = compute_features(encoder, [corpus("one", texts)], store, batch_tokens=2000)
    assert features.stats["shards_computed"] == 3
    assert encoder.refused
    assert encoder.seen_before < 256, "a later shard met the same limit again"
    np.testing.assert_array_equal(features.layer(1), [expected(t, 1) for t in texts])


@pytest.mark.parametrize(("dtype", "advice"), [("float16", "--dtype float32"), ("float32", "weig")])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_name_model_corpus_and_layer(store, value, dtype, advice):
    class Bad(Counting):
        def encode(self, batch):
            features = super().encode(batch)
            features[-1, 1:, 2] = value
            return features

    with pytest.raises(EncoderError, match=f"'counting' gives NaN .* 'one' from layer 1.*{advice}"):
        compute_features(Bad(dtype=dtype), [corpus("one", words(20))], store)
    assert not list(store.folder.rglob("shard-*"))


def test_features_of_the_wrong_shape_are_refused(store):
    class Narrow(Counting):
        def encode(self, batch):
            return super().encode(batch)[:, :, :3]

    with pytest.raises(EncoderError, match=r"shape \(1, 3, 3\), not \(1, 3, 4\)"):
        compute_features(Narrow(), [corpus("one", ["a"])], store)


def test_an_error_while_tokenizing_is_raised(store):
    class NoTokens(Counting):
        def prepare(self, texts):
            raise EncoderError("no tokens today")

    with pytest.raises(EncoderError, match="no tokens today"):
        compute_features(NoTokens(), [corpus("one", words(600))], store)


def test_a_layer_that_is_not_there_is_refused(store):
    features = compute_features(Counting(), [corpus("one", ["a"])], store)
    with pytest.raises(ValueError, match="no layer 3"):
        features.layer(3)


def test_replicas_share_the_work(store):
    both_at_work = threading.Barrier(2, timeout=20)

    class Replica(Counting):
        def encode(self, batch):
            if not self.batches:
                both_at_work.wait()
            return super().encode(batch)

    class Pair(Counting):
        both = (Replica(), Replica())

        def replicas(self):
            return self.both

    texts = words(900)
    features = compute_features(Pair(), [corpus("one", texts)], store)
    np.testing.assert_array_equal(features.layer(2), [expected(t, 2) for t in texts])
    first, second = (replica.texts for replica in Pair.both)
    assert sorted([*first, *second]) == sorted(set(texts))


def test_an_error_on_one_replica_ends_the_others(store):
    class Dying(Counting):
        def replicas(self):
            return (self, Counting())

        def encode(self, batch):
            raise EncoderError("device lost")

    with pytest.raises(EncoderError, match="device lost"):
        compute_features(Dying(), [corpus("one", words(900))], store)


def test_progress_counts_every_token_against_a_total_that_is_mended(store):
    class Recorder:
        def __init__(self):
            self.phases, self.done, self.total, self.finished = [], 0, 0, 0

        def start(self, phase, total, unit):
            self.phases.append((phase, unit))

        def advance(self, n, total=None):
            self.done += n
            self.total = total

        def finish(self):
            self.finished += 1

    progress = Recorder()
    texts = words(600)
    compute_features(Counting(), [corpus("one", texts)], store, progress=progress)
    assert progress.phases == [("features of one", "tokens")]
    assert progress.done == progress.total == sum(map(len, set(texts)))
    assert progress.finished == 1


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CacheError, match=r"can't be written .*--cache-dir"):
        compute_features(Counting(), [corpus("one", ["a"])], FeatureStore(tmp_path / "file"))
