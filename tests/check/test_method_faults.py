"""The kit finds each fault that is planted in a method, and nothing else."""

import numpy as np
import pytest

from cefrbench import MethodCard, MethodSpec, Prepared
from cefrbench.check.kit import report_method
from cefrbench.plugins import PluginHost
from cefrbench.testing import check_method

HOST = PluginHost(load="")


def planted(prepare, **fields):
    """A method of one function."""
    card = MethodCard(
        **{
            "name": "mine", "title": "Mine", "description": "A method.", "sees": "source",
            "moves": "features", "paper": "A paper.",
        }
        | fields
    )  # fmt: skip

    class Mine:
        def __init__(self, options):
            self.options = options

        def prepare(self, source, unlabelled):
            return prepare(source, unlabelled, self.options)

    return MethodSpec(card, Mine)


def sound(source, unlabelled, options):
    return Prepared(source.X.copy(), source.y, source.weight)


def centred(source, unlabelled, options):
    mean = unlabelled.mean(0)
    return Prepared(source.X - source.X.mean(0), source.y, source.weight, lambda X: X - mean)


#: Levels of everything that was ever trained on, by what its features are but for their unit.
SEEN = {}


def by_ranks(X):
    """What says which text a row is, whatever the unit of its features."""
    return [tuple(np.argsort(row)) + tuple(np.sign(row)) for row in X]


def remembering(source, unlabelled, options):
    """Answers for texts of the scored corpus with what other folds were trained on."""
    for corpus in set(source.corpus):
        own = source.corpus == corpus
        SEEN[int(corpus)] = float(source.y[own].mean() + own.sum())
    shift = sum(SEEN.values()) / 100
    return Prepared(source.X, source.y, source.weight, finish=lambda known, scored: scored + shift)


class OnTheClass:
    levels = np.zeros(0)

    def __init__(self, options):
        pass

    def prepare(self, source, unlabelled):
        type(self).levels = np.concatenate([self.levels, source.y])
        mean = self.levels.sum() / 1000
        return Prepared(
            source.X, source.y, source.weight, finish=lambda known, scored: scored + mean
        )


def changing(source, unlabelled, options):
    source.X[:] = 0
    return Prepared(source.X, source.y, source.weight)


def changing_rows(source, unlabelled, options):
    def transform(X):
        X *= 2
        return X

    return Prepared(source.X * 2, source.y, source.weight, transform)


def drawing(source, unlabelled, options):
    noise = np.random.normal(size=source.X.shape)
    return Prepared((source.X + noise).astype(np.float32), source.y, source.weight)


def seeded(source, unlabelled, options):
    noise = np.random.default_rng(options.seed).normal(size=source.X.shape)
    return Prepared((source.X + noise).astype(np.float32), source.y, source.weight)


def peeking(source, unlabelled, options):
    shown = []

    def transform(X):
        shown.extend(X)
        return X - np.mean(shown, axis=0)

    return Prepared(source.X - source.X.mean(0), source.y, source.weight, transform)


def faults(spec):
    return {finding.check for finding in report_method(spec).findings if finding.status == "fail"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (planted(sound), set()),
        (planted(centred, sees="unlabelled"), set()),
        (planted(sound, paper=" "), {"method-card"}),
        (planted(sound, strengths=tuple(map(float, range(6)))), {"method-card"}),
        (planted(remembering), {"method-state"}),
        (MethodSpec(planted(sound).card, OnTheClass), {"method-deterministic"}),
        (planted(changing), {"method-fits"}),
        (planted(changing_rows), {"method-fits"}),
        (planted(drawing), {"method-deterministic"}),
        (planted(seeded, seeded=True), set()),
        (planted(seeded), {"method-deterministic"}),
        (planted(peeking), {"method-fits"}),
        # What sees nothing unlabelled has nothing to centre on.
        (planted(centred), {"method-fits"}),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found_and_nothing_else(spec, expected):
    SEEN.clear()
    assert faults(spec) == expected


def test_who_says_that_it_sees_more_than_it_looks_at_is_told():
    report = report_method(planted(sound, sees="unlabelled"))
    (note,) = report.of("note")
    assert note.check == "method-sees"
    assert "they change nothing" in note.what


def test_strengths_that_do_alike_are_told():
    (note,) = report_method(planted(sound, strengths=(1.0, 0.5))).of("note")
    assert note.what == "strengths 1 and 0.5 predict the same"


def test_the_call_for_tests_says_what_failed():
    with pytest.raises(AssertionError, match=r"draw from np\.random\.default_rng"):
        check_method(planted(drawing))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOST.methods.items)
def test_a_built_in_method_passes(name):
    report = report_method(HOST.methods.items[name])
    assert report.passed, report.failed
