"""The published JSON Schema of a result, generated from the model."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from cefrbench.results.model import SCHEMA_VERSION, RunResult

FILE = "result.schema.json"


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles that repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def build_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a result as this version writes it."""
    schema = RunResult.model_json_schema(schema_generator=_Untitled, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Result of cefrbench, schema version {SCHEMA_VERSION}",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def schema_text() -> str:
    """Give the schema file's text."""
    return json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n"


def published_schema() -> dict[str, Any]:
    """Read the schema that ships with the package."""
    text = (resources.files("cefrbench.results") / FILE).read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
