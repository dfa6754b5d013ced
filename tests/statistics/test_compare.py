"""Comparisons of results: what is refused, what is claimed, and in which words."""

from dataclasses import replace

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.errors import ResultError
from cefrbench.results.comparable import check_same_texts, labels_of
from cefrbench.results.compare import Comparison, Comparisons, compare_results
from cefrbench.results.comparison_tables import caption, pair_cells, score_cells, to_json
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.samples import samples
from cefrbench.results.verdicts import verdict
from cefrbench.statistics.draws import gap, resample
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import STATISTICS
from cefrbench.statistics.pairs import PairedTest
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Sample, Scored

FIVE_CORPORA = ("alpha", "beta", "gamma", "delta", "epsilon")


def entry(name: str, **options: object) -> tuple[RunResult, PredictionTable]:
    return make_result(name, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def report() -> Comparisons:
    options = {"corpora": FIVE_CORPORA, "texts": 80, "refits": 10}
    strong, weak = entry("strong", skill=0.9, **options), entry("weak", skill=0.3, **options)
    return compare_results([weak, strong, entry("twin", skill=0.9, **options)], replicates=500)


def of(report: Comparisons, first: str, second: str, protocol: str) -> Comparison:
    return next(
        pair
        for pair in report.pairs
        if (pair.first, pair.second, pair.protocol) == (first, second, protocol)
    )


def test_every_pair_is_compared_under_every_protocol_and_in_its_gap(report: Comparisons) -> None:
    assert list(report.protocols) == ["iid", "loco", "gap"]
    assert len(report.pairs) == 3 * 3
    assert report.probe == "ridge"


def test_the_difference_is_that_of_the_summaries(report: Comparisons) -> None:
    for pair in report.pairs:
        first, second = (
            report.intervals[name, pair.protocol] for name in (pair.first, pair.second)
        )
        assert pair.difference == pytest.approx((first.estimate or 0) - (second.estimate or 0))


def test_a_large_difference_is_claimed_for_the_better_one(report: Comparisons) -> None:
    pair = of(report, "weak", "strong", "loco")
    said = verdict(pair, report)
    assert said.startswith("strong is better than weak out of distribution on these 5 corpora")
    # Told from the winner's side, so its lead has a plus.
    assert f"+{-(pair.difference or 0):.3f} QWK [+" in said


def test_no_difference_is_claimed_between_equals(report: Comparisons) -> None:
    said = verdict(of(report, "strong", "twin", "loco"), report)
    assert said.startswith("No difference shown in QWK out of distribution")
    assert "the interval allows a lead of up to" in said


def test_a_score_stands_in_its_cell_with_its_interval_where_it_has_one(report: Comparisons) -> None:
    found = report.intervals["weak", "loco"]
    without = replace(found, estimate=0.5, low=None, high=None)
    undefined = replace(without, estimate=None)
    intervals = {**report.intervals, ("strong", "loco"): without, ("twin", "loco"): undefined}
    header, rows = score_cells(replace(report, intervals=intervals))
    cells = {row[0]: row[header.index("loco")] for row in rows}
    assert cells == {
        "weak": f"{found.estimate:.3f} [{found.low:.3f}, {found.high:.3f}]",
        "strong": "0.500 (no interval)",
        "twin": "undefined",
    }


def test_a_star_marks_the_tests_that_are_significant(report: Comparisons) -> None:
    _, rows = pair_cells(report)
    tests = [test for pair in report.pairs for test in (pair.these, pair.beyond)]
    expected = [test is not None and test.significant for test in tests]
    assert [row[-1].endswith(" *") for row in rows] == expected
    assert {*expected} == {True, False}


def test_a_gap_has_the_interval_of_a_difference_and_a_score_that_of_its_scale(
    report: Comparisons,
) -> None:
    result, table = entry("strong", skill=0.9, corpora=FIVE_CORPORA, texts=80, refits=10)
    weights = TextWeights(report.replicates, report.seed)
    inside, outside = (
        resample(one, STATISTICS["qwk"], weights)
        for (_, probe), one in samples(result, table).items()
        if probe == "ridge"
    )
    found = report.intervals["strong", "gap"]
    apart = from_draws(gap(inside, outside))
    assert (found.low, found.high) == (pytest.approx(apart.low), pytest.approx(apart.high))
    whole = from_draws(inside.draws(), STATISTICS["qwk"])
    found = report.intervals["strong", "iid"]
    assert (found.low, found.high) == (pytest.approx(whole.low), pytest.approx(whole.high))


def test_holm_corrects_over_all_pairs_and_protocols(report: Comparisons) -> None:
    p = sorted((pair.these.p, pair.these.p_holm) for pair in report.pairs if pair.these)
    stepped, so_far = [], 0.0
    for rank, (raw, _) in enumerate(p):
        so_far = max(so_far, raw * (len(p) - rank))
        stepped.append(min(1.0, so_far))
    np.testing.assert_allclose([corrected for _, corrected in p], stepped)


def test_turning_a_pair_round_turns_its_difference_round() -> None:
    first, second = entry("one", skill=0.8), entry("two", skill=0.6)
    there = compare_results([first, second], protocols=["loco"], replicates=300).pairs[0]
    back = compare_results([second, first], protocols=["loco"], replicates=300).pairs[0]
    assert there.these is not None
    assert back.these is not None
    assert back.difference == pytest.approx(-(there.difference or 0))
    assert (back.these.low, back.these.p) == pytest.approx((-there.these.high, there.these.p))


def test_what_else_is_compared_changes_no_interval() -> None:
    one, two, three = (entry(name) for name in ("one", "two", "three"))
    pair = compare_results([one, two], replicates=300).intervals
    trio = compare_results([three, one, two], replicates=300).intervals
    assert all(trio[place] == found for place, found in pair.items())


def test_a_result_compared_with_itself_does_not_differ() -> None:
    one = entry("one")
    report = compare_results([one, one])
    assert report.labels[0] != report.labels[1]
    for pair in report.pairs:
        assert pair.these is not None
        assert (pair.difference, pair.these.p) == (0.0, 1.0)
        assert "score the same in every resample" in verdict(pair, report)


def test_a_lower_error_is_better() -> None:
    report = compare_results(
        [entry("strong", skill=0.9), entry("weak", skill=0.3)], score="mae", protocols=["iid"]
    )
    assert verdict(report.pairs[0], report).startswith("strong is better than weak in distribution")


def test_one_level_only_is_said_and_not_tested() -> None:
    flat = []
    for name in ("one", "two"):
        result, predictions = entry(name)
        level = np.full(len(predictions), 2)
        flat.append((result, replace(predictions, low=level, high=level)))
    report = compare_results(flat, protocols=["loco"])
    assert report.pairs[0].these is None
    assert "QWK is undefined" in verdict(report.pairs[0], report)


def test_too_few_texts_are_said_and_not_tested() -> None:
    few = [entry(name, texts=6) for name in ("one", "two")]
    report = compare_results(few, protocols=["iid"])
    assert report.pairs[0].difference is not None
    assert report.pairs[0].these is None
    assert "the texts are too few" in verdict(report.pairs[0], report)
    assert "too few" in report.intervals["one", "iid"].note


def pair_with(these: PairedTest, beyond: PairedTest | None, protocol: str = "loco") -> str:
    pair = Comparison("A", "B", protocol, "qwk", 0.031, these, beyond, 9, 900)
    words = {"loco": "out of distribution", "gap": "between in and out of distribution"}
    report = Comparisons(("A", "B"), "cefr-v1", "ridge", "qwk", words, (), {}, (pair,), 2000, 0)
    return verdict(pair, report)


SURE = PairedTest(0.014, 0.048, 0.001, 0.002, 0.012, 0.050)
UNSURE = PairedTest(-0.006, 0.068, 0.11, 0.22, -0.008, 0.070)


@pytest.mark.parametrize(
    ("these", "beyond", "protocol", "said"),
    [
        (
            SURE,
            SURE,
            "loco",
            "A is better than B out of distribution on these 9 corpora and beyond them: +0.031 QWK "
            "[+0.012, +0.050], p = 0.002, both after Holm; over corpora [+0.012, +0.050], "
            "p = 0.002, both after Holm.",
        ),
        (
            SURE,
            UNSURE,
            "loco",
            "A is better than B out of distribution on these 9 corpora: +0.031 QWK [+0.012, "
            "+0.050], p = 0.002, both after Holm. On other corpora it is not shown: over "
            "corpora the interval is [-0.008, +0.070], p = 0.220, both after Holm.",
        ),
        (
            SURE,
            None,
            "gap",
            "B has a smaller QWK gap than A between in and out of distribution on these 9 corpora: "
            "-0.031 QWK [-0.050, -0.012], p = 0.002, both after Holm. Fewer than 3 corpora say "
            "nothing about others.",
        ),
        (
            UNSURE,
            UNSURE,
            "loco",
            "No difference shown in QWK out of distribution between A and B on these 9 corpora: "
            "+0.031 [-0.008, +0.070], p = 0.220, both after Holm; the interval allows a lead of "
            "up to 0.070 for A and 0.008 for B.",
        ),
        (
            UNSURE,
            UNSURE,
            "gap",
            "No difference shown in the QWK gap between in and out of distribution between A and B "
            "on these 9 corpora: +0.031 [-0.008, +0.070], p = 0.220, both after Holm; the interval "
            "allows a lead of up to 0.008 for A and 0.070 for B.",
        ),
        (
            PairedTest(0.001, 0.061, 0.04, 0.12, -0.005, 0.067),
            UNSURE,
            "loco",
            "No difference shown in QWK out of distribution between A and B on these 9 corpora: "
            "+0.031 [-0.005, +0.067], p = 0.120, both after Holm; by itself it would be one, but "
            "not among all the comparisons made here.",
        ),
    ],
)
def test_verdicts_claim_what_is_shown(
    these: PairedTest, beyond: PairedTest | None, protocol: str, said: str
) -> None:
    assert pair_with(these, beyond, protocol) == said


def test_no_p_value_is_rounded_onto_the_line() -> None:
    assert "p = 0.0497, both after Holm" in pair_with(
        PairedTest(0.01, 0.05, 0.02, 0.0497, 0.0001, 0.06), None
    )


def changed(**updates: object) -> tuple[RunResult, PredictionTable]:
    result, predictions = entry("other")
    return result.model_copy(update=updates), predictions


def other_fingerprint() -> tuple[RunResult, PredictionTable]:
    corpora = make_result("other")[0].corpora
    moved = corpora[1].model_copy(update={"fingerprint": "f" * 64})
    return changed(corpora=(corpora[0], moved, *corpora[2:]))


def other_splits() -> tuple[RunResult, PredictionTable]:
    splits = make_result("other")[0].splits
    return changed(splits=(splits[0].model_copy(update={"manifest": "0" * 64}), *splits[1:]))


def other_texts() -> tuple[RunResult, PredictionTable]:
    result, predictions = entry("other")
    return result, replace(predictions, low=np.maximum(predictions.low - 1, 0))


def without_a_corpus() -> tuple[RunResult, PredictionTable]:
    result, predictions = entry("other")
    return result, predictions.take(np.flatnonzero(predictions.corpus != "beta"))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (lambda: changed(suite="paper"), "the suite is 'cefr-v1' in one and 'paper'"),
        (lambda: entry("other", form="study", suite="cefr-v1"), "the form is"),
        (lambda: changed(scale=("A", "B", "C", "D", "E")), "the scale is"),
        (lambda: entry("other", corpora=("alpha", "beta")), "only one of them was run on gamma"),
        (other_fingerprint, "the texts of beta are not the same"),
        (other_splits, "the fold '1' of iid splits the texts in another way"),
        (other_texts, "not of the same texts and levels"),
        (without_a_corpus, "other has no predictions of ridge on beta"),
        (lambda: entry("other", probes=("mlp-classifier",)), "other has no result of the probe"),
    ],
)
def test_what_is_not_comparable_is_refused_with_the_reason(other, reason: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ResultError, match=reason):
        compare_results([entry("one"), other()], probe="ridge")


def test_one_result_alone_is_refused() -> None:
    with pytest.raises(ResultError, match="two or more"):
        compare_results([entry("one")])


def test_results_without_a_probe_in_common_are_refused() -> None:
    with pytest.raises(ResultError, match="no probe in common"):
        compare_results([entry("one", probes=("ridge",)), entry("two", probes=("ordinal",))])


def test_a_reference_without_the_probe_stands_with_its_own() -> None:
    """A probe that reads texts is no encoder's, and yet what an encoder is read against."""
    entries = [entry("one"), entry("words", role="reference", probes=("ordinal",))]
    report = compare_results(entries, replicates=200)
    assert (report.probe, report.own) == ("ridge", {"words": "ordinal"})
    assert "probe ridge (words: ordinal)" in caption(report)
    assert [one["probe"] for one in to_json(report)["results"]] == ["ridge", "ordinal"]
    turned = compare_results(entries[::-1], replicates=200)
    assert turned.own == report.own
    with pytest.raises(ResultError, match="one has no result of the probe 'ordinal'"):
        compare_results(entries, probe="ordinal")


def test_an_unknown_probe_is_named_with_its_neighbours() -> None:
    with pytest.raises(ResultError, match="did you mean 'ridge'"):
        compare_results([entry("one"), entry("two")], probe="rigde")


def test_a_protocol_that_one_lacks_is_refused() -> None:
    with pytest.raises(ResultError, match="they share iid"):
        compare_results([entry("one"), entry("two", protocols=("iid",))], protocols=["loco"])


def test_another_seed_draws_other_resamples_and_the_same_one_the_same() -> None:
    """What is reported as the seed is what was used."""
    options = {"probe": "ridge", "protocols": ["loco"], "replicates": 400}
    entries = [entry("one", skill=0.8), entry("two", skill=0.5)]
    first, again, other = (
        compare_results(entries, seed=seed, **options)
        for seed in (0, 0, 1)  # type: ignore[arg-type]
    )
    assert (first.seed, other.seed) == (0, 1)
    assert first == again
    for label in first.labels:
        ours, theirs = first.intervals[label, "loco"], other.intervals[label, "loco"]
        assert ours.estimate == theirs.estimate
        assert ours.low != theirs.low


def test_results_of_one_name_are_told_apart_by_digest_and_copies_by_number() -> None:
    result, _ = entry("same")
    other, _ = entry("other")
    moved = result.encoder.model_copy(update={"max_length": 77})
    longer = result.model_copy(update={"encoder": moved})
    one, two = (f"same [{r.encoder.digest()[:8]}]" for r in (result, longer))
    assert labels_of([result, other, longer]) == [one, "other", two]
    assert labels_of([result, longer, result, result]) == [one, two, f"{one} #2", f"{one} #3"]
    assert labels_of([other, result]) == ["other", "same"]


def plain_sample(**changes: object) -> Sample:
    """Three texts of one corpus, scored by one seed."""
    own = {"texts": np.arange(3, dtype=np.uint64), "low": [0, 1, 2], "high": [1, 1, 2]} | changes
    low, high = (np.array(own[name], dtype=np.int64) for name in ("low", "high"))
    scored = Scored(own["texts"], low, high, np.ones(3))
    part = Part.of(str(own.get("fold", "1")), "alpha", {None: scored}, 5)
    return Sample("e", "ridge", "iid", (part,))


@pytest.mark.parametrize(
    "changes",
    [{"texts": np.array([0, 1, 7], dtype=np.uint64)}, {"low": [0, 0, 2]}, {"high": [1, 2, 2]}],
    ids=["texts", "low", "high"],
)
def test_other_texts_or_levels_on_either_end_are_not_compared(changes: dict[str, object]) -> None:
    check_same_texts(["A", "B"], [plain_sample(), plain_sample()])
    with pytest.raises(ResultError, match="of A and C on alpha under iid are not of the same"):
        check_same_texts(["A", "B", "C"], [plain_sample(), plain_sample(), plain_sample(**changes)])


@pytest.mark.parametrize(("folds", "lacking"), [(("1", "2"), "A"), (("2", "1"), "B")])
def test_who_lacks_a_part_is_named(folds: tuple[str, str], lacking: str) -> None:
    """The first part, in order, that one of them has and the other hasn't."""
    with pytest.raises(ResultError, match=rf"^{lacking} has no predictions of ridge on alpha"):
        check_same_texts(["B", "A"], [plain_sample(fold=fold) for fold in folds])


@pytest.mark.parametrize(
    ("score", "difference", "why"),
    [
        ("qwk", None, "QWK is undefined, because the texts have one level only"),
        (
            "spearman",
            None,
            "rank correlation is undefined, because the texts have one level only, "
            "or a probe gives no ranks",
        ),
        (
            "recut",
            None,
            "recut QWK is undefined, because the texts have one level only, "
            "or a probe gives no ranks",
        ),
        (
            "recut",
            0.1,
            "the texts are too few: most resamples leave a corpus with one level only",
        ),
    ],
)
def test_why_there_is_no_test_is_said_and_its_cells_are_dashes(
    report: Comparisons, score: str, difference: float | None, why: str
) -> None:
    pair = Comparison("one", "two", "iid", score, difference, None, None, 2, 20)
    assert verdict(pair, report) == (
        f"one and two can't be tested against each other in distribution: {why}."
    )
    _, rows = pair_cells(replace(report, pairs=(pair,)))
    told = "undefined" if difference is None else "+0.100"
    assert rows == [
        ["one − two", "iid", scope, told, "–", "–", "–", "–"] for scope in ("these", "beyond")
    ]
