"""What methods do, beside what they have to beat: differences, intervals, who is read with whom."""

import json

import numpy as np
import pytest
from result_factory import make_result, write_made

from cefrbench.cli import main
from cefrbench.errors import ResultError
from cefrbench.results.compare import compare_results
from cefrbench.results.method_effects import MEAN, MethodEffect, MethodEffects, tell_methods
from cefrbench.results.method_tables import effect_cells, in_markdown
from cefrbench.statistics.pairs import PairedTest

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


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([make_result("one", **OPTIONS | {"probes": ("ridge",)})], "No result holds a method"),
        ([make_result("one", **OPTIONS | {"probes": ("centre+ridge",)})], "No method stands besid"),
        ([ONE, make_result("two", **OPTIONS | {"texts": 50})], "the texts of alpha are not the"),
    ],
)
def test_what_says_nothing_of_methods_is_a_sentence(entries, said):
    with pytest.raises(ResultError, match=said):
        tell_methods(entries, replicates=200)


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
