"""Filling a corpus's shards: batches that are halved, what is counted, and what is said."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from counting import Counting, expected
from essay_factory import essays

from cefrbench.claims import Alone
from cefrbench.errors import EncoderError, UserError
from cefrbench.features import filling
from cefrbench.features.compute import compute_features, plan_features
from cefrbench.features.filling import Budget, Filling, blamed, encode_batch
from cefrbench.features.store import FeatureStore

LONG = [7, 3, 5, 6, 4]
ITEMS = ["x" * (n - 1) + chr(97 + i) for i, n in enumerate(LONG)]


@pytest.mark.parametrize(
    ("room", "count", "cost", "batches"),
    [
        (1000, 5, 99, [5]),
        # Five of seven don't fit: half of 35 is what may be tried next.
        (34, 5, 17, [2, 3]),
        (17, 5, 9, [2, 1, 2]),
        (13, 5, 7, [1, 1, 1, 2]),
        (7, 2, 7, [1, 1]),
        (7, 1, 99, [1]),
    ],
)
def test_a_batch_that_does_not_fit_is_halved_and_lowers_what_later_ones_may_cost(
    room, count, cost, batches
):
    encoder, budget = Counting(room=room), Budget(99)
    found = encode_batch(encoder, ITEMS[:count], LONG[:count], budget)
    assert found.tolist() == [
        [expected(text, layer).tolist() for layer in (0, 1, 2)] for text in ITEMS[:count]
    ]
    assert budget.cost == cost
    assert [len(batch) for batch in encoder.batches] == batches


def test_a_budget_is_never_raised_and_never_nothing():
    budget = Budget(4)
    encode_batch(Counting(room=34), ITEMS, LONG, budget)
    assert budget.cost == 4
    free, budget = Counting(room=-1), Budget(4)
    with pytest.raises(EncoderError):
        encode_batch(free, ["a", "b"], [0, 0], budget)
    assert budget.cost == 1


def test_a_text_that_does_not_fit_and_features_of_another_shape_are_told_in_full():
    with pytest.raises(EncoderError) as caught:
        encode_batch(Counting(room=5), ITEMS[:1], LONG[:1], Budget(9))
    assert str(caught.value) == (
        "A text of 7 tokens alone doesn't fit the memory of the device of 'counting': lower "
        "--max-length or choose another --device."
    )

    class Cut(Counting):
        def encode(self, batch):
            return super().encode(batch)[:1]

    with pytest.raises(EncoderError) as caught:
        encode_batch(Cut(), ITEMS[:2], LONG[:2], Budget(9))
    assert str(caught.value) == (
        "Encoder 'counting' gave features of shape (1, 3, 4), not (2, 3, 4): mend its `encode` or "
        "its `identity`."
    )


def test_what_an_encoder_raises_is_its_own_sentence_or_one_that_names_it():
    for error in (UserError("Its own."), MemoryError("all"), EncoderError("Also its own.")):
        with pytest.raises(type(error)) as caught, blamed(Counting()):
            raise error
        assert caught.value is error
    with pytest.raises(EncoderError) as caught, blamed(Counting()):
        raise KeyError("x")
    assert str(caught.value) == (
        "Encoder 'counting' failed (KeyError: 'x'): that is a fault of its plugin or its device; "
        "--debug shows where."
    )


class Recorder:
    """Progress that is kept."""

    def __init__(self):
        self.said = []

    def start(self, phase, total, unit):
        self.said.append((phase, total, unit))

    def advance(self, n, total=None):
        self.said.append((n, total))

    def finish(self):
        self.said.append("finished")


class Doubled(Counting):
    """Two tokens a character."""

    def cost(self, item):
        return 2 * len(item)


def corpus(texts, name="one"):
    return essays(name, [(text, "B1") for text in texts])


def test_progress_begins_with_a_guess_and_is_mended_by_what_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr("cefrbench.features.store.SHARD_TEXTS", 2)
    progress = Recorder()
    texts = ["aaaa", "bbbbbbbb", "cc", "dddd"]
    found = compute_features(
        Doubled(), [corpus(texts)], FeatureStore(tmp_path), progress=progress, batch_tokens=1
    )
    # Eighteen characters are four tokens of four; each is two.
    assert progress.said[0] == ("features of one", 18 // 4, "tokens")
    assert progress.said[-1] == "finished"
    assert [n for n, _ in progress.said[1:-1]] == [16, 8, 8, 4], "long texts first"
    assert {total for _, total in progress.said[1:-1]} == {36}
    assert (found.stats["texts"], found.stats["tokens"]) == (4, 36)
    assert (found.stats["shards_computed"], found.stats["shards_reused"]) == (2, 0)
    assert found.stats["seconds"] > 0


def filled(tmp_path, encoder, texts, missing, **claimed):
    store = FeatureStore(tmp_path)
    features = store.corpus(encoder.identity, corpus(texts), "code")
    features.open()
    held = [store.claims.attempt(features.work(shard)) for shard in claimed.get("by", ())]
    filler = Filling(features, missing, encoder.replicas(), Budget(99), Recorder())
    filler.run()
    for claim in held:
        claim.release()
    return features, filler


def test_only_missing_shards_are_filled_and_what_others_are_at_is_left_to_them(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("cefrbench.features.store.SHARD_TEXTS", 1)
    encoder, texts = Counting(), ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"]
    features, filler = filled(tmp_path, encoder, texts, [5, 4, 2, 1], by=[4])
    assert encoder.texts == ["ffffff", "ccc", "bb"]
    assert (filler.texts, filler.tokens, filler.written) == (3, 11, 3)
    assert filler.claimed_elsewhere == [4]
    assert features.missing() == [0, 3, 4]
    # What is there by now is not encoded again, and no claim is kept.
    again, refiller = filled(tmp_path, encoder, texts, [5, 4])
    assert encoder.texts[3:] == ["eeeee"]
    assert (refiller.texts, refiller.claimed_elsewhere) == (1, [])
    for shard in range(6):
        claim = again.claims.attempt(again.work(shard))
        assert claim is not None
        claim.release()


def test_claims_are_given_up_when_a_fill_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("cefrbench.features.store.SHARD_TEXTS", 1)

    class Dies(Counting):
        def encode(self, batch):
            raise EncoderError("lost")

    store, encoder = FeatureStore(tmp_path), Dies()
    features = store.corpus(encoder.identity, corpus(["a", "bb"]), "code")
    features.open()
    progress = Recorder()
    with pytest.raises(EncoderError, match=r"^lost$"):
        Filling(features, [1, 0], [encoder], Budget(9), progress).run()
    assert progress.said[-1] == "finished"
    for shard in (0, 1):
        claim = store.claims.attempt(features.work(shard))
        assert claim is not None
        claim.release()


@pytest.mark.parametrize(("begin", "layer"), [(0, 2), (1, 5), (2, 7)])
def test_the_layer_where_features_stop_being_finite_is_named(tmp_path, begin, layer):
    class Bad(Counting):
        def encode(self, batch):
            values = super().encode(batch)
            values[0, begin:, 3] = np.inf
            return values

    for dtype, advice in (
        ("float32", "its weights may be damaged"),
        ("bfloat16", "run it with --dtype float32"),
    ):
        encoder = Bad(layers=(2, 5, 7), dtype=dtype)
        with pytest.raises(EncoderError) as caught:
            compute_features(encoder, [corpus(["a", "bb"])], FeatureStore(tmp_path))
        assert str(caught.value) == (
            f"'counting' gives NaN or infinite features on 'one' from layer {layer} on ({dtype}): "
            f"{advice}."
        )


def test_freed_memory_is_handed_back_once_a_second(tmp_path, monkeypatch):
    """However many batches there are."""
    clock = iter([10.0, 10.0, 10.5, 11.0, 11.25, 11.25, 12.0, 13.0, 13.0])
    given = []
    monkeypatch.setattr(filling.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(filling, "return_memory", lambda: given.append(None))
    compute_features(
        Counting(), [corpus(["a", "b", "c", "d", "e", "f"])], FeatureStore(tmp_path),
        batch_tokens=1,
    )  # fmt: skip
    assert len(given) == 3


# -- what is computed, and what will be ------------------------------------------------------------


class Turned(Alone):
    """Company whose work begins at the end."""

    def turned(self, work):
        return list(work)[::-1]


def test_corpora_stand_as_given_whatever_is_filled_first_and_failures_beside_them(tmp_path):
    class Picky(Counting):
        def encode(self, batch):
            if "bad" in batch:
                raise EncoderError("No bad.")
            return super().encode(batch)

    encoder = Picky()
    three = [corpus(["one"], "one"), corpus(["bad"], "two"), corpus(["three"], "three")]
    found = compute_features(encoder, three, FeatureStore(tmp_path), company=Turned())
    assert encoder.texts == ["three", "one"]
    assert [features.index.corpus for features in found.corpora] == ["one", "three"]
    assert found.failed == {"two": "No bad."}
    assert found.notes == {"one": (), "three": ()}
    assert set(found.stats) == {"texts", "tokens", "shards_reused", "shards_computed", "seconds"}
    assert found.layer(1).tolist() == [expected(t, 1).tolist() for t in ("one", "three")]


def test_a_layer_is_told_to_who_watches_corpus_by_corpus(tmp_path):
    seen = []
    both = [corpus(["aa", "b", "aa"], "one"), corpus(["c"], "two")]
    found = compute_features(Counting(), both, FeatureStore(tmp_path))
    watched = replace(
        found, watch=lambda name, layer, rows: seen.append((name, layer, rows.tolist()))
    )
    rows = watched.layer(2).tolist()
    assert rows == [expected(text, 2).tolist() for text in ("aa", "b", "aa", "c")]
    assert seen == [("one", 2, rows[:2]), ("two", 2, rows[3:])]
    with pytest.raises(ValueError, match=r"^There is no layer 3: there are \(0, 1, 2\)\.$"):
        found.layer(3)


def test_features_can_be_planned_where_texts_are_all_that_is_read(tmp_path):
    class Reads(Counting):
        def for_corpus(self, texts):
            return self

    store, both = FeatureStore(tmp_path), [corpus(["aa", "b"], "one"), corpus(["c"], "two")]
    assert plan_features(Reads(), both, store) is None
    encoder = Counting()
    planned = plan_features(encoder, both, store)
    assert encoder.batches == []
    assert [one.index.corpus for one in planned.corpora] == ["one", "two"]
    assert (planned.layers, planned.width, planned.failed, planned.stats) == ((0, 1, 2), 4, {}, {})
    assert [one.missing() for one in planned.corpora] == [[0], [0]]
    found = compute_features(encoder, both, store)
    assert [one.index for one in found.corpora] == [one.index for one in planned.corpora]
    assert [one.missing() for one in planned.corpora] == [[], []]


def test_two_shards_are_tokenized_ahead_of_the_one_that_is_encoded(tmp_path, monkeypatch):
    monkeypatch.setattr("cefrbench.features.store.SHARD_TEXTS", 1)
    claimed, seen, claim = [], [], Filling._claim

    def watched(self, number):
        claimed.append(number)
        return claim(self, number)

    class Watching(Counting):
        def encode(self, batch):
            seen.append((batch[0], len(claimed)))
            return super().encode(batch)

    monkeypatch.setattr(Filling, "_claim", watched)
    texts = ["a", "bb", "ccc", "dddd", "eeeee"]
    filled(tmp_path, Watching(), texts, [4, 3, 2, 1, 0])
    assert seen == [("eeeee", 3), ("dddd", 4), ("ccc", 5), ("bb", 5), ("a", 5)]


def test_two_shards_may_wait_to_be_written_and_not_three(tmp_path, monkeypatch):
    """A disk that is slow with its first shard: the fourth is encoded when that one is there."""
    monkeypatch.setattr("cefrbench.features.store.SHARD_TEXTS", 1)
    third, fourth = threading.Event(), threading.Event()
    written, seen, write = [], [], Filling._write

    def slowly(self, shard):
        third.wait(5)
        fourth.wait(0.05)
        write(self, shard)
        written.append(shard.number)

    class Watching(Counting):
        def encode(self, batch):
            seen.append(len(written))
            for count, event in ((3, third), (4, fourth)):
                if len(seen) == count:
                    event.set()
            return super().encode(batch)

    monkeypatch.setattr(Filling, "_write", slowly)
    features, filler = filled(tmp_path, Watching(), ["a", "bb", "ccc", "dddd"], [3, 2, 1, 0])
    assert seen[:3] == [0, 0, 0]
    assert seen[3] >= 1
    assert (written, filler.written, features.missing()) == ([3, 2, 1, 0], 4, [])
