"""Sentences on predicted levels, label shift, the ladder of shifts and readings, by hand."""

import pytest
from explanation_factory import drift, figure, label_shift, make_explanation, shift

from cefrbench.results.explanation import Figure
from cefrbench.results.model import AnalysisRecord
from cefrbench.results.shift_sentences import (
    drift_sentences,
    label_shift_sentences,
    reading_sentences,
    shift_sentences,
)

UP, DOWN, UNSURE = figure(0.2), figure(-0.2), figure(0.05)
NONE = Figure(value=None)


def said(tell, **fields):
    told = list(tell(make_explanation(**fields)))
    assert len({one.topic for one in told}) <= 1
    return [(one.text, one.figures) for one in told]


# -- predicted levels ------------------------------------------------------------------------------


def test_drift_is_told_of_the_mean_of_the_favoured_probe():
    own = (
        drift("spread", figure(0.9), probe="ordinal"),
        drift("spread", figure(0.9), probe="svm"),
        drift("spread", figure(-0.3)),
        drift("bias", figure(0.8)),
        drift("slope", figure(-0.2, 0.25)),
        drift("evenness", figure(0.01)),
        drift("evenness", figure(0.9), corpus="alpha"),
        drift("slope", figure(0.9), probe="svm"),
        drift("slope", figure(0.9), probe="ordinal"),
    )
    assert said(drift_sentences, drifts=own) == [
        (
            "Out of distribution predicted levels shrink towards their middle and don't drift to "
            "uniform: their spread over that of the true levels changes by -0.300 (-0.400 to "
            "-0.200), their evenness by +0.010 (-0.090 to +0.110), and their slope on the true "
            "level by -0.200 (-0.450 to +0.050).",
            ("drifts[2].change", "drifts[5].change", "drifts[4].change"),
        )
    ]


@pytest.mark.parametrize(
    ("spread", "evenness", "told"),
    [
        (DOWN, UNSURE, "shrink towards their middle and don't drift to uniform"),
        (DOWN, DOWN, "shrink towards their middle and don't drift to uniform"),
        (UP, UNSURE, "drift towards uniform and don't shrink"),
        (UNSURE, UP, "drift towards uniform and don't shrink"),
        (UP, UP, "drift towards uniform and don't shrink"),
        (DOWN, UP, "neither plainly shrink nor plainly drift to uniform"),
        (UP, DOWN, "neither plainly shrink nor plainly drift to uniform"),
        (UNSURE, DOWN, "neither plainly shrink nor plainly drift to uniform"),
        (UNSURE, UNSURE, "are not shown to shrink or to drift to uniform"),
        (NONE, UNSURE, "are not shown to shrink or to drift to uniform"),
    ],
)
def test_shrinking_and_drifting_are_told_apart(spread, evenness, told):
    changes = {"spread": spread, "evenness": evenness, "slope": UNSURE}
    own = tuple(drift(name, change) for name, change in changes.items())
    ((text, _),) = said(drift_sentences, drifts=own)
    assert text.startswith(f"Out of distribution predicted levels {told}: ")


@pytest.mark.parametrize("absent", ["spread", "evenness", "slope"])
def test_all_three_measures_are_needed(absent):
    names = [name for name in ("spread", "evenness", "slope") if name != absent]
    own = tuple(drift(name, figure(0.2)) for name in names)
    assert said(drift_sentences, drifts=own) == []


@pytest.mark.parametrize(
    "change", [Figure(value=0.0, low=0.1, high=0.2), Figure(value=None, low=0.1, high=0.2)]
)
def test_a_change_of_0_has_no_direction(change):
    own = (drift("spread", change), drift("evenness", change), drift("slope", change))
    ((text, _),) = said(drift_sentences, drifts=own)
    assert " are not shown to shrink or to drift to uniform: " in text


# -- label shift -----------------------------------------------------------------------------------

NOBODY = " (which nobody knows beforehand: the most that such a correction can do)"


def test_label_shift_is_told_by_method_with_what_it_helps_and_hurts():
    own = (
        label_shift("delta", "em", probe="ordinal", misfit=0.9),
        label_shift("epsilon", "em", probe="svm", misfit=0.01),
        label_shift("alpha", "none", misfit=0.25, gain=UP),
        label_shift("alpha", "bbse", misfit=0.25, gain=UP, cut=DOWN, distance=0.25),
        label_shift("alpha", "em", misfit=0.25, gain=DOWN, cut=UNSURE, distance=0.5),
        label_shift("alpha", "known", misfit=0.25, gain=UP, cut=UP),
        label_shift("beta", "none", misfit=0.75),
        label_shift("beta", "bbse", misfit=0.75, gain=DOWN, cut=DOWN, distance=0.125),
        label_shift("beta", "em", misfit=0.75, gain=DOWN, distance=0.75),
        label_shift("beta", "known", misfit=0.75, gain=UNSURE, cut=UNSURE, distance=0.9),
        label_shift("gamma", "none", misfit=0.5),
        label_shift("gamma", "bbse", misfit=0.5, gain=UP, cut=UP, distance=0.2),
        label_shift("gamma", "em", misfit=0.5, distance=0.1),
        label_shift("gamma", "known", misfit=0.5, gain=UP, cut=DOWN),
    )

    def places(*numbers):
        return tuple(f"label_shifts[{n}].{name}" for n in numbers for name in ("gain", "cut_gain"))

    assert said(label_shift_sentences, label_shifts=own) == [
        (
            "Were another mix of levels all, predicted levels would follow from it; they are off "
            "that by 0.25 (alpha) to 0.75 (beta) in total variation.",
            ("label_shifts[2].misfit", "label_shifts[6].misfit"),
        ),
        (
            f"Correcting the prior to the corpus's own shares{NOBODY} by their classes helps on 2 "
            "of 3 corpora (alpha, gamma) and hurts on 0 of 3 corpora, by their continuous "
            "predictions helps on 1 of 3 corpora (alpha) and hurts on 1 of 3 corpora (gamma), as "
            "far as is shown.",
            places(5, 9, 13),
        ),
        (
            "Correcting the prior to shares by black-box shift estimation by their classes helps "
            "on 2 of 3 corpora (alpha, gamma) and hurts on 1 of 3 corpora (beta), by their "
            "continuous predictions helps on 1 of 3 corpora (gamma) and hurts on 2 of 3 corpora "
            "(alpha, beta), as far as is shown; its level shares are off by up to 0.25 (total "
            "variation, alpha).",
            places(3, 7, 11),
        ),
        (
            "Correcting the prior to shares by expectation-maximisation by their classes helps on "
            "0 of 3 corpora and hurts on 2 of 3 corpora (alpha, beta), by their continuous "
            "predictions helps on 0 of 3 corpora and hurts on 0 of 3 corpora, as far as is shown; "
            "its level shares are off by up to 0.75 (total variation, beta).",
            places(4, 8, 12),
        ),
    ]


def test_without_continuous_predictions_only_classes_are_told():
    odd = Figure(value=None, low=0.1, high=0.2), Figure(value=0.0, low=0.1, high=0.2)
    own = [
        label_shift(corpus, method, gain=gain)
        for corpus, gain in zip(("alpha", "beta"), odd, strict=True)
        for method in ("known", "bbse", "em")
    ]
    told = said(label_shift_sentences, label_shifts=tuple(own))
    assert told[1][0] == (
        f"Correcting the prior to the corpus's own shares{NOBODY} by their classes helps on 0 of 2 "
        "corpora and hurts on 0 of 2 corpora, as far as is shown."
    )


def test_of_another_probe_no_label_shift_is_told():
    own = (label_shift("alpha", "known", probe="ordinal"),)
    assert said(label_shift_sentences, label_shifts=own) == []


# -- the ladder of shifts --------------------------------------------------------------------------


def test_steps_are_told_by_score_each_from_the_rung_before():
    own = (
        shift("loco", "a new corpus", probe="ordinal", before="iid", step=UP),
        shift("loco", "a new corpus", probe="svm", before="iid", step=UP),
        shift("iid", "the same corpora"),
        shift("loco", "a new corpus", before="iid", step=DOWN),
        shift("lofo", "a new family", before="loco", step=UNSURE),
        shift("lolo", "a new language", before="lofo", step=Figure(value=None)),
        shift("loco", "a new corpus", score="spearman", before="iid", step=UP),
        shift("loco", "a new corpus", score="recut", before="by-task", step=UP),
    )
    assert said(shift_sentences, shifts=own) == [
        (
            "Step by step, on the texts that two rungs share, QWK changes to a new corpus: -0.200 "
            "(-0.300 to -0.100) from iid; to a new family: +0.050 (-0.050 to +0.150) from loco, "
            "not shown to differ from 0.",
            ("shifts[3].step", "shifts[4].step"),
        ),
        (
            "Step by step, on the texts that two rungs share, recut QWK changes to a new corpus: "
            "+0.200 (+0.100 to +0.300) from by-task.",
            ("shifts[7].step",),
        ),
    ]
    assert said(shift_sentences, shifts=own[:3]) == []
    assert len(said(shift_sentences, shifts=own[-1:])) == 1


# -- what is read instead --------------------------------------------------------------------------


def record(layer, value, target="corpus", **fields):
    own = {"analysis": "identity", "measure": "balanced_accuracy", "n": 9, "chance": 0.125}
    return AnalysisRecord(**own | {"layer": layer, "value": value, "target": target} | fields)


def test_readings_are_told_by_target_from_the_lowest_layer_to_the_highest():
    own = (
        record(1, 0.1, analysis="price"),
        record(2, 0.9, analysis="description"),
        record(2, 0.9, corpus="alpha"),
        record(3, 0.5),
        record(4, None),
        record(5, 0.75),
        record(6, 0.25, chance=0.2),
        record(7, 0.625, "task", chance=None),
        record(8, 0.0, "language"),
        record(9, -0.5, "language"),
        record(9, 0.5, None),
        record(9, 0.0, None),
    )

    def text(target, low, high, chance):
        return (
            f"The {target} of a text is read off its features with a balanced accuracy of {low} "
            f"to {high}{chance}."
        )

    assert said(reading_sentences, analyses=own) == [
        (
            text("corpus", "0.250 (layer 6)", "0.750 (layer 5)", ", where a guess has 0.200"),
            ("analyses[6].value", "analyses[5].value"),
        ),
        (text("task", "0.625 (layer 7)", "0.625 (layer 7)", ""), ("analyses[7].value",)),
        (
            text("language", "-0.500 (layer 9)", "0.000 (layer 8)", ", where a guess has 0.125"),
            ("analyses[9].value", "analyses[8].value"),
        ),
        (
            text("", "0.000 (layer 9)", "0.500 (layer 9)", ", where a guess has 0.125"),
            ("analyses[11].value", "analyses[10].value"),
        ),
    ]
    assert said(reading_sentences) == []
