"""Weights belong to texts: paired everywhere, and those of a bootstrap."""

import hashlib

import numpy as np
import pytest
from scipy.stats import poisson

from cefrbench.statistics import resampling
from cefrbench.statistics.resampling import TextWeights, seed_weights, stream, text_codes

TEXTS = text_codes(np.array([f"text {i}" for i in range(400)]))


def test_a_key_has_the_same_code_in_whatever_company() -> None:
    keys = np.array(["b", "a", "b", "\ud800"])
    codes = text_codes(keys)
    assert codes[0] == codes[2]
    assert len(np.unique(codes)) == 3
    np.testing.assert_array_equal(text_codes(keys[1:]), codes[1:])


def test_a_text_weighs_the_same_in_whatever_company() -> None:
    every = TextWeights(500).of(TEXTS)
    some = TextWeights(500).of(TEXTS[[7, 300, 8]])
    np.testing.assert_array_equal(some, every[[7, 300, 8]])


def test_more_replicates_begin_with_the_same_ones() -> None:
    np.testing.assert_array_equal(TextWeights(1000).of(TEXTS)[:, :300], TextWeights(300).of(TEXTS))


def test_another_seed_gives_other_weights() -> None:
    first, second = TextWeights(500).of(TEXTS), TextWeights(500, seed=1).of(TEXTS)
    assert np.mean(first == second) < 0.4


def test_weights_are_poisson_with_mean_one() -> None:
    weights = TextWeights(2000).of(TEXTS)
    shares = np.bincount(weights.ravel(), minlength=6)[:6] / weights.size
    np.testing.assert_allclose(shares, poisson.pmf(range(6), 1), atol=0.002)


def test_weights_of_different_texts_are_independent() -> None:
    correlation = np.corrcoef(TextWeights(2000).of(TEXTS[:50]))
    assert np.abs(correlation[np.triu_indices(50, 1)]).max() < 5 / np.sqrt(2000)


def test_sums_are_weighted_sums_over_texts() -> None:
    weights = TextWeights(50)
    columns = np.random.default_rng(0).integers(0, 5, (2, 400, 3)).astype(float)
    expected = np.einsum("nr,snk->rsk", weights.of(TEXTS).astype(float), columns)
    np.testing.assert_array_equal(weights.sums(TEXTS, columns), expected)


def test_no_texts_have_sums_of_zero() -> None:
    assert not TextWeights(10).sums(TEXTS[:0], np.zeros((1, 0, 3))).any()


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_drawn_seeds_have_the_whole_variance_of_their_mean(seeds: int) -> None:
    scores = np.linspace(0.6, 0.7, seeds)
    drawn = seed_weights(seeds, 100_000, "encoder") @ scores
    assert drawn.mean() == pytest.approx(scores.mean(), abs=1e-3)
    assert drawn.var() == pytest.approx(scores.var(ddof=1) / seeds, rel=0.03)


def test_one_seed_is_always_itself() -> None:
    np.testing.assert_array_equal(seed_weights(1, 4, "encoder"), np.ones((4, 1)))


def test_weights_are_kept_until_they_take_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two sets of 10 texts in 50 replicates are as much as may be kept before a third.
    monkeypatch.setattr(resampling, "_KEPT_BYTES", 1000)
    weights = TextWeights(50)
    parts = [TEXTS[10 * i : 10 * i + 10] for i in range(4)]
    first, second, third = map(weights.of, parts[:3])
    assert weights.of(parts[0]) is first
    assert weights.of(parts[1]) is second
    fourth = weights.of(parts[3])
    assert weights.of(parts[3]) is fourth
    assert weights.of(parts[2]) is not third
    np.testing.assert_array_equal(weights.of(parts[2]), third)
    np.testing.assert_array_equal(weights.of(parts[0]), first)


# -- figures by a second way ----------------------------------------------------------------------


def plain_weights(seed: int, code: int, replicates: int) -> list[int]:
    """The quantile of each 16-bit word of a stream that seed and code name."""
    name = f"{seed}\x1f{code}".encode()
    key = int.from_bytes(hashlib.blake2b(name, digest_size=16).digest(), "little")
    words = np.random.Philox(key=key).random_raw(replicates).astype("<u8").view("<u2")
    return poisson.ppf((words[:replicates] + 0.5) / 2**16, 1).astype(int).tolist()


@pytest.mark.parametrize("replicates", [1, 4, 5, 8, 103])
def test_a_texts_weights_are_poissons_quantiles_of_its_own_stream(replicates: int) -> None:
    codes = np.array([7, 2**63, 3], dtype=np.uint64)
    for seed in (0, 12):
        expected = [plain_weights(seed, code, replicates) for code in codes.tolist()]
        found = TextWeights(replicates, seed).of(codes)
        assert found.tolist() == expected
        assert found.dtype == np.uint8


def test_without_more_ado_there_are_2000_replicates_of_the_first_seed() -> None:
    assert (TextWeights().replicates, TextWeights().seed) == (2000, 0)
    assert TextWeights().of(TEXTS[:1])[0, :5].tolist() == plain_weights(0, int(TEXTS[0]), 5)


def test_every_word_has_poissons_quantile() -> None:
    words = np.arange(2**16)
    np.testing.assert_array_equal(resampling._POISSON, poisson.ppf((words + 0.5) / 2**16, 1))
    assert poisson.ppf(1 - 0.5 / 2**16, 1) == resampling.MOST_DRAWN


def test_a_stream_is_named_by_its_parts_and_where_they_end() -> None:
    streams = [stream("ab", 1), stream("a", "b1"), stream("ab1"), stream("ab", "1", "")]
    first = [one.random_raw() for one in streams]
    assert len(set(first)) == 4
    assert stream("ab", "1").random_raw() == first[0]


def test_a_code_is_the_first_eight_bytes_of_a_texts_hash() -> None:
    keys = ["one", "zwei", "\ud800", "one"]
    expected = [
        int.from_bytes(
            hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
        )
        for key in keys
    ]
    found = text_codes(np.array(keys))
    assert found.tolist() == expected
    assert found.dtype == np.uint64
    assert text_codes(np.array([], dtype=str)).tolist() == []


def test_sums_of_no_texts_have_a_place_for_each_replicate_seed_and_column() -> None:
    assert TextWeights(10).sums(TEXTS[:0], np.zeros((4, 0, 3))).shape == (10, 4, 3)
    assert TextWeights(10).sums(TEXTS[:1], np.zeros((4, 1, 3))).shape == (10, 4, 3)


def test_seeds_are_drawn_with_replacement_and_their_deviations_stretched() -> None:
    found = seed_weights(3, 50, "one", 7)
    drawn = np.random.Generator(stream("seeds", "one", 7)).multinomial(3, [1 / 3] * 3, size=50)
    np.testing.assert_allclose(found, 1 / 3 + np.sqrt(3 / 2) * (drawn / 3 - 1 / 3))
    np.testing.assert_allclose(found.sum(1), 1.0)
    assert (found < 0).any()
    assert seed_weights(3, 50, "one", 7) is found
    assert not found.flags.writeable
    assert not np.array_equal(seed_weights(3, 50, "other", 7), found)
