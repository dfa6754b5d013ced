"""Computing features: once a text, in row order, in batches that fit, and refused when unusable."""

from __future__ import annotations

import errno
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
from cefrbench.sources import source_digest


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


# -- other processes at the same store ------------------------------------------------------------


class Others:
    """Company that does something when it is called, once a call."""

    def __init__(self, *steps):
        self.steps, self.calls = list(steps), 0

    def call(self):
        self.calls += 1
        if self.steps:
            self.steps.pop(0)()

    def turned(self, work):
        return list(work)


def nothing():
    """What others do who are busy."""


def claimed(store, one, encoder, *shards):
    """What another process holds of a corpus; call it to give it up."""
    features = store.corpus(encoder.identity, one, source_digest(encoder))
    claims = [store.claims.attempt(features.work(shard)) for shard in shards]
    assert None not in claims

    def release():
        for claim in claims:
            claim.release()

    return release


def test_what_another_process_is_at_is_waited_for_and_not_encoded(tmp_path, store):
    one, two = corpus("one", words(600)), corpus("two", ["a", "b"])
    encoder = Counting()
    compute_features(Counting(), [one], FeatureStore(tmp_path / "theirs"))
    release = claimed(store, one, encoder, 0, 2)

    def done():
        ours = store.corpus(encoder.identity, one, source_digest(encoder)).folder
        (theirs,) = (tmp_path / "theirs" / "features").rglob("shard-00000.*")
        for shard in (0, 2):
            name = f"shard-{shard:05d}.safetensors"
            (ours / name).write_bytes((theirs.parent / name).read_bytes())
        release()

    others = Others(nothing, done)
    found = compute_features(encoder, [one, two], store, company=others)
    assert found.failed == {}
    assert others.calls == 2
    assert (found.stats["shards_reused"], found.stats["shards_computed"]) == (2, 2)
    assert len(encoder.texts) == 256 + 2
    whole = [expected(t, 1) for t in (*words(600), "a", "b")]
    np.testing.assert_array_equal(found.layer(1), whole)


def test_what_another_process_left_undone_is_computed(store):
    one, two = corpus("one", words(600)), corpus("two", ["a", "b"])
    encoder = Counting()
    others = Others(nothing, claimed(store, one, encoder, 0, 1))
    found = compute_features(encoder, [one, two], store, company=others)
    assert (found.stats["shards_reused"], found.stats["shards_computed"]) == (0, 4)
    assert sorted(encoder.texts) == sorted([*set(words(600)), "a", "b"])
    np.testing.assert_array_equal(found.layer(2)[:600], [expected(t, 2) for t in words(600)])


class Dies(Counting):
    """Fails at one text."""

    def __init__(self, deadly):
        super().__init__()
        self.deadly = deadly

    def encode(self, batch):
        if self.deadly in batch:
            raise EncoderError("lost")
        return super().encode(batch)


def test_a_failure_after_waiting_leaves_that_corpus_out_alone(store):
    one, two = corpus("one", ["long"]), corpus("two", ["a", "b"])
    encoder = Dies("long")
    others = Others(nothing, claimed(store, one, encoder, 0))
    found = compute_features(encoder, [one, two], store, company=others)
    assert found.failed == {"one": "lost"}
    assert [features.index.corpus for features in found.corpora] == ["two"]


def test_what_another_process_did_before_the_claim_is_not_encoded_again(store):
    one, encoder = corpus("one", ["a", "b"]), Counting()
    others = Others(lambda: compute_features(Counting(), [one], store))
    found = compute_features(encoder, [one], store, company=others)
    assert encoder.texts == []
    assert (found.stats["shards_reused"], found.stats["shards_computed"]) == (1, 0)
    # Its claim was given up again.
    claimed(store, one, encoder, 0)()


def test_the_first_failure_is_raised_where_it_is_asked_for(store):
    both = [corpus("one", ["a"]), corpus("two", ["bb"])]
    encoder = Dies("a")
    with pytest.raises(EncoderError, match=r"^lost$"):
        compute_features(encoder, both, store, fail_fast=True)
    assert encoder.texts == []
    found = compute_features(encoder, both, store)
    assert found.failed == {"one": "lost"}
    assert encoder.texts == ["bb"]
    with pytest.raises(EncoderError, match=r"^lost$"):
        compute_features(encoder, both[:1], store)


# -- caches that may not be written ---------------------------------------------------------------


def test_a_folder_that_cannot_be_locked_serves_what_is_there_and_says_what_it_lacks(store):
    compute_features(Counting(), [corpus("one", ["a", "b"])], store)
    (shard,) = store.folder.rglob("shard-*")
    shard.with_name(".lock").unlink(missing_ok=True)
    shard.with_name(".lock").mkdir()
    found = compute_features(Counting(), [corpus("one", ["a", "b"])], store)
    assert found.stats["shards_reused"] == 1
    shard.unlink()
    with pytest.raises(CacheError) as raised:
        compute_features(Counting(), [corpus("one", ["a", "b"])], store)
    assert str(raised.value) == (
        f"The cache folder {str(shard.parent)!r} can't be locked "
        "(Is a directory): choose another one with --cache-dir."
    )


@pytest.mark.parametrize("why", [OSError(errno.EROFS, "Read-only"), OSError("Read-only")])
def test_a_cache_to_be_read_only_is_served_where_nothing_is_missing(store, monkeypatch, why):
    def refuse(path):
        raise why

    compute_features(Counting(), [corpus("one", ["a", "b"])], store)
    monkeypatch.setattr("cefrbench.features.store.os.utime", refuse)
    encoder, others = Counting(), Others()
    found = compute_features(encoder, [corpus("one", ["a", "b"])], store, company=others)
    assert (encoder.texts, others.calls) == ([], 0)
    np.testing.assert_array_equal(found.layer(1), [expected(t, 1) for t in "ab"])
    (shard,) = store.folder.rglob("shard-*")
    shard.unlink()
    with pytest.raises(CacheError) as raised:
        compute_features(encoder, [corpus("one", ["a", "b"])], store)
    assert str(raised.value) == (
        f"The cache folder {str(shard.parent)!r} can't be written "
        "(Read-only): choose another one with --cache-dir."
    )
