"""Records in the forms of other collections: their own validators take them, figures are ours."""

import json
import math
from pathlib import Path

import jsonschema
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results
from result_factory import make_result, write_made

from cefrbench.cli import main
from cefrbench.errors import ResultError
from cefrbench.results.export import UNIT_SCORES
from cefrbench.results.intervals import summary_intervals
from cefrbench.results.records import to_eee, to_hub
from cefrbench.results.records.reported import model_id
from cefrbench.results.selection import favoured_probe

SCHEMA = Path(__file__).parents[1] / "schemas" / "every_eval_ever" / "eval.schema.json"
VALIDATOR = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text("utf-8")))
SMALL = {"texts": 20, "layers": (1, 2)}
HOSTILE = "x\n---\n<script>: 'a' \"b\" {{c}} ]"


@pytest.fixture(scope="module", params=["corrected", "study"])
def made(request):
    return make_result(form=request.param, **SMALL)


def by_id(record):
    found = {one["evaluation_result_id"]: one for one in record["evaluation_results"]}
    assert len(found) == len(record["evaluation_results"])
    return found


def test_every_eval_ever_takes_the_record(made):
    record = json.loads(to_eee(*made))
    VALIDATOR.validate(record)
    # What its validator asks for beside the schema: finite scores inside their bounds.
    for one in record["evaluation_results"]:
        low, high = (float(one["metric_config"][end]) for end in ("min_score", "max_score"))
        assert low <= one["score_details"]["score"] <= high
        assert math.isfinite(one["score_details"]["score"])


def test_the_schema_would_refuse_a_record_without_a_score(made):
    record = json.loads(to_eee(*made))
    del record["evaluation_results"][0]["score_details"]["score"]
    assert not VALIDATOR.is_valid(record)


def test_scores_and_intervals_of_the_record_are_those_of_the_result(made):
    result, predictions = made
    found = by_id(json.loads(to_eee(result, predictions)))
    probe = favoured_probe(result).probe
    intervals = summary_intervals(result, predictions, scores=("qwk",))
    names = {
        "qwk": "quadratic_weighted_kappa",
        "macro_f1": "f1_macro",
        "adjacent": "adjacent_accuracy",
        "recut": "quadratic_weighted_kappa_at_gold_shares",
    }
    expected = set()
    for record in (one for one in result.summary if one.probe == probe):
        means = record.chosen or record.oracle
        for name in (*UNIT_SCORES, "spearman", "recut"):
            if getattr(means, name) is not None:
                place = f"{record.protocol}/mean/{names.get(name, name)}"
                assert found[place]["score_details"]["score"] == getattr(means, name)
                expected.add(place)
        interval = intervals.means[record.protocol, probe]["qwk"]
        told = found[f"{record.protocol}/mean/quadratic_weighted_kappa"]["score_details"]
        ends = told["uncertainty"]["confidence_interval"]
        assert (ends["lower"], ends["upper"]) == (interval.low, interval.high)
        layer = None if result.choices else record.oracle_layer
        for corpus in record.corpora:
            own = [
                one.scores.qwk
                for one in result.scores
                if (one.protocol, one.probe, one.corpus, one.layer)
                == (record.protocol, probe, corpus, layer)
            ]
            place = f"{record.protocol}/{corpus}/quadratic_weighted_kappa"
            if None in own:
                assert place not in found
                continue
            score = found[place]["score_details"]["score"]
            assert score == pytest.approx(sum(own) / len(own), abs=1e-12)
    assert {one for one in found if "/mean/" in one} == expected | {
        "gap/mean/quadratic_weighted_kappa_gap"
    }
    # The group of the first two corpora is in no mean, and in no record.
    assert not [one for one in found if "twin" in one]
    gap = found["gap/mean/quadratic_weighted_kappa_gap"]
    assert gap["score_details"]["score"] == intervals.gaps[probe]["qwk"].estimate
    assert gap["metric_config"]["lower_is_better"] is True


def test_a_corpus_is_called_by_where_it_was_read_from():
    result, predictions = make_result(**SMALL)
    hub = {"repo": "ORG/alpha", "file": "alpha.json", "revision": None}
    record = result.corpora[0]
    card = record.card.model_validate(record.card.model_dump() | {"hub": hub})
    kinds = {"hub": "hf_dataset", "file": "url", "sample": "other"}
    for source, kind in kinds.items():
        own = record.model_copy(update={"card": card, "source": source})
        changed = result.model_copy(update={"corpora": (own, *result.corpora[1:])})
        text = to_eee(changed, predictions)
        VALIDATOR.validate(json.loads(text))
        found = by_id(json.loads(text))["iid/alpha/quadratic_weighted_kappa"]["source_data"]
        assert found["source_type"] == kind
        assert found.get("hf_repo") == ("ORG/alpha" if source == "hub" else None)


def test_a_record_is_the_same_each_time(made):
    assert to_eee(*made) == to_eee(*made)
    assert to_hub(*made) == to_hub(*made)


def test_the_hub_reads_all_results_back_from_the_card(made):
    result, predictions = made
    card = ModelCard(to_hub(result, predictions), ignore_metadata_errors=False)
    assert card.data.model_name == "local/planted"
    means = {
        one.metric_args["protocol"]: one
        for one in card.data.eval_results
        if one.dataset_type == f"cefrbench-{result.suite}" and one.metric_type == "qwk"
    }
    probe = favoured_probe(result).probe
    for record in (one for one in result.summary if one.probe == probe):
        assert means[record.protocol].metric_value == (record.chosen or record.oracle).qwk
    assert {one.dataset_type for one in card.data.eval_results} == {
        f"cefrbench-{result.suite}", "alpha", "beta", "gamma"
    }  # fmt: skip
    # There and back through the hub's own functions loses nothing.
    index = eval_results_to_model_index("local/planted", card.data.eval_results)
    _, again = model_index_to_eval_results(index)
    assert again == card.data.eval_results


def test_hostile_names_stay_names():
    result, predictions = make_result(**SMALL)
    record = result.corpora[0]
    own = record.model_copy(update={"card": record.card.model_copy(update={"title": HOSTILE})})
    encoder = result.encoder.model_copy(update={"name": HOSTILE, "model": HOSTILE})
    changed = result.model_copy(update={"corpora": (own, *result.corpora[1:]), "encoder": encoder})
    card = ModelCard(to_hub(changed, predictions), ignore_metadata_errors=False)
    assert HOSTILE in {one.dataset_name for one in card.data.eval_results}
    VALIDATOR.validate(json.loads(to_eee(changed, predictions)))


@pytest.mark.parametrize(
    ("model", "role", "expected"),
    [
        ("ORG/all-MiniLM", "candidate", "ORG/all-MiniLM"),
        ("sha256:0123", "candidate", "local/planted"),
        ("/home/me/model", "candidate", "local/planted"),
        ("a/b/c", "candidate", "local/planted"),
        ("surface", "reference", "cefrbench/planted"),
        ("random", "control", "cefrbench/planted"),
    ],
)
def test_a_model_is_called_as_on_the_hub_or_by_its_kind(model, role, expected):
    encoder = make_result(**SMALL)[0].encoder
    assert model_id(encoder.model_copy(update={"model": model, "role": role})) == expected


def test_a_result_without_scores_has_no_record():
    result, predictions = make_result(**SMALL)
    with pytest.raises(ResultError, match="no defined score"):
        to_eee(result.model_copy(update={"summary": ()}), predictions)


@pytest.mark.parametrize("kind", ["eee", "hub"])
def test_export_prints_or_writes_one_result(tmp_path, capsys, kind):
    path = write_made(tmp_path, **SMALL)
    assert main(["results", "export", str(path), "--format", kind]) == 0
    printed = capsys.readouterr().out
    file = tmp_path / "record"
    assert main(["results", "export", str(path), "--format", kind, "--output", str(file)]) == 0
    assert file.read_text("utf-8") == printed


@pytest.mark.parametrize("kind", ["eee", "hub"])
def test_two_results_or_forged_ones_are_one_sentence_and_status_1(tmp_path, capsys, kind):
    path = write_made(tmp_path, "first", **SMALL)
    write_made(tmp_path, "second", **SMALL)
    assert main(["results", "export", str(tmp_path), "--format", kind]) == 1
    assert "takes one result, and here are 2" in capsys.readouterr().err
    path.write_text(path.read_text("utf-8").replace('"converged": true', '"converged": false', 1))
    assert main(["results", "export", str(path), "--format", kind]) == 1
    assert "doesn't pass its check" in capsys.readouterr().err
