"""An explanation of a whole result: figures from its predictions, sentences from these figures."""

import json
import re
import shutil
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import result_factory
from result_factory import make_result, write_made

from cefrbench.cli import main
from cefrbench.errors import ResultError, UserError
from cefrbench.levels import Level
from cefrbench.results.claims import LADDER, find_references
from cefrbench.results.claims import verdict as claim_verdict
from cefrbench.results.compare import compare_results
from cefrbench.results.explain import explain_result, tell_gap
from cefrbench.results.explanation import Explanation, Figure
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench.results.selection import counted_units
from cefrbench.results.wording import amount
from cefrbench.statistics.resampling import TextWeights

SMALL = {
    "texts": 60,
    "protocols": ("iid", "loco", "lofo"),
    "probes": ("ridge", "ordinal"),
    "layers": (1, 2),
    "refits": 6,
}
BELOW = ("decision", "location", "scale", "spacing")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An encoder, and beside it two references and a control that know less."""
    place = tmp_path_factory.mktemp("results")
    write_made(place, "good", skill=0.9, **SMALL)
    write_made(place, "length", skill=0.3, role="reference", **SMALL)
    write_made(place, "surface", skill=0.99, role="reference", **SMALL)
    return place


def explained(path, **options):
    result = read_result(path)
    options = {"replicates": 200} | options
    return explain_result(result, read_predictions_of(result, path), path, **options)


@pytest.fixture(scope="module")
def good(folder):
    path = folder / "good" / "cefr-v1.json"
    return read_result(path), explained(path)


def at(explanation, place):
    """What stands at a place such as ``decompositions[0].parts.gap``."""
    found = explanation
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", place):
        if index:
            found = found[int(index)]
        else:
            found = found[name] if isinstance(found, dict) else getattr(found, name)
    return found


# -- figures -------------------------------------------------------------------------------------


def test_parts_sum_to_the_gap_of_every_probe_and_corpus(good):
    result, explanation = good
    places = {(one.probe, one.corpus) for one in explanation.decompositions}
    names = [None, *(c.card.name for c in result.corpora)]
    assert places == {(card.name, name) for card in result.probes for name in names}
    for one in explanation.decompositions:
        value = {name: figure.value for name, figure in one.parts.items()}
        assert value["direction"] + value["thresholds"] == pytest.approx(value["gap"])
        assert sum(value[name] for name in BELOW) == pytest.approx(value["thresholds"])
        assert all(f.low <= f.value <= f.high for f in one.parts.values())
        assert all(f.refits == 6 for f in one.parts.values())


def test_means_are_those_of_the_result(good):
    result, explanation = good
    chosen = {(s.protocol, s.probe): s.chosen for s in result.summary}
    for one in explanation.decompositions:
        if one.corpus is None:
            for side in (one.inside, one.outside):
                own = chosen[side.protocol, one.probe]
                for name in ("qwk", "located", "scaled", "recut"):
                    assert getattr(side, name) == pytest.approx(getattr(own, name)), name


def test_every_layer_is_taken_apart_though_few_keep_predictions(good):
    result, explanation = good
    assert {(one.probe, one.layer) for one in explanation.layers} == {
        (card.name, layer) for card in result.probes for layer in (0, 1, 2)
    }
    for one in explanation.layers:
        assert one.parts["direction"] + one.parts["thresholds"] == pytest.approx(one.parts["gap"])
        below = [one.parts[name] for name in ("location", "scale", "spacing")]
        assert sum(below) == pytest.approx(one.parts["thresholds"])


def test_residuals_count_every_scored_text(good):
    result, explanation = good
    counted = sum(
        unit.n for unit in counted_units(result) if (unit.probe, unit.protocol) == ("ridge", "lofo")
    )
    own = [r for r in explanation.residuals if (r.probe, r.protocol) == ("ridge", "lofo")]
    assert sum(r.n for r in own if r.corpus is None) == counted
    assert sum(r.n for r in own if r.corpus is not None) == counted


def test_label_shift_says_what_each_correction_does(good):
    result, explanation = good
    assert len(explanation.label_shifts) == 2 * len(result.corpora) * 4
    for one in explanation.label_shifts:
        assert sum(one.prior) == pytest.approx(1)
        assert (one.distance == 0) == (one.method == "known")
    # Levels are equally frequent in all corpora: cutting at them is what recut does.
    recut = {s.corpus: s.scores.recut for s in result.scores
             if (s.probe, s.protocol, s.layer) == ("ridge", "lofo", None)}  # fmt: skip
    for one in explanation.label_shifts:
        if (one.probe, one.method) == ("ridge", "known"):
            assert one.cut.value == pytest.approx(recut[one.corpus], abs=0.02)


def test_steps_of_the_ladder_of_shifts_are_on_shared_texts(good):
    result, explanation = good
    own = [one for one in explanation.shifts if one.score == "qwk"]
    assert [one.protocol for one in own] == ["iid", "loco", "lofo"]
    assert own[1].corpora == ("alpha", "beta"), "gamma has no sister: leaving it out is a family"
    assert own[2].shared == ("alpha", "beta")
    scored = {(s.protocol, s.corpus): s.scores.qwk for s in result.scores
              if s.probe == explanation.probe and s.layer is None}  # fmt: skip
    for before, after in pairwise(own):
        step = np.mean([scored[after.protocol, c] - scored[before.protocol, c]
                        for c in after.shared])  # fmt: skip
        assert after.step.value == pytest.approx(step)
        assert after.before == before.protocol


# -- the claim -----------------------------------------------------------------------------------


def test_an_encoder_comes_as_far_as_it_beats_what_is_there(good):
    _, explanation = good
    claim = explanation.claim
    status = {rung.name: rung.status for rung in claim.rungs}
    assert list(status) == list(LADDER)
    assert status["majority"] == status["length"] == "passed"
    assert status["surface"] != "passed"
    assert status["untrained"] == status["complexity"] == status["ud"] == "untested"
    # No untrained model was run, so no rung from there on counts.
    assert (claim.height, claim.top) == (1, "majority")
    assert "an untrained model is untested" in claim.verdict


def test_with_an_untrained_model_beside_it_the_ladder_goes_on(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    control, _ = make_result("random", skill=0.1, role="control", **SMALL)
    write_made(tmp_path, "random", skill=0.1, role="control", **SMALL)
    path = write_made(tmp_path, "good", skill=0.9, references=(control,), **SMALL)
    claim = explained(path).claim
    status = {rung.name: rung.status for rung in claim.rungs}
    assert status["untrained"] == status["layer 0"] == "passed"
    assert (claim.height, claim.top) == (4, "length")
    assert "surface" in claim.verdict


def test_a_rung_is_tested_as_compare_tests_the_pair(tmp_path):
    options = SMALL | {"probes": ("ridge",)}
    paths = [write_made(tmp_path, "good", **options)]
    paths.append(write_made(tmp_path, "length", skill=0.3, role="reference", **options))
    rung = next(r for r in explained(paths[0]).claim.rungs if r.name == "length")
    entries = [(one := read_result(path), read_predictions_of(one, path)) for path in paths]
    (pair,) = compare_results(entries, protocols=("lofo",), replicates=200).pairs
    assert rung.difference.value == pytest.approx(pair.difference)
    assert rung.p == pytest.approx(pair.these.p)
    ends = pair.these.low, pair.these.high
    assert (rung.difference.low, rung.difference.high) == pytest.approx(ends)


def test_holm_is_over_the_rungs_that_are_tested(good):
    _, explanation = good
    tested = sorted(
        (r for r in explanation.claim.rungs if r.p is not None), key=lambda rung: rung.p
    )
    worst = 0.0
    for place, rung in enumerate(tested):
        worst = max(worst, min(1.0, rung.p * (len(tested) - place)))
        assert rung.p_holm == pytest.approx(worst)


def test_references_are_looked_for_where_they_are_named(folder, tmp_path):
    alone = write_made(tmp_path / "mine", "good", skill=0.9, **SMALL)
    result = read_result(alone)
    assert find_references(result, alone).results == ()
    found = find_references(result, alone, [folder])
    assert {r.encoder.name for r, _ in found.results} == {"length", "surface"}
    assert "complexity" in found.reasons


def test_a_reference_on_other_texts_is_untested_with_the_reason(tmp_path):
    path = write_made(tmp_path, "good", **SMALL)
    write_made(tmp_path, "length", role="reference", **(SMALL | {"texts": 55}))
    rung = next(r for r in explained(path).claim.rungs if r.name == "length")
    assert rung.status == "untested"
    assert "can't be compared" in rung.reason


# -- sentences -----------------------------------------------------------------------------------


def test_every_sentence_names_figures_that_are_there(good):
    _, explanation = good
    assert {one.topic for one in explanation.sentences} >= {
        "claim", "decomposition", "layers", "drift", "label shift", "shifts", "limits"
    }  # fmt: skip
    for sentence in explanation.sentences:
        assert sentence.figures
        for place in sentence.figures:
            assert at(explanation, place) is not None, place


def test_amounts_in_a_sentence_are_its_figures(good):
    _, explanation = good
    for sentence in explanation.sentences:
        if sentence.topic in ("decomposition", "drift", "shifts"):
            figures = [at(explanation, place) for place in sentence.figures]
            amounts = [amount(f, sign=sign) for f in figures if isinstance(f, Figure)
                       for sign in (True, False)]  # fmt: skip
            said = re.findall(r"[+-]?\d\.\d{3} \([^)]*\)", sentence.text)
            assert set(said) <= set(amounts)
            assert said or "No loss" in sentence.text


def test_no_part_is_called_a_loss_that_is_not_shown(good):
    _, explanation = good
    mean = next(d for d in explanation.decompositions
                if d.probe == explanation.probe and d.corpus is None)  # fmt: skip
    text = " ".join(s.text for s in explanation.sentences if s.topic == "decomposition")
    for name in ("location", "scale", "spacing"):
        figure = mean.parts[name]
        assert (f"{amount(figure)}, not shown to differ from 0" in text) == (not figure.shown)


def test_json_is_the_model_and_comes_back(good):
    _, explanation = good
    again = Explanation.model_validate_json(explanation.model_dump_json())
    assert again == explanation


# -- the command, and bad input ------------------------------------------------------------------


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")

    def command(*words):
        status = main(["explain", *map(str, words), "--replicates", "200"])
        return status, capsys.readouterr()

    return command


def test_the_page_has_words_and_tables(run, folder, good):
    status, page = run(folder / "good" / "cefr-v1.json")
    assert status == 0
    words = " ".join(page.out.split())
    for sentence in good[1].sentences:
        assert " ".join(sentence.text.split()) in words
    for heading in ("Where the gap comes from", "By layer", "What this can't say"):
        assert heading in page.out


def test_json_stands_alone(run, folder, good):
    status, page = run(folder / "good" / "cefr-v1.json", "--json")
    assert status == 0
    assert json.loads(page.out) == json.loads(good[1].model_dump_json())


def test_another_probe_can_be_named(folder):
    path = folder / "good" / "cefr-v1.json"
    assert explained(path, probe="ordinal").claim.probe == "ordinal"
    with pytest.raises(UserError, match="ridgy"):
        explained(path, probe="ridgy")


def test_a_terminal_obeys_no_name(run, tmp_path):
    path = write_made(tmp_path, "evil\x1b[31m", **(SMALL | {"probes": ("ridge",)}))
    status, page = run(path)
    assert status == 0
    assert "\x1b[31m" not in page.out
    assert "evil�[31m" in page.out


@pytest.mark.parametrize(
    ("protocols", "said"),
    [(("lofo",), "No protocol in distribution"), (("iid",), "No protocol out of distribution")],
)
def test_a_side_that_was_not_run_is_said(run, tmp_path, protocols, said):
    path = write_made(tmp_path, "good", **(SMALL | {"protocols": protocols, "probes": ("ridge",)}))
    status, page = run(path)
    assert status == 0
    assert said in page.out
    assert "--protocol" in page.out


def test_one_family_has_nothing_to_leave_out(tmp_path):
    options = SMALL | {"corpora": ("alpha", "beta"), "probes": ("ridge",)}
    explanation = explained(write_made(tmp_path, "good", **options))
    assert explanation.outside == "loco"
    assert any(note.startswith("lofo") for note in explanation.notes)


def test_a_corpus_of_one_level_is_left_out_and_said(tmp_path, monkeypatch):
    essays = result_factory._essays

    def one_level(name, *rest, **options):
        found = essays(name, *rest, **options)
        if name != "beta":
            return found
        return replace(found, levels=(Level.B1,) * len(found.levels))

    monkeypatch.setattr(result_factory, "_essays", one_level)
    options = SMALL | {"probes": ("ridge",), "conflicts": 0.0}
    explanation = explained(write_made(tmp_path, "good", **options))
    mean = next(one for one in explanation.decompositions if one.corpus is None)
    assert mean.corpora == ("alpha", "gamma")
    assert next(one for one in explanation.decompositions if one.corpus == "beta").parts == {}
    assert any("beta has texts of one level" in note for note in explanation.notes)


def test_without_refits_the_fits_are_held_fixed_and_that_is_said(tmp_path):
    explanation = explained(write_made(tmp_path, "good", **(SMALL | {"refits": 0})))
    assert {f.refits for one in explanation.decompositions for f in one.parts.values()} == {0}
    assert any("--refits 20" in note for note in explanation.notes)
    assert "fits held fixed" in " ".join(one.text for one in explanation.sentences)


def test_the_studys_form_is_explained_as_far_as_it_goes(tmp_path):
    options = {"form": "study", "texts": 40, "protocols": ("iid", "loco"), "probes": ("ridge",)}
    explanation = explained(write_made(tmp_path, "good", **options))
    assert explanation.decompositions
    assert explanation.label_shifts == ()
    assert any("study's form" in note for note in explanation.notes)


def test_a_result_without_its_predictions_is_refused(run, folder, tmp_path):
    shutil.copy(folder / "good" / "cefr-v1.json", tmp_path / "alone.json")
    status, page = run(tmp_path / "alone.json")
    assert status == 1
    assert "predictions" in page.err


def test_an_older_schema_is_refused(run, folder, tmp_path):
    data = json.loads((folder / "good" / "cefr-v1.json").read_text("utf-8"))
    (tmp_path / "old.json").write_text(json.dumps(data | {"schema_version": "1.3"}), "utf-8")
    status, page = run(tmp_path / "old.json")
    assert status == 1
    assert "too old" in page.err


def test_a_folder_that_is_not_there_is_refused(run, folder):
    status, page = run(folder / "good" / "cefr-v1.json", "--references", folder / "nowhere")
    assert status == 1
    assert "nowhere" in page.err


def test_a_result_without_any_fit_has_nothing_to_explain(tmp_path):
    path = write_made(tmp_path, "good", probes=(), protocols=(), corpora=("alpha",))
    with pytest.raises(ResultError, match="nothing"):
        explained(path)


def test_the_gap_alone_is_told_in_the_words_and_figures_of_the_whole(folder):
    path = folder / "good" / "cefr-v1.json"
    result = read_result(path)
    table = read_predictions_of(result, path)
    told = tell_gap(result, table, TextWeights(200))
    topics = ("decomposition", "layers")
    whole = [one for one in explained(path).sentences if one.topic in topics]
    parts = [one.text for one in whole if not one.text.startswith("The thresholds' part")]
    assert [one.text for one in told] == parts
    assert len(told) == 4


def test_without_two_sides_there_is_no_gap_to_tell():
    result, table = make_result(**(SMALL | {"protocols": ("iid",)}))
    assert tell_gap(result, table, TextWeights(200)) == ()


# -- words of cases worked out by hand -------------------------------------------------------------


def test_whoever_passes_every_rung_is_at_the_top(good):
    _, explanation = good
    rungs = tuple(
        one.model_copy(update={"status": "passed"}) for one in explanation.claim.rungs[:2]
    )
    claim = explanation.claim.model_copy(update={"rungs": rungs, "height": 2})
    assert claim_verdict("good", claim) == (
        "good reads more than one level for all texts and an untrained model "
        "out of distribution: it comes to the top of the ladder."
    )


def test_an_encoder_is_no_reference_of_its_own(folder):
    path = folder / "length" / "cefr-v1.json"
    found = find_references(read_result(path), path)
    assert [result.encoder.name for result, _ in found.results] == ["surface"]
    assert found.reasons == {
        name: f"no result of {name} lies beside it"
        for name in ("complexity", "ud", "random-qwen3-tiny")
    }


def test_a_reference_without_predictions_of_that_side_is_untested(tmp_path):
    path = write_made(tmp_path, "good", skill=0.9, **SMALL)
    bare = SMALL | {"protocols": ("iid",)}
    write_made(tmp_path, "length", skill=0.3, role="reference", **bare)
    (rung,) = (one for one in explained(path).claim.rungs if one.name == "length")
    assert (rung.status, rung.reference) == ("untested", "length")
    assert rung.reason == f"length has no predictions of {rung.probe} under lofo"
