"""The kit finds what a probe that reads texts may do wrong, and nothing else."""

import faulty_probes as faulty
import pytest

from cefrbench.check.kit import report_probe
from cefrbench.check.resolve import resolve
from cefrbench.contracts.cards import Penalty, ProbeCard
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.plugins import PluginHost

CARD = ProbeCard(name="words", description="Under test.", kind="regressor", source="The tests.")
ALPHA = Penalty(name="alpha", values=(10.0, 1.0), strongest="largest")


def penalised(options):
    return faulty.CountsAllFolds(1.0 if options.penalty is None else options.penalty)


def found(make, **card):
    report = report_probe(ProbeSpec(CARD.model_copy(update=card), make, reads="texts"))
    return {finding.check for finding in report.of("fail")}


def test_nothing_is_found_in_a_sound_one():
    assert found(lambda options: faulty.ReadsTexts()) == set()


@pytest.mark.parametrize(
    ("make", "card", "check"),
    [
        (lambda options: faulty.KeepsTextsInAGlobal(), {}, "probe-state"),
        (lambda options: faulty.CountsWhatItScores(), {}, "probe-alone"),
        (penalised, {"penalty": ALPHA, "params": {"alpha": 1.0}}, "probe-path"),
    ],
    ids=["keeps texts in a global", "counts what it scores", "counts all folds"],
)
def test_each_planted_fault_is_found(make, card, check):
    faulty.KeepsTextsInAGlobal.met.clear()
    assert check in found(make, **card)


def test_a_probe_that_reads_texts_is_checked_as_a_probe_alone():
    target = resolve(PluginHost(load=""), "ngrams")
    assert [(kind, name) for kind, name, _ in target.things] == [("probe", "ngrams")]
    target = resolve(PluginHost(load=""), "probes.ngrams")
    assert [(kind, name) for kind, name, _ in target.things] == [("probe", "ngrams")]
