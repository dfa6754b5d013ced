"""Merkle roots over features: by hand, and what a result may commit to."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.results.check import check_figures
from cefrbench.results.commitments import Roots, merge_commitments, merkle_root
from cefrbench.results.findings import Mismatch
from cefrbench.results.model import CommitmentRecord

ROWS = np.arange(10, dtype=np.float32).reshape(5, 2)
A, B, C = "a" * 64, "b" * 64, "c" * 64


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def commitment(corpus="alpha", texts=10, layers=(1,), roots=(A,)):
    return CommitmentRecord(corpus=corpus, texts=texts, layers=layers, roots=roots)


def test_the_last_of_an_odd_number_goes_up_as_it_is():
    leaves = [sha(b"\0", row.astype("<f4").tobytes()) for row in ROWS]
    left, right = sha(b"\1", *leaves[:2]), sha(b"\1", *leaves[2:4])
    assert merkle_root(ROWS[:1]) == leaves[0].hex()
    assert merkle_root(ROWS[:3]) == sha(b"\1", left, leaves[2]).hex()
    assert merkle_root(ROWS) == sha(b"\1", sha(b"\1", left, right), leaves[4]).hex()


def test_no_rows_have_the_hash_of_nothing():
    assert merkle_root(ROWS[:0]) == hashlib.sha256(b"").hexdigest()


def test_layers_that_no_probe_has_read_are_read_for_their_roots():
    asked = []

    def distinct(layer):
        asked.append(layer)
        return ROWS + layer

    one = SimpleNamespace(
        index=SimpleNamespace(corpus="alpha"), texts=["x"] * len(ROWS), distinct=distinct
    )
    roots = Roots()
    roots.take("alpha", 2, ROWS + 2)
    roots.take("alpha", 2, ROWS)  # the first is kept
    (found,) = roots.records(SimpleNamespace(corpora=[one]), (2, 3))
    assert asked == [3]
    expected = (merkle_root(ROWS + 2), merkle_root(ROWS + 3))
    assert found == commitment(texts=5, layers=(2, 3), roots=expected)


GOOD = (commitment(), commitment("beta"))


@pytest.mark.parametrize(
    ("commitments", "expected"),
    [
        ((), []),
        (GOOD, []),
        ((commitment(texts=1), commitment("beta")), []),
        ((commitment(texts=0), GOOD[1]), [("commitments[0].texts", "0", "1 to 10")]),
        ((GOOD[0], commitment("beta", 11)), [("commitments[1].texts", "11", "1 to 10")]),
        ((*GOOD, commitment("gamma", 1)), [("commitments[2].texts", "1", "1 to 0")]),
        (
            (GOOD[0], commitment("beta", layers=(1, 2))),
            [("commitments[1].roots", "1", "2, one a layer")],
        ),
        (
            (commitment(layers=(1, 1), roots=(A, A)), GOOD[1]),
            [("commitments[0].layers", "1 2 times", "each once")],
        ),
        ((*GOOD, GOOD[0]), [("commitments", "alpha 2 times", "each once")]),
        ((GOOD[1],), [("commitments", "none of alpha", "one a corpus")]),
    ],
)
def test_a_result_commits_once_to_each_corpus_and_layer(commitments, expected):
    result, _ = make_result(
        texts=10, layers=(1,), probes=("ridge",), conflicts=0, corpora=("alpha", "beta")
    )
    findings = check_figures(result.model_copy(update={"commitments": commitments}))
    assert findings == [Mismatch(*one) for one in expected]


def test_parts_of_one_result_are_committed_to_together():
    first = (commitment(layers=(3, 1), roots=(C, A)), commitment("beta", 7))
    second = (commitment(layers=(1, 2), roots=(A, B)), commitment("beta", 7))
    assert merge_commitments([first, second]) == (
        commitment(layers=(1, 2, 3), roots=(A, B, C)),
        commitment("beta", 7),
    )


@pytest.mark.parametrize(
    "other",
    [(), (commitment(texts=11),), (commitment(roots=(B,)),)],
    ids=["none", "other texts", "another root"],
)
def test_parts_made_of_other_features_are_not_committed_to(other):
    assert merge_commitments([(commitment(),), (commitment(),)]) == (commitment(),)
    assert merge_commitments([(commitment(),), other]) == ()
    assert merge_commitments([other, (commitment(),)]) == ()
