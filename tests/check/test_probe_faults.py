"""The kit finds each fault that is planted in a probe, and nothing else."""

import faulty_probes as faulty
import pytest
from sklearn.linear_model import LogisticRegression

from cefrbench.check.kit import report_probe
from cefrbench.contracts.cards import ProbeCard
from cefrbench.contracts.probe import ProbeSpec

CARD = ProbeCard(name="faulty", description="Under test.", kind="regressor", source="The tests.")


def spec(make, **card):
    return ProbeSpec(CARD.model_copy(update=card), make)


def found(of, status="fail"):
    return {finding.check for finding in report_probe(of).of(status)}


def of_class(estimator, **card):
    return spec(lambda options: estimator(), **card)


@pytest.mark.parametrize(
    "sound",
    [
        of_class(faulty.SoundRidge),
        of_class(LogisticRegression, kind="classifier"),
        spec(lambda options: faulty.trees(options.seed), seeded=True),
    ],
    ids=["ridge", "logistic", "trees"],
)
def test_a_sound_probe_has_no_finding(sound):
    report = report_probe(sound)
    assert report.passed, report.failed
    assert not report.of("note")


FAULTS = [
    (faulty.IgnoresWeights, "probe-weights-count"),
    (faulty.TakesRootsOfWeights, "probe-weights-repeat"),
    (faulty.ReturnsNothing, "probe-fit-returns-self"),
    (faulty.PredictsColumns, "probe-shape"),
    (faulty.PredictsNan, "probe-shape"),
    (faulty.PredictsUnfitted, "probe-new"),
    (faulty.StandardisesInPlace, "probe-inputs"),
    (faulty.SetsItsParameter, "probe-clone"),
    (faulty.CentresWhatItPredicts, "probe-predict-alone"),
    (faulty.RemembersRows, "probe-refit"),
    (faulty.LearnsNothing, "probe-signal"),
    (faulty.ShiftsUp, "probe-kind"),
    (faulty.NeedsFiveOfEach, "probe-small"),
    (faulty.DrawsFromTheGlobalGenerator, "probe-deterministic"),
    (faulty.BatchesApproximately, "probe-folds"),
    (faulty.BatchesWithoutWeights, "probe-folds"),
    (faulty.BatchesInAnotherOrder, "probe-folds"),
    (faulty.BatchesTooFew, "probe-folds"),
]


@pytest.mark.parametrize(("estimator", "check"), FAULTS, ids=[e.__name__ for e, _ in FAULTS])
def test_a_probe_that(estimator, check):
    assert found(of_class(estimator)) == {check}


@pytest.mark.parametrize("estimator", [faulty.TakesNoWeights, faulty.neighbours])
def test_a_probe_that_takes_no_weights_is_found_before_it_is_fitted(estimator):
    assert found(of_class(estimator)) == {"probe-signature"}


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
    assert "probe-new" in found(spec(lambda options: shared))


def test_a_card_with_other_parameters_than_the_estimator_is_found():
    assert found(of_class(faulty.SoundRidge, params={"alpha": 10.0})) == {"probe-card"}


def test_a_card_without_a_source_is_found():
    assert found(of_class(faulty.SoundRidge, source="")) == {"probe-card"}
