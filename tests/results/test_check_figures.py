"""What the check of a result's figures says of each thing that doesn't follow, one at a time."""

import pytest
from result_factory import PENALTIES, make_result

from cefrbench.results.check import check_figures
from cefrbench.results.findings import Mismatch

SMALL = {"corpora": ("alpha", "beta"), "texts": 12, "layers": (1, 2), "protocols": ("iid", "loco")}
RESULT, _ = make_result(**SMALL, probes=("ridge", "mlp-classifier"))
STUDY, _ = make_result(**SMALL, probes=("ridge", "mlp-regressor"), form="study")


def with_one(kind, place, result=RESULT, **update):
    records = list(getattr(result, kind))
    records[place] = records[place].model_copy(update=update)
    return result.model_copy(update={kind: tuple(records)})


def with_config(result=RESULT, **update):
    return result.model_copy(update={"config": result.config.model_copy(update=update)})


def said(result):
    return [(one.where, one.found, one.expected) for one in check_figures(result)]


@pytest.mark.parametrize("result", [RESULT, STUDY], ids=["corrected", "study"])
def test_what_a_run_wrote_has_no_finding(result):
    assert check_figures(result) == []


# -- corpora and splits ----------------------------------------------------------------------------

BETA = RESULT.corpora[1]
TOP = RESULT.scale[-1]
#: Its last split was skipped: nothing would be left of the two corpora of one group.
LAST = max(i for i, split in enumerate(RESULT.splits) if not split.skipped)


def of_beta(**update):
    return said(with_one("corpora", 1, **update))


def test_levels_of_a_corpus_are_those_of_the_scale_and_add_up_to_its_texts():
    levels = {**BETA.levels, TOP: BETA.levels[TOP] + 2}
    assert of_beta(levels=levels) == [("corpora[1].texts", str(BETA.texts), str(BETA.texts + 2))]
    unknown = {**{k: v for k, v in BETA.levels.items() if k != TOP}, "C3": BETA.levels[TOP]}
    assert of_beta(levels=unknown) == [("corpora[1].levels[4]", "C3", TOP)]


@pytest.mark.parametrize(("units", "sound"), [(-1, False), (0, False), (1, True), (12, True)])
def test_a_corpus_has_from_one_to_all_of_its_texts_as_units(units, sound):
    expected = [] if sound else [("corpora[1].units", str(units), f"1 to {BETA.texts}")]
    assert of_beta(units=units) == expected
    assert of_beta(units=BETA.texts) == []
    beyond = BETA.texts + 1
    assert of_beta(units=beyond) == [("corpora[1].units", str(beyond), f"1 to {BETA.texts}")]


def test_rows_that_were_kept_are_those_that_were_not_dropped():
    cleaning = BETA.cleaning.model_copy(update={"dropped": {"no level": 1, "empty": 4}})
    kept = BETA.cleaning.rows - 5
    assert of_beta(cleaning=cleaning) == [
        ("corpora[1].cleaning.kept", str(BETA.cleaning.kept), str(kept))
    ]


def test_a_limit_cuts_what_was_kept_and_no_more():
    texts = [corpus.texts for corpus in RESULT.corpora]
    assert said(with_config(limit=max(texts))) == []
    assert said(with_config(limit=10_000)) == []
    assert said(with_config(limit=7)) == [
        (f"corpora[{i}].texts", str(n), "7") for i, n in enumerate(texts)
    ]
    cleaning = BETA.cleaning.model_copy(update={"kept": 50, "rows": 52})
    limited = with_one("corpora", 1, with_config(limit=BETA.texts), cleaning=cleaning)
    assert [place for place, *_ in said(limited) if "corpora[1]" in place] == []
    assert of_beta(cleaning=cleaning) == [("corpora[1].texts", str(BETA.texts), "50")]


def test_a_corpus_or_a_split_that_stands_twice_is_named():
    last = RESULT.splits[-1]
    twice = RESULT.model_copy(
        update={"corpora": (*RESULT.corpora, BETA), "splits": (*RESULT.splits, last)}
    )
    found = said(twice)
    assert ("corpora", "beta 2 times", "each once") in found
    assert ("splits", f"{(last.protocol, last.fold)} 2 times", "each once") in found


def test_a_split_is_of_a_known_protocol_and_trains_on_the_texts_of_its_levels():
    place, split = LAST, RESULT.splits[LAST]
    assert place < len(RESULT.splits) - 1
    found = said(with_one("splits", place, protocol="lolo"))
    assert (f"splits[{place}].protocol", "lolo", "iid or loco") in found
    levels = (split.train_levels[0] + 3, *split.train_levels[1:])
    assert said(with_one("splits", place, train_levels=levels)) == [
        (f"splits[{place}].train", str(split.train), str(split.train + 3))
    ]


# -- fits ------------------------------------------------------------------------------------------

RIDGES = [i for i, fit in enumerate(RESULT.fits) if fit.probe == "ridge"]
PLACE = RIDGES[-1]
FIT = RESULT.fits[PLACE]


def name_of(unit):
    seed = "" if unit.seed is None else f", seed {unit.seed}"
    return f"{unit.protocol} {unit.fold}, {unit.corpus}, {unit.probe}, layer {unit.layer}{seed}"


def test_a_fit_has_a_unit_for_every_scored_part():
    place, fit = next(
        (i, fit) for i, fit in enumerate(RESULT.fits) if fit.protocol == "iid" and fit.seed == 1
    )
    own = ("iid", fit.fold, fit.probe, fit.seed, fit.layer)
    missing = [
        unit
        for unit in RESULT.units
        if (unit.protocol, unit.fold, unit.probe, unit.seed, unit.layer) == own
    ]
    assert len(missing) == 2
    rest = tuple(unit for unit in RESULT.units if unit not in missing)
    found = said(RESULT.model_copy(update={"units": rest}))
    assert [one for one in found if one[1] == "no unit"] == [
        (f"fits[{place}]", "no unit", f"units of {name_of(unit)}") for unit in missing
    ]


def test_a_unit_comes_from_a_fit():
    fits = tuple(fit for i, fit in enumerate(RESULT.fits) if i != PLACE)
    found = said(RESULT.model_copy(update={"fits": fits}))
    alone = [
        (f"units[{i}]", name_of(unit), "a fit in fits that it comes from")
        for i, unit in enumerate(RESULT.units)
        if (unit.protocol, unit.fold, unit.probe, unit.layer)
        == (FIT.protocol, FIT.fold, FIT.probe, FIT.layer)
    ]
    assert alone
    assert [one for one in found if one[2] == "a fit in fits that it comes from"] == alone


def test_a_fit_or_a_unit_that_stands_twice_is_named():
    unit = RESULT.units[-1]
    found = said(RESULT.model_copy(update={"units": (*RESULT.units, unit)}))
    assert ("units", f"{_key(unit)} 2 times", "each once") in found
    found = said(RESULT.model_copy(update={"fits": (*RESULT.fits, FIT)}))
    place = (FIT.protocol, FIT.fold, FIT.probe, FIT.seed, FIT.layer)
    assert ("fits", f"{place} 2 times", "each once") in found


def _key(unit):
    from cefrbench.results.predictions import unit_key

    return unit_key(unit)


def test_a_path_is_that_of_its_probes_card_unless_the_user_fixed_it():
    (strong, weak) = FIT.path
    assert (strong.penalty, weak.penalty) == PENALTIES
    best = strong if FIT.penalty == strong.penalty else weak
    short = with_one("fits", PLACE, path=(best,))
    where = f"fits[{PLACE}].path"
    found = said(short)
    assert (where, "1 entries", "2") in found
    fixed = with_config(short, penalties=(f"ridge={best.penalty:g}",))
    assert [one for one in said(fixed) if one[0].startswith(where)] == []
    # Another probe's penalties are another's.
    other = with_config(short, penalties=("logistic=1",))
    assert (where, "1 entries", "2") in said(other)


def test_a_path_holds_each_penalty_once_and_the_taken_one_is_its_best():
    strong, weak = FIT.path
    best, other = (strong, weak) if FIT.penalty == strong.penalty else (weak, strong)
    found = said(with_one("fits", PLACE, path=(best, best)))
    assert (f"fits[{PLACE}].path", f"{best.penalty} 2 times", "each once") in found
    better = other.model_copy(update={"inner_qwk": best.inner_qwk + 0.001})
    found = said(with_one("fits", PLACE, path=(best, better)))
    assert (f"fits[{PLACE}].penalty", str(best.penalty), "the best of its path") in found
    worse = other.model_copy(update={"inner_qwk": best.inner_qwk - 0.001, "scored_qwk": None})
    path = (best, worse) if best is strong else (worse, best)
    assert not [one for one in said(with_one("fits", PLACE, path=path)) if "fits" in one[0]]


def with_point(**update):
    path = tuple(
        point.model_copy(update=update) if point.penalty == FIT.penalty else point
        for point in FIT.path
    )
    return with_one("fits", PLACE, path=path)


def test_the_qwks_of_the_taken_penalty_are_those_of_what_was_held_out_and_scored():
    (best,) = (point for point in FIT.path if point.penalty == FIT.penalty)
    where = f"fits[{PLACE}].path"
    found = said(with_point(inner_qwk=best.inner_qwk + 0.01))
    assert (where, str(best.inner_qwk + 0.01), str(best.inner_qwk)) in found
    found = said(with_point(scored_qwk=best.scored_qwk + 0.01))
    assert [place for place, *_ in found].count(where) == 1
    (line,) = (one for one in found if one[0] == where)
    assert float(line[1]) == best.scored_qwk + 0.01
    assert float(line[2]) == pytest.approx(best.scored_qwk, abs=1e-12)


def test_inner_cuts_hold_out_as_many_texts_whatever_is_fitted():
    held = FIT.held[-1]
    row = (held.confusion[0][0] + 1, *held.confusion[0][1:])
    more = held.model_copy(update={"confusion": (row, *held.confusion[1:])})
    n = sum(map(sum, held.confusion))
    found = said(with_one("fits", PLACE, held=(*FIT.held[:-1], more)))
    assert (f"fits[{PLACE}].held.{held.corpus}", str(n + 1), str(n)) in found


@pytest.mark.parametrize("kind", ["fits", "units"])
@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({"fold": "none"}, "a fold in splits"),
        ({"probe": "knn"}, "a probe in probes"),
        ({"seed": 5}, "a seed in config.seeds, or null"),
        ({"layer": 7}, "a layer in encoder.layers"),
    ],
)
def test_the_place_of_each_record_is_one_of_the_results(kind, update, expected):
    place = len(getattr(RESULT, kind)) - 1
    (name,) = update
    record = getattr(RESULT, kind)[place]
    value = f"{record.protocol} none" if name == "fold" else str(update[name])
    found = [one for one in said(with_one(kind, place, **update)) if one[0].startswith(kind)]
    assert (f"{kind}[{place}].{name}", value, expected) in found
    others = {"a fold in splits", "a probe in probes", "a seed in config.seeds, or null"}
    others |= {"a layer in encoder.layers"}
    assert {one[2] for one in found} & others == {expected}


def test_a_probe_that_no_seed_changes_has_none():
    found = said(with_one("fits", PLACE, seed=0))
    assert (f"fits[{PLACE}].seed", "0", "a seed in config.seeds, or null") in found


@pytest.mark.parametrize("place", [0, LAST])
def test_a_skipped_fold_has_no_fits(place):
    """A fold in distribution scores two corpora: each of its units is named."""
    split = RESULT.splits[place]
    skipped = with_one("splits", place, skipped="Too few.")
    where = {one for one in said(skipped) if one[2] == "a fold in splits"}
    expected = {
        (f"{kind}[{i}].fold", f"{split.protocol} {split.fold}", "a fold in splits")
        for kind in ("fits", "units")
        for i, one in enumerate(getattr(RESULT, kind))
        if (one.protocol, one.fold) == (split.protocol, split.fold)
    }
    assert expected
    assert where == expected


# -- units -----------------------------------------------------------------------------------------


def test_a_unit_has_the_texts_of_its_split_and_of_its_matrix():
    unit = RESULT.units[-1]
    place = len(RESULT.units) - 1
    found = said(with_one("units", place, n=unit.n + 4))
    assert found.count((f"units[{place}].n", str(unit.n + 4), str(unit.n))) == 2
    scored = {**RESULT.splits[LAST].scored, unit.corpus: unit.n + 2}
    found = said(with_one("splits", LAST, scored=scored))
    last = [i for i, u in enumerate(RESULT.units) if (u.protocol, u.fold, u.corpus)
            == (unit.protocol, unit.fold, unit.corpus)]  # fmt: skip
    assert [one for one in found if one[0].endswith(".n")] == [
        (f"units[{i}].n", str(unit.n), str(unit.n + 2)) for i in last
    ]


@pytest.mark.parametrize("name", ["qwk", "macro_f1", "mae", "accuracy", "adjacent"])
def test_each_score_of_a_unit_follows_from_its_matrix_and_sums(name):
    place = len(RESULT.units) - 1
    scores = RESULT.units[place].scores
    own = getattr(scores, name)
    other = scores.model_copy(update={name: own + 0.01})
    found = said(with_one("units", place, scores=other))
    assert (f"units[{place}].scores.{name}", str(own + 0.01), str(own)) in found


def test_a_unit_has_no_score_of_ranks():
    place = len(RESULT.units) - 1
    other = RESULT.units[place].scores.model_copy(update={"recut": 0.5})
    found = said(with_one("units", place, scores=other))
    assert found == [(f"units[{place}].scores.recut", "0.5", "None")]


def test_a_rounding_error_is_none():
    place = len(RESULT.units) - 1
    scores = RESULT.units[place].scores
    other = scores.model_copy(update={"mae": scores.mae * (1 + 1e-12)})
    assert said(with_one("units", place, scores=other)) == []


@pytest.mark.parametrize("name", ["gold", "gold_squared"])
def test_gold_sums_are_those_of_all_units_of_a_scored_part(name):
    place = len(RESULT.units) - 1
    sums = RESULT.units[place].sums
    other = sums.model_copy(update={name: getattr(sums, name) + 0.5})
    found = [one for one in said(with_one("units", place, sums=other)) if ".sums." in one[0]]
    value = getattr(sums, name)
    assert found == [(f"units[{place}].sums.{name}", str(value + 0.5), str(value))]


def test_in_the_studys_form_gold_sums_follow_from_the_matrices():
    changed = STUDY
    own = [unit.fold == "alpha" and unit.protocol == "loco" for unit in STUDY.units]
    units = tuple(
        unit.model_copy(
            update={
                "sums": unit.sums.model_copy(
                    update={"gold": unit.sums.gold + 1, "gold_squared": unit.sums.gold_squared + 2}
                )
            }
        )
        if here
        else unit
        for here, unit in zip(own, STUDY.units, strict=True)
    )
    # All units of the part agree, so nothing but the matrices tells.
    found = [one for one in said(changed.model_copy(update={"units": units})) if ".sums" in one[0]]
    expected = []
    for name, power, more in (("gold", 1, 1), ("gold_squared", 2, 2)):
        for i, unit in enumerate(STUDY.units):
            if own[i]:
                total = float(sum(k**power * sum(row) for k, row in enumerate(unit.confusion)))
                expected.append((f"units[{i}].sums.{name}", str(total + more), str(total)))
    assert expected
    assert found == expected


def test_sums_have_a_bound_that_scores_can_be_computed_from():
    place = next(i for i, u in enumerate(STUDY.units) if u.probe == "mlp-regressor" and u.n)
    sums = STUDY.units[place].sums

    def of(**update):
        found = said(with_one("units", place, STUDY, sums=sums.model_copy(update=update)))
        return [one for one in found if one[2].startswith("0 to ")]

    assert of(absolute=1e200) == []
    beyond = 1.5e200
    assert of(absolute=beyond) == [(f"units[{place}].sums.absolute", "1.5e+200", "0 to 1e+200")]
    assert of(squared=beyond) == [(f"units[{place}].sums.squared", "1.5e+200", "0 to 1e+200")]
    assert of(absolute=-0.5) == [(f"units[{place}].sums.absolute", "-0.5", "0 to 1e+200")]
    most = STUDY.units[place].n * 25
    assert of(gold=1e9) == [(f"units[{place}].sums.gold", "1000000000.0", f"0 to {most}")]
    assert of(gold_squared=-1.0) == [(f"units[{place}].sums.gold_squared", "-1.0", f"0 to {most}")]
    # Of a probe whose predictions are clipped, errors have the bound of the gold sums.
    other = next(i for i, u in enumerate(STUDY.units) if u.probe == "ridge" and u.n)
    unit = STUDY.units[other]
    changed = with_one(
        "units", other, STUDY, sums=unit.sums.model_copy(update={"absolute": unit.n * 25 + 0.5})
    )
    assert said(changed) == [
        (f"units[{other}].sums.absolute", str(unit.n * 25 + 0.5), f"0 to {unit.n * 25}")
    ]


@pytest.mark.parametrize("told", range(5))
def test_errors_outside_the_scale_need_a_prediction_at_its_end(told):
    """One that is clipped to the lowest or highest class may lie anywhere beyond it."""
    place = next(i for i, u in enumerate(STUDY.units) if u.probe == "mlp-regressor" and u.n)
    unit = STUDY.units[place]
    row = tuple(unit.n if k == told else 0 for k in range(5))
    matrix = ((0,) * 5, (0,) * 5, row, (0,) * 5, (0,) * 5)
    sums = unit.sums.model_copy(update={"absolute": 1e6})
    found = said(with_one("units", place, STUDY, confusion=matrix, sums=sums))
    off = abs(told - 2)
    bounds = f"{unit.n * max(0, off - 0.5):g} to {unit.n * (off + 0.5):g}, by the confusion matrix"
    expected = [(f"units[{place}].sums.absolute", "1000000.0", bounds)]
    assert [one for one in found if one[0].endswith("sums.absolute")] == (
        [] if told in (0, 4) else expected
    )


# -- tables ----------------------------------------------------------------------------------------


def test_each_table_is_recomputed():
    choice = RESULT.choices[-1]
    place = len(RESULT.choices) - 1
    assert said(with_one("choices", place, scored_qwk=0.123)) == [
        (f"choices[{place}].scored_qwk", "0.123", str(choice.scored_qwk))
    ]
    record = RESULT.summary[-1]
    place = len(RESULT.summary) - 1
    found = said(with_one("summary", place, optimism=0.123))
    assert found == [(f"summary[{place}].optimism", "0.123", str(record.optimism))]
    assert said(RESULT.model_copy(update={"complete": True})) == [("complete", "True", "False")]


def test_scores_of_corpora_are_recomputed_but_for_those_of_ranks():
    place = max(i for i, one in enumerate(RESULT.scores) if one.layer == 2)
    score = RESULT.scores[place]

    def of(**update):
        other = score.scores.model_copy(update=update)
        found = said(with_one("scores", place, scores=other))
        return [one for one in found if one[0].startswith("scores")]

    assert of(accuracy=0.123) == [
        (f"scores[{place}].scores.accuracy", "0.123", str(score.scores.accuracy))
    ]
    assert of(recut=0.123, spearman=None) == []
    # Where a figure is wrong, those of ranks are named with it or not at all.
    assert of(recut=0.123, accuracy=0.123) == of(accuracy=0.123)
    assert said(with_one("scores", place, n=score.n + 1)) == [
        (f"scores[{place}].n", str(score.n + 1), str(score.n))
    ]


def test_the_suite_is_that_of_the_configuration_and_known():
    found = said(RESULT.model_copy(update={"suite": "paper"}))
    assert ("suite", "paper", "cefr-v1") in found
    unknown = said(RESULT.model_copy(update={"suite": "cefr-v9"}))
    assert [place for place, *_ in unknown] == ["suite", "suite"]
    assert unknown[0][2].startswith("There is no suite named 'cefr-v9'")
    assert unknown[1] == ("suite", "cefr-v9", "cefr-v1")


def test_findings_of_all_checks_stand_together():
    levels = {**BETA.levels, TOP: BETA.levels[TOP] + 2}
    wrong = with_one("corpora", 1, with_one("choices", 0, scored_qwk=0.123), levels=levels)
    wrong = wrong.model_copy(update={"complete": True})
    assert [one.where for one in check_figures(wrong)] == [
        "corpora[1].texts",
        "choices[0].scored_qwk",
        "complete",
    ]


# -- matrices --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "matrix",
    [
        ((0,) * 5,) * 4,
        ((0,) * 5,) * 6,
        (*((0,) * 5,) * 4, (0,) * 4),
        (*((0,) * 5,) * 4, (0, 0, 0, 0, -1)),
        (*((0,) * 5,) * 4, (0, 0, 0, 0, 2**40 + 1)),
        (*((0,) * 5,) * 4, (0, 0, 0, 0, 10**30)),
    ],
)
def test_a_matrix_that_is_none_is_the_only_finding(matrix):
    place = len(RESULT.units) - 1
    expected = [
        Mismatch(f"units[{place}].confusion", str(matrix)[:200], "5 rows of 5 counts from 0")
    ]
    assert check_figures(with_one("units", place, confusion=matrix)) == expected
    held = FIT.held[-1].model_copy(update={"confusion": matrix})
    changed = with_one("fits", PLACE, held=(*FIT.held[:-1], held))
    assert check_figures(changed) == [
        Mismatch(f"fits[{PLACE}].held", str(matrix)[:200], "5 rows of 5 counts from 0")
    ]
