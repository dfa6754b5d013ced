"""What the check of predictions says, one wrong thing at a time."""

from dataclasses import replace

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.results.check_predictions import check_predictions, name_of
from cefrbench.results.findings import Mismatch
from cefrbench.results.model import FailureRecord, PredictionsFile
from cefrbench.results.predictions import PredictionTable, UnitKey, unit_key
from cefrbench.results.selection import refitted_units

SMALL = {"corpora": ("alpha", "beta"), "texts": 12, "layers": (1, 2), "protocols": ("iid", "loco")}
RESULT, TABLE = make_result(**SMALL, probes=("ridge", "mlp-classifier"), refits=2)
OUTSIDE = make_result(**SMALL, probes=("ridge", "mlp-regressor"), form="study", skill=0.1)
UNITS = list(TABLE.units())
PLACES = {unit_key(unit): i for i, unit in enumerate(RESULT.units)}


def with_value(table, name, rows, value):
    values = getattr(table, name).copy()
    values[rows] = value
    return replace(table, **{name: values})


def rows_of(key, table=TABLE):
    start = 0
    for other, rows in table.units():
        if other == key:
            return slice(start, start + len(rows))
        start += len(rows)
    raise AssertionError(key)


def test_a_unit_is_named_by_its_place_and_its_seed_where_it_has_one():
    key = UnitKey("iid", "2", "alpha", "ridge", None, 3)
    assert name_of(key) == "iid 2, alpha, ridge, layer 3"
    assert name_of(key._replace(seed=0)) == "iid 2, alpha, ridge, layer 3, seed 0"


def test_predictions_that_a_run_wrote_have_no_finding():
    assert check_predictions(RESULT, TABLE) == []
    assert check_predictions(*OUTSIDE) == []


def test_there_are_as_many_rows_as_the_result_says():
    for rows, expected in (
        (len(TABLE), []),
        (len(TABLE) + 1, [Mismatch("predictions.rows", str(len(TABLE) + 1), str(len(TABLE)))]),
    ):
        described = PredictionsFile(file="x", sha256="0", rows=rows)
        result = RESULT.model_copy(update={"predictions": described})
        assert check_predictions(result, TABLE) == expected


def test_units_that_are_not_stored_or_stand_twice_are_named_and_the_others_tallied():
    (first, one), *_, (last, other) = UNITS
    wrong = with_value(other, "prediction", 0, 4.0 if other.prediction[0] < 2 else 0.0)
    foreign = replace(one, layer=np.full(len(one), 7))
    parts = [foreign, *(rows for _, rows in UNITS[:-1]), one, wrong]
    found = check_predictions(RESULT, PredictionTable.concat(parts))
    strange = [
        Mismatch("predictions", name_of(key), "units of the stored layers, once")
        for key in (first._replace(layer=7), first)
    ]
    assert [finding for finding in found if finding in strange] == strange
    place = f"units[{PLACES[last]}]"
    assert any(finding.where.startswith(f"{place}.confusion") for finding in found)
    assert all(finding in strange or finding.where.startswith(place) for finding in found), (
        "and nothing else"
    )


def test_each_unit_that_has_no_predictions_is_named():
    gone = [UNITS[2][0], UNITS[5][0]]
    rest = PredictionTable.concat([rows for key, rows in UNITS if key not in gone])
    assert check_predictions(RESULT, rest) == [
        Mismatch(f"units[{PLACES[key]}]", "no predictions", f"those of {name_of(key)}")
        for key in sorted(gone, key=PLACES.__getitem__)
    ]


def test_without_any_predictions_each_unit_lacks_its_own():
    found = check_predictions(RESULT, PredictionTable.concat([]))
    assert [one.found for one in found] == ["no predictions"] * len(UNITS)


def test_a_unit_of_no_texts_has_no_predictions():
    key = UNITS[-1][0]
    place = PLACES[key]
    units = list(RESULT.units)
    units[place] = units[place].model_copy(update={"n": 0})
    empty = RESULT.model_copy(update={"units": tuple(units)})
    rest = PredictionTable.concat([rows for one, rows in UNITS if one != key])
    assert check_predictions(empty, rest, ranked=False) == []
    assert check_predictions(empty, TABLE, ranked=False) == [
        Mismatch("predictions", name_of(key), "units of the stored layers, once")
    ]


@pytest.mark.parametrize(
    ("low", "high", "sound"),
    [(0, 0, True), (4, 4, True), (0, 4, True), (-1, 0, False), (3, 2, False), (4, 5, False)],
)
def test_levels_lie_on_the_scale_from_the_lowest_to_the_highest(low, high, sound):
    key, _ = UNITS[-1]
    row = rows_of(key).start
    changed = with_value(with_value(TABLE, "low", row, low), "high", row, high)
    named = Mismatch(
        f"units[{PLACES[key]}]", "predictions or levels out of range", "finite ones on the scale"
    )
    assert (named in check_predictions(RESULT, changed)) == (not sound)


@pytest.mark.parametrize("spoilt", [False, True], ids=["at once", "each by itself"])
def test_errors_outside_the_scale_count_as_the_probe_is_said_to(spoilt):
    """However the units are tallied: where one is out of range, each by itself."""
    result, table = OUTSIDE
    assert ((table.prediction < 0) | (table.prediction > 4)).any()
    if spoilt:
        table = with_value(table, "prediction", 0, np.nan)
    first = next(iter(table.units()))[0]
    place = [unit_key(unit) for unit in result.units].index(first)
    named = Mismatch(
        f"units[{place}]", "predictions or levels out of range", "finite ones on the scale"
    )
    assert check_predictions(result, table) == [named] * spoilt
    clipped = result.model_copy(
        update={"config": result.config.model_copy(update={"unclipped_probes": ("ridge",)})}
    )
    found = {one.where.rpartition(".")[2] for one in check_predictions(clipped, table)}
    assert {"absolute", "squared"} <= found
    probes = {
        result.units[int(one.where[6:].partition("]")[0])].probe
        for one in check_predictions(clipped, table)
        if ".sums" in one.where
    }
    assert probes == {"ridge", "mlp-regressor"}


def test_where_one_is_out_of_range_texts_of_two_levels_are_tallied_all_the_same():
    assert (TABLE.low < TABLE.high).any()
    key, _ = UNITS[-1]
    named = Mismatch(
        f"units[{PLACES[key]}]", "predictions or levels out of range", "finite ones on the scale"
    )
    spoilt = with_value(TABLE, "prediction", rows_of(key).start, np.nan)
    assert check_predictions(RESULT, spoilt) == [named]


def test_a_tally_says_which_cell_and_which_sum_it_is():
    key, rows = UNITS[-1]
    at = rows_of(key)
    unit = RESULT.units[PLACES[key]]
    row = int(np.argmax((rows.prediction < 3.4) & (rows.low == rows.high)))
    told = int(np.clip(np.floor(rows.prediction[row] + 0.5), 0, 4))
    changed = with_value(TABLE, "prediction", at.start + row, float(told + 1))
    found = {one.where: (one.found, one.expected) for one in check_predictions(RESULT, changed)}
    gold = int(rows.low[row])
    where = f"units[{PLACES[key]}].confusion[{gold}]"
    for column, more in ((told, -1), (told + 1, 1)):
        n = unit.confusion[gold][column]
        assert found[f"{where}[{column}]"] == (str(n), str(n + more))
    assert f"units[{PLACES[key]}].sums.absolute" in found


# -- refits ----------------------------------------------------------------------------------------

KNOWN = {unit_key(unit) for unit in refitted_units(RESULT)}


def of_refits(found):
    assert {one.where for one in found} <= {"predictions.refits"}
    return [(one.found, one.expected) for one in found]


def test_refits_that_are_not_those_of_a_run_are_named_unit_by_unit():
    with_refits = [key for key, _ in UNITS if key in KNOWN][1:3]
    without = [key for key, _ in UNITS if key not in KNOWN][0:2]
    assert len(without) == 2
    changed = TABLE
    for key in with_refits:
        changed = with_value(changed, "refit_prediction", rows_of(key), np.nan)
    for key in without:
        changed = with_value(changed, "refit_score", rows_of(key), 1.0)
    expected = [
        (f"others at {name_of(key)}", "finite ones" if key in KNOWN else "none")
        for key, _ in UNITS
        if key in with_refits + without
    ]
    assert of_refits(check_predictions(RESULT, changed)) == expected


def test_the_largest_half_is_finite_and_what_is_above_it_is_not():
    key = next(key for key, rows in UNITS if key in KNOWN and len(rows) > 1)
    row = rows_of(key).start
    for value, sound in ((65504.0, True), (-65504.0, True), (np.inf, False), (-np.inf, False)):
        changed = with_value(TABLE, "refit_prediction", (row, 0), np.float16(value))
        assert (check_predictions(RESULT, changed) == []) == sound


def test_a_text_without_a_score_has_no_refitted_one():
    key = next(key for key, rows in UNITS if key in KNOWN and len(rows) > 1)
    at = rows_of(key)
    bare = with_value(TABLE, "refit_score", (at.start, slice(None)), np.nan)
    assert of_refits(check_predictions(RESULT, bare)) == [
        (f"others at {name_of(key)}", "finite ones")
    ]
    unscored = with_value(bare, "score", at.start, np.nan)
    found = check_predictions(RESULT, unscored)
    assert [one for one in found if one.where == "predictions.refits"] == []
    other = with_value(unscored, "refit_score", (at.start + 1, 0), np.nan)
    found = check_predictions(RESULT, other)
    assert [one.found for one in found if one.where == "predictions.refits"] == [
        f"others at {name_of(key)}"
    ]


@pytest.mark.parametrize("name", ["protocol", "fold", "name", "seed", "layer"])
def test_a_failure_excuses_the_refits_of_its_own_fit_alone(name):
    key = next(key for key, _ in UNITS if key in KNOWN and key.seed is not None)
    own = [one for one, _ in UNITS if one._replace(corpus="") == key._replace(corpus="")]
    bare = TABLE
    for one in own:
        for column in ("refit_prediction", "refit_score"):
            bare = with_value(bare, column, rows_of(one), np.nan)
    place = {
        "protocol": key.protocol, "fold": key.fold, "name": key.probe, "seed": key.seed,
        "layer": key.layer,
    }  # fmt: skip
    other = {"protocol": "lofo", "fold": "x", "name": "knn", "seed": 77, "layer": 9}

    def excused_by(**changed):
        failure = FailureRecord(stage="probe", cause="Planted.", **place | changed)
        result = RESULT.model_copy(update={"failures": (failure,)})
        return of_refits(check_predictions(result, bare))

    assert excused_by() == []
    named = [(f"others at {name_of(one)}", "finite ones") for one in own]
    assert excused_by(**{name: other[name]}) == named


def test_what_a_failure_excuses_is_not_there_at_all():
    key = next(key for key, _ in UNITS if key in KNOWN)
    failure = FailureRecord(
        stage="probe", name=key.probe, cause="Planted.", protocol=key.protocol, fold=key.fold,
        seed=key.seed, layer=key.layer,
    )  # fmt: skip
    result = RESULT.model_copy(update={"failures": (failure,)})
    found = of_refits(check_predictions(result, TABLE))
    own = [one for one, _ in UNITS if one._replace(corpus="") == key._replace(corpus="")]
    assert found == [(f"others at {name_of(one)}", "finite ones") for one in own]


def test_a_run_that_asks_for_no_refits_has_none():
    config = RESULT.config.model_copy(update={"refits": 0})
    bare = RESULT.model_copy(update={"config": config})
    found = of_refits(check_predictions(bare, TABLE))
    assert found[0] == ("2", "0")
    assert len(found) == 1 + len(KNOWN)
    none = np.empty((len(TABLE), 0), dtype=np.float16)
    without = replace(TABLE, refit_prediction=none, refit_score=none)
    assert check_predictions(bare, without) == []
    assert of_refits(check_predictions(RESULT, without)) == [("0", "2")]


# -- scores of ranks -------------------------------------------------------------------------------


def with_score(place, version=None, **update):
    scores = list(RESULT.scores)
    own = scores[place].scores.model_copy(update=update)
    scores[place] = scores[place].model_copy(update={"scores": own})
    changed = {"scores": tuple(scores)} | ({"schema_version": version} if version else {})
    return RESULT.model_copy(update=changed)


def test_scores_of_ranks_are_computed_again_where_predictions_are_stored():
    place = next(i for i, one in enumerate(RESULT.scores) if one.layer is None)
    own = RESULT.scores[place].scores
    assert check_predictions(with_score(place, spearman=0.123), TABLE) == [
        Mismatch(f"scores[{place}].scores.spearman", "0.123", str(own.spearman))
    ]
    assert check_predictions(with_score(place, located=None), TABLE) == [
        Mismatch(f"scores[{place}].scores.located", "None", str(own.located))
    ]


def test_scores_of_ranks_that_cannot_be_computed_again_have_to_be_scores():
    chosen = {(c.protocol, c.probe, c.layer) for c in RESULT.choices}
    place = next(
        i
        for i, one in enumerate(RESULT.scores)
        if one.layer and (one.protocol, one.probe, one.layer) not in chosen
    )
    for value, sound in ((1.0, True), (-1.0, True), (0.5, True), (1.25, False), (-1.25, False)):
        expected = [Mismatch(f"scores[{place}].scores.recut", str(value), "-1 to 1")]
        found = check_predictions(with_score(place, recut=value), TABLE)
        assert found == ([] if sound else expected)
    assert check_predictions(with_score(place, recut=None), TABLE) == []


def test_a_choice_without_stored_predictions_has_no_score_of_ranks():
    place = next(i for i, one in enumerate(RESULT.scores) if one.layer is None)
    scores = list(RESULT.scores)
    scores[place] = scores[place].model_copy(update={"n": 1000})
    found = check_predictions(RESULT.model_copy(update={"scores": tuple(scores)}), TABLE)
    own = scores[place].scores
    assert Mismatch(f"scores[{place}].scores.spearman", str(own.spearman), "None") in found


def test_the_oldest_results_lack_two_of_the_scores():
    old = tuple(
        one.model_copy(
            update={"scores": one.scores.model_copy(update={"located": None, "scaled": None})}
        )
        for one in RESULT.scores
    )
    result = RESULT.model_copy(update={"scores": old})
    assert check_predictions(result.model_copy(update={"schema_version": "2.0"}), TABLE) == []
    found = check_predictions(result.model_copy(update={"schema_version": "2.1"}), TABLE)
    assert {one.where.rpartition(".")[2] for one in found} == {"located", "scaled"}


def test_ranks_are_left_alone_where_something_else_is_wrong_or_they_are_not_asked_for():
    place = next(i for i, one in enumerate(RESULT.scores) if one.layer is None)
    wrong = with_score(place, spearman=0.123)
    assert check_predictions(wrong, TABLE, ranked=False) == []
    gone = UNITS[2][0]
    rest = PredictionTable.concat([rows for key, rows in UNITS if key != gone])
    assert [one.found for one in check_predictions(wrong, rest)] == ["no predictions"]
