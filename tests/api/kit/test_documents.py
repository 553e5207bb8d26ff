"""The OpenAPI document and the pages made from it."""

import re

import pytest

from api.kit.openapi import document
from api.kit.problems import known_refusals
from api.routes import ROUTES
from tests.api.kit.tiny import TINY
from tests.support.api_world import fake_platform, served


@pytest.fixture
def tiny():
    return document(TINY, version="1.2.3", public_url="https://api.example")


def test_every_documented_route_stands_in_the_document():
    paths = document(ROUTES, version="1", public_url="https://x")["paths"]
    listed = {f"{method.upper()} {template}" for template, path in paths.items() for method in path}
    assert listed == {route.name for route in ROUTES if route.documented}


def test_a_body_is_closed_and_points_to_its_shape(tiny):
    body = tiny["paths"]["/v1/things"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    shape = tiny["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    assert (shape["additionalProperties"], shape["required"]) == (False, ["name"])


def test_parameters_come_from_path_query_and_what_the_route_understands(tiny):
    def names(template: str, method: str) -> set[str]:
        return {p.get("name") or p["$ref"].rpartition("/")[2] for p in tiny["paths"][template][method]["parameters"]}

    assert names("/v1/things", "get") == {"limit", "cursor", "order", "created_from", "created_to", "status", "big"}
    assert names("/v1/things", "post") == {"IdempotencyKey"}
    assert names("/v1/things/{id}", "get") == {"id", "IfNoneMatch"}
    assert names("/v1/things/{id}", "patch") == {"id", "IfMatch"}
    assert names("/v1/waits", "get") == {"Prefer"}
    assert names("/v1/reads", "get") == {"MinPosition"}


def test_every_operation_has_an_id_of_its_own():
    paths = document(ROUTES, version="1", public_url="https://x")["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere(tiny):
    whole = document([*ROUTES, *TINY], version="1", public_url="https://x")
    for reference in re.findall(r"'\$ref': '#/([^']+)'", repr(whole)):
        found = whole
        for step in reference.split("/"):
            assert step in found, reference
            found = found[step]


def test_what_a_post_made_is_linked_to_what_can_be_done_with_it(tiny):
    assert tiny["paths"]["/v1/things"]["post"]["responses"]["202"]["description"]


async def test_the_document_is_served_and_may_be_cached():
    async with served([*ROUTES, *TINY], fake_platform()) as client:
        response = await client.get("/openapi.json")
    assert (response.json()["openapi"], response.headers["content-type"]) == ("3.1.0", "application/json")
    assert response.headers["cache-control"] == "public, max-age=300"


async def test_the_page_names_every_operation_and_loads_nothing_from_elsewhere():
    async with served([*ROUTES, *TINY], fake_platform()) as client:
        page = await client.get("/docs")
        loaded = re.findall(r'(?:src|href)="?([^" >]+)', page.text)
        assert {found for found in loaded if not found.startswith(("#", "/"))} == set()
        for path in {found for found in loaded if found.startswith("/docs/")}:
            assert (await client.get(path)).status_code == 200
    assert "/v1/things/{id}" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_every_problem_has_a_page():
    async with served(ROUTES, fake_platform(limits_off=True)) as client:
        for code in known_refusals():
            page = await client.get(f"/problems/{code}")
            assert (page.status_code, code in page.text) == (200, True)
        assert (await client.get("/problems/never_heard_of")).status_code == 404


async def test_the_page_lists_every_problem():
    async with served(ROUTES, fake_platform(limits_off=True)) as client:
        listed = re.findall(r"href=/problems/(\w+)>", (await client.get("/docs")).text)
    assert listed == list(known_refusals())


async def test_a_problem_page_names_what_its_sentence_is_about():
    async with served(ROUTES, fake_platform()) as client:
        page = (await client.get("/problems/rate_limited")).text
    assert "the limit of bucket <i>bucket</i> is reached" in page
