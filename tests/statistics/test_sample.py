"""Predictions beside a result as samples, and what is refused in them."""

from dataclasses import replace

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.errors import ResultError
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.samples import samples
from cefrbench.statistics.resampling import text_codes
from cefrbench.statistics.sample import Part, Refits, Sample, Scored, on_same_texts


def test_each_probe_and_protocol_is_a_sample_of_its_corpora_and_seeds() -> None:
    found = samples(*make_result(seeds=(0, 1, 2)))
    assert set(found) == {(p, q) for p in ("iid", "loco") for q in ("ridge", "mlp-classifier")}
    assert found["loco", "ridge"].seeds == (None,)
    assert found["loco", "mlp-classifier"].seeds == (0, 1, 2)
    assert found["loco", "ridge"].corpora == ("alpha", "beta", "gamma")
    assert [len(part.texts) for part in found["iid", "ridge"].parts] == [40, 40, 40]


def test_the_same_text_has_the_same_code_in_every_sample() -> None:
    found = samples(*make_result())
    for inside, outside in zip(
        found["iid", "ridge"].parts, found["loco", "ridge"].parts, strict=True
    ):
        assert inside.corpus == outside.corpus
        np.testing.assert_array_equal(inside.texts, outside.texts)


def test_folds_that_score_one_corpus_are_one_part() -> None:
    """Five folds cut anew have the same score and interval as the one fold that they were."""
    result, predictions = make_result(protocols=("loco",), probes=("ridge",), seeds=(0,))
    fifth = (np.arange(len(predictions)) * 7 % 5).astype(str)
    cut = np.char.add(np.char.add(predictions.fold, "-"), fifth)
    folded = replace(predictions, fold=cut).take(np.lexsort((cut, predictions.layer)))
    records = {
        name: tuple(
            one.model_copy(update={"fold": f"{one.fold}-{i}"})
            for one in getattr(result, name)
            for i in range(5)
        )
        for name in ("fits", "choices", "units")
    }
    both = (result, predictions), (result.model_copy(update=records), folded)
    whole, parts = (samples(*each)["loco", "ridge"] for each in both)
    names = ["alpha", "beta", "gamma"]
    assert [part.fold for part in whole.parts] == names
    assert [part.fold.split("+") for part in parts.parts] == [
        [f"{name}-{i}" for i in range(5)] for name in names
    ]
    for one, other in zip(whole.parts, parts.parts, strict=True):
        np.testing.assert_array_equal(one.texts, other.texts)
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.outcomes[0].predicted, other.outcomes[0].predicted)


def test_corpora_stand_in_the_results_order_whatever_that_of_the_predictions() -> None:
    result, predictions = make_result(protocols=("loco",), probes=("ridge",))
    units = [table for _, table in predictions.units()]
    turned = PredictionTable.concat(units[::-1])
    assert samples(result, turned)["loco", "ridge"].corpora == ("alpha", "beta", "gamma")


def test_rows_stand_in_the_order_of_their_texts_keys() -> None:
    result, predictions = make_result(protocols=("loco",), probes=("ridge",))
    part = samples(result, predictions)["loco", "ridge"].parts[0]
    keys = np.sort(predictions.text[(predictions.corpus == "alpha") & (predictions.layer > 0)])
    np.testing.assert_array_equal(part.texts[part.rows], text_codes(keys))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("prediction", np.nan, "prediction nan"),
        ("prediction", np.inf, "prediction inf"),
        ("high", 5, "levels from 0 to 4"),
        ("low", -1, "levels from 0 to 4"),
    ],
)
def test_a_prediction_or_level_that_is_none_is_refused(
    column: str, value: float, reason: str
) -> None:
    result, predictions = make_result()
    changed = getattr(predictions, column).copy()
    changed[[7, 9]] = value
    with pytest.raises(ResultError, match=f"Row 7 .*{reason}"):
        samples(result, replace(predictions, **{column: changed}))


def test_seeds_that_score_other_texts_are_refused() -> None:
    result, predictions = make_result()
    mine = np.flatnonzero(
        (predictions.probe == "mlp-classifier") & (predictions.seed == 1) & (predictions.layer > 0)
    )
    text = predictions.text.copy()
    text[mine[0]] = "0" * 32
    with pytest.raises(ResultError, match="other texts with one seed than with another"):
        samples(result, replace(predictions, text=text))


def test_no_predictions_are_no_samples() -> None:
    result, predictions = make_result()
    assert samples(result, predictions.take(slice(0, 0))) == {}


@pytest.mark.parametrize("column", ["low", "high"])
def test_seeds_that_score_other_gold_levels_are_refused(column: str) -> None:
    result, predictions = make_result()
    mine = (predictions.probe == "mlp-classifier") & (predictions.seed == 1)
    mine &= predictions.layer > 0
    row = np.flatnonzero(mine & (predictions.low > 0) & (predictions.high < 4))[0]
    changed = getattr(predictions, column).copy()
    changed[row] += 1 if column == "high" else -1
    with pytest.raises(ResultError, match="other texts with one seed than with another"):
        samples(result, replace(predictions, **{column: changed}))


def test_refits_keep_the_rows_of_the_texts_that_are_kept() -> None:
    predictions = np.arange(8.0).reshape(2, 4)
    codes = np.array([5, 3, 9, 7], dtype=np.uint64)
    level = np.array([0, 1, 2, 3])
    for scores in (None, predictions * 10):
        refits = Refits(predictions, scores)
        one = Scored(codes, level, level, level + 0.25, None, refits)
        whole = Part.of("all", "one", {None: one}, 5)
        assert whole.of_texts(np.sort(codes)) is whole
        part = whole.of_texts(np.array([3, 7], dtype=np.uint64))
        assert part.texts.tolist() == [3, 7]
        assert part.low.tolist() == part.high.tolist() == [1, 3]
        (kept,) = part.refits
        assert kept is not None
        assert kept.predictions.tolist() == [[1, 3], [5, 7]]
        if scores is None:
            assert kept.scores is None
        else:
            assert kept.scores is not None
            assert kept.scores.tolist() == [[10, 30], [50, 70]]
    assert refits.take(np.array([2, 0])).predictions.tolist() == [[2, 0], [6, 4]]
    assert len(refits) == 2


def test_one_refit_is_none() -> None:
    with pytest.raises(ValueError, match="one refit has no variance: make two or more, or none"):
        Refits(np.zeros((1, 4)))
    assert len(Refits(np.zeros((2, 4)))) == 2


def test_what_rows_of_one_text_have_is_added_up() -> None:
    result, table = make_result(corpora=("alpha",), texts=20)
    part = next(iter(samples(result, table).values())).parts[0]
    twice = replace(part, texts=part.texts[:2], rows=np.array([0, 1, 1, 0]))
    assert twice.by_text(np.array([[1.0, 2.0, 4.0, 8.0]])).tolist() == [[9.0, 6.0]]
    once = replace(part, texts=part.texts[:2], rows=np.array([1, 0]))
    assert once.by_text(np.array([[1.0, 2.0]])).tolist() == [[2.0, 1.0]]


# -- parts by hand --------------------------------------------------------------------------------

CODES = np.array([7, 3, 9, 3], dtype=np.uint64)
LOW, HIGH = np.array([0, 1, 2, 3]), np.array([0, 2, 2, 4])
GIVEN = np.array([-0.5, 2.0, 0.75, 5.5])


def refits(*shifts: float, scores: bool = True) -> Refits:
    predictions = np.stack([GIVEN + shift for shift in shifts])
    return Refits(predictions, predictions * 10 if scores else None)


@pytest.mark.parametrize("clip", [True, False])
def test_a_part_holds_each_seeds_outcomes_and_refits(clip: bool) -> None:
    score = np.array([4.0, 3.0, 2.0, 1.0])
    seeds = {
        5: Scored(CODES, LOW, HIGH, GIVEN, score),
        2: Scored(CODES, LOW, HIGH, GIVEN + 1, None, refits(0.0, 1.0)),
    }
    part = Part.of("fold", "corpus", seeds, 5, clip=clip)
    assert (part.fold, part.corpus, part.seeds, part.clip) == ("fold", "corpus", (5, 2), clip)
    assert part.texts.tolist() == [3, 7, 9]
    assert part.rows.tolist() == [1, 0, 2, 0]
    assert (part.low is LOW, part.high is HIGH) == (True, True)
    first, second = part.outcomes
    assert first.score is score
    assert second.score is None
    assert first.predicted.tolist() == [0, 2, 1, 4]
    assert first.error.tolist() == ([0, 0, -1.25, 0] if clip else [-0.5, 0, -1.25, 1.5])
    assert second.predicted.tolist() == [0, 3, 2, 4]
    assert second.n_classes == 5
    assert part.refits == (None, seeds[2].refits)
    assert part.refitted(0) == []
    same, moved = part.refitted(1)
    for one, error, score in (
        (same, [0, 0, -1.25, 0] if clip else [-0.5, 0, -1.25, 1.5], GIVEN * 10),
        (moved, [0.5, 1.0, -0.25, 0] if clip else [0.5, 1.0, -0.25, 2.5], GIVEN * 10 + 10),
    ):
        assert one.error.tolist() == error
        assert one.score is not None
        assert one.score.tolist() == score.tolist()
        assert (one.low is LOW, one.high is HIGH, one.n_classes) == (True, True, 5)
    assert (same.predicted.tolist(), moved.predicted.tolist()) == ([0, 2, 1, 4], [0, 3, 2, 4])
    assert (same.gold.tolist(), moved.gold.tolist()) == ([0, 2, 2, 4], [0, 2, 2, 4])
    plain = Part.of("fold", "corpus", {None: seeds[5]}, 5)
    assert (plain.refits, plain.clip, plain.refitted(0)) == ((), True, [])


def test_refits_without_scores_have_none() -> None:
    one = Scored(CODES, LOW, HIGH, GIVEN, GIVEN, refits(0.0, 1.0, 2.0, scores=False))
    part = Part.of("fold", "corpus", {None: one}, 5)
    assert [again.score for again in part.refitted(0)] == [None] * 3


def test_texts_are_kept_with_all_their_rows_and_in_every_seed() -> None:
    seeds = {
        0: Scored(CODES, LOW, HIGH, GIVEN, GIVEN, refits(0.0, 1.0)),
        1: Scored(CODES, LOW, HIGH, GIVEN + 1, GIVEN),
    }
    whole = Part.of("fold", "corpus", seeds, 5)
    part = whole.of_texts(np.array([1, 3, 9], dtype=np.uint64))
    assert part.texts.tolist() == [3, 9]
    assert part.rows.tolist() == [0, 1, 0]
    assert (part.low.tolist(), part.high.tolist()) == ([1, 2, 3], [2, 2, 4])
    assert [one.predicted.tolist() for one in part.outcomes] == [[2, 1, 4], [3, 2, 4]]
    kept, none = part.refits
    assert none is None
    assert kept is not None
    assert kept.predictions.tolist() == [[2.0, 0.75, 5.5], [3.0, 1.75, 6.5]]
    assert (part.seeds, part.fold, part.corpus) == ((0, 1), "fold", "corpus")


@pytest.mark.parametrize("rows", [[1, 0, 2], [1, 0, 2, 0], [2, 2, 2, 0, 1]])
def test_rows_of_many_seeds_and_columns_are_added_up_by_text(rows: list[int]) -> None:
    codes = np.array([10, 20, 30], dtype=np.uint64)[rows]
    level = np.arange(len(rows)) % 5
    one = Scored(codes, level, level, level * 1.0)
    part = Part.of("fold", "corpus", {0: one, 1: one}, 5)
    by_row = np.arange(2.0 * len(rows) * 3).reshape(2, len(rows), 3) + 1
    expected = np.zeros((2, 3, 3))
    for place, text in enumerate(rows):
        expected[:, text] += by_row[:, place]
    assert part.by_text(by_row).tolist() == expected.tolist()
    assert part.by_text(by_row[..., 0]).tolist() == expected[..., 0].tolist()


def part_of(corpus: str, codes: list[int], *seeds: int) -> Part:
    texts, level = np.array(codes, dtype=np.uint64), np.arange(len(codes)) % 5
    scored = {seed: Scored(texts, level, level, level + 0.25) for seed in seeds}
    return Part.of("fold", corpus, scored, 5)


def test_two_samples_are_compared_on_the_corpora_and_texts_that_both_have() -> None:
    first = Sample(
        "encoder",
        "probe",
        "iid",
        (
            part_of("a", [1, 2, 3], 4, 2),
            part_of("b", [4, 5], 2, 7),
            part_of("c", [6], 4),
            part_of("d", [8, 9], 4),
            part_of("a", [5], 1),
        ),
    )
    assert first.corpora == ("a", "b", "c", "d")
    assert first.seeds == (4, 2, 7, 1)
    parts = (part_of("d", [7, 9], 0), part_of("b", [1, 2], 0), part_of("a", [3, 2, 5, 4], 0))
    other = Sample("encoder", "probe", "lofo", parts)
    one, two = on_same_texts(first, other)
    assert [(part.corpus, part.texts.tolist()) for part in one.parts] == [
        ("a", [2, 3]),
        ("d", [9]),
        ("a", [5]),
    ]
    assert [(part.corpus, part.texts.tolist()) for part in two.parts] == [
        ("a", [2, 3]),
        ("d", [9]),
        ("a", [5]),
    ]
    assert (one.protocol, two.protocol) == ("iid", "lofo")
    assert (one.parts[0].seeds, two.parts[0].seeds) == ((4, 2), (0,))
    assert one.parts[0].outcomes[0].predicted.tolist() == [1, 2]
    assert two.parts[0].outcomes[0].predicted.tolist() == [0, 1]
