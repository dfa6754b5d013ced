"""The published schema: up to date, and agreed to by an independent validator."""

import json
from importlib import resources

import jsonschema
import pytest
from result_factory import make_result, write_made

from cefrbench.results.io import dump
from cefrbench.results.schema import FILE, build_schema, published_schema, schema_text


@pytest.fixture(scope="module")
def validator():
    schema = published_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_in_the_package_is_that_of_the_model():
    assert published_schema() == build_schema()
    assert (resources.files("cefrbench.results") / FILE).read_text("utf-8") == schema_text()


@pytest.mark.parametrize("form", ["corrected", "study"])
def test_what_is_written_keeps_to_the_schema(tmp_path, validator, form):
    validator.validate(json.loads(write_made(tmp_path, form=form).read_text("utf-8")))


@pytest.mark.parametrize("part", ["units", "fits", "summary", "splits", "corpora"])
def test_the_schema_refuses_unknown_and_missing_fields(validator, part):
    data = json.loads(dump(make_result(texts=10, layers=(1,))[0]))
    entry = data[part][0]
    data[part][0] = entry | {"extra": 1}
    assert not validator.is_valid(data)
    data[part][0] = {key: value for key, value in entry.items() if key != next(iter(entry))}
    assert not validator.is_valid(data)


def test_every_field_of_the_results_own_parts_says_what_it_means():
    schema = build_schema()
    ours = [
        "CorpusCard",
        "EncoderIdentity",
        "ProbeCard",
        "ProtocolCard",
        "UnitRecord",
        "FitRecord",
        "SummaryRecord",
        "ChoiceRecord",
        "SplitRecord",
    ]
    ours += ["CorpusRecord", "FailureRecord", "PredictionsFile", "Provenance", "Scores", "Sums"]
    parts = {"RunResult": schema} | {name: schema["$defs"][name] for name in ours}
    silent = [
        f"{name}.{field}"
        for name, part in parts.items()
        for field, about in part["properties"].items()
        if not about.get("description")
    ]
    assert silent == []
