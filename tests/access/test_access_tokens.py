"""Access tokens: only what we wrote, as we wrote it, while it lasts."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from domain.access.refusals import InvalidToken
from infra.access.access_tokens import AUDIENCE, LIFE, AccessTokens, key_id

KEY, OLD, FOREIGN = b"k" * 32, b"o" * 32, b"f" * 32
ISSUER = "http://daybook.test"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOKENS = AccessTokens([KEY, OLD], issuer=ISSUER)
ACCOUNT, SESSION = uuid4(), uuid4()


def made(**changes):
    """A token like ours, with some claims changed (None: left out)."""
    header = {"typ": "at+jwt", "kid": key_id(KEY), **changes.pop("header", {})}
    key, algorithm = changes.pop("key", KEY), changes.pop("alg", "HS256")
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": str(ACCOUNT), "sid": str(SESSION), "jti": "1",
        "iat": int(NOON.timestamp()), "exp": int((NOON + LIFE).timestamp()), **changes,
    }  # fmt: skip
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm, headers={name: value for name, value in header.items() if value is not None})


def test_a_token_says_whose_it_is_until_it_expires():
    token = TOKENS.make(ACCOUNT, SESSION, token_id=uuid4(), now=NOON)
    for _ in range(2):
        claims = TOKENS.read(token, now=NOON + LIFE - timedelta(seconds=1))
        assert (claims.account_id, claims.session, claims.expires_at) == (ACCOUNT, SESSION, NOON + LIFE)
        with pytest.raises(InvalidToken):
            TOKENS.read(token, now=NOON + LIFE)


def test_its_claims_are_exactly_those_of_the_contract():
    token = TOKENS.make(ACCOUNT, SESSION, token_id=uuid4(), now=NOON)
    assert set(jwt.decode(token, options={"verify_signature": False})) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp"}
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt", "kid": key_id(KEY)}
    assert timedelta(minutes=15) == LIFE


def test_the_previous_key_is_accepted_but_not_used():
    token = made(key=OLD, header={"kid": key_id(OLD)})
    assert TOKENS.read(token, now=NOON).account_id == ACCOUNT
    assert jwt.get_unverified_header(TOKENS.make(ACCOUNT, SESSION, token_id=uuid4(), now=NOON))["kid"] == key_id(KEY)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://elsewhere"},
        {"aud": "refresh"},
        {"aud": ["daybook-api-2"]},
        {"sub": "nobody"},
        {"sid": "x"},
        {"iat": int((NOON + timedelta(hours=1)).timestamp())},
        {"exp": int((NOON - timedelta(seconds=1)).timestamp())},
        {"exp": "soon"},
        {"exp": 10**30},
        {"key": FOREIGN},
        {"key": OLD},
        {"alg": "HS512"},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": "rt+jwt"}},
        {"header": {"kid": "unknown"}},
        {"header": {"kid": None}},
        {"header": {"jwk": {"kty": "oct", "k": "ZmZm"}, "kid": "mine"}},
        *({name: None} for name in ("iss", "aud", "sub", "sid", "jti", "iat", "exp")),
    ],
)
def test_whatever_differs_from_ours_is_refused(changes):
    token = made(**changes)
    with pytest.raises(InvalidToken):
        TOKENS.read(token, now=NOON)


def unsigned(algorithm):
    header = {"alg": algorithm, "typ": "at+jwt", "kid": key_id(KEY)}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, {"sub": str(ACCOUNT)})]
    return ".".join([*parts, ""])


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "....", "é.é.é", "x" * 5_000, unsigned("none"), unsigned("None"), unsigned("RS256"), unsigned("HS256")]
)
def test_what_is_no_token_is_refused(token):
    with pytest.raises(InvalidToken):
        TOKENS.read(token, now=NOON)


def test_every_flipped_character_is_noticed():
    token = TOKENS.make(ACCOUNT, SESSION, token_id=uuid4(), now=NOON)
    accepted = 0
    for index in range(len(token) - 1):
        other = "A" if token[index] != "A" else "B"
        try:
            TOKENS.read(token[:index] + other + token[index + 1 :], now=NOON)
        except InvalidToken:
            continue
        accepted += 1
    assert accepted == 0
