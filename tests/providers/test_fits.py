"""Answers and the schemas that they were asked for in, compared with a checker that knows all of JSON Schema."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.providers.jobs import ProviderFailure
from workers.providers.wire.answers import fitted
from workers.providers.wire.fits import fits

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, "", "a", "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=6,
)
TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"]
LEAVES: Any = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=2, unique_by=repr),
        "const": VALUES,
        "minimum": st.integers(-2, 2),
        "exclusiveMaximum": st.integers(-2, 2),
        "maxLength": st.integers(0, 2),
        "minItems": st.integers(0, 2),
    },
)
SCHEMAS: Any = st.recursive(
    LEAVES | st.just({"$ref": "#/$defs/one"}),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            "required": st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True),
            "additionalProperties": st.booleans() | inner,
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=200)
@given(schema=SCHEMAS, value=VALUES)
def test_it_judges_as_a_whole_checker_does(schema: dict[str, Any], value: Any):
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "$defs": {"one": {"type": "string", "minLength": 1}}}
    assert fits(value, whole) == jsonschema_rs.is_valid(whole, value)


@pytest.mark.parametrize(
    "schema",
    [{"type": "colour"}, {"enum": 3}, {"$ref": "https://x/y"}, {"$ref": "#/none"}, {"properties": 1}, {"minimum": "a"}, {"items": 5}],
)
def test_what_is_no_schema_holds_for_anything(schema: dict[str, Any]):
    assert fits({"a": [1]}, schema)


def test_a_schema_that_refers_to_itself_ends():
    assert fits({"a": {"a": {}}}, {"type": "object", "properties": {"a": {"$ref": "#"}}})
    assert not fits({"a": {"a": 1}}, {"type": "object", "properties": {"a": {"$ref": "#"}}})
    assert fits({}, {"$ref": "#"})
    assert fits({}, {"allOf": [{"$ref": "#"}] * 9})


def test_an_answer_that_does_not_fit_is_no_answer():
    schema = {"type": "object", "required": ["a"]}
    assert fitted('{"a": 1}', schema)["data"] == {"a": 1}
    with pytest.raises(ProviderFailure) as failure:
        fitted('{"b": 1}', schema)
    assert (failure.value.code, failure.value.retryable) == ("no_output", True)
