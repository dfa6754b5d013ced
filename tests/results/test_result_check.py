"""The checker accepts what a run writes, and finds any one figure that was changed."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from result_factory import make_result, write_made
from sklearn.metrics import mean_absolute_error, r2_score

from cefrbench.errors import ResultError
from cefrbench.results.check import check_figures
from cefrbench.results.check_predictions import check_predictions, name_of
from cefrbench.results.checked import ReadResult, check_result, read_checked
from cefrbench.results.corpus_scores import choice_scores, layer_scores
from cefrbench.results.export import UNIT_SCORES
from cefrbench.results.findings import Mismatch
from cefrbench.results.io import checksum, dump, read_predictions_of, read_result, write_result
from cefrbench.results.model import FailureRecord
from cefrbench.results.predictions import PredictionTable, unit_key
from cefrbench.results.selection import kept_units, refitted_units
from cefrbench.results.stripped import restore_gold, write_stripped
from cefrbench.results.summary import summarise
from cefrbench.statistics.scores import CONTINUOUS, scores

SMALL = {"corpora": ("alpha", "beta"), "texts": 15, "layers": (1, 2), "probes": ("ridge",)}

#: Figures that nothing else in a result determines: the checksum alone covers them.
ONLY_UNDER_CHECKSUM = (
    "analyses.",
    "corpora.units",
    "encoder.max_length",
    "encoder.parameters",
    "encoder.width",
    "splits.inner",
    "config.",
    "provenance.",
)


def leaves(value, where=()):
    """Every number below a value, with the path to it."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*where, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from leaves(part, (*where, index))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield where


def with_changed(data, where, change):
    """A copy of JSON data with one leaf changed."""
    copy = json.loads(json.dumps(data))
    inner = copy
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = change(inner[where[-1]])
    return copy


def words(where):
    return ".".join(str(part) for part in where if not isinstance(part, int))


@pytest.fixture(scope="module", params=["corrected", "study"])
def written(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return write_made(folder, form=request.param, **SMALL)


def check_changed(path, data, *, sign=True):
    """Check data in the place of a result, with a checksum that fits unless told otherwise."""
    if sign:
        data["checksum"] = checksum(data)
    beside = path.with_name(f"changed-{path.name}")
    beside.write_text(json.dumps(data), "utf-8")
    return check_result(beside)


@pytest.mark.parametrize("form", ["corrected", "study"])
def test_a_result_of_all_kinds_of_probes_is_accepted(tmp_path, form):
    probes = ("ridge", "logistic", "mlp-regressor", "mlp-classifier")
    assert check_result(write_made(tmp_path, form=form, probes=probes)) == []


def test_errors_outside_the_scale_count_for_the_probes_that_are_named(tmp_path):
    """As the study's table: ridge is clipped before its MAE and R², the MLP regressor is not."""
    path = write_made(tmp_path, form="study", probes=("ridge", "mlp-regressor"), skill=0.1)
    result, predictions = read_checked(path)
    assert result.config.unclipped_probes == ("mlp-regressor",)
    stored = dict(predictions.units())
    outside = dict.fromkeys(("ridge", "mlp-regressor"), 0)
    for unit in result.units:
        rows = stored.get(
            (unit.protocol, unit.fold, unit.corpus, unit.probe, unit.seed, unit.layer)
        )
        if rows is not None:
            values = rows.prediction.tolist()
            outside[unit.probe] += sum(not 0 <= value <= 4 for value in values)
            if unit.probe == "ridge":
                values = [min(max(value, 0), 4) for value in values]
            assert unit.scores.mae == pytest.approx(mean_absolute_error(rows.low, values))
            assert unit.scores.r2 == pytest.approx(r2_score(rows.low, values))
    assert min(outside.values()) > 0


@pytest.mark.parametrize(("probe", "bounded"), [("ridge", True), ("mlp-regressor", False)])
def test_errors_have_a_bound_where_predictions_are_clipped(tmp_path, probe, bounded):
    path = write_made(tmp_path, form="study", probes=(probe,), skill=0.1)
    data = json.loads(path.read_text("utf-8"))
    kept = read_checked(path)[0].summary[0].oracle_layer
    index = next(
        i
        for i, unit in enumerate(data["units"])
        if unit["layer"] != kept and any(row[0] + row[-1] for row in unit["confusion"])
    )
    changed = with_changed(data, ("units", index, "sums", "absolute"), lambda _: 1e5)
    places = [one.where for one in check_changed(path, changed)]
    assert (f"units[{index}].sums.absolute" in places) == bounded
    assert (f"units[{index}].scores.mae" in places) == (not bounded), "found all the same"


def test_a_result_without_any_fit_is_accepted(tmp_path):
    assert check_result(write_made(tmp_path, probes=(), protocols=(), corpora=("alpha",))) == []


def test_any_one_changed_number_breaks_the_checksum(tmp_path):
    written = write_made(tmp_path, form="study", **SMALL)
    data = json.loads(written.read_text("utf-8"))
    for where in some_of_each_kind(data):
        found = check_changed(written, with_changed(data, where, lambda v: v + 1), sign=False)
        assert found, words(where)


def some_of_each_kind(data, most=4):
    """Places of numbers: the first and last of each kind and some between."""
    kinds = {}
    for where in leaves(data):
        kinds.setdefault(words(where), []).append(where)
    for places in kinds.values():
        yield from places[:: max(1, len(places) // most)]


def is_aside(data, where):
    """Whether a number is of a penalty that was not taken, or of a layer or grid not fitted."""
    if where[0] == "fits" and where[2] == "path":
        fit = data["fits"][where[1]]
        return where[-1] != "penalty" and fit["path"][where[3]]["penalty"] != fit["penalty"]
    if where[:2] == ("encoder", "layers"):
        return data["encoder"]["layers"][where[2]] not in {f["layer"] for f in data["fits"]}
    return where[0] == "probes" and data["config"]["form"] == "study"


def test_any_one_changed_figure_is_found_even_under_a_fitting_checksum(written):
    data = json.loads(written.read_text("utf-8"))
    missed, tried = [], 0
    for where in some_of_each_kind(data):
        if not words(where).startswith(ONLY_UNDER_CHECKSUM) and not is_aside(data, where):
            tried += 1
            if not check_changed(written, with_changed(data, where, lambda v: v + 1)):
                missed.append(where)
    assert missed == []
    assert tried > 150


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_figures_of_any_other_size_are_found(written, data):
    raw = json.loads(written.read_text("utf-8"))
    place = data.draw(st.sampled_from([w for w in leaves(raw) if w[0] in ("units", "summary")]))
    other = data.draw(
        st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False))
    )
    changed = with_changed(raw, place, lambda _: other)
    before = json.loads(json.dumps(raw))
    for key in place:
        before = before[key]
    if other != before and abs(other - before) > 1e-6:
        assert check_changed(written, changed)


def test_no_score_can_be_called_undefined(written):
    data = json.loads(written.read_text("utf-8"))
    index = next(
        i for i, u in enumerate(data["units"]) if None not in list(u["scores"].values())[:6]
    )
    for name in UNIT_SCORES:
        where = ("units", index, "scores", name)
        assert check_changed(written, with_changed(data, where, lambda _: None))


@pytest.mark.parametrize("part", ["units", "fits", "choices", "summary", "splits", "corpora"])
def test_an_entry_dropped_or_doubled_is_found(written, part):
    data = json.loads(written.read_text("utf-8"))
    if not data[part]:
        assert part == "choices"
        return
    assert check_changed(written, data | {part: data[part][1:]})
    assert check_changed(written, data | {part: [*data[part], data[part][-1]]})


@pytest.mark.parametrize(
    ("where", "value", "place"),
    [
        (("units", 0, "corpus"), "beta", "units"),
        (("units", 0, "probe"), "ordinal", "units[0].probe"),
        (("units", 0, "seed"), 3, "units[0].seed"),
        (("fits", 0, "fold"), "gamma", "fits[0].fold"),
        (("splits", 0, "protocol"), "within", "splits[0].protocol"),
        (("summary", 0, "corpora"), ["alpha"], "summary[0].corpora"),
        (("complete",), True, "complete"),
        (("suite",), "quickstart", "suite"),
    ],
)
def test_the_finding_names_the_place(written, where, value, place):
    data = json.loads(written.read_text("utf-8"))
    findings = check_changed(written, with_changed(data, where, lambda _: value))
    assert place in [finding.where for finding in findings]


def test_a_finding_says_what_stands_there_and_what_should(written):
    data = json.loads(written.read_text("utf-8"))
    n = data["units"][2]["n"]
    findings = check_changed(written, with_changed(data, ("units", 2, "n"), lambda v: v + 5))
    assert ("units[2].n", str(n + 5), str(n)) in [(f.where, f.found, f.expected) for f in findings]


def test_two_changes_that_agree_with_each_other_are_found_by_the_predictions(written):
    """Move a text from one cell to its neighbour and sign everything that follows anew."""
    result = read_result(written)
    units = list(result.units)
    index = min(kept_places(result))
    matrix = np.array(units[index].confusion)
    row, column = np.argwhere(matrix > 0)[0]
    matrix[row, column] -= 1
    matrix[row, column + 1 if column < 4 else column - 1] += 1
    changed = units[index].model_copy(
        update={
            "confusion": tuple(tuple(int(n) for n in line) for line in matrix),
            "scores": scores(matrix, units[index].sums),
        }
    )
    units[index] = changed
    beside = written.with_name("forged.json")
    beside.write_text(dump(followed(result, tuple(units))), "utf-8")
    findings = check_result(beside)
    assert any(f.where.startswith(f"units[{index}].confusion") for f in findings)


def test_changed_predictions_are_found_even_when_their_hash_is_signed(written):
    data = json.loads(written.read_text("utf-8"))
    source = written.with_name(data["predictions"]["file"])
    table = pq.read_table(source)
    values = table["prediction"].to_numpy().copy()
    values[0] += 1.5 if values[0] < 2 else -1.5
    column = table.schema.get_field_index("prediction")
    table = table.set_column(column, table.schema.field(column), [values])
    other = written.with_name("forged.parquet")
    pq.write_table(table, other)
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    described = data["predictions"] | {"file": other.name, "sha256": digest}
    assert check_changed(written, data | {"predictions": described})
    assert check_changed(
        written, data | {"predictions": data["predictions"] | {"file": other.name}}
    )


def test_missing_predictions_are_found(tmp_path):
    path = write_made(tmp_path, **SMALL)
    path.with_name("cefr-v1.predictions.parquet").unlink()
    (finding,) = check_result(path)
    assert finding.where == "predictions"


def test_predictions_of_a_unit_left_out_are_found(tmp_path):
    result, predictions = make_result(**SMALL)
    short = predictions.take(slice(5, None))
    assert check_result(write_result(result, short, tmp_path))


def test_a_unit_without_a_single_prediction_is_found(tmp_path):
    """The count of rows is right: whoever left them out counted again."""
    result, predictions = make_result(**SMALL)
    (first, *_) = (key for key, _ in predictions.units())
    others = [rows for key, rows in predictions.units() if key != first]
    short = PredictionTable.concat(others)
    (finding,) = check_result(write_result(result, short, tmp_path))
    unit = result.units[int(finding.where.removeprefix("units[").removesuffix("]"))]
    assert finding.found == "no predictions"
    place = (unit.protocol, unit.fold, unit.corpus, unit.probe, unit.seed, unit.layer)
    assert place == tuple(first)


def followed(result, units):
    """A result with other units, and all that follows from them made to fit, but for ranks."""
    ranks = {
        (s.protocol, s.corpus, s.probe, s.layer, s.seed): {
            name: getattr(s.scores, name) for name in CONTINUOUS
        }
        for s in result.scores
    }
    scored = tuple(
        s.model_copy(
            update={
                "scores": s.scores.model_copy(
                    update=ranks[s.protocol, s.corpus, s.probe, s.layer, s.seed]
                )
            }
        )
        for s in (*layer_scores(units), *choice_scores(units, result.choices))
    )
    names = [corpus.card.name for corpus in result.corpora]
    summary = summarise(scored, result.splits, result.choices, names)
    return result.model_copy(update={"units": units, "scores": scored, "summary": summary})


def kept_places(result):
    """Places of the units whose predictions are stored."""
    kept = {unit_key(unit) for unit in kept_units(result)}
    return {i for i, unit in enumerate(result.units) if unit_key(unit) in kept}


def with_sums(result, index, **sums):
    """A result with other sums in one unit, and all that follows from them made to fit."""
    unit = result.units[index]
    other = unit.sums.model_copy(update=sums)
    scored = scores(np.array(unit.confusion), other)
    units = list(result.units)
    units[index] = unit.model_copy(update={"sums": other, "scores": scored})
    return followed(result, tuple(units))


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("side", [-1, 1], ids=["too little", "too much"])
def test_a_sum_of_errors_lies_where_rounding_lets_it(written, power, side):
    """A prediction d classes off was, unrounded, off by d - 1/2 to d + 1/2: no more, no less."""
    result = read_result(written)
    kept = kept_places(result)
    # A unit that no prediction is kept of: only the confusion matrix tells of its errors.
    index, matrix = next(
        (i, np.array(u.confusion))
        for i, u in enumerate(result.units)
        if i not in kept and np.trace(u.confusion) < u.n
    )
    limit = sum(
        matrix[gold, told] * max(0, abs(gold - told) + side / 2) ** power
        for gold in range(5)
        for told in range(5)
    )
    name = {1: "absolute", 2: "squared"}[power]
    path = written.with_name("sums.json")
    path.write_text(dump(with_sums(result, index, **{name: limit})), "utf-8")
    assert check_result(path) == []
    path.write_text(dump(with_sums(result, index, **{name: limit + side * 1e-3})), "utf-8")
    assert f"units[{index}].sums.{name}" in [finding.where for finding in check_result(path)]


def test_a_matrix_that_is_none_is_a_finding_and_no_crash(written):
    data = json.loads(written.read_text("utf-8"))
    for matrix in ([], [[1, 2]], [[-1] * 5] * 5, [[10**30] * 5] * 5):
        changed = with_changed(data, ("units", 0, "confusion"), lambda _, m=matrix: m)
        found = check_changed(written, changed)[0]
        assert found.where == "units[0].confusion"
        assert found.expected == "5 rows of 5 counts from 0"
        assert len(found.found) <= 200


def test_sums_larger_than_any_that_texts_can_give_are_findings_and_the_others_none(written):
    data = json.loads(written.read_text("utf-8"))
    unit = next(unit for unit in data["units"] if unit["n"])
    most = unit["n"] * 5**2
    for value, expected in ((most, 0), (most + 0.5, 1)):
        unit["sums"]["squared"] = value
        findings = check_changed(written, data)
        assert [f.expected for f in findings].count(f"0 to {most}") == expected


def test_what_cant_be_read_is_one_finding_with_the_sentence(tmp_path):
    (tmp_path / "x.json").write_text("{")
    (finding,) = check_result(tmp_path / "x.json")
    assert "no valid JSON" in finding.found
    (finding,) = check_result(Path(tmp_path / "none.json"))
    assert "No such file" in finding.found


def test_a_suite_that_this_version_lacks_is_a_finding(written):
    data = json.loads(written.read_text("utf-8"))
    data["suite"] = data["config"]["suite"] = "cefr-v9"
    (finding,) = check_changed(written, data)
    assert finding.where == "suite"
    assert "no suite named 'cefr-v9'" in finding.expected


def test_reading_with_a_check_gives_the_result_or_the_first_finding(tmp_path):
    path = write_made(tmp_path, **SMALL)
    result, predictions = read_checked(path)
    assert len(predictions) == result.predictions.rows
    path.write_text(path.read_text("utf-8").replace('"n": 3', '"n": 4', 1), "utf-8")
    findings = check_result(path)
    assert len(findings) > 1
    said = re.escape(f"{findings[0].where or 'file'}: {findings[0].found[:200]}, expected ")
    with pytest.raises(ResultError, match=rf"doesn't pass its check \({said}") as caught:
        read_checked(path)
    assert f", and {len(findings) - 1} more): see `cefrbench results check`" in str(caught.value)


# -- what a fitting checksum and the findings before it would hide ---------------------------------

OUTSIDE = make_result(form="study", probes=("ridge", "mlp-regressor"), skill=0.1, texts=15)
REFITTED = make_result(**SMALL | {"probes": ("ridge", "mlp-classifier"), "refits": 2})


def with_fit(result, index, **changes):
    fits = list(result.fits)
    fits[index] = fits[index].model_copy(update=changes)
    return result.model_copy(update={"fits": tuple(fits)})


def with_value(table, name, row, value):
    values = getattr(table, name).copy()
    values[row] = value
    return replace(table, **{name: values})


def place_of_unit(result, key):
    return f"units[{[unit_key(unit) for unit in result.units].index(key)}]"


def test_the_matrix_of_an_inner_cut_that_is_none_is_named_and_no_other():
    result, _ = REFITTED
    other = result.fits[1].held[0].model_copy(update={"confusion": ((1, 2),)})
    changed = with_fit(result, 1, held=(other, *result.fits[1].held[1:]))
    assert check_figures(changed) == [
        Mismatch("fits[1].held", "((1, 2),)", "5 rows of 5 counts from 0")
    ]


def test_a_count_of_no_bound_is_no_count():
    result, _ = REFITTED
    most = 2**40
    for cell, found in ((most, False), (most + 1, True), (0, False), (-1, True)):
        matrix = ((cell, *[0] * 4), *[(0,) * 5] * 4)
        unit = result.units[0].model_copy(update={"confusion": matrix})
        changed = result.model_copy(update={"units": (unit, *result.units[1:])})
        places = [one.where for one in check_figures(changed)]
        assert ("units[0].confusion" in places) == found, cell
        assert ("units[0].n" in places) == (cell == most), "what is a matrix is counted"


def test_a_penalty_of_the_path_that_is_not_its_best_is_named():
    result, _ = REFITTED
    fit = result.fits[0]
    other = next(point.penalty for point in fit.path if point.penalty != fit.penalty)
    findings = check_figures(with_fit(result, 0, penalty=other))
    assert Mismatch("fits[0].penalty", str(other), "the best of its path") in findings
    findings = check_figures(with_fit(result, 0, penalty=-1.0))
    assert findings == [Mismatch("fits[0].penalty", "-1.0", "one of its path")]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_prediction_that_is_no_number_is_named_and_all_others_are_tallied(value):
    result, table = OUTSIDE
    (_, first), *others = table.units()
    key = others[0][0]
    changed = with_value(table, "prediction", len(first), value)
    named = Mismatch(
        place_of_unit(result, key), "predictions or levels out of range", "finite ones on the scale"
    )
    assert check_predictions(result, changed) == [named]
    # Another one that is moved is found beside it.
    moved = with_value(changed, "prediction", 0, 4.0 if first.prediction[0] < 2 else 0.0)
    places = [one.where for one in check_predictions(result, moved)]
    assert named.where in places
    own = place_of_unit(result, next(iter(table.units()))[0])
    assert any(place.startswith(f"{own}.confusion") for place in places)
    assert any(place.startswith(f"{own}.sums") for place in places)


@pytest.mark.parametrize(("low", "high"), [(-1, 0), (3, 2), (4, 5)])
def test_levels_off_the_scale_or_the_wrong_way_round_are_named(low, high):
    result, table = OUTSIDE
    changed = with_value(with_value(table, "low", 0, low), "high", 0, high)
    key, _ = next(iter(table.units()))
    named = [
        one for one in check_predictions(result, changed) if one.where == place_of_unit(result, key)
    ]
    assert [(one.found, one.expected) for one in named] == [
        ("predictions or levels out of range", "finite ones on the scale")
    ]


def refit_rows(refitted):
    """First row of a unit that is refitted, or of one that isn't, and its key."""
    result, table = REFITTED
    known = {unit_key(unit) for unit in refitted_units(result)}
    start = 0
    for key, rows in table.units():
        if (key in known) == refitted:
            return start, key
        start += len(rows)
    raise AssertionError("there is one")


@pytest.mark.parametrize(
    ("refitted", "name", "value"),
    [
        (True, "refit_prediction", np.nan),
        (True, "refit_prediction", np.inf),
        (True, "refit_score", -np.inf),
        (False, "refit_prediction", 0),
        (False, "refit_score", np.inf),
    ],
)
def test_refits_are_finite_where_a_run_makes_them_and_nowhere_else(refitted, name, value):
    result, table = REFITTED
    assert check_predictions(result, table) == []
    row, key = refit_rows(refitted)
    findings = check_predictions(result, with_value(table, name, (row, 1), value))
    expected = "finite ones" if refitted else "none"
    assert findings == [Mismatch("predictions.refits", f"others at {name_of(key)}", expected)]
    assert check_predictions(result, with_value(table, name, (row, 1), value), ranked=False) == []


def test_refits_that_a_failure_excuses_are_none():
    result, table = REFITTED
    row, key = refit_rows(True)
    length = next(len(rows) for one, rows in table.units() if one == key)
    bare = table
    for name in ("refit_prediction", "refit_score"):
        bare = with_value(bare, name, slice(row, row + length), np.nan)
    failure = FailureRecord(
        stage="probe",
        name=key.probe,
        cause="Planted.",
        protocol=key.protocol,
        fold=key.fold,
        seed=key.seed,
        layer=key.layer,
    )
    excused = result.model_copy(update={"failures": (failure,)})
    others = [m for m in check_predictions(excused, bare) if name_of(key) in m.found]
    assert others == []
    assert any(name_of(key) in m.found for m in check_predictions(result, bare))


def test_refits_are_as_many_as_were_asked_for():
    result, table = REFITTED
    fewer = replace(
        table,
        refit_prediction=table.refit_prediction[:, :1],
        refit_score=table.refit_score[:, :1],
    )
    assert check_predictions(result, fewer) == [Mismatch("predictions.refits", "1", "2")]


def test_a_result_that_names_no_predictions_is_refused_where_they_are_needed(tmp_path):
    result, path = REFITTED[0], Path("x.json")
    for needs, said in (
        (lambda: read_predictions_of(result, path), "'x.json' has no predictions: run it again."),
        (lambda: restore_gold(result, path, {}), "'x.json' has no predictions: run it again."),
        (
            lambda: write_stripped(result, path, tmp_path),
            "'x.json' has no predictions: run it again.",
        ),
        (
            ReadResult(result, None).pair,
            "has no predictions beside it: put the file of the same run there.",
        ),
    ):
        with pytest.raises(ResultError) as caught:
            needs()
        assert str(caught.value) == f"The result {said}"
