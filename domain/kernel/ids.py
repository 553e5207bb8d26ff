"""Ids: UUIDv7 for things that happen, name-based UUIDs for ids that follow from others. Pure: bytes come in as arguments."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from uuid import UUID, SafeUUID, uuid5

from msgspec import convert, to_builtins

#: Namespaces are arbitrary but fixed for ever: ids made with them stand in the log.
CREDITS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c001")
COMMANDS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c002")
PROVIDER_KEYS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c025")
WEBHOOKS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c021")
DESKS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c026")


#: `str(id)`, in a quarter of the time.
text_of: Callable[[UUID], str] = to_builtins


def id_of(text: str) -> UUID:
    """`UUID(text)`, in a third of the time.   Raises msgspec.ValidationError."""
    return convert(text, UUID)


def uuid7(unix_ms: int, random: bytes) -> UUID:
    """A UUIDv7 (RFC 9562, 5.7) from a Unix time in milliseconds and ten random bytes."""
    [tail] = uuid7_tails(random)
    return uuid7_of(unix_ms, tail)


def uuid7_tails(random: bytes) -> list[int]:
    """All of a UUIDv7 but its time, version, variant and what is random: one for every ten of the *random* bytes."""
    return [(high & 0x0FFF | 0x7000) << 64 | low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000 for high, low in _TAIL.iter_unpack(random)]


def uuid7_of(unix_ms: int, tail: int) -> UUID:
    return _uuid((unix_ms & 0xFFFF_FFFF_FFFF) << 80 | tail)


_TAIL = Struct(">HQ")
_set_int, _set_is_safe = vars(UUID)["int"].__set__, vars(UUID)["is_safe"].__set__
# To look at a member of an enumeration is a function in Python.
_UNKNOWN = SafeUUID.unknown


def _uuid(value: int) -> UUID:
    """`UUID(int=value)` for a value that fits, and sooner: the constructor first finds out what it was given."""
    made = object.__new__(UUID)
    _set_int(made, value)
    _set_is_safe(made, _UNKNOWN)
    return made


def credit_stream(account_id: UUID) -> UUID:
    """The stream of an account's ledger, apart from the stream of its profile, so that holds load nothing else."""
    return _credit_stream(account_id.int)


# By the number: to hash an id, and to compare two, are functions in Python.
@lru_cache(maxsize=16_384)
def _credit_stream(account: int) -> UUID:
    return uuid5(CREDITS, str(_uuid(account)))


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
