"""Every sentence of an explanation, of figures worked out by hand."""

import pytest
from explanation_factory import (
    claim,
    decomposition,
    drift,
    figure,
    label_shift,
    layer,
    make_explanation,
    rung,
    shift,
)

from cefrbench.results.explanation import Figure, Statement
from cefrbench.results.model import AnalysisRecord
from cefrbench.results.sentences import write_sentences

NO_LOSS = "No loss is shown, so there is nothing to take apart: read the parts with that in mind."
HALVES = {"gap": figure(0.4), "direction": figure(0.1, 0.05), "thresholds": figure(0.3)}
#: Of another probe and of another corpus: no sentence is about them, yet each takes a place.
OTHERS = (
    decomposition(probe="ordinal", gap=figure(0.9)),
    decomposition(probe="svm", gap=figure(0.9)),
    decomposition("alpha", gap=figure(0.7)),
)


def said(topic=None, **fields):
    """Text and figures of the sentences on a topic."""
    told = write_sentences(make_explanation(**fields))
    return [(one.text, one.figures) for one in told if topic in (None, one.topic)]


# -- the claim -------------------------------------------------------------------------------------


def test_a_claim_is_its_verdict_and_what_was_tested():
    rungs = (
        rung("majority", "passed"),
        rung("untrained", "untested"),
        rung("layer 0", "not shown"),
        rung("length", "worse"),
        rung("ud", "untested"),
    )
    assert said("claim", claim=claim(*rungs, height=1)) == [
        ("Planted verdict.", ("claim.rungs", "claim.height")),
        (
            "It comes up 1 of 5 rungs; 3 were tested, with Holm's correction over these; its QWK "
            "there is 0.500 (0.400 to 0.600). Untested, and so not passed: untrained, ud.",
            ("claim.qwk", "claim.rungs"),
        ),
    ]


def test_where_all_rungs_were_tested_none_is_named_as_missing():
    _, (text, _) = said("claim", claim=claim(rung("majority", "passed"), height=1))
    assert text == (
        "It comes up 1 of 1 rungs; 1 were tested, with Holm's correction over these; its QWK "
        "there is 0.500 (0.400 to 0.600)."
    )
    assert said("claim") == []


# -- the gap ---------------------------------------------------------------------------------------


def test_a_gap_is_told_with_its_halves_as_shares_of_it():
    own = decomposition(**HALVES, location=figure(0.2), scale=figure(0.05), spacing=figure(0.0))
    assert said("decomposition", decompositions=(*OTHERS, own)) == [
        (
            "With ridge, planted has a QWK of 0.800 in distribution (iid) and 0.500 out of it "
            "(lofo) on the same 1,234 texts of 2 corpora: a gap of 0.400 (0.300 to 0.500).",
            (
                "decompositions[3].parts.gap",
                "decompositions[3].inside.qwk",
                "decompositions[3].outside.qwk",
            ),
        ),
        (
            "Of it 0.100 (0.050 to 0.150), 25%, is lost direction (texts are put in another "
            "order); 0.300 (0.200 to 0.400), 75%, is thresholds that don't transfer (the order "
            "stands, the cuts don't).",
            (
                "decompositions[3].parts.gap",
                "decompositions[3].parts.direction",
                "decompositions[3].parts.thresholds",
            ),
        ),
        (
            "The thresholds' part is made of location (all levels too high or too low by one "
            "number) 0.200 (0.100 to 0.300); scale (levels spread too little or too much) 0.050 "
            "(-0.050 to 0.150), not shown to differ from 0.",
            ("decompositions[3].parts.location", "decompositions[3].parts.scale"),
        ),
    ]


def test_one_corpus_is_counted_in_words_and_an_undefined_score_is_said():
    own = decomposition(corpora=("alpha",), qwk=(None, 0.25), gap=figure(0.4))
    ((text, _),) = said("decomposition", decompositions=(own,))
    assert text == (
        "With ridge, planted has a QWK of undefined in distribution (iid) and 0.250 out of it "
        "(lofo) on the same 1,234 texts of one corpus: a gap of 0.400 (0.300 to 0.500)."
    )


def test_without_a_mean_or_its_gap_nothing_is_said_of_it():
    assert said("decomposition", decompositions=OTHERS) == []
    parts = {name: one for name, one in HALVES.items() if name != "gap"}
    assert said("decomposition", decompositions=(decomposition(**parts),)) == []


@pytest.mark.parametrize(
    ("gap", "lost"),
    [
        (figure(0.4), True),
        (figure(0.004, 0.001), True),
        (figure(0.4, 0.5), False),
        (figure(-0.4), False),
        (Figure(value=0.0, low=0.1, high=0.2), False),
        (Figure(value=None), False),
        (Figure(value=None, low=0.1, high=0.2), False),
    ],
)
def test_only_a_gap_that_is_shown_and_above_0_is_a_loss(gap, lost):
    told = said("decomposition", decompositions=(decomposition(gap=gap),))
    place = ("decompositions[0].parts.gap",)
    assert told[1:] == ([] if lost else [(NO_LOSS, place)])


@pytest.mark.parametrize(
    ("part", "gap", "share"),
    [
        (figure(0.1), figure(0.4), ", 25%,"),
        (figure(0.0), figure(0.4), ", 0%,"),
        (figure(0.5), figure(0.5), ", 100%,"),
        (figure(0.51), figure(0.5), ""),
        (figure(-0.01), figure(0.5), ""),
        (figure(0.1), figure(0.4, 0.5), ""),
        (figure(-0.1), figure(-0.4), ""),
        (Figure(value=None), figure(0.4), ""),
        (figure(0.1), Figure(value=0.0, low=0.1, high=0.2), ""),
        (figure(0.1), Figure(value=None), ""),
    ],
)
def test_a_share_is_one_of_a_gap_that_is_shown_from_nothing_to_all_of_it(part, gap, share):
    own = decomposition(gap=gap, direction=part, thresholds=figure(9.0))
    told = said("decomposition", decompositions=(own,))
    (text,) = (text for text, _ in told if text.startswith("Of it"))
    amount = text.removeprefix("Of it ").partition(" is lost direction")[0]
    assert amount.partition(")")[2] == share or amount == "undefined" + share


@pytest.mark.parametrize("absent", ["direction", "thresholds"])
def test_half_of_a_gap_is_not_told_alone(absent):
    own = decomposition(**{name: one for name, one in HALVES.items() if name != absent})
    assert len(said("decomposition", decompositions=(own,))) == 1


def test_what_is_0_by_construction_is_no_part_of_the_thresholds():
    nothing = Figure(value=0.0, low=-0.1, high=0.1)
    parts = {"decision": nothing, "location": figure(0.2), "spacing": figure(-0.3)}
    (_, (text, places)) = said(
        "decomposition", decompositions=(decomposition(gap=figure(0.4), **parts),)
    )
    assert text == (
        "The thresholds' part is made of location (all levels too high or too low by one number) "
        "0.200 (0.100 to 0.300); spacing (unevenly spaced cuts) -0.300 (-0.400 to -0.200)."
    )
    assert places == ("decompositions[0].parts.location", "decompositions[0].parts.spacing")
    parts |= {"decision": figure(0.11)}
    (_, (text, _)) = said(
        "decomposition", decompositions=(decomposition(gap=figure(0.4), **parts),)
    )
    assert text.startswith(
        "The thresholds' part is made of the class that is chosen instead of the level that is "
        "expected 0.110 (0.010 to 0.210); location"
    )


@pytest.mark.parametrize("location", [None, Figure(value=None), figure(0.0)])
def test_without_a_location_the_thresholds_are_not_taken_apart(location):
    parts = {"scale": figure(0.2), "spacing": figure(0.3), "location": location}
    own = decomposition(gap=figure(0.4), **{name: one for name, one in parts.items() if one})
    assert len(said("decomposition", decompositions=(own,))) == 1


# -- where most is lost ----------------------------------------------------------------------------


def test_the_corpus_with_the_largest_gap_is_named_with_its_halves():
    own = (
        decomposition("alpha", probe="ordinal", gap=figure(0.9)),
        decomposition("alpha", probe="svm", gap=figure(0.9)),
        decomposition("alpha", gap=figure(0.2)),
        decomposition("beta", **HALVES),
        decomposition("gamma", gap=figure(0.3)),
        decomposition("delta", gap=Figure(value=None)),
        decomposition("epsilon", direction=figure(0.9)),
    )
    assert said("decomposition", decompositions=own) == [
        (
            "Most is lost on beta: 0.400 (0.300 to 0.500), of which direction 0.100 (0.050 to "
            "0.150) and thresholds 0.300 (0.200 to 0.400).",
            tuple(f"decompositions[3].parts.{name}" for name in ("gap", "direction", "thresholds")),
        )
    ]


@pytest.mark.parametrize(
    ("gaps", "worst"),
    [((0.3, 0.0), "alpha"), ((0.0, -0.3), "alpha"), ((-0.2, -0.3), "alpha"), ((0.1, 0.2), "beta")],
)
def test_most_is_lost_where_the_gap_is_largest_and_its_halves_may_be_missing(gaps, worst):
    own = [
        decomposition(name, gap=figure(g)) for name, g in zip(("alpha", "beta"), gaps, strict=True)
    ]
    ((text, places),) = said("decomposition", decompositions=tuple(own))
    place = ("alpha", "beta").index(worst)
    gap = own[place].parts["gap"]
    assert text == (f"Most is lost on {worst}: {gap.value:.3f} ({gap.low:.3f} to {gap.high:.3f}).")
    assert places == (f"decompositions[{place}].parts.gap",)


def test_one_corpus_with_a_gap_has_none_to_be_worse_than():
    own = (
        decomposition("alpha", gap=figure(0.4)),
        decomposition("beta", gap=Figure(value=None)),
        decomposition("gamma"),
    )
    assert said("decomposition", decompositions=own) == []


# -- layers ----------------------------------------------------------------------------------------


def test_layers_are_told_from_the_least_to_the_most_that_direction_loses():
    own = (
        layer(9, probe="ordinal", direction=0.9),
        layer(9, probe="svm", direction=0.01),
        layer(0, gap=0.8),
        layer(1, direction=0.25),
        layer(2, direction=0.5),
        layer(3, direction=0.125),
    )
    assert said("layers", layers=own) == [
        (
            "Over 3 layers, direction loses from 0.125 at layer 3 to 0.500 at layer 2 (without "
            "errors: no layer is shown to differ from another by this).",
            ("layers[5].parts.direction", "layers[4].parts.direction"),
        )
    ]
    assert said("layers", layers=own[:-1]) == []


# -- limits ----------------------------------------------------------------------------------------

NOT_WHY = (
    ", not other corpora. A part says what a repair of the predictions would give back, not why it "
    "is needed: location may be stricter raters, another mix of tasks or a bias of the features "
    "alike."
)
FIXED = "Intervals are 95 % and cover other texts, with the fits held fixed"


@pytest.mark.parametrize(
    ("own", "covered"),
    [
        (None, FIXED),
        (claim(height=0), FIXED),
        (
            claim(height=0, refits=20),
            "Intervals are 95 % and cover other texts and other training texts (20 refits)",
        ),
    ],
)
def test_limits_say_what_intervals_cover(own, covered):
    assert said("limits", claim=own) == [(covered + NOT_WHY, ("replicates",))]


@pytest.mark.parametrize("absent", ["inside", "outside"])
def test_without_a_side_there_is_no_gap_whose_limits_could_be_told(absent):
    assert said(**{absent: None}) == []


def test_sentences_stand_in_the_order_of_the_page():
    records = [
        AnalysisRecord(analysis="identity", layer=1, target="corpus", measure="m", value=0.5, n=9)
    ]
    told = write_sentences(
        make_explanation(
            claim=claim(rung("majority", "passed"), height=1),
            decompositions=(
                decomposition(**HALVES, location=figure(0.2)),
                decomposition("alpha", gap=figure(0.2)),
                decomposition("beta", gap=figure(0.3)),
            ),
            layers=tuple(layer(number, direction=0.5) for number in (1, 2, 3)),
            drifts=tuple(drift(name, figure(0.2)) for name in ("spread", "evenness", "slope")),
            label_shifts=tuple(
                label_shift("alpha", name) for name in ("none", "known", "bbse", "em")
            ),
            shifts=(shift("loco", "a new corpus", before="iid", step=figure(0.1)),),
            analyses=tuple(records),
        )
    )
    assert all(isinstance(one, Statement) for one in told)
    assert [(one.topic, one.text.split()[0]) for one in told] == [
        ("claim", "Planted"),
        ("claim", "It"),
        ("decomposition", "With"),
        ("decomposition", "Of"),
        ("decomposition", "The"),
        ("decomposition", "Most"),
        ("layers", "Over"),
        ("drift", "Out"),
        ("label shift", "Were"),
        ("label shift", "Correcting"),
        ("label shift", "Correcting"),
        ("label shift", "Correcting"),
        ("shifts", "Step"),
        ("readings", "The"),
        ("limits", "Intervals"),
    ]
