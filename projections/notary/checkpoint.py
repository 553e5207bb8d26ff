"""Checkpoints: a tree head as a signed note (C2SP tlog-checkpoint and signed-note, Ed25519).

The text is three lines: origin, size, root. After a blank line stands one line a signature: a dash, the key's name, and in
base64 the key's id and the signature over the text.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
SIGNATURES_MAX = 16
_SIZE = re.compile(r"[1-9]\d{0,18}", re.ASCII)
_SIGNATURE = re.compile(r"— (?P<name>[^\s+]+) (?P<blob>[A-Za-z0-9+/]+={0,2})")


class NoteInvalid(ValueError):
    """A note that is not a checkpoint, or that no known key has signed."""


class PublicKey(NamedTuple):
    """A key by which checkpoints can be checked. `public` is 32 bytes."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that name the key beside its name."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The form in which verifiers take keys."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(ED25519 + self.public).decode()}"


class Checkpoint(NamedTuple):
    """A tree head: the log of *origin* had *size* events, and *root* is the root of the tree over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def signed(checkpoint: Checkpoint, name: str, private: bytes) -> str:
    """The note: *checkpoint* signed by the key *name* whose private half is *private* (32 bytes)."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    public = PublicKey(name, key.public_key().public_bytes_raw())
    blob = public.key_id + key.sign(checkpoint.text.encode())
    return f"{checkpoint.text}\n— {name} {b64encode(blob).decode()}\n"


def parsed(note: str) -> Checkpoint:
    """What *note* says, whoever signed it.   Raises NoteInvalid."""
    return _split(note)[0]


def verified(note: str, keys: Sequence[PublicKey]) -> Checkpoint:
    """What *note* says, signed by at least one of *keys* and wrongly by none.   Raises NoteInvalid."""
    checkpoint, signatures = _split(note)
    known = {(key.name, key.key_id): key for key in keys}
    good = 0
    for name, blob in signatures:
        key = known.get((name, blob[:4]))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(blob[4:], checkpoint.text.encode())
        except InvalidSignature:
            raise NoteInvalid(f"the signature of {name} is wrong") from None
        good += 1
    if not good:
        raise NoteInvalid("no known key has signed this note")
    return checkpoint


def _split(note: str) -> tuple[Checkpoint, list[tuple[str, bytes]]]:
    text, blank, tail = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) != 3 or not lines[0] or not _SIZE.fullmatch(lines[1]) or not tail.endswith("\n"):
        raise NoteInvalid("not a checkpoint: origin, size and root in a line each, a blank line, signatures")
    signatures = [_signature(line) for line in tail[:-1].split("\n")]
    if len(signatures) > SIGNATURES_MAX:
        raise NoteInvalid(f"more than {SIGNATURES_MAX} signatures")
    root = _bytes_of(lines[2])
    if len(root) != hashlib.sha256().digest_size:
        raise NoteInvalid("the root is not 32 bytes long")
    return Checkpoint(lines[0], int(lines[1]), root), signatures


def _signature(line: str) -> tuple[str, bytes]:
    found = _SIGNATURE.fullmatch(line)
    blob = _bytes_of(found["blob"]) if found else b""
    if found is None or len(blob) <= 4:
        raise NoteInvalid("a signature line is not a dash, a name and a signature")
    return found["name"], blob


def _bytes_of(text: str) -> bytes:
    """Base64 in the one way it is written.   Raises NoteInvalid."""
    try:
        data = b64decode(text, validate=True)
    except Base64Error:
        data = b""
    if not data or b64encode(data).decode() != text:
        raise NoteInvalid(f"not base64: {text[:80]!r}")
    return data
