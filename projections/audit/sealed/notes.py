"""Signed tree heads, read once more and independently: C2SP signed-note and tlog-checkpoint, Ed25519.

<origin>
<size>
<root, base64>

— <key name> <base64 of key id (4 bytes) and signature (64 bytes)>
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ALGORITHM = b"\x01"
_DASH = "— "
_KEY_ID_BYTES, _SIGNATURE_BYTES, _KEY_BYTES = 4, 64, 32


class NoteRefused(Exception):
    """The note is not what it should be; says why."""


class Key(NamedTuple):
    """A public key and the name it signs under."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ALGORITHM + self.public).digest()[:_KEY_ID_BYTES]


class Note(NamedTuple):
    """What a note says."""

    origin: str
    size: int
    root: bytes


def key_of(vkey: str) -> Key:
    """The key of a line `<name>+<key id, hex>+<base64>`.   Raises NoteRefused."""
    name, _, rest = vkey.strip().partition("+")
    id, _, text = rest.partition("+")
    data = _bytes(text)
    key = Key(name, data[1:])
    if not name or data[:1] != _ALGORITHM or len(key.public) != _KEY_BYTES or key.id.hex() != id:
        raise NoteRefused(f"not a key of a checkpoint: {vkey.strip()[:80]!r}")
    return key


def read(note: str, keys: Iterable[Key]) -> Note:
    """What *note* says.   Raises NoteRefused, also when none of *keys* has signed it, or one of them wrongly."""
    text, blank, signatures = note.partition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) != 3 or not signatures.endswith("\n"):
        raise NoteRefused("not three lines, a blank one and signatures")
    origin, size, root = lines
    if not size.isascii() or not size.isdigit() or str(int(size)) != size:
        raise NoteRefused(f"no size: {size[:40]!r}")
    said = Note(origin, int(size), _bytes(root))
    known = {(key.name, key.id): key for key in keys}
    good = [_signed(line, f"{text}\n".encode(), known) for line in signatures[:-1].split("\n")]
    if not any(good):
        raise NoteRefused("none of the known keys has signed it")
    return said


def _signed(line: str, text: bytes, known: dict[tuple[str, bytes], Key]) -> bool:
    name, _, blob = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not name:
        raise NoteRefused(f"not a signature: {line[:80]!r}")
    data = _bytes(blob)
    key = known.get((name, data[:_KEY_ID_BYTES]))
    if key is None:
        return False
    if len(data) != _KEY_ID_BYTES + _SIGNATURE_BYTES:
        raise NoteRefused(f"not a signature: {line[:80]!r}")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(data[_KEY_ID_BYTES:], text)
    except InvalidSignature:
        raise NoteRefused(f"the signature of {name} is wrong") from None
    return True


def _bytes(text: str) -> bytes:
    """Base64 in its one canonical form."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise NoteRefused(f"not base64: {text[:80]!r}") from None
    if b64encode(data).decode() != text:
        raise NoteRefused(f"not base64 in its canonical form: {text[:80]!r}")
    return data
