"""What stands beside a result's scores, from the humblest."""

from result_factory import make_result

from cefrbench.results.references import Reference, references
from cefrbench.results.selection import favoured_probe
from cefrbench.statistics.scores import Scores

SMALL = {"texts": 15, "layers": (1, 2), "corpora": ("alpha", "beta"), "probes": ("ridge", "knn")}
NOTHING = Scores.undefined().model_copy(update={"qwk": 0.0})


def test_one_level_then_references_then_the_own_layer_0():
    length, _ = make_result("length", role="reference", skill=0.3, **SMALL)
    result, _ = make_result(references=(length,), **SMALL)
    probe, other = favoured_probe(result).probe, favoured_probe(length).probe
    own = {r.protocol: r.embedding for r in result.summary if r.probe == probe}
    assert set(own) == {"iid", "loco"}
    assert list(references(result)) == [
        Reference("majority level", "", {"iid": NOTHING, "loco": NOTHING}),
        Reference(
            "length", other, {r.protocol: r.chosen for r in length.summary if r.probe == other}
        ),
        Reference("own layer 0", probe, own),
    ]


def test_in_the_studys_form_a_reference_is_read_at_the_oracles_layer():
    length, _ = make_result("length", form="study", role="reference", **SMALL)
    result, _ = make_result(form="study", references=(length,), **SMALL)
    majority, beside = references(result)
    probe = favoured_probe(length).probe
    assert majority.name == "majority level"
    assert beside.scores == {r.protocol: r.oracle for r in length.summary if r.probe == probe}


def test_a_protocol_without_any_score_is_absent():
    length, _ = make_result("length", role="reference", **SMALL)
    result, _ = make_result(references=(length,), **SMALL)
    (record,) = result.references
    bare = tuple(
        r.model_copy(update={"chosen": None, "oracle": None}) if r.protocol == "loco" else r
        for r in record.summary
    )
    record = record.model_copy(update={"summary": bare})
    _, beside, _ = references(result.model_copy(update={"references": (record,)}))
    assert list(beside.scores) == ["iid"]
