"""Ids: UUIDv7 for things that happen, name-based UUIDs for ids that follow from others. Pure: bytes come in as arguments."""

import hashlib
from functools import lru_cache
from uuid import UUID, SafeUUID, uuid5

#: Namespaces are arbitrary but fixed for ever: ids made with them stand in the log.
CREDITS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c001")
COMMANDS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c002")
PROVIDER_KEYS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c025")
WEBHOOKS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c021")
DESKS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c026")


def uuid7(unix_ms: int, random: bytes) -> UUID:
    """A UUIDv7 (RFC 9562, 5.7) from a Unix time in milliseconds and ten random bytes."""
    value = (unix_ms & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(random[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return _uuid(value)


def _uuid(value: int) -> UUID:
    """`UUID(int=value)` for a value that fits, in a third of the time: the constructor first finds out what it was given."""
    made = object.__new__(UUID)
    object.__setattr__(made, "int", value)
    object.__setattr__(made, "is_safe", SafeUUID.unknown)
    return made


@lru_cache(maxsize=16_384)
def credit_stream(account_id: UUID) -> UUID:
    """The stream of an account's ledger, apart from the stream of its profile, so that holds load nothing else."""
    return uuid5(CREDITS, str(account_id))


def provider_keys_stream(account_id: UUID) -> UUID:
    """The stream of an account's own provider keys."""
    return uuid5(PROVIDER_KEYS, str(account_id))


def desk_stream(account_id: UUID) -> UUID:
    """The stream of what an operator ordered."""
    return uuid5(DESKS, str(account_id))


def webhooks_stream(account_id: UUID) -> UUID:
    """The stream of an account's webhook endpoints and signing secrets."""
    return uuid5(WEBHOOKS, str(account_id))


def command_of_key(account_id: UUID, idempotency_key: str) -> UUID:
    """The command id of a client's Idempotency-Key: SHA-256 of account and key, cut to 16 bytes."""
    return _uuid(int.from_bytes(hashlib.sha256(account_id.bytes + idempotency_key.encode()).digest()[:16], "big"))


def command_of_cause(cause: str) -> UUID:
    """The command id of one of our own commands, fixed by its cause (`expire:<grant>`), so that any number of senders acts once."""
    return uuid5(COMMANDS, cause)
