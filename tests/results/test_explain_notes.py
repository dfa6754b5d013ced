"""What an explanation says it can't say, and what each part of it is made from."""

import sys

import pytest
from result_factory import make_result

from cefrbench.errors import ResultError, UserError
from cefrbench.results.claims import Beside, make_claim
from cefrbench.results.explain import explain_result, tell_gap
from cefrbench.results.parts import (
    Explained,
    decompositions,
    drifts,
    layer_decompositions,
    residuals,
)
from cefrbench.results.selection import favoured_probe
from cefrbench.results.sentences import write_sentences
from cefrbench.results.shifts import shift_ladder
from cefrbench.statistics.resampling import REPLICATES, TextWeights

TINY = {
    "corpora": ("alpha", "beta"),
    "texts": 10,
    "layers": (1,),
    "probes": ("ridge", "ordinal"),
    "protocols": ("iid", "loco"),
    "refits": 2,
}


@pytest.fixture
def explained(tmp_path, monkeypatch):
    """Explain a tiny result, as where quapy isn't installed: importing it takes seconds."""
    monkeypatch.setitem(sys.modules, "quapy.method", None)

    def explain(change=None, entry=None, **options):
        result, table = entry or make_result("own", **TINY)
        result = result if change is None else result.model_copy(update=change(result))
        options = {"replicates": 30} | options
        return explain_result(result, table, tmp_path / "own" / "cefr-v1.json", **options)

    return explain


NO_QUAPY = (
    "Label shift is left out: The package quapy, which estimates priors, can't be imported: "
    "install `cefrbench[explain]`."
)
#: Both corpora are of one group: without it none is left.
SKIPPED = "loco twin-all was skipped: nothing is left to train on."


def test_each_part_is_made_from_the_result_its_predictions_and_the_sides(explained):
    result, table = make_result("own", **TINY)
    found = explained(seed=4)
    source = Explained.of(result, table, TextWeights(30, 4))
    own = favoured_probe(result).probe
    assert (found.encoder, found.suite, found.checksum) == ("own", "cefr-v1", result.checksum)
    assert (found.probe, found.inside, found.outside) == (own, "iid", "loco")
    assert (found.replicates, found.seed) == (30, 4)
    assert found.decompositions == tuple(decompositions(source, "iid", "loco"))
    assert found.layers == tuple(layer_decompositions(result, "iid", "loco"))
    assert found.residuals == tuple(residuals(result, ["iid", "loco"]))
    assert found.drifts == tuple(drifts(source, "iid", "loco"))
    assert found.shifts == tuple(shift_ladder(source, own))
    assert found.label_shifts == ()
    nothing = {
        name: f"no result of {name} lies beside it"
        for name in ("length", "surface", "complexity", "ud", "random-qwen3-tiny")
    }
    assert found.claim == make_claim(source, "loco", own, Beside((), nothing))
    assert found.analyses == result.analyses
    assert found.sentences == write_sentences(found)
    assert all((found.decompositions, found.layers, found.drifts, found.shifts, found.sentences))


def test_another_probe_has_its_own_ladders(explained):
    result, _ = make_result("own", **TINY)
    (other,) = {"ridge", "ordinal"} - {favoured_probe(result).probe}
    found = explained(probe=other)
    assert (found.probe, found.claim.probe) == (other, other)
    assert {one.probe for one in found.shifts} == {other}
    with pytest.raises(UserError, match="'rigde'"):
        explained(probe="rigde")


@pytest.mark.parametrize(
    ("protocol", "absent", "present", "note"),
    [
        (
            "iid",
            "outside",
            "inside",
            "No protocol out of distribution was run, so there is no gap to take apart: run it "
            "with --protocol lofo too.",
        ),
        (
            "loco",
            "inside",
            "outside",
            "No protocol in distribution was run, so there is no gap to take apart: run it with "
            "--protocol iid too.",
        ),
    ],
)
def test_one_side_alone_has_residuals_and_no_gap(explained, protocol, absent, present, note):
    found = explained(entry=make_result("own", **TINY | {"protocols": (protocol,)}))
    assert (getattr(found, absent), getattr(found, present)) == (None, protocol)
    assert note in found.notes
    assert (found.decompositions, found.layers, found.drifts) == ((), (), ())
    assert {one.protocol for one in found.residuals} == {protocol}
    assert (found.claim is None) == (protocol == "iid")
    assert (NO_QUAPY in found.notes) == (protocol == "loco")


def test_a_whole_result_has_nothing_to_note_but_what_is_not_installed(explained):
    assert explained().notes == (SKIPPED, NO_QUAPY)


def test_notes_stand_in_their_order(explained):
    def change(result):
        seen, unseen = (
            {"chosen": (one.chosen or one.oracle).model_copy(update={"qwk": qwk})}
            for one, qwk in zip(result.summary, (0.1, 0.9), strict=False)
        )
        summary = tuple(
            one.model_copy(update=seen if one.protocol == "iid" else unseen)
            for one in result.summary
            if one.probe == "ridge"
        )
        beta = result.corpora[1].model_copy(
            update={"levels": dict.fromkeys(result.scale, 0) | {"B1": 9}}
        )
        skipped = result.splits[0].model_copy(
            update={"protocol": "lofo", "fold": "x", "skipped": "one family"}
        )
        return {
            "summary": summary,
            "corpora": (result.corpora[0], beta),
            "splits": (*result.splits, skipped),
            "config": result.config.model_copy(update={"refits": 0}),
            "schema_version": "2.0",
        }

    assert explained(change).notes == (
        "Doubtful: ridge has a QWK of 0.900 on corpora that it was not trained on (loco), and of "
        "0.100 on those that it was (iid): that is what a probe or an encoder gives that has seen "
        "the scored texts.",
        SKIPPED,
        "lofo x was skipped: one family.",
        "beta has texts of one level only: QWK says nothing of it.",
        "The result has no refits, so intervals hold the fits fixed: run it with --refits 20.",
        "The result is of schema 2.0, whose layers have no recut QWK: run it again to see the gap "
        "by layer.",
        NO_QUAPY,
    )


def test_the_studys_form_is_said_and_asks_for_no_refits(explained):
    found = explained(entry=make_result("own", form="study", **TINY | {"refits": 0}))
    study = (
        "The result is in the study's form: its layer is an oracle's, no fit was made on resampled "
        "texts and none inside the training part, so prior corrections and rungs that need these "
        "are missing."
    )
    assert study in found.notes
    assert not any("--refits" in note for note in found.notes)


def test_a_result_without_predictions_is_refused_in_a_sentence(explained):
    result, table = make_result("own", **TINY)
    with pytest.raises(ResultError) as caught:
        explained(entry=(result, table.take([])))
    assert str(caught.value) == (
        "The result of 'own' has no predictions of any corpus, so nothing can be explained: run it "
        "again."
    )


def test_resamples_are_as_many_as_elsewhere(tmp_path):
    options = {"protocols": ("iid",), "probes": ("ridge",), "refits": 0}
    found = explain_result(*make_result("own", **TINY | options), tmp_path / "own" / "a.json")
    assert (found.replicates, found.seed) == (REPLICATES, 0) == (2000, 0)


# -- the gap alone ---------------------------------------------------------------------------------


def test_the_gap_alone_is_told_of_what_is_at_hand():
    result, table = make_result("own", **TINY | {"layers": (1, 2, 3)})
    told = tell_gap(result, table, TextWeights(30, 4))
    assert {one.topic for one in told} == {"decomposition", "layers"}
    taken = Explained.of(result, table, TextWeights(30, 4)).raw
    assert tell_gap(result, table.take([]), TextWeights(30, 4), taken) == told
    assert tell_gap(result, table.take([]), TextWeights(30, 4)) == ()


@pytest.mark.parametrize("protocol", ["iid", "loco"])
def test_one_side_alone_has_no_gap_to_tell(protocol):
    result, table = make_result("own", **TINY | {"protocols": (protocol,)})
    assert tell_gap(result, table, TextWeights(30)) == ()
