"""Intervals of a result: of means, of corpora and of gaps, each by itself."""

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.results.intervals import ResultIntervals, summary_intervals
from cefrbench.results.samples import samples
from cefrbench.statistics.draws import gap, resample
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.scores import DIRECTIONS

RESULT, TABLE = make_result(
    corpora=("alpha", "beta", "gamma"),
    texts=12,
    layers=(1,),
    probes=("ridge", "ordinal"),
    protocols=("iid", "loco", "lofo"),
    refits=0,
)
SCORES = ("qwk", "mae", "accuracy")


@pytest.fixture(scope="module")
def found():
    return summary_intervals(RESULT, TABLE, scores=SCORES, weights=TextWeights(60, 5))


def test_each_interval_is_of_its_own_draws(found):
    own, weights = samples(RESULT, TABLE), TextWeights(60, 5)
    assert list(found.means) == list(own)
    assert {tuple(each) for each in found.means.values()} == {SCORES}
    assert list(found.corpora) == [
        (*key, name) for key in own for name in ("alpha", "beta", "gamma")
    ]
    assert list(found.gaps) == ["ridge", "ordinal"]
    for name in SCORES:
        statistic = get_statistic(name)
        drawn = {key: resample(sample, statistic, weights) for key, sample in own.items()}
        for key, one in drawn.items():
            assert found.means[key][name] == from_draws(one.draws(), statistic)
            for corpus in ("alpha", "beta", "gamma"):
                expected = from_draws(one.draws({corpus}), statistic)
                assert found.corpora[*key, corpus][name] == expected
        for probe in ("ridge", "ordinal"):
            apart = gap(drawn["iid", probe], drawn["lofo", probe])
            assert found.gaps[probe][name] == from_draws(apart)


@pytest.mark.parametrize(("bare", "whole"), [("ridge", "ordinal"), ("ordinal", "ridge")])
def test_a_gap_needs_both_sides_of_the_same_probe(bare, whole):
    kept = ~((TABLE.probe == bare) & (TABLE.protocol != "iid"))
    fewer = summary_intervals(
        RESULT, TABLE.take(np.flatnonzero(kept)), scores=["qwk"], weights=TextWeights(60)
    )
    assert list(fewer.gaps) == [whole]
    assert ("iid", bare) in fewer.means
    assert ("lofo", bare) not in fewer.means


def test_all_scores_are_told_with_the_usual_resamples_if_nothing_else_is_asked():
    one = (TABLE.protocol == "iid") & (TABLE.probe == "ridge") & (TABLE.corpus == "alpha")
    found = summary_intervals(RESULT, TABLE.take(np.flatnonzero(one)))
    assert list(found.means["iid", "ridge"]) == list(DIRECTIONS)
    whole = found.means["iid", "ridge"]["qwk"]
    assert whole.replicates == 2000
    other = summary_intervals(
        RESULT, TABLE.take(np.flatnonzero(one)), scores=["qwk"], weights=TextWeights(2000, 0)
    )
    assert other.means["iid", "ridge"] == {"qwk": whole}
    assert found.gaps == {}
    assert ResultIntervals() == ResultIntervals({}, {}, {})
