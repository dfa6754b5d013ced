"""The kit finds each fault that is planted in a probe, and nothing else."""

import threading

import faulty_probes as faulty
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils import estimator_checks

from cefrbench.check.kit import report_probe
from cefrbench.check.probe.estimator import MEANING, NOT_ASKED
from cefrbench.check.probe.state import check_state
from cefrbench.check.probe.subject import ProbeSubject, planted
from cefrbench.contracts.cards import Penalty, ProbeCard
from cefrbench.contracts.probe import FoldRows, ProbeOptions, ProbeSpec
from cefrbench.plugins import load_file
from cefrbench.probing.fit import fit_folds

CARD = ProbeCard(name="faulty", description="Under test.", kind="regressor", source="The tests.")


def spec(make, **card):
    return ProbeSpec(CARD.model_copy(update=card), make)


def found(of, status="fail"):
    return {finding.check for finding in report_probe(of).of(status)}


def of_class(estimator, **card):
    return spec(lambda options: estimator(), **card)


ALPHA = Penalty(name="alpha", values=(1e4, 1e2, 1.0), strongest="largest")


def penalised(estimator, penalty=ALPHA):
    """A probe whose penalty is told to its estimator."""
    return spec(
        lambda options: estimator(1.0 if options.penalty is None else options.penalty),
        penalty=penalty,
    )


#: From its first fit on, it adds what it learnt then.
LOOSE_PROBE = """
from sklearn.linear_model import Ridge

FIRST = []


class KeepsItsFirstFit(Ridge):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        FIRST.append(float(y[0]))
        return self

    def predict(self, X):
        return super().predict(X) + 0.1 * FIRST[0]


def make(options):
    return KeepsItsFirstFit()
"""


@pytest.mark.parametrize(
    "sound",
    [
        of_class(faulty.SoundRidge),
        of_class(LogisticRegression, kind="classifier"),
        spec(lambda options: faulty.trees(options.seed), seeded=True),
        of_class(faulty.pipeline),
        of_class(faulty.plain_pipeline),
        of_class(faulty.routed_pipeline),
        of_class(faulty.BatchesFoldsAlone),
        penalised(faulty.SoundRidge),
        penalised(faulty.FitsPathsAlone),
    ],
    ids=[
        "ridge",
        "logistic",
        "trees",
        "pipeline",
        "plain",
        "routed",
        "batched",
        "penalty",
        "paths",
    ],
)
def test_a_sound_probe_has_no_finding(sound):
    report = report_probe(sound)
    assert report.passed, report.failed
    assert not report.of("note")


FAULTS = [
    (faulty.IgnoresWeights, {"probe-weights-count"}),
    (faulty.TakesRootsOfWeights, {"probe-weights-repeat"}),
    (faulty.ReturnsNothing, {"probe-scikit-learn"}),
    (faulty.PredictsColumns, {"probe-shape"}),
    (faulty.PredictsNan, {"probe-shape"}),
    (faulty.PredictsUnfitted, {"probe-scikit-learn"}),
    (faulty.CentresWhatItPredicts, {"probe-scikit-learn"}),
    (faulty.CountsItsPredictions, {"probe-scikit-learn"}),
    (faulty.SetsMoreInItsConstructor, {"probe-scikit-learn"}),
    (faulty.StandardisesInPlace, {"probe-inputs"}),
    (faulty.StandardisesFeaturesInPlace, {"probe-inputs"}),
    (faulty.WeighsInPlace, {"probe-inputs", "probe-scikit-learn"}),
    (faulty.SetsItsParameter, {"probe-clone"}),
    (faulty.pipeline_whose_step_sets_its_parameter, {"probe-clone"}),
    (faulty.ridge_with_more_than_its_constructor_knows, {"probe-clone"}),
    (faulty.IsNoEstimatorToScikitLearn, {"probe-clone", "probe-scikit-learn"}),
    (faulty.RemembersRows, {"probe-refit", "probe-scikit-learn"}),
    (faulty.LearnsNothing, {"probe-signal"}),
    (faulty.ShiftsUp, {"probe-kind"}),
    (faulty.NeedsFiveOfEach, {"probe-small"}),
    (faulty.DrawsFromTheGlobalGenerator, {"probe-deterministic", "probe-scikit-learn"}),
    (faulty.BatchesApproximately, {"probe-folds"}),
    (faulty.BatchesWithoutWeights, {"probe-folds"}),
    (faulty.BatchesInAnotherOrder, {"probe-folds"}),
    (faulty.BatchesWithoutFoldsWeights, {"probe-folds"}),
    (faulty.BatchesInRawUnits, {"probe-folds"}),
    (faulty.BatchesScoresBackwards, {"probe-folds"}),
    (faulty.BatchesTheLastFoldWrongly, {"probe-folds"}),
    (faulty.BatchesTooFew, {"probe-folds"}),
]


@pytest.mark.parametrize(("estimator", "checks"), FAULTS, ids=[e.__name__ for e, _ in FAULTS])
def test_a_probe_that(estimator, checks):
    assert found(of_class(estimator)) == checks


@pytest.mark.parametrize(
    "estimator",
    [
        faulty.FitsPathsBackwards,
        faulty.FitsPathsWithItsOwnPenalty,
        faulty.FitsPathsWithoutFoldsWeights,
        faulty.FitsPathsToTheLastButOne,
    ],
)
def test_a_path_that_is_not_its_single_fits_is_found(estimator):
    assert found(penalised(estimator)) == {"probe-path"}


def test_a_penalty_that_make_does_not_pass_on_is_found():
    assert found(of_class(faulty.FitsPathsAlone, penalty=ALPHA)) == {"probe-penalty"}


def test_a_penalty_that_the_estimator_does_not_know_is_found():
    assert found(penalised(faulty.SoundRidge, ALPHA.model_copy(update={"name": "lambda"}))) == {
        "probe-penalty"
    }


def said(of, status, check="probe-scikit-learn"):
    """What the findings of one check say."""
    return [f.what for f in report_probe(of).of(status) if f.check == check]


def test_what_scikit_learn_finds_is_said_in_words_of_this_house():
    (what,) = said(of_class(faulty.ReturnsNothing), "fail")
    assert what == (
        "fit returned something else than the estimator (check_estimators_fit_returns_self)"
    )


def test_a_check_that_has_no_words_here_is_a_note_under_its_own_name():
    notes = said(of_class(faulty.RemembersRows), "note")
    assert any(note.startswith("scikit-learn's check_n_features_in fails") for note in notes)


def test_a_probe_that_does_not_know_targets_below_0_breaks_scikit_learns_checks_and_is_noted():
    # They fit regressors on any numbers; no level is below 0.
    (note,) = [n for n in said(of_class(faulty.NeedsFiveOfEach), "note") if "broke off" in n]
    assert "check_fit_idempotent" in note
    assert "no negative elements" in note


@pytest.mark.parametrize(
    ("estimator", "checks"),
    [
        (faulty.KeepsAllRows, {"probe-state"}),
        # Fits alone, which batched ones are compared with, know those rows too.
        (faulty.KeepsRowsOfBatchedFits, {"probe-state", "probe-folds"}),
    ],
)
def test_a_probe_that_keeps_rows_for_the_next_fold_is_found(estimator, checks):
    faulty.ROWS.clear()
    assert found(of_class(estimator)) == checks


def test_a_probe_that_keeps_rows_in_a_file_is_found_in_every_run(tmp_path):
    for _ in range(2):
        probe = spec(lambda options: faulty.KeepsRowsInAFile(tmp_path / "rows.json"))
        (problem,) = check_state(ProbeSubject(probe))
        assert "predicts otherwise than in a new process" in problem.what


def test_a_probe_of_a_loose_file_is_loaded_anew_in_the_new_process(tmp_path):
    path = tmp_path / "kept_probe.py"
    path.write_text(LOOSE_PROBE)
    module = load_file(path)
    assert found(ProbeSpec(CARD, module.make)) == {"probe-state"}


def test_a_probe_that_can_not_be_sent_is_compared_in_its_own_process():
    lock = threading.Lock()
    probe = spec(lambda options: lock and faulty.SoundRidge())
    assert said(probe, "pass", "probe-state") == [
        "in this process alone; another can't load it: "
        "TypeError: cannot pickle '_thread.lock' object"
    ]


def test_a_probe_that_can_not_be_cloned_is_told_so_once():
    assert len(said(of_class(faulty.CopiesItsParameter), "fail")) == 1


def test_only_checks_that_scikit_learn_has_are_left_out_or_put_into_words():
    assert not NOT_ASKED.keys() & MEANING.keys()
    unknown = [n for n in (*NOT_ASKED, *MEANING) if not hasattr(estimator_checks, n)]
    assert not unknown


ADVICE = {
    faulty.TakesNoWeights: "TakesNoWeights takes no sample_weight, and rows are weighted",
    faulty.neighbours: "KNeighborsRegressor takes no sample_weight, and rows are weighted",
    faulty.pipeline_of_neighbours: (
        "KNeighborsRegressor, the last step of a pipeline, takes no sample_weight, and rows are "
        "weighted"
    ),
    faulty.search_over_a_pipeline: (
        "GridSearchCV does not hand sample_weight on to all of its parts"
    ),
    faulty.half_routed_pipeline: "Pipeline does not hand sample_weight on to all of its parts",
}


@pytest.mark.parametrize("estimator", ADVICE)
def test_a_probe_without_weights_is_told_the_same_by_check_and_by_run(estimator):
    report = report_probe(of_class(estimator))
    (finding,) = report.of("fail")
    assert (finding.check, finding.what) == ("probe-signature", ADVICE[estimator])
    data = planted(60, seed=0)
    (fold,) = [FoldRows(np.arange(40), np.arange(40, 60))]
    weight = 1.0 + np.arange(60) % 2
    ((failure,),) = fit_folds(
        of_class(estimator), ProbeOptions(), data.X, data.y, [fold], sample_weight=weight
    )
    assert failure.message == f"{finding.what}: {finding.mend}."


def test_a_probe_that_rescales_weights_is_found():
    assert "probe-weights-one" in found(of_class(faulty.HalvesOnes))


def test_a_probe_that_ignores_its_seed_is_found():
    assert found(spec(lambda options: faulty.trees(0), seeded=True)) == {"probe-seed"}


def test_a_probe_that_hides_its_seed_is_found():
    assert found(spec(lambda options: faulty.trees(options.seed or 0))) == {"probe-seed"}


def test_a_probe_with_chance_and_no_seed_is_found():
    assert found(spec(lambda options: faulty.trees(None), seeded=True)) == {"probe-deterministic"}


def test_a_probe_that_knows_the_answers_learns_from_shuffled_labels():
    # It can't be told upside down either: both findings are the same fault seen twice.
    assert "probe-chance" in found(of_class(faulty.KnowsTheAnswers))


def test_a_classifier_that_renumbers_classes_is_found_when_one_is_missing():
    probe = of_class(faulty.SeesClassesByName, kind="classifier")
    assert found(probe) == {"probe-missing-class"}


def test_a_regressor_that_calls_itself_a_classifier_is_found():
    assert "probe-kind" in found(of_class(faulty.PredictsFractions, kind="classifier"))


def test_one_estimator_for_all_folds_is_found():
    shared = faulty.SoundRidge()
    assert "probe-clone" in found(spec(lambda options: shared))


def test_a_card_with_other_parameters_than_the_estimator_is_found():
    assert found(of_class(faulty.SoundRidge, params={"alpha": 10.0})) == {"probe-card"}


def test_a_card_without_a_source_is_found():
    assert found(of_class(faulty.SoundRidge, source="")) == {"probe-card"}
