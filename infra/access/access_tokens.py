"""Access tokens: JWT, HS256, a quarter of an hour. Only what this module writes is accepted."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import jwt

from domain.access.refusals import InvalidToken

LIFE = timedelta(minutes=15)
ALGORITHM = "HS256"
TYPE = "at+jwt"
AUDIENCE = "daybook-api"
REQUIRED = ["aud", "exp", "iat", "iss", "jti", "sid", "sub"]
#: Another process of ours may have a clock that is a little ahead.
AHEAD = timedelta(seconds=30)
CACHE_TOKENS = 10_000
TOKEN_CHARS_MAX = 2_048


class Claims(NamedTuple):
    """What an access token says. `session` is the family of tokens that began with one log-in."""

    account_id: UUID
    session: UUID
    token_id: str
    issued_at: datetime
    expires_at: datetime


class AccessTokens:
    """Signs with the first of *keys*, accepts all of them. *issuer* is the public URL of this installation."""

    def __init__(self, keys: Sequence[bytes], *, issuer: str) -> None:
        self._keys = {key_id(key): key for key in keys}
        self._current = key_id(keys[0])
        self._issuer = issuer
        #: Tokens whose signature was good. Whether one has expired, or its session has ended, is asked every time.
        self._read: OrderedDict[str, Claims] = OrderedDict()

    def make(self, account_id: UUID, session: UUID, *, token_id: UUID, now: datetime) -> str:
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(account_id),
            "sid": str(session),
            "jti": str(token_id),
            "iat": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
        }
        return jwt.encode(claims, self._keys[self._current], ALGORITHM, headers={"typ": TYPE, "kid": self._current})

    def read(self, token: str, *, now: datetime) -> Claims:
        """Raises InvalidToken for whatever is altered, foreign, expired or not of this kind."""
        claims = self._read.get(token)
        if claims is None:
            claims = self._decoded(token)
            self._read[token] = claims
            if len(self._read) > CACHE_TOKENS:
                self._read.popitem(last=False)
        if claims.expires_at <= now or claims.issued_at > now + AHEAD:
            raise InvalidToken()
        return claims

    def _decoded(self, token: str) -> Claims:
        if len(token) > TOKEN_CHARS_MAX:
            raise InvalidToken()
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(header.get("kid", ""))
            if key is None or header.get("typ") != TYPE:
                raise InvalidToken()
            found = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                # Times are compared with our own clock, also when the token is known already.
                options={"require": REQUIRED, "verify_exp": False, "verify_iat": False},
            )
            return Claims(UUID(found["sub"]), UUID(found["sid"]), str(found["jti"]), _moment(found["iat"]), _moment(found["exp"]))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, OverflowError):
            raise InvalidToken() from None


def key_id(key: bytes) -> str:
    """Names a key without telling anything about it."""
    return hashlib.sha256(b"key id" + key).hexdigest()[:12]


def _moment(unix: int) -> datetime:
    return datetime.fromtimestamp(int(unix), UTC)
