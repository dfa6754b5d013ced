"""What methods do, beside what they have to beat: differences, intervals, who is read with whom."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from result_factory import make_result, write_made

from cefrbench.cli import main
from cefrbench.errors import ResultError
from cefrbench.results.compare import compare_results
from cefrbench.results.method_effects import MEAN, MethodEffect, MethodEffects, tell_methods
from cefrbench.results.method_tables import effect_cells, in_markdown
from cefrbench.results.samples import samples
from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import mean_of, resample
from cefrbench.statistics.errors import Errors
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.pairs import PairedTest, these_corpora
from cefrbench.statistics.resampling import TextWeights

PROBES = ("ridge", "unweighted+ridge", "centre+ridge")
OPTIONS = {
    "probes": PROBES,
    "protocols": ("iid", "lofo"),
    "seeds": (0,),
    "layers": (1,),
    "texts": 24,
}
ONE = make_result("one", **OPTIONS)
TWO = make_result("two", **OPTIONS, role="control")
LENGTH = make_result("length", **OPTIONS, role="reference", skill=0.4)
TOLD = tell_methods([ONE, TWO, LENGTH], replicates=200)


def scores(entry, protocol, probe):
    """QWK of a result's summary."""
    (record,) = (r for r in entry[0].summary if (r.protocol, r.probe) == (protocol, probe))
    return record.chosen.qwk


def test_values_are_the_results_own():
    for side, protocol in (("in", "iid"), ("out", "lofo")):
        effect = TOLD.find("one", "centre", side)
        assert effect.value == pytest.approx(scores(ONE, protocol, "centre+ridge"))
        assert effect.baseline == pytest.approx(scores(ONE, protocol, "ridge"))
        study = TOLD.find("one", "centre", side, "study")
        assert study.baseline == pytest.approx(scores(ONE, protocol, "unweighted+ridge"))
        length = TOLD.find("one", "centre", side, "length")
        assert length.baseline == pytest.approx(scores(LENGTH, protocol, "centre+ridge"))


def test_the_mean_is_over_encoders_that_are_no_references():
    assert TOLD.averaged == ("one", "two")
    assert TOLD.encoders == ("one", "two", "length")
    mean = TOLD.find(MEAN, "centre", "out")
    own = [TOLD.find(name, "centre", "out") for name in ("one", "two")]
    assert mean.difference == pytest.approx(np.mean([one.difference for one in own]))
    widths = [one.test.high - one.test.low for one in own]
    assert mean.test.high - mean.test.low < max(widths)


def test_the_test_is_that_of_a_comparison_of_two_results():
    """The same method on another encoder is what `compare` tests too."""
    (pair,) = compare_results(
        [ONE, LENGTH], probe="centre+ridge", protocols=["lofo"], replicates=200
    ).pairs
    effect = TOLD.find("one", "centre", "out", "length")
    assert effect.difference == pytest.approx(pair.difference)
    assert effect.test.p == pytest.approx(pair.these.p)
    assert (effect.test.low, effect.test.high) == pytest.approx((pair.these.low, pair.these.high))


def test_holm_is_over_the_methods_of_one_encoder():
    tests = [TOLD.find("one", name, "out").test for name in ("unweighted", "centre")]
    low, high = sorted(tests, key=lambda test: test.p)
    assert low.p_holm == pytest.approx(min(1, 2 * low.p))
    assert high.p_holm == pytest.approx(max(low.p_holm, high.p))


def drawn(entry, protocol, probe, score="qwk"):
    """Replicates of one probe of a result."""
    return resample(
        samples(*entry)[protocol, probe], get_statistic(score), TextWeights(200)
    ).draws()


def replicates_of(encoder, protocol, probe, score):
    """The same of an encoder, or of the mean of two."""
    entries = {"one": [ONE], "two": [TWO], "length": [LENGTH], MEAN: [ONE, TWO]}[encoder]
    return mean_of([drawn(entry, protocol, probe, score) for entry in entries])


@pytest.mark.parametrize("score", ["qwk", "spearman"])
@pytest.mark.parametrize("encoder", ["one", "length", MEAN])
def test_each_effect_is_tested_by_itself_and_corrected_over_methods(encoder, score):
    for side, protocol in (("in", "iid"), ("out", "lofo")):
        for against in ("probe", "study", "length"):
            own = [
                e
                for e in TOLD.effects
                if (e.encoder, e.side, e.against, e.score) == (encoder, side, against, score)
            ]
            methods = ["unweighted", "centre"]
            if against == "study":
                methods = ["centre"]
            if against == "length" and encoder == "length":
                methods = []
            assert [(e.method, e.probe, e.sees) for e in own] == [
                (name, "ridge", "") for name in methods
            ]
            p = []
            for effect in own:
                name = f"{effect.method}+ridge"
                value = replicates_of(encoder, protocol, name, score)
                other, probe = {
                    "probe": (encoder, "ridge"),
                    "study": (encoder, "unweighted+ridge"),
                    "length": ("length", name),
                }[against]
                base = replicates_of(other, protocol, probe, score)
                assert effect.value == pytest.approx(value.estimate)
                assert effect.baseline == pytest.approx(base.estimate)
                assert effect.difference == pytest.approx(value.estimate - base.estimate)
                errors = errors_of([value, base])
                errors = Errors(errors.error[0, 1], errors.freedom[0, 1])
                test = these_corpora(value.estimate - base.estimate, errors)
                assert effect.test.low == pytest.approx(float(test.low))
                assert effect.test.high == pytest.approx(float(test.high))
                assert effect.test.p == pytest.approx(float(test.p))
                p.append(float(test.p))
            corrected = [
                min(1.0, max(min(p) * len(p), one * (1 if one > min(p) else len(p)))) for one in p
            ]
            assert [e.test.p_holm for e in own] == pytest.approx(corrected)


def test_effects_stand_by_score_encoder_side_and_what_they_are_read_against():
    places = dict.fromkeys((e.score, e.encoder, e.side, e.against) for e in TOLD.effects)
    assert list(places) == [
        (score, encoder, side, against)
        for score in ("qwk", "recut", "spearman")
        for encoder in ("one", "two", "length", MEAN)
        for side in ("in", "out")
        for against in ("probe", "study", "length")
        if (encoder, against) != ("length", "length")
    ]
    assert TOLD.methods == ("unweighted", "centre")


def test_an_effect_is_found_by_all_that_names_it():
    first = MethodEffect("e", "m", "ridge", "", "in", "probe", "qwk", 0.5, 0.25, None)
    others = [
        replace(first, **change)
        for change in (
            {"encoder": "f"}, {"method": "n"}, {"side": "out"}, {"against": "study"},
            {"score": "mae"}, {"probe": "knn"},
        )
    ]  # fmt: skip
    told = MethodEffects(("e", "f"), (), (*others, first))
    assert told.methods == ("m", "n")
    assert told.find("e", "m", "in") is others[-1], "of two probes the first"
    assert told.find("f", "m", "in") is others[0]
    assert told.find("e", "n", "in", "probe") is others[1]
    assert told.find("e", "m", "out") is others[2]
    assert told.find("e", "m", "in", "study") is others[3]
    assert told.find("e", "m", "in", score="mae") is others[4]
    assert told.find("e", "m", "in", "length") is None


@pytest.mark.parametrize(("value", "baseline"), [(None, 0.25), (0.5, None), (None, None)])
def test_without_a_value_or_a_baseline_there_is_no_difference(value, baseline):
    effect = MethodEffect("e", "m", "ridge", "", "in", "probe", "qwk", value, baseline, None)
    assert effect.difference is None
    assert replace(effect, value=0.5, baseline=0.125).difference == 0.375


def test_encoders_of_a_mean_can_be_named_and_come_first():
    told = tell_methods(
        [ONE, TWO, LENGTH], scores=["qwk"], averaged=["two", "length"], replicates=50
    )
    assert told.encoders == ("two", "length", "one")
    assert told.averaged == ("two", "length")
    values = [scores(entry, "lofo", "centre+ridge") for entry in (TWO, LENGTH)]
    assert told.find(MEAN, "centre", "out").value == pytest.approx(np.mean(values))
    assert {effect.score for effect in told.effects} == {"qwk"}
    alone = tell_methods([ONE, LENGTH], scores=["qwk"], replicates=50)
    assert (alone.encoders, alone.averaged) == (("one", "length"), ())
    assert alone.find(MEAN, "centre", "out") is None


def test_the_protocol_out_of_distribution_can_be_named():
    options = OPTIONS | {"protocols": ("iid", "loco", "lofo")}
    entry = make_result("one", **options)
    for outside, protocol in ((None, "lofo"), ("loco", "loco"), ("lofo", "lofo")):
        told = tell_methods([entry], scores=["qwk"], outside=outside, replicates=50)
        assert told.find("one", "centre", "out").value == pytest.approx(
            scores(entry, protocol, "centre+ridge")
        )
        assert told.find("one", "centre", "in").value == pytest.approx(
            scores(entry, "iid", "centre+ridge")
        )


def test_names_before_and_after_those_that_stand_apart_change_nothing():
    probes = ("ridge", "unweighted+ridge", "whiten+ridge")
    told = tell_methods(
        [make_result(name, **OPTIONS | {"probes": probes}) for name in ("an", "length")],
        scores=["qwk"],
        replicates=50,
    )
    for method, against in (("whiten", "study"), ("whiten", "length"), ("unweighted", "length")):
        assert told.find("an", method, "out", against) is not None
    assert told.find("an", "unweighted", "out", "study") is None


def test_the_seed_draws_the_resamples():
    ends = [
        tell_methods([ONE], scores=["qwk"], seed=seed, replicates=50).find("one", "centre", "out")
        for seed in (0, 0, 1)
    ]
    assert ends[0] == ends[1]
    assert ends[0].value == ends[2].value
    assert ends[0].test.low != ends[2].test.low
    usual, named = (
        tell_methods([ONE], scores=["qwk"], **options)
        for options in ({}, {"seed": 0, "replicates": 2000})
    )
    assert usual == named


def test_a_mean_is_over_probes_and_sides_that_all_have():
    bare = make_result("two", **OPTIONS | {"probes": ("ridge", "unweighted+ridge")})
    told = tell_methods([ONE, bare], scores=["qwk"], replicates=50)
    assert told.averaged == ("one", "two")
    assert told.find(MEAN, "centre", "out") is None
    assert told.find(MEAN, "unweighted", "out") is not None
    inside = make_result("two", **OPTIONS | {"protocols": ("iid",)})
    told = tell_methods([ONE, inside], scores=["qwk"], replicates=50)
    assert told.find(MEAN, "centre", "in") is not None
    assert told.find(MEAN, "centre", "out") is None


def test_what_a_method_sees_is_what_its_card_says_first():
    result, table = ONE
    cards = [
        card.model_copy(update={"params": {"sees": place}})
        for place, card in enumerate(result.probes)
    ]
    entry = (result.model_copy(update={"probes": tuple(cards)}), table)
    told = tell_methods([entry, ONE], scores=["qwk"], replicates=50)
    seen = {effect.method: effect.sees for effect in told.effects}
    assert seen == {"unweighted": "1", "centre": "2"}


def test_of_two_results_of_one_encoder_the_first_gives_a_probe():
    other = make_result("one", **OPTIONS, skill=0.2)
    told = tell_methods([ONE, other], scores=["qwk"], replicates=50)
    assert told.find("one", "centre", "out").value == TOLD.find("one", "centre", "out").value


def test_a_method_may_be_run_by_itself():
    alone = [
        make_result("one", **OPTIONS | {"probes": (probe,)}) for probe in ("ridge", "centre+ridge")
    ]
    told = tell_methods(alone, replicates=200)
    assert told.find("one", "centre", "out").difference == pytest.approx(
        TOLD.find("one", "centre", "out").difference
    )


def test_tables_have_a_row_a_method():
    cells = effect_cells(TOLD)
    assert list(cells) == ["mean over one, two", "one", "two", "length"]
    header, rows = cells["one"]
    assert [row[0] for row in rows] == ["unweighted", "centre"]
    assert all(len(row) == len(header) for row in rows)
    assert rows[0][4] == "–"  # the study's own probe is not read against itself
    assert "### mean over one, two" in in_markdown(TOLD)


def test_each_cell_of_a_row_is_the_figure_of_its_column():
    """Planted: another number for each column, one of them undefined, one without an interval."""
    sure, unsure = PairedTest(0.1, 0.3, 0.01, 0.02, 0.05, 0.35), PairedTest(-1, 1, 0.5, 0.9, -2, 2)

    def effect(value, **own):
        options = {"side": "out", "against": "probe", "score": "qwk", "test": sure}
        return MethodEffect(
            "e", "m", "ridge", "source", value=value, baseline=0.25, **options | own
        )

    effects = (
        effect(0.5),
        effect(0.375, against="study", test=unsure),
        effect(0.125, against="length", test=None),
        effect(None, score="recut", test=None),
        effect(0.75, side="in"),
        effect(0.875, score="spearman"),
    )
    ((header, (row,)),) = effect_cells(MethodEffects(("e",), (), effects)).values()
    assert dict(zip(header, row, strict=True)) == {
        "method": "m",
        "sees": "source",
        "QWK out": "0.500",
        "to its probe": "+0.250 [+0.10, +0.30]*",
        "to the study's": "+0.125 [-1.00, +1.00]",
        "to length's": "-0.125",
        "recut QWK": "–",
        "rank correlation": "+0.625 [+0.10, +0.30]*",
        "QWK in distribution": "+0.500 [+0.10, +0.30]*",
    }
    ((_, (row,)),) = effect_cells(MethodEffects(("e",), (), (effect(None, test=None),))).values()
    assert row[2:4] == ["undefined", "–"]


NO_METHOD = (
    "No result holds a method: run one with --probe METHOD+PROBE and --probe PROBE beside it."
)
ALONE = "No method stands beside the probe that it wraps: run it once more with --probe PROBE."


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([make_result("one", **OPTIONS | {"probes": ("ridge",)})], NO_METHOD),
        ([make_result("one", **OPTIONS | {"probes": ("centre+ridge",)})], ALONE),
        (
            [make_result("one", **OPTIONS | {"probes": ("centre+ridge",)}),
             make_result("two", **OPTIONS | {"probes": ("ridge",)})],
            ALONE,
        ),
    ],
)  # fmt: skip
def test_what_says_nothing_of_methods_is_a_sentence(entries, said):
    with pytest.raises(ResultError, match=f"^{re.escape(said)}$"):
        tell_methods(entries, replicates=200)


def test_results_on_other_texts_are_refused_wherever_they_stand():
    other = make_result("three", **OPTIONS | {"texts": 50})
    with pytest.raises(ResultError, match=r"^one and three can't be compared: the texts of alpha"):
        tell_methods([ONE, TWO, other], replicates=50)
    result, table = TWO
    moved = result, replace(table, low=np.maximum(table.low - 1, 0))
    with pytest.raises(ResultError, match=r"of one and two on .* are not of the same texts and"):
        tell_methods([ONE, moved], replicates=50)


def test_the_command_tells_it_as_a_table_and_as_json(tmp_path, capsys):
    path = write_made(tmp_path, "one", **OPTIONS)
    assert main(["methods", str(path), "--replicates", "200"]) == 0
    assert "centre" in capsys.readouterr().out
    assert main(["methods", str(path), "--replicates", "200", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {effect["method"] for effect in told["effects"]} == {"centre", "unweighted"}
    assert main(["methods", str(path), "--json", "--markdown"]) == 1


def test_a_method_that_was_not_run_out_of_distribution_has_no_row():
    effect = MethodEffect(
        "e", "m", "ridge", "source", "in", "probe", "qwk", value=0.5, baseline=0.25, test=None
    )
    assert effect_cells(MethodEffects(("e",), (), (effect,))) == {}
