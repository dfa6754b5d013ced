"""Merged parts equal one run of the whole; what doesn't fit is refused with the reason."""

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.config import get_suite
from cefrbench.errors import ResultError
from cefrbench.results.checked import check_result
from cefrbench.results.io import write_result
from cefrbench.results.merge import merge_results
from cefrbench.results.model import AnalysisNote, AnalysisRecord, FailureRecord

PROBES = ("ridge", "logistic", "mlp-classifier")


def made(**options):
    return make_result(**{"texts": 20, "layers": (1, 2), "probes": PROBES} | options)


def assert_is_whole(parts, tmp_path, **options):
    whole, predictions = made(**options)
    result, table = merge_results(parts)
    ours = {"provenance"}
    assert result.model_dump(exclude=ours) == whole.model_dump(exclude=ours)
    units = dict(predictions.units())
    merged = dict(table.units())
    assert list(merged) == list(units)
    assert table.equals(predictions), "the same rows in the same order give the same bytes"
    assert check_result(write_result(result, table, tmp_path)) == []


@pytest.mark.parametrize("form", ["corrected", "study"])
def test_parts_of_other_probes_make_the_whole_in_any_order(tmp_path, form):
    parts = [made(form=form, probes=(probe,)) for probe in reversed(PROBES)]
    assert_is_whole(parts, tmp_path, form=form)


@pytest.mark.parametrize("form", ["corrected", "study"])
def test_parts_of_other_protocols_make_the_whole(tmp_path, form):
    parts = [made(form=form, protocols=(name,)) for name in ("loco", "iid")]
    assert_is_whole(parts, tmp_path, form=form)


FOLLOWED = ("ridge", "mlp-regressor-early")


def test_parts_of_other_seeds_make_the_whole_where_probes_take_anothers_layer(tmp_path):
    """Refits are made with the first seed of a run: those of other parts' are left out."""
    parts = [made(seeds=seeds, probes=FOLLOWED) for seeds in ((0,), (1,))]
    second = parts[1][1]
    assert np.isfinite(second.refit_prediction[second.seed == 1]).all()
    assert_is_whole(parts, tmp_path, probes=FOLLOWED)


def test_parts_of_other_seeds_that_chose_for_themselves_are_refused():
    """In one run all seeds choose by the fits of the first."""
    with pytest.raises(ResultError, match="mlp-classifier chose its layer with seed 0 in one"):
        merge_results([made(seeds=(0,)), made(seeds=(1,))])


def test_parts_of_other_seeds_make_the_whole_of_the_study(tmp_path):
    parts = [made(seeds=(1,), form="study"), made(seeds=(0,), form="study")]
    assert_is_whole(parts, tmp_path, form="study")


def test_a_part_given_twice_changes_nothing(tmp_path):
    assert_is_whole([made(), made()], tmp_path)


@pytest.mark.parametrize("probes", [PROBES, FOLLOWED])
def test_parts_of_other_layers_choose_among_all(tmp_path, probes):
    """A probe that took the layer of a part's choice counts at that of the whole's alone."""
    layers = (1, 2, 3)
    parts = [made(layers=layers, asked=own, probes=probes) for own in ((3,), (1, 2))]
    result, table = merge_results(parts)
    assert len({choice.layer for choice in result.choices}) > 1
    assert {fit.layer for fit in result.fits} == {0, 1, 2, 3}
    # A part names its layers, the whole is one of all: layer 0 stands beside them in both.
    whole, predictions = made(layers=layers, asked=(0, *layers), probes=probes)
    ours = {"provenance"}
    assert result.model_dump(exclude=ours) == whole.model_dump(exclude=ours)
    # A part chooses again among its own layers: refits of parts know no others.
    assert table.without_refits().equals(predictions.without_refits())
    assert check_result(write_result(result, table, tmp_path)) == []


def test_references_of_parts_are_put_together_or_left_out_and_said_to_be():
    def part(probes):
        return made(probes=probes, references=(made(encoder="surface", probes=probes)[0],))

    same = [part(("ridge",)), part(("ridge",))]
    assert merge_results(same)[0].references == same[0][0].references
    merged, _ = merge_results([part(("ridge",)), part(("logistic",))])
    assert merged.references == ()
    (failure,) = merged.failures
    assert (failure.stage, failure.name) == ("encoder", "surface")


def test_the_provenance_adds_up(tmp_path):
    first, second = made(probes=("ridge",)), made(probes=("logistic",))
    provenance = second[0].provenance.model_copy(
        update={"packages": {"numpy": "2.1.0"}, "peak_memory_bytes": 7, "command": "other"}
    )
    second = (second[0].model_copy(update={"provenance": provenance}), second[1])
    merged = merge_results([first, second])[0].provenance
    assert merged.packages == {"numpy": "2.0.0; 2.1.0"}
    assert merged.peak_memory_bytes == 1_000_000
    assert merged.command == "cefrbench run; other"
    assert [t.seconds for t in merged.timings] == [3.0, 1.0]
    assert merged.hardware == first[0].provenance.hardware


def test_a_failure_that_another_part_overcame_is_dropped():
    gone = FailureRecord(
        stage="probe",
        name="ridge",
        cause="It broke.",
        protocol="iid",
        fold="1",
        layer=1,
        seed=None,
    )
    left = gone.model_copy(update={"layer": 9})
    merged, _ = merge_results([made(failures=(gone, left), probes=("logistic",)), made()])
    assert merged.failures == (left,)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"encoder": "other"}, "encoder is 'planted'"),
        ({"suite": "paper"}, "suite is 'cefr-v1'"),
        ({"corpora": ("alpha", "beta")}, "corpora is 'alpha, beta, gamma'"),
    ],
)
def test_parts_of_other_work_are_refused(options, what):
    with pytest.raises(ResultError, match=what):
        merge_results([made(), made(**options)])


def refused(update, match):
    other, table = made(probes=("logistic",))
    with pytest.raises(ResultError, match=match):
        merge_results([made(probes=("ridge",)), (other.model_copy(update=update(other)), table)])


def test_another_pooling_is_another_encoder():
    refused(
        lambda r: {"encoder": r.encoder.model_copy(update={"pooling": "mean"})},
        "encoder's identity",
    )


def test_other_rows_of_a_corpus_are_refused():
    refused(
        lambda r: {
            "corpora": (r.corpora[0].model_copy(update={"fingerprint": "0" * 64}), *r.corpora[1:])
        },
        r"rows of alpha \(fingerprint\)",
    )


def test_another_form_is_refused():
    refused(lambda r: {"config": r.config.model_copy(update={"form": "study"})}, "option form")


def test_other_splits_are_refused():
    refused(
        lambda r: {"splits": (r.splits[0].model_copy(update={"manifest": "0"}), *r.splits[1:])},
        "split of iid 1",
    )


def test_units_that_contradict_each_other_are_refused():
    result, table = made()
    scores = result.units[3].scores.model_copy(update={"qwk": 0.123})
    units = (*result.units[:3], result.units[3].model_copy(update={"scores": scores}))
    with pytest.raises(ResultError, match=r"the unit .* differs between two"):
        merge_results([(result, table), (result.model_copy(update={"units": units}), table)])


def test_predictions_that_contradict_each_other_are_refused():
    result, table = made()
    other = table.take(np.arange(len(table)))
    other.prediction[:] = 0
    with pytest.raises(ResultError, match=r"the predictions of .* differ"):
        merge_results([(result, table), (result, other)])


def test_predictions_that_no_part_kept_are_said_so():
    result, table = made(form="study")
    with pytest.raises(ResultError, match="its predictions were not kept"):
        merge_results([(result, table.take(slice(0, 0)))])


def test_parts_of_other_refits_are_refused():
    refused(lambda r: {"config": r.config.model_copy(update={"refits": 9})}, "option refits")


# -- refusals in their words, and the order of what is left ----------------------------------------


def said_by(parts):
    with pytest.raises(ResultError) as caught:
        merge_results(parts)
    return str(caught.value)


def with_other(update):
    """A part, and the same one with something changed."""
    result, table = made()
    return [(result, table), (result.model_copy(update=update(result)), table)]


def with_corpus(result, place, **update):
    corpora = list(result.corpora)
    corpora[place] = corpora[place].model_copy(update=update)
    return {"corpora": tuple(corpora)}


@pytest.mark.parametrize(
    ("update", "said"),
    [
        (lambda r: {"suite": "paper"}, "suite is 'cefr-v1' in one and 'paper'"),
        (
            lambda r: {"encoder": r.encoder.model_copy(update={"name": "other"})},
            "encoder is 'planted' in one and 'other'",
        ),
        (
            lambda r: {"encoder": r.encoder.model_copy(update={"role": "control"})},
            "encoder's role is 'candidate' in one and 'control'",
        ),
        (lambda r: {"schema_version": "2.1"}, "schema version is '2.2' in one and '2.1'"),
        (
            lambda r: {"corpora": r.corpora[:2]},
            "corpora is 'alpha, beta, gamma' in one and 'alpha, beta'",
        ),
        (
            lambda r: with_corpus(r, 1, reads={"list": "v2"}),
            "reading beside beta is {} in one and {'list': 'v2'}",
        ),
        (
            lambda r: {
                "splits": (*r.splits[:-1], r.splits[-1].model_copy(update={"manifest": "0"}))
            },
            None,
        ),
    ],
)
def test_what_parts_differ_in_is_named_with_both_values(update, said):
    parts = with_other(update)
    last = parts[0][0].splits[-1]
    said = said or (f"split of {last.protocol} {last.fold} is {last.manifest!r} in one and '0'")
    assert said_by(parts) == (
        f"These results can't be merged: the {said} in another; merge only parts of one run."
    )


def test_fingerprints_are_named_by_their_first_twelve_signs():
    result, _ = made()
    own = result.corpora[1].fingerprint
    near = own[:11] + ("0" if own[11] != "0" else "1") + own[12:]
    assert said_by(with_other(lambda r: with_corpus(r, 1, fingerprint=near))) == (
        f"These results can't be merged: the rows of beta (fingerprint) is {own[:12]!r} in one and "
        f"{near[:12]!r} in another; merge only parts of one run."
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("form", "study"),
        ("scale", "cefr6"),
        ("split_seed", 7),
        ("limit", 9),
        ("own_level_encoders", ("planted",)),
        ("unclipped_probes", ("ridge",)),
        ("penalties", ("ridge=1",)),
        ("every_layer", True),
        ("refits", 9),
        ("references", ("length",)),
    ],
)
def test_options_that_change_what_a_unit_is_are_those_of_all_parts(option, value):
    parts = with_other(lambda r: {"config": r.config.model_copy(update={option: value})})
    own = getattr(parts[0][0].config, option)
    assert said_by(parts) == (
        f"These results can't be merged: the option {option} is {own!r} in one and {value!r} in "
        "another; merge only parts of one run."
    )


def test_a_third_part_is_looked_at_too():
    parts = with_other(lambda r: {"suite": "paper"})
    assert "the suite is" in said_by([parts[0], *parts])


def changed_record(kind, place, **update):
    def change(result):
        records = list(getattr(result, kind))
        records[place] = records[place].model_copy(update=update)
        return {kind: tuple(records)}

    return change


@pytest.mark.parametrize(
    ("kind", "place", "update", "name"),
    [
        ("probes", 1, {"description": "Other."}, lambda one: f"the probe {one.name}"),
        ("protocols", 1, {"title": "Other"}, lambda one: f"the protocol {one.name}"),
        ("splits", -1, {"train": 1}, lambda one: f"the split {one.protocol} {one.fold}"),
        (
            "fits",
            -1,
            {"iterations": 77},
            lambda one: f"the fit {one.protocol} {one.fold} {one.probe} {one.seed} {one.layer}",
        ),
        (
            "units",
            0,
            {"n": 77},
            lambda one: f"the unit {one.protocol} {one.fold} {one.corpus} {one.probe} {one.layer}",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_record_that_two_parts_hold_otherwise_is_named(kind, place, update, name):
    parts = with_other(changed_record(kind, place, **update))
    one = getattr(parts[0][0], kind)[place]
    # The first unit is of ridge, which no seed changes, the last fit of a seed.
    assert getattr(one, "seed", None) == (1 if kind == "fits" else None)
    assert said_by(parts) == (
        f"These results can't be merged: {name(one)} differs between two of them; leave one out, "
        "or run it again."
    )


def test_seeds_that_chose_for_themselves_and_layers_of_no_part_are_told_in_full():
    probes = {"probes": ("mlp-classifier",), "layers": (1,)}
    assert said_by([made(seeds=(0,), **probes), made(seeds=(1,), **probes)]) == (
        "These results can't be merged: mlp-classifier chose its layer with seed 0 in one and with "
        "seed 1 in another; run its seeds together."
    )
    result, table = made(form="study", probes=("ridge",))
    layer = result.summary[0].oracle_layer
    assert said_by([(result, table.take(slice(0, 0)))]) == (
        f"These results can't be merged: layer {layer} of ridge under iid is the best of the whole "
        "but of no part, so its predictions were not kept; run the parts together (what is in the "
        "cache is not computed again)."
    )


def test_predictions_of_two_parts_that_differ_are_named():
    result, table = made()
    other = table.take(np.arange(len(table)))
    other.prediction[-1] += 0.25
    *_, (key, _) = table.units()
    words = " ".join(str(part) for part in key if part is not None)
    assert said_by([(result, table), (result, other)]) == (
        f"These results can't be merged: the predictions of {words} differ between two of them; "
        "leave one out, or run it again."
    )


def test_skipped_folds_stand_behind_those_that_were_run():
    def part(protocol):
        result, table = made(protocols=(protocol,), probes=("ridge",))
        skipped = result.splits[0].model_copy(
            update={"fold": f"no-{protocol}", "skipped": "Too few.", "manifest": None}
        )
        return result.model_copy(update={"splits": (skipped, *result.splits)}), table

    merged, _ = merge_results([part("loco"), part("iid")])
    found = [(split.protocol, split.fold) for split in merged.splits]
    assert found[-2:] == [("iid", "no-iid"), ("loco", "no-loco")]
    assert [protocol for protocol, _ in found[:-2]] == ["iid"] * 5 + ["loco"] * (len(found) - 7)


def test_figures_and_notes_of_analyses_stand_by_analysis_and_layer():
    def figure(analysis, layer, value=0.5):
        return AnalysisRecord(analysis=analysis, layer=layer, measure="qwk", value=value, n=9)

    def note(analysis, cause):
        return AnalysisNote(analysis=analysis, cause=cause)

    def part(asked, figures, notes):
        result, table = made(probes=("ridge",))
        config = result.config.model_copy(update={"analyses": asked})
        update = {"config": config, "analyses": figures, "analysis_notes": notes}
        return result.model_copy(update=update), table

    suite = get_suite("cefr-v1").config["analyses"]
    first, second = suite[:2]
    parts = [
        part(
            ("own", second),
            (figure(second, 2), figure("own", 1), figure(second, 0), figure(second, None)),
            (note("own", "b"), note(second, "a")),
        ),
        part((first, second), (figure(second, 2), figure(first, 3)), (note(first, "c"),)),
    ]
    merged, _ = merge_results(parts)
    assert merged.config.analyses == (first, second, "own")
    assert [(one.analysis, one.layer) for one in merged.analyses] == [
        (first, 3),
        (second, None),
        (second, 0),
        (second, 2),
        ("own", 1),
    ]
    assert merged.analysis_notes == (note(first, "c"), note(second, "a"), note("own", "b"))
    other = part((second,), (figure(second, 2, 0.25),), ())
    assert said_by([parts[0], other]) == (
        f"These results can't be merged: the analysis {second} 2 qwk differs between two of them; "
        "leave one out, or run it again."
    )


def test_tables_of_a_reference_stand_by_protocol_and_probe():
    def part(probes, favoured):
        own = {"probes": probes, "layers": (1,)}
        result, table = made(**own, references=(made(encoder="surface", **own)[0],))
        (record,) = result.references
        record = record.model_copy(update={"favoured": favoured})
        return result.model_copy(update={"references": (record,)}), table

    parts = [part(("logistic",), "knn"), part(("ridge",), "knn")]
    (record,) = merge_results(parts)[0].references
    assert [(s.protocol, s.probe) for s in record.summary] == [
        ("iid", "ridge"),
        ("iid", "logistic"),
        ("loco", "ridge"),
        ("loco", "logistic"),
    ]
    apart, _ = merge_results([part(("logistic",), "knn"), part(("ridge",), "ridge")])
    assert apart.references == ()
    assert apart.failures == (
        FailureRecord(
            stage="encoder",
            name="surface",
            cause="Its parts favour different probes: run the whole to have it beside.",
        ),
    )


def test_refits_that_the_whole_does_not_make_are_left_out_and_others_stay():
    parts = [made(seeds=(seed,), probes=FOLLOWED) for seed in (0, 1)]
    _, table = merge_results(parts)
    finite = np.isfinite(table.refit_prediction).all(1)
    follower = table.probe == FOLLOWED[1]
    assert finite[follower & (table.seed == 0)].all()
    assert not finite[follower & (table.seed == 1)].any()
    assert finite[~follower].all()


def test_failures_that_nothing_overcame_stand_once_in_their_order():
    def failure(**own):
        return FailureRecord(
            **{"stage": "probe", "name": "knn", "cause": "It broke.", "layer": 1} | own
        )

    first, second, third = failure(), failure(layer=2), failure(stage="encoder", name="x")
    merged, _ = merge_results(
        [
            made(failures=(second, first), probes=("logistic",), layers=(1,)),
            made(failures=(second, third), probes=("ridge",), layers=(1,)),
        ]
    )
    assert merged.failures == (second, first, third)


def test_a_failure_that_stands_beside_its_fit_in_one_part_is_not_overcome_by_it():
    """A penalty failed, and another one was fitted: the fit is there and the failure stays."""
    result, table = made(probes=("ridge",))
    fit = result.fits[0]
    beside = FailureRecord(
        stage="probe", name="ridge", cause="One penalty broke.", protocol=fit.protocol,
        fold=fit.fold, layer=fit.layer, seed=fit.seed,
    )  # fmt: skip
    broken = result.model_copy(update={"failures": (beside,)})
    assert merge_results([(broken, table)])[0].failures == (beside,)
    assert merge_results([(broken, table), (result, table)])[0].failures == ()
