"""Refresh tokens: opaque, 256 random bits and the name of their session. Only their hash is stored."""

import hashlib
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from uuid import UUID

from domain.access.refusals import RefreshTokenInvalid

PREFIX = "dbr_"
SECRET_BYTES = 32
_CHARS = 64

#: (purpose, data) -> 32 bytes that only this installation can make.
Sign = Callable[[str, bytes], bytes]


def new_token(session: UUID) -> str:
    return _written(session, os.urandom(SECRET_BYTES))


def successor_of(token: str, sign: Sign) -> str:
    """The one token that follows *token*: the same for whoever asks again, and for nobody else to be guessed.   # ADR-0007"""
    return _written(session_of(token), sign("refresh-successor", token.encode()))


def session_of(token: str) -> UUID:
    """Raises RefreshTokenInvalid for what cannot be one."""
    text = token.removeprefix(PREFIX)
    try:
        if len(text) != _CHARS or len(token) != _CHARS + len(PREFIX):
            raise ValueError
        return UUID(bytes=urlsafe_b64decode(text)[:16])
    except ValueError:
        raise RefreshTokenInvalid() from None


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _written(session: UUID, secret: bytes) -> str:
    return PREFIX + urlsafe_b64encode(session.bytes + secret).decode()
