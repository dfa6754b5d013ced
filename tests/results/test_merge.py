"""Merged parts equal one run of the whole; what doesn't fit is refused with the reason."""

import numpy as np
import pytest
from result_factory import make_result

from cefrbench.errors import ResultError
from cefrbench.results.checked import check_result
from cefrbench.results.io import write_result
from cefrbench.results.merge import merge_results
from cefrbench.results.model import FailureRecord

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
