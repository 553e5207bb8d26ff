"""One-time tokens for a password reset: the account's id and 256 random bits. Only the hash is kept, in the account's stream."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from domain.accounts.refusals import ResetTokenInvalid

PREFIX = "dbp_"
SECRET_BYTES = 32
_CHARS = len(PREFIX) + 64


def reset_token(account_id: UUID, secret: bytes) -> str:
    """*secret*: SECRET_BYTES random bytes."""
    return PREFIX + urlsafe_b64encode(account_id.bytes + secret).decode()


def account_of_reset(token: str) -> UUID:
    """Raises ResetTokenInvalid for what cannot be one."""
    try:
        if len(token) != _CHARS or not token.startswith(PREFIX):
            raise ValueError
        return UUID(bytes=urlsafe_b64decode(token.removeprefix(PREFIX))[:16])
    except ValueError:
        raise ResetTokenInvalid(errors=[("/token", "wrong, used or expired")]) from None


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
