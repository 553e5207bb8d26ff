"""Lists and details hold what is one's own; operators and auditors see facts of everybody, and nobody's words."""

import re
import uuid

import pytest
import pytest_asyncio

from api.routes import ROUTES
from tests.support.access_matrix import Matrix
from tests.support.api_house import open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: What is handed out to whoever may, as it is: the log is ciphertext where people wrote, which `audit/export` is judged by below as well.
SHOWN_TO_ALL = {"GET /v1/audit/verifier"}
#: Everything that is held of somebody, for himself: how his address is indexed as well.
EXPORT = "GET /v1/me/export"
PROMPT, FILENAME = "lighthouse-of-alice", "secret-of-alice.png"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def matrix(database_url, redis_url, database_folder):
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off") as house:
        matrix = Matrix(house)
        await matrix.prepare()
        alice = matrix.alice
        asked = {"kind": "image", "prompt": PROMPT, "tags": [PROMPT]}
        answer = await house.client.post("/v1/generations", json=asked, headers=alice.headers)
        assert answer.status_code == 202
        renamed = await house.client.patch(
            f"/v1/assets/{matrix.owned['/v1/assets/{id}']}", json={"filename": FILENAME}, headers=alice.headers
        )
        assert renamed.status_code == 200
        matrix.words = {PROMPT, FILENAME, alice.email, "hooks.example"}
        matrix.ids = {str(each) for each in matrix.owned.values()} | {answer.json()["id"], str(alice.account_id)}
        yield matrix


async def texts(matrix: Matrix, headers, wanted) -> dict[str, str]:
    """What each GET that is *wanted* says, wherever an id stands with Alice's."""
    found = {}
    for route in ROUTES:
        if route.method != "GET" or route.events or route.permission.public or route.name in SHOWN_TO_ALL or not wanted(route):
            continue
        path = route.template
        for name in route.path_names:
            value = matrix.alice.account_id if route.path_type(name) is uuid.UUID else "1" if name == "position" else "image"
            path = path.replace(f"{{{name}}}", str(value))
        answer = await matrix.house.client.get(path, headers=headers)
        assert answer.status_code < 500, (route.name, answer.text)
        found[route.name] = answer.text if answer.status_code < 400 else ""
    return found


async def test_nobody_finds_anothers_things_in_any_list(matrix):
    found = await texts(matrix, matrix.mallory.headers, lambda route: route.permission.role is None and not route.path_names)
    assert len(found) >= 14
    wrong = {name: word for name, text in found.items() for word in matrix.words | matrix.ids if word in text}
    assert wrong == {}
    # And the owner does find them, so that the test sees something.
    own = await texts(matrix, matrix.alice.headers, lambda route: route.permission.role is None and not route.path_names)
    assert matrix.words <= {word for word in matrix.words for text in own.values() if word in text}


async def test_an_auditor_sees_no_word_that_anybody_wrote(matrix):
    found = await texts(matrix, matrix.only["auditor only"], lambda route: route.permission.role == "auditor")
    assert found["GET /v1/audit/export"] and found["GET /v1/audit/entries"] and found["GET /v1/audit/accounts/{id}/replay"]
    assert {name: word for name, text in found.items() for word in matrix.words if word in text} == {}


async def test_an_operator_sees_who_it_is_and_nothing_that_was_asked_for(matrix):
    found = await texts(matrix, matrix.only["operator only"], lambda route: route.permission.role == "operator")
    shown = {name for name, text in found.items() if matrix.alice.email in text}
    assert shown == {"GET /v1/admin/accounts", "GET /v1/admin/accounts/{id}"}
    words = matrix.words - {matrix.alice.email}
    assert {name: word for name, text in found.items() for word in words if word in text} == {}


async def test_nobody_is_shown_a_hash_or_a_key(matrix):
    """Nor how a password is kept, nor where objects lie."""
    inside = re.compile(r"\$2b\$|password_hash|token_hash|object_key|sealed_|email_index|wrapped")
    for headers in (matrix.alice.headers, matrix.only["operator only"]):
        found = await texts(matrix, headers, lambda route: route.permission.role in (None, "operator") and route.name != EXPORT)
        assert {name: match[0] for name, text in found.items() if (match := inside.search(text))} == {}


async def test_fields_that_a_caller_may_not_set_are_refused(matrix):
    """Nobody makes himself an operator, or an asset somebody else's, by naming more than the shape has."""
    house, alice = matrix.house, matrix.alice
    tried = [
        ("POST", "/v1/auth/register", {"email": "x@example.com", "password": "long enough", "roles": ["operator"]}, {}),
        ("PATCH", "/v1/me", {"roles": ["operator"]}, alice.headers),
        ("PATCH", "/v1/me", {"limits": {"api": "9999/1"}}, alice.headers),
        ("PATCH", f"/v1/assets/{matrix.owned['/v1/assets/{id}']}", {"account_id": str(matrix.mallory.account_id)}, alice.headers),
        ("POST", "/v1/generations", {"kind": "image", "prompt": "x", "account_id": str(matrix.mallory.account_id)}, alice.headers),
        ("POST", "/v1/generations", {"kind": "image", "prompt": "x", "price": 0}, alice.headers),
        ("POST", "/v1/api-tokens", {"name": "x", "scopes": ["assets:read"], "token": "dbk_mine"}, alice.headers),
    ]
    for method, path, body, headers in tried:
        answer = await house.client.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), (path, body, answer.text)
