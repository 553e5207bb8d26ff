"""An event as the bytes of its columns: for the hash of its leaf, and as a line of COPY."""

from projections.log.lines import Event, state_bytes

#: One entry a column, in the order of COLUMNS; None for NULL. Bytea columns are the bytes themselves.
Values = list[bytes | None]

#: The order of the leaf, which is that of the table.
COLUMNS = (
    "position", "stream", "version", "topic", "recorded_at", "actor", "account_id", "correlation", "causation", "command_id", "first",
    "fingerprint", "status", "result", "available", "held", "owed", "outside", "book", "state",
)  # fmt: skip
_FINGERPRINT, _STATE = COLUMNS.index("fingerprint"), COLUMNS.index("state")
_ESCAPES = (b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\n", b"\\n"), (b"\r", b"\\r")


def values_of(event: Event) -> Values:
    """Raises ValueError when the state is not written as an export writes it."""
    return [
        b"%d" % event.position,
        event.stream.encode(),
        b"%d" % event.version,
        event.topic.encode(),
        event.recorded_at.encode(),
        event.actor.encode(),
        _text(event.account_id),
        event.correlation.encode(),
        _number(event.causation),
        event.command_id.encode(),
        b"true" if event.first else b"false",
        None if event.fingerprint is None else bytes.fromhex(event.fingerprint),
        _number(event.status),
        _text(event.result),
        _number(event.available),
        _number(event.held),
        _number(event.owed),
        _number(event.outside),
        _text(event.book),
        state_bytes(event.state),
    ]


def copy_line(values: Values) -> bytes:
    """The row for `COPY … FROM STDIN` in text form."""
    texts = [b"\\N" if value is None else _escaped(value) for value in values]
    state = values[_STATE]
    assert state is not None
    texts[_STATE] = b"\\\\x" + state.hex().encode()
    if (fingerprint := values[_FINGERPRINT]) is not None:
        texts[_FINGERPRINT] = b"\\\\x" + fingerprint.hex().encode()
    return b"\t".join(texts) + b"\n"


def _text(value: str | None) -> bytes | None:
    return None if value is None else value.encode()


def _number(value: int | None) -> bytes | None:
    return None if value is None else b"%d" % value


def _escaped(value: bytes) -> bytes:
    if value.isalnum():
        return value
    for plain, escape in _ESCAPES:
        if plain in value:
            value = value.replace(plain, escape)
    return value
