"""Comparisons of results: what is compared, and each pair's tests against the same one by one."""

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.errors import ResultError
from cefrbench.results.compare import compare_results
from cefrbench.results.model import RunResult
from cefrbench.results.samples import samples
from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import gap, resample
from cefrbench.statistics.errors import Errors
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.pairs import beyond_corpora, these_corpora
from cefrbench.statistics.resampling import REPLICATES, TextWeights

CORPORA = ("alpha", "beta", "gamma", "delta")
OPTIONS = {"corpora": CORPORA, "texts": 20, "layers": (1,), "probes": ("ridge",), "refits": 3}
NAMES = {"one": 0.8, "two": 0.3, "three": 0.6}


def made(name, **options):
    return make_result(name, skill=NAMES.get(name, 0.5), **OPTIONS | options)


def without_beta(entry):
    """Of loco and beta there are no predictions."""
    result, table = entry
    gone = (table.protocol == "loco") & (table.corpus == "beta")
    return result, table.take(np.flatnonzero(~gone))


ENTRIES = [without_beta(made(name)) for name in NAMES]
REPORT = compare_results(ENTRIES, replicates=100, seed=3)


def drawn(entry, protocol, score="qwk"):
    found, weights = samples(*entry), TextWeights(100, 3)
    inside, outside = (
        resample(found[name, "ridge"], get_statistic(score), weights) for name in ("iid", "loco")
    )
    return {"iid": inside.draws(), "loco": outside.draws(), "gap": gap(inside, outside)}[protocol]


def holm(p):
    found, worst = [0.0] * len(p), 0.0
    for place, number in enumerate(sorted(range(len(p)), key=lambda number: p[number])):
        worst = max(worst, min(1.0, p[number] * (len(p) - place)))
        found[number] = worst
    return found


def test_a_report_says_what_was_compared():
    assert REPORT.labels == ("one", "two", "three")
    assert (REPORT.suite, REPORT.probe, REPORT.score) == ("cefr-v1", "ridge", "qwk")
    assert (REPORT.replicates, REPORT.seed, REPORT.corpora) == (100, 3, CORPORA)
    assert REPORT.own == {}
    assert REPORT.protocols == {
        "iid": "in distribution",
        "loco": "out of distribution",
        "gap": "between in and out of distribution",
    }
    assert [(one.protocol, one.first, one.second) for one in REPORT.pairs] == [
        (protocol, *pair) for protocol in REPORT.protocols for pair in combinations(NAMES, 2)
    ]


def test_each_result_has_its_own_interval_under_each_protocol():
    assert list(REPORT.intervals) == [(name, one) for name in NAMES for one in REPORT.protocols]
    for entry, name in zip(ENTRIES, NAMES, strict=True):
        for protocol in REPORT.protocols:
            statistic = None if protocol == "gap" else get_statistic("qwk")
            expected = from_draws(drawn(entry, protocol), statistic)
            assert REPORT.intervals[name, protocol] == expected
            assert expected.refits == 3


def test_each_pair_is_tested_by_itself_and_corrected_over_all():
    entries = dict(zip(NAMES, ENTRIES, strict=True))
    raw = {"these": [], "beyond": []}
    for pair in REPORT.pairs:
        first, second = (drawn(entries[name], pair.protocol) for name in (pair.first, pair.second))
        scored = CORPORA if pair.protocol == "iid" else ("alpha", "gamma", "delta")
        apart = np.array([first.corpora[name] - second.corpora[name] for name in scored])
        errors = errors_of([first, second])
        error = Errors(errors.error[0, 1], errors.freedom[0, 1])
        tests = {
            "these": these_corpora(first.estimate - second.estimate, error),
            "beyond": beyond_corpora(first.estimate - second.estimate, error, apart),
        }
        assert pair.score == "qwk"
        assert pair.difference == pytest.approx(first.estimate - second.estimate)
        assert (pair.corpora, pair.texts) == (len(scored), 80 if pair.protocol == "iid" else 60)
        for scope, test in tests.items():
            own = getattr(pair, scope)
            expected = float(test.low), float(test.high), float(test.p)
            assert (own.low, own.high, own.p) == pytest.approx(expected)
            raw[scope].append(float(test.p))
    for scope, found in raw.items():
        assert [getattr(one, scope).p_holm for one in REPORT.pairs] == pytest.approx(holm(found))


def test_resamples_are_as_many_as_elsewhere():
    pair = [made(name, corpora=("alpha", "beta"), refits=0) for name in ("one", "two")]
    report = compare_results(pair, protocols=["iid"])
    assert (report.replicates, report.seed) == (REPLICATES, 0) == (2000, 0)


def test_two_corpora_say_nothing_of_others():
    report = compare_results(
        [made(name, corpora=("alpha", "beta")) for name in ("one", "two")],
        replicates=50,
        protocols=["iid"],
    )
    (pair,) = report.pairs
    assert pair.these is not None
    assert pair.beyond is None
    assert pair.corpora == 2


def test_an_undefined_score_has_no_difference_and_no_test():
    flat = []
    for name in ("one", "two"):
        result, table = made(name, conflicts=0.0)
        # The file's levels say it; the records of the result are not looked at here.
        level = np.full(len(table), 2)
        flat.append((result, replace(table, low=level, high=level)))
    (pair,) = compare_results(flat, replicates=50, protocols=["iid"]).pairs
    assert (pair.difference, pair.these, pair.beyond, pair.corpora) == (None, None, None, 0)


# -- what is compared ------------------------------------------------------------------------------


def protocols(entries, asked=()):
    return list(compare_results(entries, protocols=asked, replicates=50).protocols)


def test_what_is_asked_for_is_compared_in_that_order_once():
    pair = [made("one", refits=0), made("two", refits=0)]
    assert protocols(pair, ["gap", "iid", "gap"]) == ["gap", "iid"]
    assert protocols(pair, ["loco"]) == ["loco"]


def test_a_gap_needs_both_sides_in_all_results():
    options = {"refits": 0, "corpora": ("alpha", "beta", "gamma")}
    whole = made("one", **options)
    assert protocols([whole, made("two", protocols=("iid",), **options)]) == ["iid"]
    assert protocols([made("two", protocols=("loco",), **options), whole]) == ["loco"]


def test_the_probe_that_is_asked_for_is_compared_whatever_their_order():
    options = {"refits": 0, "corpora": CORPORA[:3], "probes": ("ridge", "knn", "svm")}
    pair = [made("one", **options), made("two", **options)]
    report = compare_results(pair, probe="ridge", protocols=["iid"], replicates=50)
    for label, (result, _) in zip(report.labels, pair, strict=True):
        (own,) = (r for r in result.summary if (r.protocol, r.probe) == ("iid", "ridge"))
        assert report.intervals[label, "iid"].estimate == pytest.approx(own.chosen.qwk)


def test_order_and_words_are_those_of_the_first_result():
    """Of the usual protocols lofo stands before loco, which is then called by its title."""
    options = {"protocols": ("iid", "loco", "lofo"), "refits": 0, "corpora": CORPORA[:3]}
    entries = []
    for name in ("one", "two"):
        result, table = made(name, **options)
        cards = [one.model_copy(update={"title": f"Titled {name}"}) for one in result.protocols]
        change = {"protocols": tuple(cards)}
        if name == "two":
            change |= {"summary": result.summary[::-1], "corpora": result.corpora[::-1]}
        entries.append((result.model_copy(update=change), table))
    report = compare_results(entries, replicates=50)
    assert list(report.protocols.items()) == [
        ("iid", "in distribution"),
        ("loco", "under loco (titled one)"),
        ("lofo", "out of distribution"),
        ("gap", "between in and out of distribution"),
    ]
    assert report.corpora == CORPORA[:3]


@pytest.mark.parametrize(
    ("second", "asked", "said"),
    [
        (
            {"protocols": ("loco",)},
            (),
            "The results have predictions under no protocol in common: run both under one.",
        ),
        (
            {"protocols": ("iid", "loco")},
            ("iid", "gap"),
            "The results don't all have predictions under 'gap': they share iid; name one of these "
            "with --protocol.",
        ),
    ],
)
def test_a_protocol_that_one_lacks_is_refused_in_a_sentence(second, asked, said):
    options = {"refits": 0, "corpora": ("alpha", "beta", "gamma")}
    pair = [made("one", protocols=("iid",), **options), made("two", **options | second)]
    with pytest.raises(ResultError, match=f"^{re.escape(said)}$"):
        compare_results(pair, protocols=asked, replicates=50)


def renamed(entry, old, new):
    """The same result with another name for a protocol."""
    result, table = entry
    text = result.model_dump_json().replace(f'"{old}"', f'"{new}"')
    names = np.where(table.protocol == old, new, table.protocol).astype(object)
    return RunResult.model_validate_json(text), replace(table, protocol=names)


def test_a_protocol_of_any_name_is_none_of_a_gap():
    """The name stands before the gap's in the alphabet."""
    pair = [made(name, refits=0, corpora=CORPORA[:3]) for name in ("one", "two")]
    before = compare_results(pair, replicates=50)
    after = compare_results([renamed(one, "iid", "any") for one in pair], replicates=50)
    assert list(after.protocols) == ["any", "loco"]
    for label in ("one", "two"):
        assert after.intervals[label, "any"] == before.intervals[label, "iid"]


@pytest.mark.parametrize("own", ["ordinal", "svm"])
def test_a_reference_stands_with_the_probe_that_it_has(own):
    options = {"refits": 0, "corpora": ("alpha", "beta", "gamma"), "protocols": ("iid",)}
    entries = [
        made("one", **options),
        made("two", **options),
        made("words", role="reference", **options | {"probes": (own,)}),
    ]
    report = compare_results(entries, replicates=50)
    assert (report.probe, report.own) == ("ridge", {"words": own})
    table = samples(*entries[2])["iid", own]
    whole = resample(table, get_statistic("qwk"), TextWeights(50)).draws()
    assert report.intervals["words", "iid"].estimate == pytest.approx(whole.estimate)
