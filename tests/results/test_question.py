"""What may be compared: each fact that has to be the same, changed by itself."""

import hashlib
import json

import pytest
from result_factory import make_result

from cefrbench.results.question import Question, difference, other_texts, question_of

RESULT = make_result(texts=10, layers=(1,), probes=("ridge",))[0]


def changed(part, index, **update):
    records = list(getattr(RESULT, part))
    records[index] = records[index].model_copy(update=update)
    return question_of(RESULT.model_copy(update={part: tuple(records)}))


def configured(**update):
    config = RESULT.config.model_copy(update=update)
    return question_of(RESULT.model_copy(update={"config": config}))


OTHERS = {
    "the suite is": lambda: question_of(RESULT.model_copy(update={"suite": "quickstart"})),
    "the form is": lambda: configured(form="study"),
    "the scale is": lambda: question_of(RESULT.model_copy(update={"scale": ("A", "B")})),
    "only one of them was run on gamma": lambda: question_of(
        RESULT.model_copy(update={"corpora": RESULT.corpora[:2]})
    ),
    "the texts of beta are not the same": lambda: changed("corpora", 1, fingerprint="f" * 64),
    "the texts of alpha are not the same": lambda: changed("corpora", 0, texts=9),
    "the fold '1' of iid splits": lambda: changed("splits", 0, manifest="f" * 64),
    "the fold 'gamma' of loco splits": lambda: changed("splits", 7, manifest=None),
}


@pytest.mark.parametrize("reason", OTHERS)
def test_results_that_differ_in_it_are_refused_and_have_another_key(reason):
    ours, theirs = question_of(RESULT), OTHERS[reason]()
    assert reason in (difference(ours, theirs) or "")
    assert reason in (difference(theirs, ours) or "")
    assert ours.key() != theirs.key()


def test_what_was_fitted_is_no_part_of_the_question():
    other, _ = make_result("other", texts=10, layers=(1, 2), probes=("ordinal",), skill=0.1)
    assert difference(question_of(RESULT), question_of(other)) is None
    assert question_of(RESULT).key() == question_of(other).key()


def test_a_protocol_that_only_one_was_run_under_hinders_no_comparison_under_the_other():
    alone, _ = make_result(texts=10, layers=(1,), probes=("ridge",), protocols=("iid",))
    ours, theirs = question_of(RESULT), question_of(alone)
    assert difference(ours, theirs) is None
    assert ours.key() != theirs.key(), "on a board they are two cohorts"


def test_the_order_of_corpora_is_no_difference():
    turned = question_of(RESULT.model_copy(update={"corpora": RESULT.corpora[::-1]}))
    assert difference(question_of(RESULT), turned) is None
    assert question_of(RESULT).key() == turned.key()


def test_other_texts_are_found_where_one_covers_less():
    fewer = question_of(RESULT.model_copy(update={"corpora": RESULT.corpora[:1]}))
    assert other_texts(question_of(RESULT), fewer) is None
    assert "alpha" in (other_texts(changed("corpora", 0, fingerprint="f" * 64), fewer) or "")


def said(reason, other):
    assert difference(question_of(RESULT), other) == reason


def test_each_reason_is_a_clause_with_what_to_do():
    said(
        "the suite is 'cefr-v1' in one and 'quickstart' in the other; run both under the same "
        "suite",
        question_of(RESULT.model_copy(update={"suite": "quickstart", "scale": ("A", "B")})),
    )
    said(
        "the form is 'corrected' in one and 'study' in the other; run both under the same form",
        configured(form="study"),
    )
    said(
        "the scale is 'A1/A2/B1/B2/C+' in one and 'A/B' in the other; run both under the same "
        "scale",
        question_of(RESULT.model_copy(update={"scale": ("A", "B")})),
    )
    said(
        "only one of them was run on alpha, gamma; run both on the same corpora",
        question_of(RESULT.model_copy(update={"corpora": RESULT.corpora[1:2]})),
    )
    beta = RESULT.corpora[1]
    said(
        f"the texts of beta are not the same ({beta.texts:,} with the fingerprint "
        f"{beta.fingerprint[:12]}… in one, 1,234 with {'f' * 12}… in the other); run both on the "
        "same revision",
        changed("corpora", 1, fingerprint="f" * 64, texts=1234),
    )
    said(
        "the fold '1' of iid splits the texts in another way (the manifests differ); run both with "
        "the same split_seed and version",
        changed("splits", 0, manifest="f" * 64),
    )


def test_a_key_is_sixteen_digits_and_the_same_whenever_it_is_asked():
    question = Question("s", "f", "A/B", {"x": ("0" * 64, 3)}, {("iid", "1"): None})
    facts = {
        "suite": "s",
        "form": "f",
        "scale": "A/B",
        "corpora": [["x", "0" * 64, 3]],
        "splits": [["iid", "1", ""]],
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    assert question.key() == digest[:16]
