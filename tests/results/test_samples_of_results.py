"""From stored predictions to samples: which units, in which order, and what is none."""

from dataclasses import replace

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.errors import ResultError
from cefrbench.results.predictions import PredictionTable, unit_key
from cefrbench.results.samples import at_choice, samples
from cefrbench.results.selection import counted_units
from cefrbench.statistics.resampling import text_codes

SMALL = {
    "corpora": ("alpha", "beta", "gamma"), "texts": 10, "layers": (1, 2), "seeds": (4, 9),
    "probes": ("ridge", "mlp-regressor"), "protocols": ("iid", "loco"),
}  # fmt: skip
RESULT, TABLE = make_result(**SMALL, refits=2)
NUMBER = {"form": "study", "skill": 0.1}


def with_value(table, name, rows, value):
    values = getattr(table, name).copy()
    values[rows] = value
    return replace(table, **{name: values})


def rows_of(corpus, probe="ridge", protocol="iid", seed=None, layers=None):
    """Rows of the table, all folds, in the order of their texts' keys."""
    counted = {unit_key(unit) for unit in counted_units(RESULT)}
    at = TABLE
    kept = np.array(
        [(key in counted) != (layers == 0) for key, rows in at.units() for _ in range(len(rows))]
    )
    own = kept & (at.corpus == corpus) & (at.probe == probe) & (at.protocol == protocol)
    found = np.flatnonzero(own & (at.seed == (-1 if seed is None else seed)))
    return found[np.argsort(at.text[found], kind="stable")]


def test_a_sample_is_a_probe_under_a_protocol_with_a_part_a_corpus_and_a_seed_beside_the_other():
    found = samples(RESULT, TABLE)
    assert set(found) == {
        (protocol, probe) for protocol in ("iid", "loco") for probe in ("ridge", "mlp-regressor")
    }
    for (protocol, probe), sample in found.items():
        assert (sample.protocol, sample.probe) == (protocol, probe)
        assert sample.encoder == RESULT.encoder.digest()
        assert [part.corpus for part in sample.parts] == ["alpha", "beta", "gamma"]
        for part in sample.parts:
            assert part.fold == ("1+2+3+4+5" if protocol == "iid" else part.corpus)
            assert part.seeds == ((None,) if probe == "ridge" else (4, 9))
            assert part.clip
            for seed, own in zip(part.seeds, part.outcomes, strict=True):
                rows = rows_of(part.corpus, probe, protocol, seed)
                assert part.low.tolist() == TABLE.low[rows].tolist()
                assert part.high.tolist() == TABLE.high[rows].tolist()
                codes = text_codes(TABLE.text[rows])
                assert part.texts[part.rows].tolist() == codes.tolist()
                assert own.score.tolist() == TABLE.score[rows].tolist()


def test_layer_0_makes_samples_of_its_own():
    (part, *_) = samples(RESULT, TABLE, embedding=True)["iid", "ridge"].parts
    rows = rows_of("alpha", layers=0)
    assert part.outcomes[0].score.tolist() == TABLE.score[rows].tolist()
    assert set(TABLE.layer[rows]) == {0}


def test_refits_are_those_of_each_seed_and_none_where_any_is_missing():
    sample = samples(RESULT, TABLE)["iid", "mlp-regressor"]
    first, second = sample.parts[1].refits
    rows = rows_of("beta", "mlp-regressor", seed=4)
    assert second is None
    assert first.predictions.dtype == np.float64
    assert first.predictions.tolist() == TABLE.refit_prediction[rows].T.tolist()
    assert first.scores.tolist() == TABLE.refit_score[rows].T.tolist()
    bare = with_value(TABLE, "refit_score", (rows[3], 1), np.nan)
    own = samples(RESULT, bare)["iid", "mlp-regressor"].parts[1].refits[0]
    assert own.scores is None
    assert own.predictions.tolist() == first.predictions.tolist()
    gone = with_value(TABLE, "refit_prediction", (rows[3], 1), np.nan)
    assert samples(RESULT, gone)["iid", "mlp-regressor"].parts[1].refits == ()


@pytest.mark.parametrize("columns", [0, 1, 2])
def test_one_refit_is_as_good_as_none(columns):
    fewer = replace(
        TABLE,
        refit_prediction=TABLE.refit_prediction[:, :columns],
        refit_score=TABLE.refit_score[:, :columns],
    )
    (part, *_) = samples(RESULT, fewer)["iid", "ridge"].parts
    assert bool(part.refits) == (columns == 2)


def test_one_text_without_a_score_leaves_its_seed_without_and_no_other():
    row = rows_of("alpha", "mlp-regressor", seed=9)[2]
    (part, other, _) = samples(RESULT, with_value(TABLE, "score", row, np.nan))[
        "iid", "mlp-regressor"
    ].parts
    assert [one.score is None for one in part.outcomes] == [False, True]
    assert [one.score is None for one in other.outcomes] == [False, False]


def test_probes_whose_errors_are_unclipped_are_those_that_are_named():
    result, table = make_result(**SMALL, **NUMBER)
    clip = {probe: sample.parts[0].clip for (_, probe), sample in samples(result, table).items()}
    assert clip == {"ridge": True, "mlp-regressor": False}


def test_only_what_is_at_the_layers_that_count_is_left_at_the_choice():
    counted = {unit_key(unit) for unit in counted_units(RESULT)}
    keys = [key for key, _ in TABLE.units()]
    found = at_choice(RESULT, TABLE)
    assert [key for key, _ in found.units()] == [key for key in keys if key in counted]
    assert 0 < len(found) < len(TABLE)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("prediction", np.nan, "the prediction nan and the levels 1 to 2"),
        ("prediction", np.inf, "the prediction inf and the levels 1 to 2"),
        ("low", -1, "the prediction 0.5 and the levels -1 to 2"),
        ("low", 3, "the prediction 0.5 and the levels 3 to 2"),
        ("high", 5, "the prediction 0.5 and the levels 1 to 5"),
    ],
)
def test_the_first_row_that_holds_no_prediction_or_level_is_named(name, value, said):
    sound = TABLE
    for column, own in (("prediction", 0.5), ("low", 1), ("high", 2)):
        sound = with_value(sound, column, [7, 11], own)
    samples(RESULT, with_value(with_value(sound, "low", 0, 0), "high", 0, 4))
    with pytest.raises(ResultError) as caught:
        samples(RESULT, with_value(sound, name, [7, 11], value))
    assert str(caught.value) == (
        f"Row 7 of the predictions of 'planted' has {said}; expected a number and levels from 0 to "
        "4: run it again."
    )


@pytest.mark.parametrize("name", ["text", "low", "high"])
def test_seeds_hold_the_same_texts_and_levels(name):
    row = rows_of("beta", "mlp-regressor", seed=9)[-1]
    value = "0" * 32 if name == "text" else {"low": 0, "high": 4}[name]
    if name != "text" and getattr(TABLE, name)[row] == value:
        row = next(
            r for r in rows_of("beta", "mlp-regressor", seed=9) if getattr(TABLE, name)[r] != value
        )
    with pytest.raises(ResultError) as caught:
        samples(RESULT, with_value(TABLE, name, row, value))
    assert str(caught.value) == (
        "The predictions of mlp-regressor on beta (iid) hold other texts with one seed than with "
        "another: run it again."
    )


def test_a_corpus_that_is_not_scored_under_a_protocol_is_no_part_of_it():
    rest = PredictionTable.concat(
        [rows for key, rows in TABLE.units() if (key.protocol, key.corpus) != ("loco", "beta")]
    )
    found = samples(RESULT, rest)
    assert [part.corpus for part in found["loco", "ridge"].parts] == ["alpha", "gamma"]
    assert [part.corpus for part in found["iid", "ridge"].parts] == ["alpha", "beta", "gamma"]
    assert samples(RESULT, PredictionTable.concat([])) == {}
