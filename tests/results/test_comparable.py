"""Which results can be compared, under which probe, and the words of each refusal."""

import re

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.errors import ResultError
from cefrbench.results.comparable import (
    check_comparable,
    check_same_texts,
    common_probe,
    labels_of,
    probe_of,
)
from cefrbench.results.selection import favoured_probe
from cefrbench.statistics.sample import Part, Sample, Scored

TINY = {"corpora": ("alpha", "beta"), "texts": 10, "layers": (1,), "refits": 0}


def made(name, *probes, role="candidate", **options):
    return make_result(name, probes=probes or ("ridge",), role=role, **TINY | options)[0]


def refused(message):
    return pytest.raises(ResultError, match=f"^{re.escape(message)}$")


def test_the_first_probe_that_all_have_is_taken():
    both, turned = made("a", "knn", "ridge", "ordinal"), made("b", "ordinal", "ridge")
    assert common_probe([both, turned], None) == "ridge"
    assert common_probe([turned, both], None) == "ordinal"
    assert common_probe([both, turned], "ordinal") == "ordinal"


def test_a_reference_has_a_say_only_where_it_shares_a_probe():
    own = made("a", "knn", "ridge")
    sharing, apart = made("r", "ridge", role="reference"), made("w", "ordinal", role="reference")
    assert common_probe([own, sharing], None) == "ridge"
    assert common_probe([own, apart], None) == "knn"
    assert common_probe([apart, own], None) == "knn"
    assert common_probe([apart, sharing], None) == "ordinal"
    assert common_probe([own, made("c", "knn", role="control")], None) == "knn"


def test_candidates_without_a_probe_in_common_are_refused():
    some = [made("a", "knn", "ridge"), made("b", "ordinal"), made("c", "ridge", role="reference")]
    with refused(
        "The results have no probe in common (knn, ridge; ordinal; ridge): run them with one that "
        "is the same."
    ):
        common_probe(some, None)


def test_a_probe_that_a_candidate_lacks_is_refused_and_that_a_reference_lacks_is_not():
    some = [made("w", "ordinal", role="reference"), made("a", "knn", "ridge"), made("b", "knn")]
    assert common_probe(some, "knn") == "knn"
    with refused("b has no result of the probe 'ridge' (it has knn): name another with --probe."):
        common_probe(some, "ridge")
    with refused(
        "a has no result of the probe 'ordinal' (it has knn, ridge): name another with --probe."
    ):
        common_probe(some, "ordinal")
    with pytest.raises(ResultError, match="did you mean 'ridge'"):
        common_probe(some[1:], "rigde")


def test_a_reference_that_lacks_the_probe_stands_with_the_one_that_it_favours():
    reference = made("w", "ordinal", "knn", role="reference")
    assert probe_of(reference, "knn") == "knn"
    assert probe_of(reference, "ordinal") == "ordinal"
    for lacking in ("abc", "linear", "ridge"):
        assert probe_of(reference, lacking) == favoured_probe(reference).probe
    assert probe_of(made("a", "ordinal"), "ridge") == "ridge"


def test_what_can_t_be_compared_is_named_with_the_first_that_differs():
    one, other = made("a"), made("b")
    check_comparable([one, other])
    with refused("One result has nothing to be compared with: name two or more."):
        check_comparable([one])
    moved = made("c").model_copy(update={"suite": "paper"})
    with refused(
        "a and c can't be compared: the suite is 'cefr-v1' in one and 'paper' in the other; run "
        "both under the same suite."
    ):
        check_comparable([one, other, moved])


def test_copies_are_numbered_in_their_order():
    one, two = made("same"), made("other")
    own = f"same [{one.encoder.digest()[:8]}]"
    assert labels_of([one, two, one, one]) == [own, "other", f"{own} #2", f"{own} #3"]
    assert labels_of([one]) == ["same"]
    assert labels_of([]) == []


# -- the same texts --------------------------------------------------------------------------------


def sample(*places, texts=(0, 1, 2), low=(0, 1, 2), high=(1, 1, 2)):
    scored = Scored(np.array(texts, np.uint64), np.array(low), np.array(high), np.ones(len(texts)))
    parts = [Part.of(fold, corpus, {None: scored}, 5) for fold, corpus in places]
    return Sample("e", "ridge", "lofo", tuple(parts))


BOTH = (("2", "beta"), ("1", "gamma"))


@pytest.mark.parametrize(
    ("first", "second", "lacking"),
    [
        (
            sample(*BOTH),
            sample(BOTH[0]),
            "C has no predictions of ridge on gamma under lofo (fold 1)",
        ),
        (
            sample(BOTH[0]),
            sample(*BOTH),
            "A has no predictions of ridge on gamma under lofo (fold 1)",
        ),
        (
            sample(BOTH[0]),
            sample(BOTH[1]),
            "A has no predictions of ridge on gamma under lofo (fold 1)",
        ),
        (
            sample(BOTH[1]),
            sample(BOTH[0]),
            "C has no predictions of ridge on gamma under lofo (fold 1)",
        ),
    ],
)
def test_who_lacks_the_first_part_that_they_don_t_share_is_named(first, second, lacking):
    with refused(
        f"{lacking}, and the other has: see its failures, run it again, or leave that protocol "
        "out with --protocol."
    ):
        check_same_texts(["A", "B", "C"], [first, first, second])


@pytest.mark.parametrize(
    "change",
    [{"texts": (0, 1, 3)}, {"texts": (1, 0, 2)}, {"low": (1, 1, 2)}, {"high": (1, 1, 3)}],
)
def test_texts_and_both_ends_of_their_levels_have_to_be_the_same(change):
    check_same_texts(["A", "B"], [sample(*BOTH), sample(*BOTH[::-1])])
    with refused(
        "The predictions of A and C on beta under lofo are not of the same texts and levels: run "
        "both again."
    ):
        check_same_texts(["A", "B", "C"], [sample(*BOTH), sample(*BOTH), sample(*BOTH, **change)])


def test_all_parts_are_looked_at():
    own, other = sample(*BOTH), sample(*BOTH, high=(1, 2, 2))
    mixed = Sample("e", "ridge", "lofo", (own.parts[0], other.parts[1]))
    with pytest.raises(ResultError, match="of A and B on gamma under lofo"):
        check_same_texts(["A", "B"], [own, mixed])
