"""The OpenAPI document is one, and says what the table of contents says."""

import re

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from api.kit.openapi import document
from api.routes import ROUTES


@pytest.fixture(scope="module")
def openapi():
    return document(ROUTES, version="1.0.0", public_url="http://127.0.0.1:8000")


def operations(openapi):
    return [(f"{method.upper()} {template}", each) for template, path in openapi["paths"].items() for method, each in path.items()]


def test_it_is_valid_openapi_3_1(openapi):
    assert openapi["openapi"] == "3.1.0"
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(openapi)] == []


def test_the_validator_would_notice(openapi):
    assert OPENAPI_31_VALIDATOR.is_valid(openapi)
    assert not OPENAPI_31_VALIDATOR.is_valid({**openapi, "info": {"title": "without a version"}})


def test_every_schema_is_json_schema_2020_12(openapi):
    for name, schema in openapi["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
        jsonschema_rs.Draft202012Validator({**schema, "components": openapi["components"]})


def test_it_holds_every_route_and_nothing_else(openapi):
    assert {name for name, _ in operations(openapi)} == {route.name for route in ROUTES if route.documented}


def test_every_operation_says_what_it_is(openapi):
    for name, operation in operations(openapi):
        assert operation["summary"], name
        assert operation["tags"], name
        assert operation["responses"], name


def test_operations_have_ids_of_their_own(openapi):
    ids = [operation["operationId"] for _, operation in operations(openapi)]
    assert sorted({one for one in ids if ids.count(one) > 1}) == []


def test_whoever_needs_a_credential_may_be_told_401_and_403(openapi):
    for name, operation in operations(openapi):
        if operation["security"] != [{}]:
            assert {"401", "403"} <= set(operation["responses"]), name


def test_objects_show_all_their_keys_and_bodies_are_closed(openapi):
    for name, operation in operations(openapi):
        if (body := operation.get("requestBody")) is not None:
            (media,) = body["content"].values()
            schema = media["schema"]
            for option in schema.get("anyOf", [schema]):
                if "$ref" in option:
                    shape = openapi["components"]["schemas"][option["$ref"].rpartition("/")[2]]
                    assert shape.get("additionalProperties") is False, name
