"""What stands beside a result's scores, from the humblest."""

import pytest
from result_factory import make_result

from cefrbench.results.model import ReferenceRecord
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


THREE = make_result(**SMALL | {"probes": ("ridge", "knn", "svm")}, refits=0)[0]


@pytest.mark.parametrize("probe", ["ridge", "knn", "svm"])
def test_the_favoured_probe_alone_is_read(probe):
    """Of an own layer 0 as of a reference, whatever the order of the probes."""
    choices = [
        one.model_copy(update={"inner_qwk": 0.9 if one.probe == probe else 0.1})
        for one in THREE.choices
    ]
    record = ReferenceRecord(encoder=THREE.encoder, favoured=probe, summary=THREE.summary)
    result = THREE.model_copy(update={"choices": tuple(choices), "references": (record,)})
    own = {r.protocol: r for r in THREE.summary if r.probe == probe}
    _, beside, layer_0 = references(result)
    assert beside.scores == {name: one.chosen for name, one in own.items()}
    assert layer_0 == Reference(
        "own layer 0", probe, {name: one.embedding for name, one in own.items()}
    )


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
